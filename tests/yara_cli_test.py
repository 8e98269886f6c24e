#!/usr/bin/env python3
"""`glacis yara` against `yara`: the same arguments, standard output and exit code byte by byte.

usage: yara_cli_test.py GLACIS
Exits 77 where yara is not installed.
"""
import os
import shutil
import subprocess
import sys
import tempfile

RULES = r"""
rule A : t1 t2 {
    meta: author = "x\"y'z\\ \t\n \x01 ]," n = 3 m = -5 b = true c = false
    strings: $a = "abc" $b = { 00 01 ?? 03 } $x = "hello" xor(1-3) $r = /ab[cd]{1,3}/ $w = "wide" wide
    condition: any of them
}
rule B { condition: filesize > 3 }
rule C : t2 { strings: $s = "nothing here" $t = "abc" private $ = "\xc3\xa9\x1b\\" condition: any of them }
private rule P { condition: true }
rule D { condition: P and not A }
"""
OTHER = 'rule O { strings: $a = "zz" condition: $a } rule A { condition: true }'
EXTERN = "rule E { condition: number == 5 and text contains \"x\" and truth }"
CONSOLE = 'import "console" rule L { condition: console.log("size ", filesize) and console.hex("x", 255) }'
LONG = "rule G { strings: $a = /abc.{900}/s condition: $a }"

CASES = [args.split() for args in """
r.yar f1
r.yar f2
r.yar empty
-s r.yar f1
-L r.yar f1
-sL r.yar f1
-m r.yar f1
-g r.yar f1
-e r.yar f1
-mgse r.yar f1
-n r.yar f1
-n r.yar f2
-ns r.yar f1
-c r.yar f1
-sc r.yar f1
-nc r.yar f1
-c -i B r.yar f1
-c -t t1 r.yar f1
-nc -i B r.yar f1
-n -l 1 r.yar f2
-n -l 1 r.yar f1
-l 1 -i B r.yar f1
-l 2 -i B r.yar f1
-i B r.yar f1
-t t2 r.yar f1
-t t2 -n r.yar f2
-l 1 r.yar f1
-l 2 -c r.yar f1
-k 20 -p 1 -a 30 -w -f r.yar f1
r.yar other.yar f1
one:r.yar two:other.yar -e f1
-d number=5 -d text=xyz -d truth=true e.yar f1
-d number=6 -d text=xyz -d truth=true e.yar f1
-w c.yar f1
-w -s g.yar long
-p 1 -r r.yar one
-p 1 -rs r.yar one
-p 1 -rc r.yar one
-p 1 r.yar one
-p 1 -c r.yar one
-p 1 -z 5 -r r.yar one
-z 5 r.yar f1
-p 1 --scan-list r.yar list
r.yar nothing
nothing.yar f1
bad.yar f1
r.yar
-d x r.yar f1
--no-such-option r.yar f1
--fail-on-warnings slow.yar f1
""".strip().splitlines()]


def run(program, args, cwd):
    p = subprocess.run([*program, *args], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    return p.returncode, p.stdout, p.stderr


def main():
    glacis = os.path.abspath(sys.argv[1])
    if shutil.which("yara") is None:
        print("skipped: yara is not installed")
        return 77
    top = tempfile.mkdtemp(prefix="glacis-yara-")
    files = {
        "r.yar": RULES.encode(), "other.yar": OTHER.encode(), "e.yar": EXTERN.encode(), "c.yar": CONSOLE.encode(),
        "g.yar": LONG.encode(), "bad.yar": b"rule X { condition: foo }",
        "slow.yar": b"rule S { strings: $a = /.*a/ condition: $a }",
        "f1": b"xxabc\x00\x01\x02\x03abcddd\nw\x00i\x00d\x00e\x00 \xc3\xa9\x1b\\ " + bytes(c ^ 2 for c in b"hello"),
        "f2": b"zz", "empty": b"", "long": b"abc" + bytes(range(256)) * 5, "list": b"f1\nf2\n",
        "one/f": b"abc abc", "one/sub/g": b"zzz",
    }
    bad = 0
    try:
        for name, data in files.items():
            os.makedirs(os.path.dirname(os.path.join(top, name)) or top, exist_ok=True)
            with open(os.path.join(top, name), "wb") as f:
                f.write(data)
        for args in CASES:
            want, got = run(["yara"], args, top), run([glacis, "yara"], args, top)
            if want[:2] == got[:2]:
                continue
            bad += 1
            print("differs:", *args)
            for who, (code, out, err) in (("yara", want), ("glacis", got)):
                print(f"  {who}: exit code {code}\n    {out!r}\n    {err[-300:]!r}")
    finally:
        shutil.rmtree(top)
    print(f"{len(CASES) - bad} of {len(CASES)} command lines answer alike")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
