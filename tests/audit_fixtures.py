"""What the audit's tests share: roots made of files, the verb asked, and what it has to answer.

Every case says exactly which findings there are: one too many or too few fails. Tools that make real formats (dpkg-deb,
rpmbuild, rpm, db_load, umoci, hivexregedit, openssl, mke2fs, mkfs.vfat, mkntfs) are used where they are installed; what
cannot be made is told as skipped. A test's arguments are the program and the register.
"""
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
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


_names = itertools.count(1)


def fresh(name):
    """A path in the scratch folder that nobody had before."""
    return TMP / f"{next(_names)}-{name}"


def tree(files=None, links=None, dirs=()):
    """A new root with these files (text or bytes), links and folders."""
    root = fresh("root")
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


def main(*parts):
    """Run a test's parts; its exit code."""
    for part in parts:
        try:
            part()
        except subprocess.CalledProcessError as e:
            check(f"{part.__name__}: {e.cmd[0]}", False, e.stderr)
    for s in sorted(set(skipped)):
        print(f"skipped: {s}")
    shutil.rmtree(TMP, ignore_errors=True)
    return ended()
