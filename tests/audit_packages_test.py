#!/usr/bin/env python3
"""Package databases and lock files: what is installed, what is left, what something else contains."""
import json
import sqlite3
import struct
import subprocess
import sys

from audit_fixtures import audit, BASE, DEBIAN, expect, found, have, main, OK, P, run, sh, status, TMP, tree, U
from audit_tally import check


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


sys.exit(main(packages, rpms, locks))
