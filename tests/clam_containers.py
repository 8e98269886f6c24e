#!/usr/bin/env python3
"""Containers of ClamAV's databases (.cud, unsigned), whole and damaged: glacis takes those that clamscan takes, and finds by
them what clamscan finds. A .cvd carries a signature that only ClamAV's own can make: there the MD5 of its header is held."""
import argparse
import gzip
import hashlib
import io
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

SKIP = 77
NDB = {"t.ndb": b"T.Ndb:0:*:6162636465666768\n"}
BOTH = dict(NDB, **{"t.ldb": b"T.Ldb;Engine:51-255,Target:0;0&1;71717171;72727272\n"})
FILES = {"one": b"xxabcdefghyy", "two": b"..qqqq..rrrr.."}


def container(members, info="first", packed=True, md5=None, level=216, magic=b"ClamAV-VDB", wrong=(), listed=None, tail=b"", cut=0,
              form=tarfile.USTAR_FORMAT):
    out = io.BytesIO()
    tar = tarfile.open(fileobj=out, mode="w", format=form)

    def add(name, data):
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        tar.addfile(entry, io.BytesIO(data))

    text = b"ClamAV-VDB:30 Nov 2026 01-48 +0000:1:2:%d:X:X:me:1796003313\n" % level
    for name, data in members.items():
        if listed is None or name in listed:
            digest = "0" * 64 if name in wrong else hashlib.sha256(data).hexdigest()
            text += f"{name}:{len(data)}:{digest}\n".encode()
    if info == "first":
        add("t.info", text)
    for name, data in members.items():
        add(name, data)
    if info == "last":
        add("t.info", text)
    tar.close()
    data = gzip.compress(out.getvalue()) if packed else out.getvalue()
    data = (data[:-cut] if cut else data) + tail
    md5 = md5 or hashlib.md5(data).hexdigest()
    return (magic + b":30 Nov 2026 01-48 +0000:1:2:%d:%s:X:me:1796003313" % (level, md5.encode())).ljust(512) + data


CASES = {
    "gzipped": container(BOTH), "plain": container(BOTH, packed=False), "no list": container(BOTH, info=None),
    "list behind": container(BOTH, info="last"), "wrong digest": container(BOTH, wrong=["t.ndb"]),
    "not listed": container(BOTH, listed=["t.ldb"]), "md5 of another": container(BOTH, md5="0" * 32),
    "newer engine": container(BOTH, level=999), "junk behind": container(BOTH, tail=b"xxxx"),
    "end blocks cut": container(BOTH, cut=20), "cut": container(BOTH, cut=100), "plain, cut": container(BOTH, packed=False, cut=9000),
    "no magic": container(BOTH, magic=b"ClamAV-VDX"), "gnu tar": container(BOTH, form=tarfile.GNU_FORMAT),
    "pax": container(BOTH, form=tarfile.PAX_FORMAT), "dot slash": container({"./t.ndb": NDB["t.ndb"]}),
    "folder": container({"a/t.ndb": NDB["t.ndb"]}), "way out": container({"../t.ndb": NDB["t.ndb"]}),
    "name of another": container({"q.ndb": NDB["t.ndb"]}), "capitals": container({"t.NDB": NDB["t.ndb"]}),
    "unknown extension": container(dict(NDB, **{"t.xyz": b"x"})), "unwanted programs": container({"t.ndu": NDB["t.ndb"]}),
    "ignored": container(dict({"t.ign2": b"T.Ndb\n"}, **NDB)), "short": container(BOTH)[:400], "empty": b"",
    "header alone": container(BOTH)[:512], "few fields": b"ClamAV-VDB:".ljust(512) + container(BOTH)[512:],
    "copying": container(dict({"COPYING": b"x"}, **NDB), listed=["t.ndb"]),
    "many": container(dict({f"a{i}.ndb": b"T.A%d:0:*:%02x%02x%02x%02x\n" % (i, i, i, i, i) for i in range(100)}, **NDB)),
    "large": container(dict({"b.ndb": (b"# " + b"x" * 61 + b"\n") * (3 << 14)}, **NDB)),
}


def clamscan(db, folder):
    out = subprocess.run(["clamscan", "--no-summary", "-d", str(db), str(folder)], capture_output=True, text=True)
    if out.returncode == 2:
        return "refused"
    return sorted(line.split(": ")[1].removesuffix(" FOUND").removesuffix(".UNOFFICIAL")
                  for line in out.stdout.splitlines() if line.endswith(" FOUND"))


def glacis(program, db, folder):
    out = subprocess.run([program, "compile", str(db), "-o", str(db) + ".image"], capture_output=True, text=True)
    if f"{db}: error: " in out.stderr:
        return "refused"
    out = subprocess.run([program, "scan", "-s", str(db) + ".image", "--json", str(folder)], capture_output=True, text=True)
    return sorted(f["rule"] for line in out.stdout.splitlines() for f in json.loads(line)["findings"])


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--glacis", required=True)
    opt = args.parse_args()
    if shutil.which("clamscan") is None:
        print("skipped: no clamscan")
        sys.exit(SKIP)
    passed = failed = 0

    def check(title, ours, wanted):
        nonlocal passed, failed
        passed += ours == wanted
        failed += ours != wanted
        if ours != wanted:
            print(f"{title}: glacis says {ours}, wanted {wanted}")

    with tempfile.TemporaryDirectory() as tmp:
        work = pathlib.Path(tmp)
        (work / "files").mkdir()
        for name, data in FILES.items():
            (work / "files" / name).write_bytes(data)
        for title, data in CASES.items():
            db = work / "t.cud"
            db.write_bytes(data)
            check(title, glacis(opt.glacis, db, work / "files"), clamscan(db, work / "files"))
            (work / "t.cud.image").unlink(missing_ok=True)
        for title, wanted in {"gzipped": ["T.Ldb", "T.Ndb"], "md5 of another": "refused"}.items():
            db = work / "t.cvd"
            db.write_bytes(CASES[title])
            check("published, " + title, glacis(opt.glacis, db, work / "files"), wanted)
            (work / "t.cvd.image").unlink(missing_ok=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
