#!/usr/bin/env python3
"""The audit from outside: fixture trees of real formats for every collector and every outcome.

Every case says exactly which findings there are: one too many or too few fails. Tools that make real formats (dpkg-deb,
rpmbuild, rpm, db_load, umoci, hivexregedit, openssl, mke2fs, mkfs.vfat, mkntfs) are used where they are installed; what
cannot be made is told as skipped.
"""
import io
import json
import os
import pathlib
import shutil
import sqlite3
import struct
import subprocess
import sys
import tarfile
import tempfile

from audit_tally import check, ended

GLACIS, REGISTER = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
TMP = pathlib.Path(tempfile.mkdtemp(prefix="glacis-audit-"))
skipped = []
ASOF = "2026-11-23"


def have(*tools):
    for tool in tools:
        if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            skipped.append(tool)
            return False
    return True


def sh(*args, **kw):
    env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin", LC_ALL="C")
    return subprocess.run([str(a) for a in args], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, **kw).stdout


def run(*args, register=REGISTER):
    p = subprocess.run([GLACIS, "--register", register, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    return p.returncode, p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")


def audit(*args, scope="federal-civilian", asof=ASOF):
    rc, out, err = run(*args, "--scope", scope, "--as-of", asof, "--json")
    try:
        return rc, json.loads(out)
    except ValueError:
        return rc, {"findings": [], "error": err}


def found(report):
    return {(f["product"] or f["entity"] or "unknown"): f["outcome"] for f in report["findings"]}


def expect(name, args, exit_code, findings, scope="federal-civilian", asof=ASOF):
    rc, report = audit(*args, scope=scope, asof=asof)
    got = found(report)
    check(name, rc == exit_code and got == findings and len(got) == len(report["findings"]),
          f"exit {rc} not {exit_code}; {got} not {findings} {report.get('error', '')} {[f.get('not_readable') for f in report['findings'] if f['outcome'] == 'unknown']}")
    return report


_n = 0


def tree(files=None, links=None, dirs=()):
    """A new root with these files (text or bytes), links and folders."""
    global _n
    _n += 1
    root = TMP / f"root{_n}"
    root.mkdir()
    for d in dirs:
        (root / d.lstrip("/")).mkdir(parents=True, exist_ok=True)
    for path, content in (files or {}).items():
        p = root / path.lstrip("/")
        p.parent.mkdir(parents=True, exist_ok=True)
        p.write_bytes(content.encode() if isinstance(content, str) else content)
    for path, to in (links or {}).items():
        p = root / path.lstrip("/")
        p.parent.mkdir(parents=True, exist_ok=True)
        p.symlink_to(to)
    return root


def status(*packages):
    return "".join(f"Package: {n}\nStatus: {s}\nMaintainer: {m}\nArchitecture: amd64\nVersion: {v}\nDescription: x\n more\n\n" for n, s, m, v in packages)


OK = "install ok installed"
DEBIAN = "Debian QA Group <packages@qa.debian.org>"
U, P, E = "use-prohibited", "supply-prohibited", "exempt"
BASE = status(("bash", OK, DEBIAN, "5.2"), ("coreutils", OK, DEBIAN, "9.1"))


def packages():
    root = tree({"/var/lib/dpkg/status": BASE + status(("kesl", OK, "AO Kaspersky Lab <info@kaspersky.com>", "12.1"))})
    report = expect("dpkg: kesl", ["--root", root], 1, {"kesl": U})
    f = report["findings"][0]
    check("dpkg: version and place are evidence", any(e["version"] == "12.1" and e["where"] == "/var/lib/dpkg/status" for e in f["evidence"] if "version" in e), f)
    instruments = {j["instrument"]: j["outcome"] for j in f["rests_on"] if j["in_force"]}
    check("dpkg: what it rests on", instruments.get("us-ndaa-2018-1634") == U and instruments.get("us-bod-17-01") == "removal-due" and
          instruments.get("us-bis-kaspersky-2024") == P and instruments.get("us-entity-list-kaspersky") == "export-only", instruments)
    for name in "kesl-gui kess kess-gui kics kics-gui kics4net kics4net-core kwts ksmg kfl klnagent64 klnagent ksc64 ksc-web-console kav4fs kav4proxy kes4lwks klms".split():
        rc, report = audit("--root", tree({"/var/lib/dpkg/status": status((name, OK, "x", "1"))}))
        check(f"dpkg: {name}", rc == 1 and [f["outcome"] for f in report["findings"]] == [U], report["findings"])
    expect("dpkg: removed, settings kept", ["--root", tree({"/var/lib/dpkg/status": status(("kesl", "deinstall ok config-files", DEBIAN, "1"))})], 0, {"kesl": "residual"})
    expect("dpkg: only the list of its files", ["--root", tree({"/var/lib/dpkg/status": BASE, "/var/lib/dpkg/info/kesl.list": "/.\n"})], 0, {"kesl": "residual"})
    expect("dpkg: purged", ["--root", tree({"/var/lib/dpkg/status": status(("kesl", "purge ok not-installed", DEBIAN, "1"))})], 0, {})
    expect("dpkg: status.d of an image without dpkg", ["--root", tree({"/var/lib/dpkg/status.d/kesl": status(("kesl", OK, "x", "1"))})], 1, {"kesl": U})
    expect("dpkg: an unlisted package of the maker", ["--root", tree({"/var/lib/dpkg/status": status(("kfuture", OK, "AO Kaspersky Lab", "1"))})], 1, {"kaspersky": U})
    expect("dpkg: the same, in commerce", ["--root", tree({"/var/lib/dpkg/status": status(("kfuture", OK, "AO Kaspersky Lab", "1"))})], 0, {"kaspersky": "review"}, scope="commercial-us")
    expect("dpkg: a maintainer of that family name", ["--root", tree({"/var/lib/dpkg/status": status(("hello", OK, "Eugene Kaspersky <ek@debian.org>", "1"))})], 0, {})
    expect("dpkg: names that only begin so", ["--root", tree({"/var/lib/dpkg/status": status(("keslint", OK, DEBIAN, "1"), ("libkfl1", OK, DEBIAN, "1"))})], 0, {})
    if have("dpkg-deb", "dpkg"):
        d = TMP / "deb"
        (d / "DEBIAN").mkdir(parents=True)
        (d / "DEBIAN/control").write_text("Package: kesl\nVersion: 12.1.0-1543\nArchitecture: all\nMaintainer: AO Kaspersky Lab <info@kaspersky.com>\nDescription: x\n")
        (d / "opt/kaspersky/kesl/bin").mkdir(parents=True)
        (d / "opt/kaspersky/kesl/bin/kesl").write_text("x")
        sh("dpkg-deb", "--root-owner-group", "-b", d, TMP / "kesl.deb")
        root = tree({"/var/lib/dpkg/status": ""}, dirs=["/var/lib/dpkg/info", "/var/lib/dpkg/updates", "/var/lib/dpkg/triggers"])
        sh("dpkg", "--root", root, "--force-not-root", "--force-bad-path", "-i", TMP / "kesl.deb")
        expect("dpkg: a real installation", ["--root", root], 1, {"kesl": U})
        sh("dpkg", "--root", root, "--force-not-root", "--force-bad-path", "--purge", "kesl")
        expect("dpkg: really purged", ["--root", root], 0, {})
    apk = "C:Q1x=\nP:{}\nV:1.0\nm:{}\n\n"
    expect("apk: clean", ["--root", tree({"/lib/apk/db/installed": apk.format("musl", "Someone <a@b.c>")})], 0, {})
    expect("apk: by its maker", ["--root", tree({"/lib/apk/db/installed": apk.format("musl", "a") + apk.format("kscan", "Kaspersky Lab <x@kaspersky.com>")})], 1, {"kaspersky": U})
    desc = "%NAME%\n{}\n\n%VERSION%\n1\n\n%PACKAGER%\n{}\n"
    expect("pacman: by its maker", ["--root", tree({"/var/lib/pacman/local/kesl-12/desc": desc.format("kesl-bin", "AO Kaspersky Lab <x@kaspersky.com>")})], 1, {"kaspersky": U})
    expect("pacman: clean", ["--root", tree({"/var/lib/pacman/local/bash-5/desc": desc.format("bash", "Arch")})], 0, {})
    expect("flatpak", ["--root", tree({"/var/lib/flatpak/app/com.tencent.WeChat/x86_64/stable/abc/metadata": "[Application]\nname=com.tencent.WeChat\n"})], 1, {"wechat": U}, scope="ca-government-mobile")
    expect("snap", ["--root", tree({"/var/lib/snapd/snaps/tiktok_12.snap": "x"})], 0, {"tiktok": "review"}, scope="dod", asof="2025-06-01")


RPM_SPEC = """Name: {0}
Version: 12.1
Release: 1
Summary: x
License: x
Vendor: {1}
BuildArch: noarch
%description
x
%files
"""


def rpms():
    if not have("rpmbuild", "rpm"):
        return
    top = TMP / "rpmbuild"
    built = []
    for name, vendor in (("kesl", "AO Kaspersky Lab"), ("plain", "Somebody")):
        spec = TMP / f"{name}.spec"
        spec.write_text(RPM_SPEC.format(name, vendor))
        sh("rpmbuild", "-bb", "--define", f"_topdir {top}", spec)
        built += list(top.glob(f"RPMS/noarch/{name}-*.rpm"))
    by_backend = {}
    for backend in ("sqlite",):
        root = tree(dirs=["/var/lib/rpm"])
        define = ["--define", f"_db_backend {backend}", "--define", "_dbpath /var/lib/rpm"]
        sh("rpm", "--root", root, *define, "--nosignature", "--nodeps", "--justdb", "-i", *built)
        by_backend[backend] = root
        expect(f"rpm: {backend}", ["--root", root], 1, {"kesl": U})
        sh("rpm", "--root", root, *define, "--nodeps", "--justdb", "-e", "kesl")
        expect(f"rpm: {backend}, removed", ["--root", root], 0, {})
        sh("rpm", "--root", root, *define, "--nosignature", "--nodeps", "--justdb", "-i", built[0])
        db = next(p for n in ("rpmdb.sqlite", "Packages.db") for p in [root / "var/lib/rpm" / n] if p.exists())
        whole = db.read_bytes()
        for cut in (len(whole) // 2, 5000, 100, 10):
            rc, report = audit("--root", tree({f"/var/lib/rpm/{db.name}": whole[:cut]}))
            check(f"rpm: {backend} cut at {cut} is unknown", rc in (1, 2) and "unknown" in [f["outcome"] for f in report["findings"]], (rc, found(report)))
    con = sqlite3.connect(by_backend["sqlite"] / "var/lib/rpm/rpmdb.sqlite")
    blobs = [bytes(r[0]) for r in con.execute("SELECT blob FROM Packages")]
    con.close()
    # Debian's rpm has no ndb backend: the database is written here, from the headers that rpm wrote.
    slots, body = [], b""
    first = 4096 // 16
    for i, b in enumerate(blobs):
        blob = struct.pack("<IIII", 0x53626C42, i + 1, 7, len(b)) + b
        blob += b"\0" * (-(len(blob) + 12) % 16) + struct.pack("<III", 0, len(b), 0x45626C42)
        slots.append(struct.pack("<IIII", 0x746F6C53, i + 1, first + len(body) // 16, len(blob) // 16))
        body += blob
    page = struct.pack("<IIIIIIII", 0x506D7052, 0, 7, 1, len(blobs) + 1, 0, 0, 0) + b"".join(slots)
    page += struct.pack("<IIII", 0x746F6C53, 0, 0, 0) * (254 - len(slots))
    expect("rpm: ndb", ["--root", tree({"/usr/lib/sysimage/rpm/Packages.db": page + body})], 1, {"kesl": U})
    for cut in (10, 4000, 4096, len(page + body) - 200):
        rc, report = audit("--root", tree({"/var/lib/rpm/Packages.db": (page + body)[:cut]}))
        check(f"rpm: ndb cut at {cut} is unknown", rc in (1, 2) and "unknown" in [f["outcome"] for f in report["findings"]], (rc, found(report)))
    if not have("db_load"):
        return
    big = blobs + [b for b in blobs for _ in range(3)]
    # one that needs overflow pages: a header with a long text in front of the rest
    dump = "VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=4096\nHEADER=END\n"
    for i, b in enumerate(big):
        dump += " " + struct.pack("<I", i + 1).hex() + "\n " + b.hex() + "\n"
    dump += "DATA=END\n"
    bdb = TMP / "Packages"
    subprocess.run(["db_load", str(bdb)], input=dump.encode(), check=True)
    expect("rpm: bdb", ["--root", tree({"/var/lib/rpm/Packages": bdb.read_bytes()})], 1, {"kesl": U})
    for cut in (4096, 5000, len(bdb.read_bytes()) // 2):
        rc, report = audit("--root", tree({"/var/lib/rpm/Packages": bdb.read_bytes()[:cut]}))
        check(f"rpm: bdb cut at {cut} is unknown", "unknown" in [f["outcome"] for f in report["findings"]], found(report))


def systems():
    expect("unit", ["--root", tree({"/usr/lib/systemd/system/klnagent64.service": "[Service]\nExecStart=/x\n"})], 1, {"klnagent": U})
    expect("unit of another name that starts the program", ["--root", tree({"/etc/systemd/system/av.service": "[Service]\nExecStart=/opt/kaspersky/kesl/libexec/kesl\n"})], 1, {"kesl": U})
    expect("process", ["--root", tree({"/proc/77/comm": "klserver\n", "/proc/78/comm": "bash\n"})], 1, {"ksc": U})
    expect("process environment", ["--root", tree({"/proc/77/environ": b"PATH=/bin\0KRAS4D_LICENSE=x\0"})], 1, {"kesl": U})
    expect("kernel module, loaded", ["--root", tree({"/proc/modules": "kav4fs_oas 16384 0 - Live 0x0\next4 1 1 - Live 0x0\n"})], 1, {"kav4fs": U})
    expect("kernel module, on disk", ["--root", tree({"/lib/modules/4.9/extra/kav4fs_oas.ko.xz": "x"})], 1, {"kav4fs": U})
    expect("generic kernel module is only a question", ["--root", tree({"/etc/modules": "redirfs\n"})], 0, {"kaspersky": "review"})
    expect("group", ["--root", tree({"/etc/group": "root:x:0:\nkladmins:x:999:\n"})], 0, {"ksc": "residual"})
    expect("user of three letters is only a question", ["--root", tree({"/etc/passwd": "ksc:x:1000:1000::/home/ksc:/bin/sh\n"})], 0, {"ksc": "review"})
    for name, path in (("kesl", "kesl"), ("kess", "kess"), ("kwts", "kwts"), ("ksmg", "ksmg"), ("kfl", "kfl"), ("klnagent", "klnagent64"), ("ksc", "ksc64"),
                       ("kav4fs", "kav4fs"), ("kav4proxy", "kav4proxy"), ("kes4lwks", "kes4lwks"), ("scanengine", "ScanEngine")):
        expect(f"path of {name}", ["--root", tree({f"/opt/kaspersky/{path}/bin/x": "x"})], 1, {name: U})
    expect("empty product folder", ["--root", tree(dirs=["/opt/kaspersky/kesl"])], 0, {"kesl": "residual"})
    expect("data left behind", ["--root", tree({"/var/opt/kaspersky/kesl/x": "x", "/var/log/kaspersky/kesl/a.log": "x"})], 0, {"kaspersky": "residual"})
    expect("hosts: configured", ["--root", tree({"/etc/hosts": "10.0.0.5 s07.upd.kaspersky.com\n"})], 0, {"kaspersky": "review"})
    expect("hosts: blocked", ["--root", tree({"/etc/hosts": "0.0.0.0 s07.upd.kaspersky.com\n# 10.0.0.1 touch.kaspersky.com\n"})], 0, {"kaspersky": "mention-only"})
    expect("proxy: allowed", ["--root", tree({"/etc/squid/squid.conf": "acl upd dstdomain downloads.upd.kaspersky.com\nhttp_access allow upd\n"})], 0, {"kaspersky": "review"})
    expect("apt source", ["--root", tree({"/etc/apt/sources.list.d/k.list": "deb https://products.s.kaspersky-labs.com/x stable main\n"})], 0, {"kaspersky": "review"})
    expect("inside a container store of the host", ["--root", tree({"/var/lib/docker/overlay2/abc/diff/opt/kaspersky/kesl/bin/kesl": "x"})], 1, {"kesl": U})
    expect("image name in a store", ["--root", tree({"/var/lib/docker/image/overlay2/repositories.json": '{"Repositories":{"kaspersky/scanengine_httpd":{"kaspersky/scanengine_httpd:2":"sha256:1"}}}'})], 1, {"scanengine": U})
    expect("a link out of the root is not followed", ["--root", tree({"/etc/x": "x"}, links={"/opt/kaspersky": str(tree({"/kesl/bin/kesl": "x"}))})], 0, {"kaspersky": "mention-only"})
    expect("a database behind a link inside", ["--root", tree({"/data/status": status(("kesl", OK, "x", "1"))}, links={"/var/lib/dpkg/status": "/data/status"})], 1, {"kesl": U})
    expect("nothing at all", ["--root", tree({"/etc/hostname": "x\n"})], 0, {})


def engines():
    tree1 = {"/opt/acme/av/ppl/nfio.ppl": "x", "/opt/acme/av/bin/appinfo.kli": "x"}
    report = expect("embedded engine", ["--root", tree(tree1)], 1, {"kaspersky-engine": U})
    f = report["findings"][0]
    check("embedded engine: where", f["embedded"] and f["inside"] == "/opt/acme/av", f)
    expect("embedded engine in commerce: supply side", ["--root", tree(tree1)], 1, {"kaspersky-engine": P}, scope="commercial-us")
    bod = [j for j in f["rests_on"] if j["instrument"] == "us-bod-17-01"]
    check("embedded engine: outside the directive", bod and bod[0]["outcome"] == E, bod)
    expect("embedded engine: telecom", ["--root", tree(tree1)], 1, {"kaspersky-engine": P}, scope="telecom")
    expect("embedded engine: Australia excludes it", ["--root", tree(tree1)], 0, {"kaspersky-engine": E}, scope="au-commonwealth")
    expect("settings and a program", ["--root", tree({"/srv/gw/start.sh": "export SDKPATH=/srv/gw/sdk\nKL_PLUGINS_PATH=/x\n", "/srv/gw/bin/kavhttpd": "x"})], 1, {"kaspersky-engine": U})
    for one in ("/srv/talks/ppl/spring.ppl", "/opt/acme/bin/bases/x", "/opt/x/kavehost.exe", "/opt/x/tools/kavsigner", "/opt/x/integrity_check_sdk.xml"):
        expect(f"one marker alone: {one}", ["--root", tree({one: "x"})], 0, {})
    expect("two markers in two trees", ["--root", tree({"/opt/a/ppl/x.ppl": "x", "/opt/b/bin/appinfo.kli": "x"})], 0, {})
    expect("slides of one folder", ["--root", tree({"/home/a/ppl/a.ppl": "x", "/home/a/ppl/b.ppl": "x", "/home/a/slides.ppl": "x"})], 0, {})
    report = expect("engine in its maker's product", ["--root", tree({"/opt/kaspersky/ScanEngine/ppl/a.ppl": "x", "/opt/kaspersky/ScanEngine/bin/kavhttpd": "x", "/opt/kaspersky/ScanEngine/bin/appinfo.kli": "x"})], 1, {"scanengine": U})
    expect("configuration of a router", ["--root", tree({"/config/juniper.conf": "security { utm { feature-profile { anti-virus { type kaspersky-lab-engine; } } } }\n"})], 1, {"junos-kaspersky": U})


def classes():
    cyber = tree({"/opt/kaspersky/ktfs/bin/kl_feed_service": "x"})
    expect("threat intelligence: exempt in commerce", ["--root", cyber], 0, {"cybertrace": E}, scope="commercial-us")
    report = expect("threat intelligence: not exempt for agencies", ["--root", cyber], 1, {"cybertrace": U})
    check("threat intelligence: exempt from the directive", {j["instrument"]: j["outcome"] for j in report["findings"][0]["rests_on"]}["us-bod-17-01"] == E)
    npm = tree({"/srv/app/package-lock.json": json.dumps({"lockfileVersion": 3, "packages": {"": {"name": "x"}, "node_modules/@kaspersky/components": {"version": "1"}, "node_modules/left-pad": {}}})})
    expect("library: commerce has a question", ["--root", npm], 0, {"kaspersky-library": "review"}, scope="commercial-us")
    expect("library: in reach of section 1634", ["--root", npm], 1, {"kaspersky-library": U}, scope="dod")
    expect("export only, before the determination", ["--root", tree({"/opt/kaspersky/kesl/bin/x": "x"})], 0, {"kesl": "export-only"}, scope="commercial-us", asof="2024-07-01")
    expect("nothing before 2017", ["--root", tree({"/opt/kaspersky/kesl/bin/x": "x"})], 0, {}, asof="2017-09-12")
    expect("removal due under the directive", ["--root", tree({"/opt/kaspersky/kesl/bin/x": "x"})], 1, {"kesl": "removal-due"}, asof="2017-10-01")


def locks():
    rows = {
        "npm 1": ("package-lock.json", json.dumps({"dependencies": {"a": {"dependencies": {"@kaspersky/x": {"version": "1"}}}}})),
        "yarn": ("yarn.lock", '# yarn\n"@kaspersky/x@^1.0.0":\n  version "1.0.0"\n'),
        "pnpm": ("pnpm-lock.yaml", "packages:\n  /@kaspersky/x@1.0.0:\n    resolution: {}\n"),
        "go": ("go.mod", "module x\n\nrequire (\n\tgithub.com/KasperskyLab/klib v1.0.0\n)\n"),
        "go.sum": ("go.sum", "github.com/KasperskyLab/klib v1.0.0 h1:x=\n"),
        "maven": ("pom.xml", "<project><groupId>a</groupId><artifactId>b</artifactId><dependencies><dependency><groupId>com.kaspersky</groupId><artifactId>sdk</artifactId></dependency></dependencies></project>"),
        "gradle": ("gradle.lockfile", "# x\ncom.kaspersky:sdk:1.0=compile\n"),
        "cargo": ("Cargo.lock", '[[package]]\nname = "github.com/KasperskyLab/x"\nversion = "1"\n'),
    }
    for name, (file, text) in rows.items():
        expect(f"lock: {name}", ["--root", tree({f"/srv/p/{file}": text})], 1, {"kaspersky-library": U})
    for file, text in {"requirements.txt": "requests==2\nKlAkOAPI>=0.1\n", "poetry.lock": '[[package]]\nname = "klakoapi"\n', "uv.lock": '[[package]]\nname = "klakoapi"\n',
                       "Pipfile.lock": '{"default":{"klakoapi":{}}}', "x/KlAkOAPI-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: KlAkOAPI\n"}.items():
        expect(f"lock: {file}", ["--root", tree({f"/srv/p/{file}": text})], 1, {"klakoapi": U})
    expect("lock: words are not packages", ["--root", tree({"/a/package-lock.json": json.dumps({"packages": {"node_modules/sigma-kaspersky-parser": {}, "node_modules/x": {"description": "@kaspersky/x"}}}),
           "/a/requirements.txt": "# klakoapi\nkaspersky-otx==1\n", "/a/go.mod": "module github.com/x/kaspersky\n// github.com/KasperskyLab/klib\n"})], 0, {})
    expect("lock: damaged", ["--root", tree({"/a/package-lock.json": '{"packages": {'})], 2, {"unknown": "unknown"})


def make_cert(subject, name):
    key, crt = TMP / f"{name}.key", TMP / f"{name}.crt"
    sh("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", crt, "-days", "30", "-subj", subject, "-utf8")
    return key, crt


def signed_pe(key, crt):
    """A small PE with a PKCS#7 signature in its certificate table."""
    data = TMP / "content"
    data.write_bytes(b"content")
    p7 = sh("openssl", "smime", "-sign", "-binary", "-in", data, "-signer", crt, "-inkey", key, "-outform", "DER", "-nodetach")
    head = bytearray(1024)
    head[0:2] = b"MZ"
    struct.pack_into("<I", head, 60, 128)
    head[128:132] = b"PE\0\0"
    struct.pack_into("<HHIIIHH", head, 132, 0x8664, 0, 0, 0, 0, 240, 0x22)
    opt = 152
    struct.pack_into("<H", head, opt, 0x20b)
    struct.pack_into("<I", head, opt + 108, 16)
    entry = struct.pack("<IHH", len(p7) + 8, 0x200, 2) + p7
    entry += b"\0" * (-len(entry) % 8)
    struct.pack_into("<II", head, opt + 112 + 4 * 8, len(head), len(entry))
    return bytes(head) + entry


def certificates():
    if not have("openssl"):
        return
    _, crt = make_cert("/O=AO Kaspersky Lab/CN=Kaspersky Anti-Virus Personal Root Certificate", "kroot")
    key, signer = make_cert("/C=RU/O=Kaspersky Lab JSC/CN=Kaspersky Lab JSC", "ksign")
    _, other = make_cert("/O=Natalya Kaspersky Photography/CN=kaspersky-photos.example", "other")
    okey, osign = make_cert("/O=Example Ltd/CN=Example Ltd", "osign")
    expect("certificate: PEM", ["--root", tree({"/usr/local/share/ca-certificates/k.crt": crt.read_bytes()})], 0, {"kaspersky": "residual"})
    bundle = other.read_bytes() + crt.read_bytes() + other.read_bytes()
    expect("certificate: in a bundle", ["--root", tree({"/etc/ssl/certs/all.pem": bundle})], 0, {"kaspersky": "residual"})
    der = sh("openssl", "x509", "-in", crt, "-outform", "DER")
    expect("certificate: DER", ["--root", tree({"/srv/x.der": der})], 0, {"kaspersky": "residual"})
    expect("certificate: somebody of that name", ["--root", tree({"/etc/ssl/certs/o.pem": other.read_bytes()})], 0, {})
    db = TMP / "cert9.db"
    con = sqlite3.connect(db)
    con.execute("CREATE TABLE nssPublic (id INTEGER PRIMARY KEY, a0 BLOB, a11 BLOB)")
    con.execute("INSERT INTO nssPublic (a0, a11) VALUES (x'01', ?)", (der,))
    con.commit()
    con.close()
    expect("certificate: NSS", ["--root", tree({"/home/u/.mozilla/firefox/p/cert9.db": db.read_bytes()})], 0, {"kaspersky": "residual"})
    expect("certificate: damaged NSS", ["--root", tree({"/home/u/.mozilla/firefox/p/cert9.db": db.read_bytes()[:1000]})], 2, {"unknown": "unknown"})
    pe = signed_pe(key, signer)
    expect("signer: installed program", ["--root", tree({"/Program Files/Thing/a.dll": pe})], 1, {"kaspersky": U})
    expect("signer: a download", ["--root", tree({"/Users/u/Downloads/setup.exe": pe})], 0, {"kaspersky": "review"})
    expect("signer: somebody else", ["--root", tree({"/Program Files/Thing/a.dll": signed_pe(okey, osign)})], 0, {})
    expect("signer: cut short", ["--root", tree({"/Program Files/Thing/a.dll": pe[:1100]})], 0, {})




def hive(kind, text):
    out = TMP / f"hive{_n}{kind}"
    minimal = next((p for p in ("/usr/share/doc/libwin-hivex-perl/examples/minimal", "/usr/share/hivex/minimal") if os.path.exists(p)), None)
    out.write_bytes(open(minimal, "rb").read() if minimal else minimal_hive())
    reg = TMP / "x.reg"
    reg.write_text("Windows Registry Editor Version 5.00\n\n" + text)
    sh("hivexregedit", "--merge", "--prefix", "HKEY_LOCAL_MACHINE\\" + kind, out, reg)
    return out.read_bytes()


def minimal_hive():
    """An empty hive with a root key, as hivex can fill it."""
    nk = bytearray(76 + 8)
    nk[0:2] = b"nk"
    struct.pack_into("<H", nk, 2, 0x2c)
    for off in (28, 32, 40, 48):
        struct.pack_into("<I", nk, off, 0xffffffff)
    struct.pack_into("<I", nk, 16, 0xffffffff)
    sk_off = 32 + 96
    struct.pack_into("<I", nk, 44, sk_off)
    struct.pack_into("<H", nk, 72, 4)
    nk[76:80] = b"ROOT"
    hbin = bytearray(4096)
    hbin[0:4] = b"hbin"
    struct.pack_into("<II", hbin, 4, 0, 4096)
    struct.pack_into("<i", hbin, 32, -96)
    hbin[36:36 + len(nk)] = nk
    sd = bytes.fromhex("01000480") + b"\0" * 16
    sk = b"sk\0\0" + struct.pack("<IIII", sk_off, sk_off, 1, len(sd)) + sd
    struct.pack_into("<i", hbin, sk_off, -64)
    hbin[sk_off + 4:sk_off + 4 + len(sk)] = sk
    struct.pack_into("<i", hbin, sk_off + 64, 4096 - sk_off - 64)
    head = bytearray(4096)
    head[0:4] = b"regf"
    struct.pack_into("<IIQIIIIIII", head, 4, 1, 1, 0, 1, 3, 0, 1, 32, 4096, 1)
    x = 0
    for i in range(0, 508, 4):
        x ^= struct.unpack_from("<I", head, i)[0]
    struct.pack_into("<I", head, 508, x)
    return bytes(head) + bytes(hbin)


def windows():
    cfg = "/Windows/System32/config/"
    if have("hivexregedit"):
        software = hive("SOFTWARE", "[HKEY_LOCAL_MACHINE\\SOFTWARE\\WOW6432Node]\n\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\WOW6432Node\\KasperskyLab]\n\n")
        expect("registry: key left", ["--root", tree({cfg + "SOFTWARE": software})], 0, {"kaspersky": "residual"})
        chain = "HKEY_LOCAL_MACHINE\\SOFTWARE"
        text = ""
        for step in ("Microsoft", "Windows", "CurrentVersion", "Uninstall", "{ABC}"):
            chain += "\\" + step
            text += f"[{chain}]\n" + ('"DisplayName"="Kaspersky Endpoint Security for Windows"\n"Publisher"="AO Kaspersky Lab"\n' if step == "{ABC}" else "") + "\n"
        uninstall = hive("SOFTWARE", text)
        expect("registry: uninstall entry", ["--root", tree({cfg + "SOFTWARE": uninstall})], 1, {"kaspersky": U})
        chain, text = "HKEY_LOCAL_MACHINE\\SYSTEM", ""
        for step in ("ControlSet001", "Services"):
            chain += "\\" + step
            text += f"[{chain}]\n\n"
        system = hive("SYSTEM", text + "".join(f'[{chain}\\{s}]\n"Start"=dword:00000002\n\n' for s in ("AVP.KES.21.9", "klif", "Tcpip")))
        expect("registry: services", ["--root", tree({cfg + "SYSTEM": system, cfg + "SOFTWARE": uninstall})], 1, {"kes-windows": U})
        clean = hive("SYSTEM", text + f"[{chain}\\Tcpip]\n\n[{chain}\\AVPlayer]\n\n")
        expect("registry: clean", ["--root", tree({cfg + "SYSTEM": clean})], 0, {})
        for cut in (10, 4000, 4096, len(system) - 100):
            expect(f"registry: cut at {cut}", ["--root", tree({cfg + "SYSTEM": system[:cut]})], 2, {"unknown": "unknown"})
        broken = bytearray(system)
        for i in range(4096 + 32, min(len(broken), 4096 + 400), 16):
            broken[i] ^= 0xff
        rc, report = audit("--root", tree({cfg + "SYSTEM": bytes(broken)}))
        check("registry: overwritten is unknown", rc == 2 and found(report) == {"unknown": "unknown"}, found(report))
    expect("drivers", ["--root", tree({"/Windows/System32/Drivers/KLIF.sys": "x", "/Windows/System32/drivers/klupd_klif_arkmon.sys": "x"})], 1, {"kaspersky": U})
    expect("program files", ["--root", tree({"/Program Files (x86)/Kaspersky Lab/KES/avp.exe": "x"})], 1, {"kaspersky": U})
    expect("program data", ["--root", tree({"/ProgramData/Kaspersky Lab/AVP21.3/Data/x": "x"})], 0, {"kaspersky": "residual"})
    expect("installer alone", ["--root", tree({"/Users/u/ks4ws_x64.msi": "x"})], 0, {"ksws": "review"})
    expect("migration to another product", ["--root", tree({"/Program Files/UltraAV/app.exe": "x"})], 0, {"ultraav": "mention-only"}, scope="commercial-us")


def macos():
    import plistlib
    for fmt in (plistlib.FMT_XML, plistlib.FMT_BINARY):
        info = plistlib.dumps({"CFBundleName": "x", "CFBundleIdentifier": "com.kaspersky.kav", "A": {"CFBundleIdentifierX": "y"}}, fmt=fmt)
        expect(f"macOS bundle {fmt.name}", ["--root", tree({"/Applications/K.app/Contents/Info.plist": info})], 1, {"kav-macos": U})
        other = plistlib.dumps({"CFBundleIdentifier": "com.example.kav"}, fmt=fmt)
        expect(f"macOS other bundle {fmt.name}", ["--root", tree({"/Applications/K.app/Contents/Info.plist": other})], 0, {})
    expect("macOS team", ["--root", tree({"/Applications/Y.app/Contents/MacOS/y": b"\xca\xfe\0\0" + b"x" * 100 + b"\0" + b"2Y8XE5CQ94\0"})], 1, {"kaspersky": U})
    expect("macOS receipt", ["--root", tree({"/private/var/db/receipts/com.kaspersky.kav.core.bom": "x"})], 0, {"kav-macos": "residual"})
    expect("macOS damaged list", ["--root", tree({"/Applications/K.app/Contents/Info.plist": b"bplist00" + b"\xff" * 60})], 2, {"unknown": "unknown"})
    ext = "ahkjpbeeocnddjkakilopmfdlnjdpcdm"
    expect("browser extension", ["--root", tree({f"/home/u/.config/google-chrome/Default/Extensions/{ext}/1.0/manifest.json": "{}"})], 1, {"kaspersky-extension": U})
    expect("browser policy", ["--root", tree({"/etc/opt/chrome/policies/managed/p.json": json.dumps({"ExtensionInstallForcelist": [ext + ";https://x"]})})], 1, {"kaspersky-extension": U})
    expect("browser: native host", ["--root", tree({"/etc/opt/chrome/native-messaging-hosts/com.kaspersky.ahkjpbeeocnddjkakilopmfdlnjdpcdm.host.json": "{}"})], 0, {"kaspersky-extension": "residual"})


def tar_bytes(files, compress=None):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w" if compress is None else f"w:{compress}") as t:
        for name, content in files:
            if content is None:
                info = tarfile.TarInfo(name)
                info.type = tarfile.DIRTYPE
                t.addfile(info)
                continue
            content = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(content)
            t.addfile(info, io.BytesIO(content))
    return out.getvalue()


def docker_archive(layers, tags=("x:1",), env=(), drop=None, order_last=False):
    global _n
    _n += 1
    path = TMP / f"image{_n}.tar"
    files = [("config.json", json.dumps({"config": {"Env": list(env)}, "rootfs": {"type": "layers"}}))]
    names = [f"layer{i}/layer.tar" for i in range(len(layers))]
    files += [(n, l) for n, l in zip(names, layers) if n != drop]
    files.append(("manifest.json", json.dumps([{"Config": "config.json", "RepoTags": list(tags), "Layers": names}])))
    path.write_bytes(tar_bytes(files))
    return path


def oci_archive(layers, folder=False):
    import hashlib
    global _n
    _n += 1
    blobs = {}

    def put(data, media):
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {"mediaType": media, "digest": "sha256:" + digest, "size": len(data)}
    config = put(json.dumps({"config": {}}).encode(), "application/vnd.oci.image.config.v1+json")
    descs = [put(l, "application/vnd.oci.image.layer.v1.tar+gzip") for l in layers]
    manifest = put(json.dumps({"schemaVersion": 2, "config": config, "layers": descs}).encode(), "application/vnd.oci.image.manifest.v1+json")
    attestation = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:" + "0" * 64, "size": 1, "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
    index = json.dumps({"schemaVersion": 2, "manifests": [manifest, attestation]})
    files = [("oci-layout", '{"imageLayoutVersion":"1.0.0"}'), ("index.json", index)] + [("blobs/sha256/" + d, b) for d, b in blobs.items()]
    path = TMP / f"oci{_n}"
    if folder:
        for n, c in files:
            p = path / n
            p.parent.mkdir(parents=True, exist_ok=True)
            p.write_bytes(c.encode() if isinstance(c, str) else c)
    else:
        path.write_bytes(tar_bytes(files))
    return path


def images():
    base = tar_bytes([("var/lib/dpkg/status", BASE), ("etc/hostname", "x")])
    kesl = tar_bytes([("opt/kaspersky/kesl/bin/kesl", "x"), ("var/lib/dpkg/status", BASE + status(("kesl", OK, "x", "1")))])
    gone = tar_bytes([("opt/.wh.kaspersky", ""), ("var/lib/dpkg/status", BASE)])
    opaque = tar_bytes([("opt/kaspersky/kesl/.wh..wh..opq", ""), ("var/lib/dpkg/status", BASE)])
    expect("docker: installed", ["--image", docker_archive([base, kesl])], 1, {"kesl": U})
    report = expect("docker: deleted later", ["--image", docker_archive([base, kesl, gone])], 0, {"kesl": "residual"})
    check("docker: the layer is named", all(e.get("layer") == "layer1/layer.tar" for e in report["findings"][0]["evidence"]), report["findings"])
    expect("docker: opaque folder", ["--image", docker_archive([base, kesl, opaque])], 0, {"kesl": "residual"})
    expect("docker: deleted and installed again", ["--image", docker_archive([base, kesl, gone, kesl])], 1, {"kesl": U})
    expect("docker: clean", ["--image", docker_archive([base])], 0, {})
    expect("docker: image name", ["--image", docker_archive([base], tags=["docker.io/kaspersky/scanengine_icapd:2.1"])], 1, {"scanengine": U})
    expect("docker: environment", ["--image", docker_archive([base], env=["KRAS4D_ACTIVATION=1"])], 1, {"kesl": U})
    expect("docker: a layer is missing", ["--image", docker_archive([base, kesl], drop="layer1/layer.tar")], 2, {"unknown": "unknown"})
    expect("docker: a layer is cut", ["--image", docker_archive([base, tar_bytes([("a", "x" * 5000)])[:3000]])], 2, {"unknown": "unknown"})
    gz = [tar_bytes([("var/lib/dpkg/status", BASE)], "gz"), tar_bytes([("opt/kaspersky/kesl/bin/kesl", "x")], "gz")]
    expect("OCI archive", ["--image", oci_archive(gz)], 1, {"kesl": U})
    expect("OCI folder", ["--image", oci_archive(gz, folder=True)], 1, {"kesl": U})
    folder = oci_archive(gz, folder=True)
    next(p for p in (folder / "blobs/sha256").iterdir() if p.read_bytes() == gz[1]).unlink()
    expect("OCI folder, a blob is missing", ["--image", folder], 2, {"unknown": "unknown"})
    plain = TMP / "rootfs.tar.gz"
    plain.write_bytes(tar_bytes([("./opt/kaspersky/kesl/bin/kesl", "x"), ("../evil", "x")], "gz"))
    expect("a root's archive", ["--image", plain], 1, {"kesl": U})
    (TMP / "noise").write_bytes(os.urandom(5000))
    expect("noise is no image", ["--image", TMP / "noise"], 2, {"unknown": "unknown"})
    expect("no such image", ["--image", TMP / "nowhere"], 2, {"unknown": "unknown"})
    if have("umoci"):
        layout, bundle = TMP / "umoci", TMP / "bundle"
        sh("umoci", "init", "--layout", layout)
        sh("umoci", "new", "--image", f"{layout}:x")
        sh("umoci", "unpack", "--rootless", "--image", f"{layout}:x", bundle)
        (bundle / "rootfs/opt/kaspersky/kwts").mkdir(parents=True)
        (bundle / "rootfs/opt/kaspersky/kwts/x").write_text("x")
        sh("umoci", "repack", "--refresh-bundle", "--image", f"{layout}:x", bundle)
        expect("umoci: installed", ["--image", layout], 1, {"kwts": U})
        shutil.rmtree(bundle / "rootfs/opt/kaspersky")
        sh("umoci", "repack", "--refresh-bundle", "--image", f"{layout}:x", bundle)
        expect("umoci: deleted later", ["--image", layout], 0, {"kwts": "residual"})


def disks():
    root = tree({"/opt/kaspersky/kesl/bin/kesl": "x", "/var/lib/dpkg/status": status(("kesl", OK, "x", "1")), "/etc/a": "x" * 100000})
    clean = tree({"/var/lib/dpkg/status": BASE})
    if have("mke2fs"):
        for kind in ("ext2", "ext4"):
            image = TMP / f"{kind}.img"
            sh("mke2fs", "-q", "-t", kind, "-d", root, image, "8M")
            expect(f"disk: {kind}", ["--disk", image], 1, {"kesl": U})
        sh("mke2fs", "-q", "-t", "ext4", "-d", clean, TMP / "clean.img", "8M")
        expect("disk: clean", ["--disk", TMP / "clean.img"], 0, {})
        fs = (TMP / "ext4.img").read_bytes()
        mbr = bytearray(512)
        struct.pack_into("<BBBBBBBBII", mbr, 446, 0, 0, 0, 0, 0x83, 0, 0, 0, 2048, len(fs) // 512)
        mbr[510:512] = b"\x55\xaa"
        (TMP / "mbr.img").write_bytes(bytes(mbr) + b"\0" * (2048 * 512 - 512) + fs)
        expect("disk: MBR", ["--disk", TMP / "mbr.img"], 1, {"kesl": U})
        head = bytearray(2048 * 512)
        head[510:512] = b"\x55\xaa"
        struct.pack_into("<BBBBBBBBII", head, 446, 0, 0, 0, 0, 0xee, 0, 0, 0, 1, 0xffffffff)
        head[512:520] = b"EFI PART"
        struct.pack_into("<QII", head, 512 + 72, 2, 128, 128)
        head[1024:1040] = b"\x01" * 16
        struct.pack_into("<QQ", head, 1024 + 32, 2048, 2048 + len(fs) // 512 - 1)
        luks = b"LUKS\xba\xbe" + b"\0" * 4090
        head[1152:1168] = b"\x02" * 16
        struct.pack_into("<QQ", head, 1152 + 32, 2048 + len(fs) // 512, 2048 + len(fs) // 512 + 7)
        (TMP / "gpt.img").write_bytes(bytes(head) + fs + luks)
        expect("disk: GPT, and an encrypted partition", ["--disk", TMP / "gpt.img"], 1, {"kesl": U, "unknown": "unknown"})
        (TMP / "cut.img").write_bytes(fs[:20000])
        rc, report = audit("--disk", TMP / "cut.img")
        check("disk: cut short is unknown", rc == 2 and found(report) == {"unknown": "unknown"}, found(report))
    (TMP / "luks.img").write_bytes(b"LUKS\xba\xbe" + b"\0" * 100000)
    report = expect("disk: encrypted", ["--disk", TMP / "luks.img"], 2, {"unknown": "unknown"})
    check("disk: the reason is told", "LUKS" in json.dumps(report["findings"][0]["not_readable"]), report)
    if have("mkfs.vfat", "mcopy"):
        for bits, size in (("12", 2), ("16", 20), ("32", 40)):
            image = TMP / f"fat{bits}.img"
            sh("mkfs.vfat", "-F", bits, "-C", image, str(size * 1024))
            win = tree({"/Windows/System32/drivers/klif.sys": "x", "/Program Files/Some long folder name/file.txt": "x" * 70000})
            sh("mcopy", "-s", "-i", image, win / "Windows", win / "Program Files", "::")
            expect(f"disk: FAT{bits}", ["--disk", image], 1, {"kaspersky": U})
    if have("mkntfs", "ntfscp"):
        image = TMP / "ntfs.img"
        image.write_bytes(b"\0" * (16 << 20))
        sh("mkntfs", "-q", "-F", image)
        mount = TMP / "ntfs.mnt"
        mount.mkdir()
        src = TMP / "etc-hosts"
        src.write_text("10.0.0.1 s01.upd.kaspersky.com\n")
        sh("ntfscp", "-f", image, src, "ks4ws_x64.msi")
        expect("disk: NTFS", ["--disk", image], 0, {"ksws": "review"})
        src.write_text(json.dumps({"name": "a", "lockfileVersion": 3, "packages": {f"node_modules/p{i}": {"version": "1.0.0"} for i in range(2000)}}))
        sh("ntfscp", "-f", image, src, "package-lock.json")
        packed = bytearray(image.read_bytes())
        name = "package-lock.json".encode("utf-16-le")
        at = next(m for m in range(0, len(packed), 1024) if packed[m:m + 4] == b"FILE" and name in packed[m:m + 1024])
        attr = at + struct.unpack_from("<H", packed, at + 20)[0]
        while struct.unpack_from("<I", packed, attr)[0] not in (0x80, 0xffffffff):
            attr += struct.unpack_from("<I", packed, attr + 4)[0]
        check("disk: NTFS: the test finds the data", struct.unpack_from("<I", packed, attr)[0] == 0x80 and packed[attr + 8] == 1)
        struct.pack_into("<H", packed, attr + 12, 1)
        (TMP / "ntfs3.img").write_bytes(bytes(packed))
        report = audit("--disk", TMP / "ntfs3.img")[1]
        reasons = [g["reason"] for f in report["findings"] if f["outcome"] == "unknown" for g in f["not_readable"]]
        check("disk: NTFS compressed: what is true", any("is stored in a way that is not read here" in r for r in reasons) and not any("link" in r for r in reasons), (found(report), reasons))
        damaged = bytearray(image.read_bytes())
        mft = struct.unpack_from("<Q", damaged, 48)[0] * damaged[13] * 512
        damaged[mft:mft + 4] = b"XXXX"
        (TMP / "ntfs2.img").write_bytes(bytes(damaged))
        expect("disk: NTFS damaged", ["--disk", TMP / "ntfs2.img"], 2, {"unknown": "unknown"})


def sboms():
    def doc(o):
        global _n
        _n += 1
        p = TMP / f"sbom{_n}.json"
        p.write_text(json.dumps(o))
        return p
    cdx = {"bomFormat": "CycloneDX", "specVersion": "1.5"}
    comp = {"type": "library", "name": "gw-scan", "components": [{"type": "library", "name": "AV engine", "supplier": {"name": "AO Kaspersky Lab"}, "cpe": "cpe:2.3:a:kaspersky:anti-virus_sdk:8:*:*:*:*:*:*:*"}]}
    report = expect("SBOM: nested component", ["--sbom", doc({**cdx, "metadata": {"component": {"type": "application", "name": "Mail gateway"}}, "components": [comp]})], 1, {"kaspersky-engine": U})
    check("SBOM: embedded, and in what", report["findings"][0]["embedded"] and report["findings"][0]["inside"] == "gw-scan", report["findings"])
    expect("SBOM: package URL", ["--sbom", doc({**cdx, "components": [{"type": "application", "name": "kesl", "purl": "pkg:deb/kaspersky/kesl@12.1?arch=amd64"}]})], 1, {"kesl": U})
    expect("SBOM: npm scope", ["--sbom", doc({**cdx, "components": [{"type": "library", "name": "x", "purl": "pkg:npm/%40kaspersky/x@1.0"}]})], 1, {"kaspersky-library": U})
    expect("SBOM: publisher", ["--sbom", doc({**cdx, "components": [{"type": "application", "name": "x", "publisher": "Kaspersky Lab"}]})], 1, {"kaspersky": U})
    expect("SBOM: antivirus by CPE, in commerce", ["--sbom", doc({**cdx, "components": [{"type": "application", "name": "x", "cpe": "cpe:/a:kaspersky:endpoint_security:11"}]})], 1, {"kaspersky-av": P}, scope="commercial-us")
    expect("SBOM: only a name", ["--sbom", doc({**cdx, "components": [{"type": "library", "name": "sigma-kaspersky-rules"}]})], 0, {"kaspersky": "mention-only"})
    expect("SBOM: vulnerabilities are no components", ["--sbom", doc({**cdx, "components": [{"type": "library", "name": "x"}], "vulnerabilities": [{"description": "cpe:2.3:a:kaspersky:anti-virus", "source": {"name": "Kaspersky"}}]})], 0, {})
    expect("SBOM: an engine by version is a question", ["--sbom", doc({**cdx, "components": [{"type": "firmware", "name": "Junos", "cpe": "cpe:2.3:o:juniper:junos:12.3:*:*:*:*:*:*:*"}]})], 0, {"junos": "review"})
    expect("SBOM: section 889", ["--sbom", doc({**cdx, "components": [{"type": "device", "name": "cam", "supplier": {"name": "Hangzhou Hikvision Digital Technology Co., Ltd."}}]})], 1, {"hikvision": U}, scope="contractor")
    expect("SBOM: section 889 is not for commerce", ["--sbom", doc({**cdx, "components": [{"type": "device", "name": "cam", "supplier": {"name": "Hikvision"}}]})], 0, {}, scope="commercial-us")
    expect("SBOM: FASCSA", ["--sbom", doc({**cdx, "components": [{"type": "application", "name": "agent", "supplier": {"name": "Acronis International GmbH"}}]})], 1, {"acronis": U}, scope="intelligence")
    expect("SBOM: FASCSA binds contractors by clause", ["--sbom", doc({**cdx, "components": [{"type": "application", "name": "agent", "supplier": {"name": "Acronis"}}]})], 0, {"acronis": "review"}, scope="contractor")
    expect("SBOM: DeepSeek", ["--sbom", doc({**cdx, "components": [{"type": "application", "name": "c", "supplier": {"name": "DeepSeek"}}]})], 1, {"deepseek": U}, scope="dod")
    tiktok = doc({**cdx, "components": [{"type": "application", "name": "t", "publisher": "TikTok Pte. Ltd."}]})
    expect("SBOM: TikTok before the joint venture", ["--sbom", tiktok], 1, {"bytedance": U}, scope="contractor", asof="2025-06-01")
    expect("SBOM: TikTok after it", ["--sbom", tiktok], 0, {"bytedance": "review"}, scope="contractor")
    spdx = {"spdxVersion": "SPDX-2.3", "name": "d", "packages": [{"name": "kesl", "supplier": "Organization: AO Kaspersky Lab (x@kaspersky.com)", "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:rpm/kesl@12"}]}]}
    expect("SPDX 2", ["--sbom", doc(spdx)], 1, {"kesl": U})
    expect("SPDX 2: a person", ["--sbom", doc({"spdxVersion": "SPDX-2.3", "packages": [{"name": "x", "supplier": "Person: Kaspersky"}]})], 0, {})
    graph = {"@graph": [{"type": "Organization", "spdxId": "o", "name": "AO Kaspersky Lab"}, {"type": "software_Package", "spdxId": "p", "name": "x", "suppliedBy": "o"}]}
    expect("SPDX 3", ["--sbom", doc(graph)], 1, {"kaspersky": U})
    for name, text in (("not JSON", "{"), ("another document", "{}"), ("empty", "")):
        p = TMP / f"bad-{name}.json"
        p.write_text(text)
        expect(f"SBOM: {name}", ["--sbom", p], 2, {"unknown": "unknown"})


def traps():
    root = tree({"/var/ossec/active-response/bin/kaspersky": "#!/bin/sh\nkesl-control --scan\n", "/var/ossec/active-response/bin/kaspersky.py": "import x\n"})
    expect("trap: Wazuh", ["--root", root], 0, {"kaspersky": "mention-only"})
    expect("trap: Sigma and parsers", ["--root", tree({"/opt/sigma/rules/kesl_stopped.yml": "title: kesl.service stopped\n", "/usr/share/siem/parsers/av.conf": "kesl klnagent kesl.service /opt/kaspersky/kesl\n",
           "/usr/lib/nagios/plugins/check_kesl": "#!/bin/sh\nkesl-control\n"})], 0, {})
    expect("trap: people", ["--root", tree({"/etc/passwd": "kaspersky:x:1001:1001:Eugene Kaspersky:/home/kaspersky:/bin/sh\n", "/home/kaspersky/.bashrc": "x"})], 0, {"kaspersky": "mention-only"})
    expect("trap: folders", ["--root", tree({"/srv/customers/Kaspersky/offer.txt": "x", "/home/a/Kaspersky.pdf": "x"})], 0, {"kaspersky": "mention-only"})
    expect("trap: slides", ["--root", tree({"/home/a/ppl/talk.ppl": "x"})], 0, {})
    expect("trap: a package list that is not the system's", ["--root", tree({"/home/a/backup/var/lib/dpkg/status": status(("kesl", OK, "x", "1"))})], 0, {})
    expect("trap: an unpacked archive at home", ["--root", tree({"/home/a/opt/kaspersky/kesl/bin/x": "x"})], 0, {"kaspersky": "mention-only"})
    expect("trap: documentation of a unit", ["--root", tree({"/usr/share/doc/x/kesl.service": "x"})], 0, {})
    check("restricted is never malicious", not any(w in run("--root", root)[1].lower() for w in ("malicious", "illegal", "virus found", "threat found")))


def damaged():
    expect("dpkg: cut in a line", ["--root", tree({"/var/lib/dpkg/status": BASE + "Package: ke"})], 2, {"unknown": "unknown"})
    expect("dpkg: binary", ["--root", tree({"/var/lib/dpkg/status": b"\0\1\2\3" * 100})], 2, {"unknown": "unknown"})
    expect("apk: damaged", ["--root", tree({"/lib/apk/db/installed": "P:musl\nrubbish\n"})], 2, {"unknown": "unknown"})
    expect("pacman: damaged", ["--root", tree({"/var/lib/pacman/local/x-1/desc": "%VERSION%\n1\n"})], 2, {"unknown": "unknown"})
    expect("a database that is a loop of links", ["--root", tree({}, links={"/var/lib/dpkg/status": "status"})], 2, {"unknown": "unknown"})
    expect("a loop of folders by links", ["--root", tree({"/a/x": "x"}, links={"/a/b": "../a", "/a/c": "c"})], 0, {})
    expect("the database is missing", ["--root", tree({"/etc/os-release": "ID=debian\n"})], 2, {"unknown": "unknown"})
    expect("the rpm database is missing", ["--root", tree({"/etc/os-release": 'ID="rocky"\nID_LIKE="rhel centos fedora"\n'})], 2, {"unknown": "unknown"})
    expect("something binds, and something is unknown", ["--root", tree({"/opt/kaspersky/kesl/bin/x": "x", "/var/lib/dpkg/status": b"\0\0"})], 1, {"kesl": U, "unknown": "unknown"})
    expect("no such root", ["--root", TMP / "nowhere"], 2, {"unknown": "unknown"})
    root = tree({"/srv/secret/x": "x"})
    os.chmod(root / "srv/secret", 0)
    if os.geteuid() == 0 and shutil.which("setpriv"):
        os.chmod(TMP, 0o755)
        p = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", GLACIS, "--register", REGISTER, "--root", str(root), "--json"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ok = p.returncode == 2 and b"Permission denied" in p.stdout
        if b"cannot be read" in p.stderr or p.returncode == 127:
            skipped.append("unreadable folder (the build is not readable by another user)")
        else:
            check("an unreadable folder is unknown", ok, (p.returncode, p.stdout[:300], p.stderr[:200]))
    deep = tree()
    d = deep
    cwd = os.getcwd()
    os.chdir(d)
    for _ in range(230):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(cwd)
    expect("folders without end", ["--root", deep], 2, {"unknown": "unknown"})
    nested = tree({"/opt/kaspersky/kesl/bin/\x1b[31mred": "x"})
    out = run("--root", nested)[1]
    check("control characters do not reach the terminal", "\x1b" not in out, out)


def dates():
    root = tree({"/opt/kaspersky/kesl/bin/x": "x"})

    def countdowns(asof, scope="commercial-us"):
        return [j.get("countdown") for f in audit("--root", root, scope=scope, asof=asof)[1]["findings"] for j in f["rests_on"] if "countdown" in j]
    check("updates stop in 60 days", "updates stop in 60 days" in countdowns("2024-07-31"), countdowns("2024-07-31"))
    check("updates stop in 1 day, to the second", "updates stop in 1 day" in countdowns("2024-09-29T03:59:59Z"))
    check("updates have stopped", countdowns("2024-09-29T04:00:00Z") == ["0 days since the last possible update"], countdowns("2024-09-29T04:00:00Z"))
    check("785 days since", "785 days since the last possible update" in countdowns(ASOF))
    check("the same instant in Tokyo", "updates stop in 1 day" in countdowns("2024-09-29T12:59:59+09:00"))

    def due(asof, discovered=None, scope="contractor"):
        args = ["--root", root] + (["--discovered", discovered] if discovered else [])
        return {(d["instrument"], d["deadline"]): d["date"] for f in audit(*args, scope=scope, asof=asof)[1]["findings"] for d in f["deadlines"]}
    far = "us-far-52.204-23"
    d = due("2024-10-04", "2024-10-04")
    check("3 business days from a Friday", d.get((far, "report")) == "2024-10-09", d)
    check("10 business days over Columbus Day", d.get((far, "follow-up")) == "2024-10-21", d)
    d = due("2023-12-01", "2023-12-01")
    check("1 business day before the change", d.get((far, "report-1")) == "2023-12-04" and (far, "report") not in d, d)
    d = due("2017-09-20", scope="federal-civilian")
    check("30, 60, 90 calendar days", [d.get(("us-bod-17-01", k)) for k in ("identify", "plan", "begin")] == ["2017-10-13", "2017-11-12", "2017-12-12"], d)
    d = due("2018-01-02", scope="federal-civilian")
    check("status every 30 days", d.get(("us-bod-17-01", "begin")) == "2018-01-11", d)
    for scope, asof, outcome in (("lt-public", ASOF, "removal-due"), ("nl-government", ASOF, "removal-due"), ("uk-government", ASOF, "review"), ("de", ASOF, "review"),
                                 ("it-public", "2023-01-01", "removal-due"), ("it-public", ASOF, "removal-due"), ("ro-public", "2023-01-10", "removal-due"), ("ro-public", ASOF, U),
                                 ("au-commonwealth", "2025-03-01", "removal-due"), ("au-commonwealth", ASOF, U), ("ca-government-mobile", ASOF, U), ("dod", ASOF, U),
                                 ("intelligence", ASOF, U), ("contractor", ASOF, U), ("telecom", ASOF, P), ("exporter", ASOF, "export-only")):
        expect(f"scope {scope} as of {asof}", ["--root", root], 0 if outcome in ("review", "export-only") else 1, {"kesl": outcome}, scope=scope, asof=asof)
    italy = [{j["instrument"] for j in audit("--root", root, scope="it-public", asof=a)[1]["findings"][0]["rests_on"] if j["in_force"]} for a in ("2025-11-21", "2025-11-22")]
    check("Italy: the second replaces the first", italy == [{"it-dl-21-2022"}, {"it-acn-2025"}], italy)


def outputs():
    root = tree({"/opt/kaspersky/kesl/bin/x": "x", "/var/lib/dpkg/status": status(("kesl", OK, "x", "1")), '/srv/<b>"k"</b>/package-lock.json': "{"})
    for fmt in ("text", "json", "sarif", "cyclonedx", "oscal", "csv", "html"):
        rc, out, err = run("--root", root, "--format", fmt)
        check(f"format {fmt}: exit", rc == 1, (rc, err))
        if fmt in ("json", "sarif", "cyclonedx", "oscal"):
            try:
                json.loads(out)
            except ValueError as e:
                check(f"format {fmt}: JSON", False, e)
        check(f"format {fmt}: no advice is said once", out.count("not legal advice") == (0 if fmt == "csv" else 1), out.count("not legal advice"))
    rc, out, _ = run("--root", root, "--format", "sarif")
    s = json.loads(out)
    ids = {r["id"] for r in s["runs"][0]["tool"]["driver"]["rules"]}
    check("SARIF: every result has its rule", s["version"] == "2.1.0" and all(r["ruleId"] in ids for r in s["runs"][0]["results"]), ids)
    rc, out, _ = run("--root", root, "--format", "cyclonedx")
    c = json.loads(out)
    check("CycloneDX: components with outcomes", c["bomFormat"] == "CycloneDX" and c["components"][0]["properties"][0]["value"] == P, c)
    rc, out, _ = run("--root", root, "--format", "oscal")
    o = json.loads(out)["assessment-results"]
    obs = {x["uuid"] for x in o["results"][0]["observations"]}
    check("OSCAL: findings point to observations", all(f["related-observations"][0]["observation-uuid"] in obs for f in o["results"][0]["findings"]), o)
    rc, out, _ = run("--root", root, "--format", "html")
    check("HTML: no markup from names", '<b>"k"' not in out and "<script" not in out and "http" not in out.replace("http-equiv", ""), "")
    check("HTML: a picture of time, colours for both, print", all(w in out for w in ("<svg", "prefers-color-scheme:dark", "@media print")))
    rc, out, _ = run("--root", root, "--format", "csv")
    import csv
    rows = list(csv.DictReader(io.StringIO(out)))
    check("CSV: rows", any(r["outcome"] == P and r["instrument"] == "us-bis-kaspersky-2024" for r in rows) and any(r["outcome"] == "unknown" for r in rows), rows)
    rc, out, _ = run("--root", root, "--root", tree({"/etc/x": "x"}), "--json")
    check("many targets at once", len(json.loads(out)["targets"]) == 2)
    fid = json.loads(run("--root", root, "--json")[1])["findings"][0]["id"]
    rc, out, _ = run("explain", fid, "--root", root)
    check("explain: a finding", rc == 1 and "kesl.path" in out and "verified on" in out, out)
    rc, out, _ = run("explain", "us-ndaa-2018-1634")
    check("explain: an instrument", rc == 0 and "115-91" in out, out)
    check("explain: nothing", run("explain", "F-00000000", "--root", root)[0] == 2)
    rc, out, _ = run("rules")
    check("rules", rc == 0 and all(w in out for w in ("us-section-889", "us-fascsa-acronis", "it-acn-2025", "[UNVERIFIED]", "commercial-us")), out[:200])
    for args in (["--scope", "mars"], ["--as-of", "2024-02-30"], ["--format", "pdf"], ["sing"], ["--no-such"], ["explain"], ["--import-kesl", "x"]):
        check(f"refused: {args}", run(*args)[0] == 2)


def registers():
    check("verify-register", run("verify-register")[0] == 0, run("verify-register")[2])
    changes = {
        "a dangling entity": ("kaspersky.json", '"entity": "kaspersky", "relation": "subsidiary"', '"entity": "nobody", "relation": "subsidiary"'),
        "a cycle": ("deepseek.json", '{ "id": "high-flyer",', '{ "id": "high-flyer", "parents": [{ "entity": "deepseek", "relation": "subsidiary", "confidence": "V" }],'),
        "a UTC that is not the stated time": ("kaspersky.json", '"2024-09-29T04:00:00Z"', '"2024-09-29T00:00:00Z"'),
        "a key that is not known": ("fascsa.json", '"comment"', '"komment"'),
        "a confidence that is not known": ("fascsa.json", '"confidence": "S"', '"confidence": "X"'),
        "verified in the future": ("fascsa.json", '"verified_on": "2026-11-23"', '"verified_on": "2199-01-01"'),
        "no citation": ("section-889.json", '"citation": "P.L. 115-232, sec. 889; FAR 52.204-25"', '"citation": "x"'),
        "a pattern for everything": ("fascsa.json", '"acronis:*"', '"*a*"'),
        "not JSON": ("fascsa.json", '"comment"', 'comment'),
        "an unknown scope": ("fascsa.json", '"scopes": ["intelligence"]', '"scopes": ["mars"]'),
        "the same id twice": ("section-889.json", '"id": "zte"', '"id": "huawei"'),
    }
    for name, (file, old, new) in changes.items():
        copy = TMP / ("reg-" + name.replace(" ", "-"))
        shutil.copytree(REGISTER, copy)
        text = (copy / file).read_text()
        check(f"register: the test for {name} changes it", old in text)
        (copy / file).write_text(text.replace(old, new, 1))
        rc, _, err = run("verify-register", register=str(copy))
        check(f"register: {name} is told", rc == 2 and err, err)
    example = pathlib.Path(REGISTER) / "example" / "next-ban.json"
    copy = TMP / "reg-next"
    shutil.copytree(REGISTER, copy)
    shutil.copy(example, copy / "next-ban.json")
    check("register: the template's example is whole", run("verify-register", register=str(copy))[0] == 0, run("verify-register", register=str(copy))[2])
    root = tree({"/opt/examplesec/agent/bin/agentd": "x"})
    p = run("--root", root, "--scope", "federal-civilian", "--json", register=str(copy))
    check("register: adding a ban is adding data", p[0] == 1 and found(json.loads(p[1])) == {"examplesec-agent": U}, p)


def main():
    for part in (packages, rpms, systems, engines, classes, locks, certificates, windows, macos, images, disks, sboms, traps, damaged, dates, outputs, registers):
        try:
            part()
        except subprocess.CalledProcessError as e:
            check(f"{part.__name__}: {e.cmd[0]}", False, e.stderr)
    for s in sorted(set(skipped)):
        print(f"skipped: {s}")
    shutil.rmtree(TMP, ignore_errors=True)
    return ended()


sys.exit(main())
