#!/usr/bin/env python3
"""`glacis yara` against `yara`: the same arguments, standard output and exit code byte by byte.

usage: yara_cli_test.py GLACIS
Exits 77 where yara is not installed.
"""
import os
import pathlib
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
# Four rules and more over one array: what the loops go over is asked once for all of them (compile/guard.c).
LOOPS = 'import "elf"\n' + "".join(
    f'rule L{i} {{ condition: for any i in (0..elf.number_of_sections): (elf.sections[i].name == "{name}") }}\n'
    f'rule A{i} {{ condition: for any s in elf.sections : (s.name == "{name}") }}\n'
    f'rule N{i} {{ condition: for any i in (0..elf.number_of_sections): (not (elf.sections[i].name == "{name}")) }}\n'
    f'rule U{i} {{ condition: for any i in (0..elf.number_of_sections): (not defined elf.sections[i].name) }}\n'
    for i, name in enumerate((".text", ".data", ".dynstr", ".nowhere", ".shstrtab")))
CUCKOO = 'import "cuckoo"\n' + "".join(f"rule R{i} {{ condition: cuckoo.{c} }}\n" for i, c in enumerate((
    r"network.http_request(/a\.com/)", r"network.http_get(/a\.com/) == 1", r"network.http_post(/a\.com/) == 0",
    r"network.http_user_agent(/U1/)", r"network.dns_lookup(/evil/)", r"network.dns_lookup(/answer/) == 0", "network.tcp(/^1/, 80)", "network.udp(/^1/, 81)",
    "network.host(/9/)", "registry.key_access(/Software/)", "filesystem.file_access(/a/)", "sync.mutex(/m1/i)")))
REPORT = r"""{"network": {"http": [{"uri": "http://a.com/x", "method": "get", "user-agent": "U1"}], "dns": [{"hostname": "h.evil", "ip": "9.9.9.9"}, {"hostname": "no.answer"}],
    "hosts": ["9.9.9.9"], "tcp": [{"dst": "1.2.3.4", "dport": 80}], "udp": [{"dst": "1.2.3.4", "dport": 80}]},
    "behavior": {"summary": {"keys": ["HKLM\\Software"], "files": ["C:\\b"], "mutexes": ["M1"]}}}"""
LONG = "rule G { strings: $a = /abc.{900}/s condition: $a }"

# Where glacis answers differently on purpose: the command line, and why.
MEANT = {
    "yarac r.yar no/such/folder/out.c": "what could not be written is an error",
    "yara r.c f1": "a compiled image is known by its first bytes, with or without -C",
}
# What both are asked to compile first: the last argument is the file that the other lines use.
COMPILE = [args.split() for args in """
r.yar r.c
a:r.yar b:third.yar two.c
-d number=7 -d text=abc -d truth=false e.yar e.c
bad.yar out.c
nothing.yar out.c
r.yar r.yar out.c
slow.yar out.c
-w slow.yar out.c
--fail-on-warnings slow.yar out.c
--fail-on-warnings -w slow.yar out.c
--fail-on-warnings third.yar out.c
--fail-on-warnings dots.yar out.c
r.yar no/such/folder/out.c
r.yar
-d x r.yar out.c
--max-strings-per-rule=1 r.yar out.c
-v
""".strip().splitlines()]
CASES = [args.split() for args in """
r.yar f1
r.yar /dev/null
loops.yar elf
loops.yar f1
-r -s r.yar /dev/null
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
--fail-on-warnings -w slow.yar f1
--fail-on-warnings third.yar f1
--fail-on-warnings never.yar f1
--fail-on-warnings dots.yar f1
--fail-on-warnings -w dots.yar f1
--fail-on-warnings zeros.yar f1
--fail-on-warnings fine.yar f1
-s -f r.yar f1
-f -L r.yar f1
-i A -i B r.yar f1
-t t1 -t zz r.yar f1
-i zz -n r.yar f1
--tag=t1 r.yar f1
--identifier=B r.yar f1
-gt t1 r.yar f1
-egmsL r.yar f1
--print-namespace --print-tags --print-meta --print-strings --print-string-length r.yar f1
r.yar -s f1
r.yar f1 -s
./r.yar ./f1
x:r.yar f1
-e x_y:r.yar f1
-e :r.yar f1
-e a.b:r.yar f1
-e a:r.yar a:third.yar f1
r.yar r.yar f1
inc.yar f1
-p 0 r.yar f1
-p 33 r.yar f1
-p abc r.yar f1
-l abc r.yar f1
-a abc r.yar f1
-k abc r.yar f1
-l 0 r.yar f1
-l
--tag
-x
-x pe r.yar f1
-x pe=nofile r.yar f1
-x pe=f1 r.yar f1
-x nomodule=f1 r.yar f1
-x cuckoo=report.json cuckoo.yar f1
cuckoo.yar f1
-d =1 r.yar f1
-d s=abc -d n=-5 -d f=1.5 -d b=true r.yar f1
--max-strings-per-rule=0 r.yar f1
--max-strings-per-rule=4 r.yar f1
--max-strings-per-rule=100 r.yar f1
--max-process-memory-chunk=1000000 r.yar f1
-z 3 -p 1 -r r.yar one
-z 8 -p 1 -r r.yar one
--skip-larger=2 -p 1 -r r.yar one
-p 1 -rN r.yar linked
-p 1 -r r.yar linked
-p 1 -N r.yar linked
-p 1 r.yar linked
-p 1 -rc r.yar linked
r.yar linked/file
-N r.yar linked/file
-p 1 --scan-list r.yar list2
-p 1 -r --scan-list r.yar list2
--scan-list r.yar nolist
-C r.yar f1
-C r.c f1
-sC r.c f1
-C two.c f1
-eC two.c f1
-C r.c two.c f1
r.c f1
-C -d x=1 r.c f1
-d number=5 -d text=x -d truth=true -C e.c f1
-C e.c f1
r.yar 999999999
r.yar 0
r.yar 42
r.yar 43
-c r.yar 42
-v
-p 1 -r -l 1 r.yar one
-p 1 -r -l 2 r.yar one
-p 1 -r -l 4 r.yar one
-p 1 -r -c -l 2 r.yar one
-p 1 -r -n -l 1 r.yar one
-p 1 --scan-list -l 1 r.yar list
-d n=5 n.yar f1
-d n=05 n.yar f1
-d n=+5 n.yar f1
-d n=5. n.yar f1
-d n=.5 n.yar f1
-d n=-.5 n.yar f1
-d n=1e5 n.yar f1
-d n=0x10 n.yar f1
-d n= n.yar f1
-d n=true n.yar f1
-d n=TRUE n.yar f1
-d n=5 -d n=6 n.yar f1
-n glob.yar f1
glob.yar f1
-n glob.yar f2
glob.yar f2
-nc glob.yar f2
a:r.yar b:r.yar f1
-e a:r.yar b:r.yar f1
a:r.yar a:r.yar f1
crlf.yar f1
cut.yar f1
""".strip().splitlines()]


def run(program, args, cwd):
    p = subprocess.run([*program, *args], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    return p.returncode, p.stdout, p.stderr


def lines(out):
    """Of several files: what threads print is in no order, so whole files' blocks are sorted."""
    blocks = []
    for line in out.split(b"\n"):
        if line.startswith(b"0x") and blocks:
            blocks[-1] += b"\n" + line
        else:
            blocks.append(line)
    return sorted(blocks)


def differ(glacis, name, args, top):
    """Complain about one command line; false: it answers alike. `-v` names a version, of which there are several."""
    dirs = [os.path.join(top, d) for d in ("yara", "glacis")]
    want, got = run([name], args, dirs[0]), run([glacis, name], args, dirs[1])
    if want[0] == got[0] and (lines(want[1]) == lines(got[1]) or args == ["-v"]):
        return False
    if " ".join([name, *args]) in MEANT:
        return False
    print("differs:", name, *args)
    for who, (code, out, err) in (("yara", want), ("glacis", got)):
        print(f"  {who}: exit code {code}\n    {out!r}\n    {err[-300:]!r}")
    return True


# Options of 4.5 that 4.2.3 lacks: arguments, exit code, standard output, and a part of standard error.
NEWER = [
    (["-q", "c.yar", "f1"], 0, b"L f1\n", b""),
    (["--disable-console-logs", "c.yar", "f1"], 0, b"L f1\n", b""),
    (["-qwc", "c.yar", "f1"], 0, b"1\n", b""),
    (["-E", "esc.yar", "f1"], 0, b"", b"warning: unknown escape in a regular expression"),
    (["esc.yar", "f1"], 0, b"", b""),
    (["--strict-escape", "--fail-on-warnings", "esc.yar", "f1"], 1, b"", b"unknown escape"),
    (["-x", "cuckoo=bad.yar", "cuckoo.yar", "f1"], 1, b"", b"the report for the module cuckoo is no JSON object"),
]


def newer(glacis, top):
    """The number of command lines that answer otherwise than 4.5's manual has it."""
    wrong = 0
    for args, code, out, err in NEWER:
        got = run([glacis, "yara"], args, os.path.join(top, "glacis"))
        if got[:2] != (code, out) or err not in got[2] or (err == b"" and got[2] != b""):
            wrong += 1
            print("glacis yara", *args, "answers", got)
    names = run([glacis, "yara"], ["-M"], top)
    if names[0] != 0 or not {b"pe", b"cuckoo", b"math"} <= set(names[1].split()):
        wrong += 1
        print("glacis yara -M answers", names)
    return wrong


def main():
    glacis = os.path.abspath(sys.argv[1])
    if shutil.which("yara") is None:
        print("skipped: yara is not installed")
        return 77
    top = tempfile.mkdtemp(prefix="glacis-yara-")
    files = {
        "r.yar": RULES.encode(), "other.yar": OTHER.encode(), "e.yar": EXTERN.encode(), "c.yar": CONSOLE.encode(), "loops.yar": LOOPS.encode(), "elf": pathlib.Path(shutil.which("true")).read_bytes(),
        "g.yar": LONG.encode(), "bad.yar": b"rule X { condition: foo }",
        "slow.yar": b"rule S { strings: $a = /.*a/ condition: $a }",
        "f1": b"xxabc\x00\x01\x02\x03abcddd\nw\x00i\x00d\x00e\x00 \xc3\xa9\x1b\\ " + bytes(c ^ 2 for c in b"hello"),
        "f2": b"zz", "empty": b"", "long": b"abc" + bytes(range(256)) * 5, "list": b"f1\nf2\n",
        "third.yar": b"rule T { condition: true }", "inc.yar": b'include "third.yar"\nrule J { condition: T }',
        "never.yar": b"rule V { condition: false }", "dots.yar": b"rule S { strings: $a = /abcd.*e/ condition: $a }",
        "zeros.yar": b"rule S { strings: $a = { 00 00 00 00 } condition: $a }",
        "fine.yar": b"rule S { strings: $a = { 00 00 01 00 } $b = /[^a]+bcde/ $c = \"abc\" xor condition: any of them }",
        "esc.yar": rb"rule X { strings: $a = /ab\gc/ condition: $a }",
        "cuckoo.yar": CUCKOO.encode(), "report.json": REPORT.encode(),
        "n.yar": b'import "console" rule N { condition: console.log("n=", n) }', "cut.yar": b"rule A { condition: ",
        "crlf.yar": b'rule A\r\n{\r\n  strings:\r\n $a = "abc"\r\n condition:\r\n $a\r\n}\r\n',
        "glob.yar": b"global rule G { condition: filesize > 3 } global private rule Q { condition: true } rule H { condition: true }",
        "list2": b"one\nf1\nnofile\n", "42": b"abc", "linked/plain": b"abc",
        "one/f": b"abc abc", "one/sub/g": b"zzz",
    }
    bad = 0
    try:
        for where in ("yara", "glacis"):
            for name, data in files.items():
                path = os.path.join(top, where, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as f:
                    f.write(data)
            os.symlink("../f1", os.path.join(top, where, "linked/file"))
            os.symlink("../one", os.path.join(top, where, "linked/folder"))
            os.symlink("nowhere", os.path.join(top, where, "linked/dead"))
        bad = sum(differ(glacis, "yarac", args, top) for args in COMPILE)
        bad += sum(differ(glacis, "yara", args, top) for args in CASES)
        bad += newer(glacis, top)
    finally:
        shutil.rmtree(top)
    total = len(CASES) + len(COMPILE) + len(NEWER) + 1
    print(f"{total - bad} of {total} command lines answer alike")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
