#!/usr/bin/env python3
"""The audit's jail from outside: what a worker that a file took over may try, and what a file may do to one.

audit_evil_worker does what a file's name says (tests/audit_evil_worker.c). Whatever it does, the audit ends, in time; the
file is unknown with the reason; what else the target holds is found; nothing outside was touched.
"""
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import time

from audit_tally import check, ended

DRIVER, REGISTER, WORKER, EVIL = sys.argv[1:5]
TMP = pathlib.Path(tempfile.mkdtemp(prefix="glacis-audit-jail-"))
MARK = pathlib.Path("/tmp/glacis-evil")
SANITIZED = len(sys.argv) > 5 and sys.argv[5] == "sanitized"


def audit(*args, worker=EVIL, timeout="2"):
    env = dict(os.environ, GLACIS_TEST_WORKER=worker)
    start = time.monotonic()
    p = subprocess.run([DRIVER, "--register", REGISTER, "--scope", "federal-civilian", "--as-of", "2026-11-23", "--json", "--timeout", timeout, *map(str, args)],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, timeout=900)
    try:
        report = json.loads(p.stdout)
    except ValueError:
        report = {"findings": [], "error": p.stderr.decode()}
    outcomes = {(f["product"] or f["entity"] or "unknown"): f["outcome"] for f in report["findings"]}
    gaps = [g for f in report["findings"] for g in f.get("not_readable", [])]
    return p.returncode, outcomes, gaps, time.monotonic() - start


def root(files):
    d = pathlib.Path(tempfile.mkdtemp(dir=TMP))
    for path, content in files.items():
        p = d / path.lstrip("/")
        p.parent.mkdir(parents=True, exist_ok=True)
        p.write_bytes(content)
    return d


STATUS, OTHER = (b"Package: %s\nStatus: install ok installed\nMaintainer: x\nVersion: 1\n\n" % n for n in (b"kesl", b"klnagent64"))

# What is tried, and the words of the reason. One that is refused by an error and goes on leaves no gap.
ACTS = {
    "evil-open": None,
    "evil-connect": "jail",
    "evil-exec": "jail",
    "evil-kill": "jail",
    "evil-crash": "signal" if SANITIZED else "signal 11",
    "evil-loop": "too long",
    "evil-eat": ("code 9", "too long"),  # whichever comes first on a busy machine
    "evil-lie": "cannot be read",
    "evil-ask": "asked for a file",
    "evil-flood": "talking",
    "evil-hang-up": "signal",
}
LIST = {"evil-connect", "evil-exec", "evil-kill"}  # nothing but the list of calls stops these at once


def trees():
    for act, reason in ACTS.items():
        if SANITIZED and (act in LIST or act == "evil-eat"):
            continue
        MARK.unlink(missing_ok=True)
        where = f"/var/lib/dpkg/status.d/{act}"
        d = root({where: STATUS, "/var/lib/dpkg/status": OTHER, "/zz/a.pem": b"x"})
        rc, outcomes, gaps, seconds = audit("--root", d)
        check(f"{act}: the rest is found", outcomes.get("klnagent") == "use-prohibited", outcomes)
        check(f"{act}: ends in time", seconds < 60, seconds)
        check(f"{act}: nothing outside was touched", not MARK.exists())
        told = [g for g in gaps if act in str(g)]
        if reason is None:
            check(f"{act}: it was refused, and the file read", outcomes.get("kesl") == "use-prohibited" and not told, (outcomes, gaps))
        else:
            check(f"{act}: the file is unknown, with the reason", outcomes.get("unknown") == "unknown" and any(r in str(g) for g in (told or gaps) for r in ([reason] if isinstance(reason, str) else reason)), gaps)
    rc, outcomes, gaps, _ = audit("--root", root({"/a/evil-crash.pem": b"x", "/etc/hostname": b"x"}))
    check("a tree of which one file ended the worker is not clean", rc == 2 and outcomes == {"unknown": "unknown"}, (rc, outcomes))
    many = {f"/a/evil-crash-{i}.pem": b"x" for i in range(200)}
    many["/var/lib/dpkg/status"] = STATUS
    rc, outcomes, gaps, seconds = audit("--root", root(many))
    check("200 files that end the worker end the audit in time", outcomes.get("unknown") == "unknown" and seconds < (600 if SANITIZED else 120), (outcomes, seconds))


def archive(files, links=None):
    path = TMP / "image.tar"
    with tarfile.open(path, "w") as t:
        for name, content in files.items():
            info = tarfile.TarInfo(name.lstrip("/"))
            info.size = len(content)
            t.addfile(info, io.BytesIO(content))
        for name, to in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type = tarfile.SYMTYPE
            info.linkname = to
            t.addfile(info)
    return path


def images():
    for act in ("evil-crash", "evil-loop", "evil-lie", "evil-ask", "evil-hang-up"):
        a = archive({"var/lib/dpkg/status": STATUS, f"a/{act}.pem": b"x", "b/1.pem": b"x", "var/lib/dpkg/status.d/z": OTHER})
        rc, outcomes, gaps, seconds = audit("--image", a)
        check(f"image, {act}: what lies before and behind is found", outcomes.get("kesl") == "use-prohibited" and outcomes.get("klnagent") == "use-prohibited", outcomes)
        check(f"image, {act}: unknown, with the place", outcomes.get("unknown") == "unknown" and any(act in str(g) for g in gaps), gaps)
        check(f"image, {act}: ends in time", seconds < 60, seconds)
    a = archive({f"a/evil-crash-{i}.pem": b"x" for i in range(40)})
    rc, outcomes, gaps, seconds = audit("--image", a)
    check("image: 40 entries that end the worker", rc == 2 and any("not all was read" in str(g) for g in gaps) and seconds < 120, (rc, gaps[-1:], seconds))


def archives():
    """What an archive may say that an honest one does not."""
    for name, path in (("letters of another script", "opt/kaspersky/kesl/bin/\u043a\u043b\u044e\u0447"), ("bytes that are no UTF-8", "opt/kaspersky/kesl/bin/x\udcff"),
                       ("dots that lead up and back", "opt/x/../../opt/kaspersky/kesl/bin/k"), ("dots that lead out", "../../opt/kaspersky/kesl/bin/k")):
        rc, outcomes, gaps, _ = audit("--image", archive({path: b"x"}), worker=WORKER)
        check(f"archive: {name}", rc == 1 and outcomes == {"kesl": "use-prohibited"}, (rc, outcomes, gaps))
    manifest = b'[{"Config":"c","Layers":["a/layer.tar"]}]'
    rc, outcomes, gaps, _ = audit("--image", archive({"manifest.json": manifest}, {"a/layer.tar": "../b/layer.tar", "b/layer.tar": "../a/layer.tar"}), worker=WORKER)
    check("archive: two layers that link to one another", rc == 2 and not any("ended" in str(g) for g in gaps), (rc, gaps))
    manifest = json.dumps([{"Config": "c", "Layers": ["a"] * 400}] * 400).encode()
    rc, outcomes, gaps, seconds = audit("--image", archive({"manifest.json": manifest}), worker=WORKER, timeout="60")
    check("archive: 160,000 layers that are not there", rc == 2 and seconds < 60, (rc, seconds))
    rc, outcomes, gaps, _ = audit("--image", archive({"a" * 5000 + "/x": b"x"}), worker=WORKER)
    check("archive: a name longer than is read is not passed over", rc == 2 and any("too long" in str(g) for g in gaps), (rc, gaps))


def folders():
    """A worker that walks an OCI layout may ask for files of its folder and no others."""
    d = root({"/index.json": b"{}", "/blobs/sha256/00": b"x"})
    os.symlink("/etc/passwd", d / "blobs/sha256/11")
    manifest = json.dumps({"manifests": [{"digest": "sha256:11"}]}).encode()
    (d / "index.json").write_bytes(manifest)
    rc, outcomes, gaps, _ = audit("--image", d, worker=WORKER)
    check("layout: a link out of the folder is not followed", rc == 2 and any("manifest" in str(g) for g in gaps), gaps)
    os.unlink(d / "blobs/sha256/11")
    os.mkfifo(d / "blobs/sha256/11")
    rc, outcomes, gaps, seconds = audit("--image", d, worker=WORKER)
    check("layout: a pipe is not opened", rc == 2 and seconds < 30, (rc, seconds))


def settings():
    """A worker that a settings export took over."""
    for act, reason in (("evil-crash", "signal"), ("evil-loop", "too long"), ("evil-lie", "cannot be read"), ("evil-ask", "asked for a file"), ("evil-fact", "not asked")):
        path = TMP / f"{act}.ini"
        path.write_bytes(b"SizeLimit=50\n")
        start = time.monotonic()
        p = subprocess.run([DRIVER, "plan", "--import-kesl", str(path), "--register", REGISTER, "--timeout", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           env=dict(os.environ, GLACIS_TEST_WORKER=EVIL), timeout=120)
        check(f"settings, {act}: an error with the reason", p.returncode == 2 and p.stdout == b"" and reason in p.stderr.decode(), p)
        check(f"settings, {act}: ends in time", time.monotonic() - start < 60)
    check("settings are said of an export only", "not asked" in str(audit("--root", root({"/var/lib/dpkg/status.d/evil-setting": STATUS}))[2]))


def mounts():
    """The process files of this host are no part of a root that has them mounted somewhere."""
    d = root({"/var/lib/dpkg/status": STATUS, "/srv/jail/proc/x": b"x"})
    if subprocess.run(["mount", "-t", "proc", "proc", d / "srv/jail/proc"], stderr=subprocess.DEVNULL).returncode != 0:
        print("skipped: mounting needs root")
        return
    try:
        rc, outcomes, gaps, _ = audit("--root", d, worker=WORKER)
    finally:
        subprocess.run(["umount", d / "srv/jail/proc"])
    check("root: a mounted proc elsewhere is passed over", rc == 1 and outcomes == {"kesl": "use-prohibited"}, (rc, outcomes, gaps[:3]))


def starts():
    for worker, words in (("/nonexistent", "cannot be started"), ("/bin/false", "ended with code"), ("/bin/cat", "code")):
        env = dict(os.environ, GLACIS_TEST_WORKER=worker)
        p = subprocess.run([DRIVER, "--register", REGISTER, "--root", str(root({"/a": b"x"}))], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, timeout=120)
        check(f"no audit without its worker: {worker}", p.returncode == 2 and words in p.stderr.decode() and not p.stdout, (p.returncode, p.stderr))
    # A worker that loaded another register means other signals by its numbers.
    p = subprocess.run([WORKER], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
    check("the worker is not for people", p.returncode == 2 and b"not by hand" in p.stderr, p)


def calls():
    """The worker that people get: what strace sees of it after the jail is closed."""
    links = subprocess.run(["ldd", str(pathlib.Path(DRIVER))], stdout=subprocess.PIPE).stdout.decode()
    check("the process that opens files links no parser of databases or disks", not any(x in links for x in ("sqlite", "ext2fs", "libarchive")), links)


def main():
    for f in (trees, images, archives, folders, settings, mounts, starts, calls):
        f()
    MARK.unlink(missing_ok=True)
    return ended()


if __name__ == "__main__":
    sys.exit(main())
