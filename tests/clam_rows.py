#!/usr/bin/env python3
"""The corners of ClamAV's signature language, a row each, over small files: glacis must say what clamscan says, and take
the lines that clamscan takes. What differs on purpose stands in OURS with its reason."""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import clam_mail
import clam_nested
import clam_regex
from clam_body import Piece, Unreachable
from clam_shells import Spot, build

SKIP = 77
B = b"\x80\x81\x00\x00\x12\x90\x91\xf0"  # keeps a file from being text


def wide(s):
    return b"".join(bytes([c, 0]) for c in s)


ALPHABET = {
    "alphabet": B + b"abcdefghijklmnopqrstuvwxyz" + B,
    "caps": B + b"ABCDEFGHIJKLMNOPQRSTUVWXYZ" + B,
    "far": B + b"abcd" + b"\xf1" * 40 + b"efghij" + B,
    "farther": B + b"abcd" + b"\xf1" * 300 + b"efghij" + B,
    "spoilt": B + b"abxdefgh" + B,
    "end": B + b".abcd",
    "start": b"abcd" + B,
    "twice": B + b"abcd..abcd..efgh..efgh" + B,
}
BODIES = """61626364 6162??64 616?6364 61?26364 6162*6768 61626364{40}65666768 61626364{-40}65666768 61626364{39}6566
61626364{41-}6566 61626364{40-}6566 61626364{-39}6566 61626364{300}6566 61626364{299-301}6566 61626364{128}6566
61626364{40}65 61626364{127}65 61626364{-300}6566 61626364{-299}6566 6162*6364 61??6364 6162?? ??6162 6?626364
61626364???? ????61626364 6162{2}65 6162{2} {2}6364 6162{1-3}6566 61626364{0}6566 61626364{-0}6566 61626364{3-3}6869
(61|7a)626364 !(61|62)626364 !(7a|62)626364 61(6263|7172)6465 6162(63|64) 6162(6364|63)65 6162(63|(64|65))64
6162((63|64)|65)64 6162(6364|(63)64)65 6162(63??|63)65 6162(63{1}65|63)66 6162(??|63)64 6162(6?|63)64 6162(63|)64
6162!(78)64 6162!(63)64 6162!(6364)65 6162!(6365|6464)65 6162!(6362|6161)65 !(63)6162 616263[1-2]66 61626364[1-2]67
61[1-2]646566 61[1-2]65666768[1-2]6b 61626364[0-1]65 61626364[1]66 61626364[1-]66 61626364[1-32]65
616263*636465 616263*646566 616263{0-5}646566 61626364??*6768 61626364*??6768 6162*6364*6566*6768
6162**6364 *6162 6162* {-1}616263 616263{1-2} 61*6364 6162*64 616 61g2 6162(63 6162)63 6162()64 61 6162{2}{2}6768
6162*{2}6566 6162{2}*6566 6162{5-3}6566 61626364{} 61626364{}6566 61626364{-}6566 6162(63*65|63)66 6162(63{1-2}65|63)66
6162!(63|6465)65 6162!(6?)64 6162!63 6162(636)65 61626364[1-33]65 61626364[2-1]65 61626364{1 61626364{a}6566 61626364?
616263(64|65)!(66)66 (6162|6262)636465 6162(63|64)(64|65)(65|66) 61626364*67?? 61626364*????""".split()

EDGES = [b"\n", b"\r", b"\r\n", b" ", b".", b"_", b"-", b"\0", b"x", b"5", b"\xe9", b"\t", b"/", b"@", b"<", b">", b"=", b'"', b"'",
         b"[", b""]
MARKERS = """(B)61626364 61626364(B) (L)61626364 61626364(L) (W)61626364 61626364(W) !(B)61626364 !(L)61626364 !(W)61626364
61626364!(B) 61626364!(L) 61626364!(W) (B)61626364(B) 6162(B)6364 6162(L)6364 6162(W)6364 6162!(W)6364 (B)(L)61626364
(W)61626364(L)""".split()


def edge_files():
    files = {}
    for i, s in enumerate(EDGES):
        files[f"before{i}"] = B + b"\xff" + s + b"abcd\xff" + B
        files[f"behind{i}"] = B + b"\xffabcd" + s + b"e\xff" + B
        files[f"end{i}"] = B + b"\xff" + s + b"abcd" + s
        files[f"between{i}"] = B + b"\xffab" + s + b"cd\xff" + B
    return files


COUNTED = {
    "none": B + b"zz" + B, "a": B + b"aaa." + B, "b": B + b"bbb." + B, "c": B + b"ccc." + B, "ab": B + b"aaa.bbb." + B,
    "ac": B + b"aaa.ccc." + B, "bc": B + b"bbb.ccc." + B, "aab": B + b"aaa.aaa.bbb." + B, "aabb": B + b"aaa.aaa.bbb.bbb." + B,
    "abc": B + b"aaa.bbb.ccc." + B, "a5": B + b"aaa." * 5 + B, "a3b3": B + b"aaa." * 3 + b"bbb." * 3 + B,
    "a2b2c2": B + b"aaa.bbb.ccc." * 2 + B, "d": B + b"ddd." + B, "ad": B + b"aaa.ddd." + B, "bd": B + b"bbb.ddd." + B,
    "cd": B + b"ccc.ddd." + B, "abd": B + b"aaa.bbb.ddd." + B, "acd": B + b"aaa.ccc.ddd." + B,
    "bcd": B + b"bbb.ccc.ddd." + B, "abcd": B + b"aaa.bbb.ccc.ddd." + B,
}
SUBS = ["6161612e", "6262622e", "6363632e", "6464642e"]
EXPRESSIONS = """0 0&1 0|1 0=1 0=0 0=2 0>1 0<2 0<1 0>0 (0|1)>2 (0|1)>2,2 (0|1)=2 (0|1)=2,2 (0&1)=2 (0&1)>2 (0|1)<3 (0|1)<3,2
(0|1)=0 (0|1)<2 (0|1|2)>1,2 0=1,2 0>1,1 0<3,1 (0&1)=0 ((0|1)>1)&2 (0=1|1)>1 (0>1|1)>2 0>1&1 0&1>1 0|1&2 (0|1)&2 0&1|2 0=0&1
(0=0)&1 (0=0|1) (0=0&1=0) (0) ((0)) 0=1=1 0>1>1 (0|1)>2,3 (0|1)<4,2 (0&1)<4 (0|1)=4,2 0&1=1&2 (0|1)>0,1 ((0|1)>1|2)
((0&1)|2)>1 ((0&1)|2)>2 ((0|1)>1&2)>3 (0|1=2)>1 (0>1) (0|(1|2))>2 (0&1)=2,2 0|(1&2) (1|0) (0|0)>1 (0&0) 0&0 (0|1)>1&2
2|(0|1)>1 (0=0|1=0)=0 (0|1)|(2) (0&(1|2)) 0>1,0 (0|1)=1,0 (0|1)<2,1 (0|1)<5,1 0<0 (0|1|2)=3,3 (0&1)|0=0 (0&1)>1,2 (0&1)=3
(0&1)<3,2 (0&1|2)>0 (0&1|2)>1,2 (0|1&2)>1 (0&1|2)>2 ((0|1)&2)|1 0&1&2 2&1|0 (0|1)&2|0 0&1=0|2 (0|1|2)>3,3 (0|1|2)>5,3
((0=1|1=1)>0&2)>1 ((0|1|2)>1,2|0)>4 (0|1&2) ((0|1&2)) (0|1&2)&3 (0&1|2)|3
3&(0|1&2) 3|(0&1|2) 0|1&2|3 0&1|2&3 (0|1&2|3) (0&1|2&3) 0|1|2&3 0&1&2|3 (0|1|2&3) (0&1&2|3) (0|1&2)&3|0 3|(0|1&2)&1
(0&1|2)&(3|1&2) 0|(1|2&3) 0&(1&2|3) ((0|1)&2|3) ((0&1)|2&3) (0|(1|2)&3) (0|1)&2|3 0|(1|2)&3 (0|1&(2|3)) (0&1|(2&3))
(0|1&2|3)>1 (0&1|2&3)>2 (0|1&2|3)>2,2 (0&1|2|3&0)>1 (0|1&2|3&0|1) (0&1|2&3|0&1) 0|1&2|3&0|1 0&(1 0&1) 0&& 0& &0 () 0= a !0 (0)>1 ((0|1)>1)=1 (0)1 0(1) (0|1)>""".split()

REPEATS = {
    "run": B + b"aaaaaaaa" + B, "ab": B + b"ababab" + B, "jumps": B + b"ab cd cd cd" + B, "jumps2": B + b"ab ab cd" + B,
    "jumps3": B + b"ab ab cd cd" + B, "jumps4": B + b"ab cd ab cd" + B, "jumps5": B + b"ab cd cd ef ef" + B,
    "jumps6": B + b"ab ef cd ab cd ef" + B, "widerun": B + b"a\0" * 8 + B, "mixed": B + b"a\0" * 4 + b"aAaA" + B,
    "alts": B + b"abcd abc abcd" + B, "lines": B + b"ab\nab\r\nab" + B,
}
REPEATED = """6161 616161 61616161 6162 616261 6162*6364 6162{1-8}6364 6162*6364*6566 6162(63|6364) (61|62)6162 6161::w 6161::aw
6161::i 6161::iw 6162(L) 6162(W) *:6162 5,8:6162 EOF-9:6162 8:6161 8,3:6161""".split()

MODIFIED_FILES = {
    "plain": B + b"abcd" + B, "wide": B + wide(b"abcd") + B, "caps": B + b"ABCD" + B, "widecaps": B + wide(b"ABCD") + B,
    "xa": B + b"xabcd" + B, "ax": B + b"abcdx" + B, "blank": B + b" abcd " + B, "bar": B + b"_abcd_" + B,
    "widex": B + wide(b"xabcdx") + B, "wideblank": B + wide(b" abcd ") + B, "end": B + b".abcd", "start": b"abcd" + B,
    "x-wide": B + b"x" + wide(b"abcd") + B, "digit": B + b"1abcd2" + B, "high": B + b"\xe9abcd\xe9" + B,
    "wide-x": B + wide(b"abcd") + b"x\0" + B, "ab.cd": B + b".ab.cd." + B, "xab.cd": B + b"xab.cd." + B,
    "abx.cd": B + b".abx.cd." + B, "ab.xcd": B + b".ab.xcd." + B, "ab.cdx": B + b".ab.cdx" + B,
    "marked": B + b" ab\r\n" + wide(b"ab") + b" \0" + B,
}
MODIFIED = """61626364 61626364::i 61626364::w 61626364::a 61626364::wa 61626364::iw 61626364::iwa 61626364::f 61626364::fa
61626364::fw 61626364::fwa 61626364::fi 61626364::ii 61626364:: 61626364::x 4142??44::i 6?626364::i 61*6364::w 6162*6364::w
6162{2}64::w 6162{1}64::w 6162??64::w 6162(63|64)64::w 61[2-2]64::w 6162{-2}6364::w 6162{-2}6364::wf 6162*6364::f
6162{1-3}6364::f 20616263::f 6162*6364::wa 6?626364::w *:61626364::i 8:61626364::i 8:61626364::w 8:61626364::wf
61626364::i*65666768::i (B)6162::w 6162(B)::w (W)6162(W)::w (B)6162(B)::wa 6162(63|64)64::i 616263(63|64)::iw""".split()

COMPARED = {name: B + b"".join(b"abcd" + v.to_bytes(4, "little") + b".." for v in values) + B
            for name, values in {"one": [1000], "two": [1000, 2000], "back": [2000, 1000], "three": [1, 2, 3],
                                 "high": [0xFFFFFFF0], "nothing": []}.items()}
COMPARED["cut"] = B + b"abcd\xe8\x03"
COMPARES = """0(>>4#il4#=1000) 0(>>4#il4#=2000) 0(>>4#il4#>1500) 0(>>4#il4#<1500) 0(>>4#il4#=3) 0(>>4#il4#>4000000000)
0(>>4#il4#=4294967280) 0(>>4#il2#=1000) 0(>>4#ib2#=59395) 0(>>4#ib4#>1) 0(>>4#il1#>200) 0(>>4#il4#=0x3e8) 0(>>4#il4#>500,<1500)
0(>>4#il4#>500,>1500) 0(>>4#il4#=1000,=2000) 0(<<4#il4#>0) 0(>>0x4#il4#=1000) 0(>>4#ile4#=1000) 0(>>04#il4#=1000) 0(>>0#il1#=97)
0(>>4#il3#>0) 0(>>4#ze4#=1) 0(4#il4#=1) 0(>>x#il4#=1) 0(>>4#il4#!1) 0(>>4#il4#=1""".split()

TEXTS = [b"12345678", b"1234zz", b"12", b"1a2b3c4d", b"  12", b"0x12", b"-12", b"+12", b"zz12", b"0012", b"12 34", b"ABCD", b"1", b"z",
         b"99999999999", b"\0\x0012", b"12\0\0", b"\t\n1234", b"0x", b"0xz", b"ffffffff", b"80000000", b"-0x12", b"0X12"]
TEXT_FILES = {f"v{i}": B + b"abcd" + v + b"...." + B for i, v in enumerate(TEXTS)}
TEXT_FILES.update({f"end{i}": B + b"abcd" + v for i, v in enumerate(TEXTS)})
TEXT_FILES["long"] = B + b"abcd" + b"9" * 30
TEXT_OPTIONS = """hl1 hl2 hl4 hl6 hl8 hle2 hle4 hle8 hb1 hb2 hb3 hb4 hb8 hbe1 hbe2 hbe3 hbe4 hbe8 he4 h4 d1 d2 d3 d4 d8 de1 de2 de3 de4 de8 db4 dbe4 al4 al8
al4 ab1 ab2 ab3 ab4 ab5 ab8 abe3 abe4 abe8 a4 ae4 dl4 dle4 h19 h20 d20 d19 ab20 hb18""".split()
TEXT_VALUES = """=1 =0 =-12 =-18 =18 =12 =0x1234 =0x3412 =1234 =99999999 =0x1a2b >0 <0 >100,<2000 =0xffffffff =0x80 =123""".split()

ODD = {"hl1", "dl4", "dle4", "h19", "h20"}  # one line of each is enough: clamscan is asked again for every line that it refuses

PLACES = "0 8 0,1 0,8 8,4 8,3 EOF-8 EOF-9 EOF-8,1 EOF-9,1 EOF-10,2 EOF-16,8 EOF-0 EOF-200 * 1 8, EOF-7".split()
PLACE_BODIES = "61626364 6162*6768 6162{-9}6768 ??6263 ????6364 (61|62)626364 !(62|63)626364 {1}62636465 (W)61626364 (B)61626364"
PLACED = {
    "p0": b"abcdefgh" + B * 3, "p1": b"\xf0abcdefgh" + B * 3, "p8": B + b"abcdefgh" + B * 3, "e8": B * 3 + b"abcdefgh",
    "p12": B + b"\xf0\xf1\xf2\xf3abcdefgh" + B * 3, "e9": B * 3 + b"abcdefgh\xf1", "e10": B * 3 + b"abcdefgh\xf1\xf2",
    "e16": B * 3 + b"abcdefgh" + B, "twice": b"abcdefgh" + B + b"abcdefgh", "blank": B + b" abcdefgh",
}
SECTIONS = """* EP+0 EP+16 EP-16 EP+0,16 EP-16,15 EP-16,16 S0+0 S0+16 S0+0,16 S1+0 S1+16 S1+0,16 S2+0 S2+16 S3+0 SL+0 SL+16
SL+0,20 SE0 SE1 SE2 SE3 SE0,4 SE1,8 VI 1024 EOF-8 S0+512 SL+512 SL+0,600 EP+512""".split()
FACTS = """NumberOfSections:2-2 NumberOfSections:1-1 NumberOfSections:3-9 EntryPoint:1024-1024 EntryPoint:4096-4096
EntryPoint:1024-1040 EntryPoint:1040-1040 EntryPoint:0-100 EntryPoint:120-136 FileSize:0-2048 FileSize:2048-4000
FileSize:2049-4000 FileSize:-2048 FileSize:-4000""".split()


def section_files(target):
    """Executables with `abcdefgh` at the places that offsets speak of."""
    files = {}
    for name, place in {"entry": "EP+0", "entry16": "EP+16", "s0": "S0+0", "s1": "S1+0", "s1.16": "S1+16", "s2": "S2+0",
                        "last": "SL+0", "last16": "SL+16", "float": "*"}.items():
        piece = Piece()
        piece.data = bytearray(b"abcdefgh")
        try:
            files[name] = build(target, [(Spot(place), piece)], {})
        except Unreachable:
            pass  # an ELF's section 0 holds nothing
    whole = files["s1"]
    files["tail"] = whole + b"abcdefgh" + b"\xcc" * 16
    return files


def tables():
    """(title, extension, [lines], {name: bytes})"""
    def ndb(bodies, offset="*", target=0):
        return [f"N{i}:{target}:{offset}:{b}" for i, b in enumerate(bodies)]

    def ldb(subs, tdb="Engine:51-255,Target:0", expression="0"):
        return [f"L{i};{tdb};{expression};{s}" for i, s in enumerate(subs)]

    def expressions():
        lines = []
        for i, x in enumerate(EXPRESSIONS):
            ids = [int(n) for n in re.findall(r"(?<![=<>,\d])\d+", x)]
            lines.append(f"E{i};Target:0;" + ";".join([x] + SUBS[:max(ids + [0]) + 1]))
        return lines

    # clamscan mixes up signatures that differ in [x-y] only: each of these gets a database of its own.
    brackets = [b for b in BODIES if "[" in b]
    others = [b for b in BODIES if "[" not in b]
    for b in brackets:
        yield "brackets", "ndb", ndb([b]), ALPHABET
    yield "bodies", "ndb", ndb(others), ALPHABET
    yield "bodies in logic", "ldb", ldb(others), ALPHABET
    yield "markers", "ndb", ndb(MARKERS), edge_files()
    yield "expressions", "ldb", expressions(), COUNTED
    counts = [f"C{i}.{n};Target:0;0={n};{s}" for i, s in enumerate(REPEATED) for n in range(12)]
    yield "counts", "ldb", counts, REPEATS
    yield "modifiers", "ldb", ldb(MODIFIED), MODIFIED_FILES
    for i, x in enumerate(["0&1", "1", "0|1"]):
        yield f"compares {x}", "ldb", [f"B{k}.{i};Target:0;{x};61626364;{b}" for k, b in enumerate(COMPARES)], COMPARED
    yield ("compares of text", "ldb",
           [f"X{i}.{k};Engine:51-255,Target:0;0&1;61626364;0(>>4#{o}#{v})"
            for i, o in enumerate(dict.fromkeys(TEXT_OPTIONS)) for k, v in enumerate(TEXT_VALUES) if o not in ODD or k == 0], TEXT_FILES)
    yield "regular expressions", "ldb", clam_regex.lines(), clam_regex.FILES
    placed = [f"P{i}.{k}:0:{p}:{b}" for i, p in enumerate(PLACES) for k, b in enumerate(PLACE_BODIES.split())]
    yield "places", "ndb", placed, PLACED
    yield "mails", "ndb", clam_mail.lines(), clam_mail.FILES
    yield "files in files", "ldb", clam_nested.lines(), clam_nested.FILES
    for target in (1, 6):
        files = section_files(target)
        yield f"sections, target {target}", "ndb", [f"S{i}:{target}:{p}:61626364" for i, p in enumerate(SECTIONS)], files
        yield (f"sections in logic, target {target}", "ldb",
               [f"T{i};Target:{target};0;{p}:61626364" for i, p in enumerate(SECTIONS)], files)
        yield (f"facts, target {target}", "ldb", [f"F{i};Engine:51-255,{f},Target:{target};0;61626364" for i, f in enumerate(FACTS)],
               files)


# Bodies that we take and clamscan does not, for reasons of its own engine (it cannot filter for them).
TAKEN = set("616?6364 61?26364 6?626364 61(6263|7172)6465 61626364*67?? (61|62)6162".split())
# A range that ends before it begins: clamscan takes it, and it never matches. We say that it is wrong.
REFUSED = {"6162{5-3}6566"}
# (body, file): clamscan errs. A part that the end of the data cuts off counts as found where an alternative stands before it; CR LF
# is no line marker behind a part of two bytes, but is behind longer ones.
ERRS = {("6162(6364|63)65", "end"), ("6162(63??|63)65", "end"), ("6162(L)6364", "between2")}


def body_of(line):
    return re.split("[:;]", line)[-1]


def clamscan(work, ext, lines, files):
    """{file: names}, and the indices of the lines that it refuses."""
    live, refused = list(range(len(lines))), set()
    while live:
        db = work / f"rows.{ext}"
        db.write_text("".join(lines[i] + "\n" for i in live))
        out = subprocess.run(["clamscan", "--allmatch", "--no-summary", "--stdout", "-d", str(db), "--file-list",
                              str(work / "list")], capture_output=True, text=True, errors="replace")
        m = re.search(r"(?:at|on) line (\d+)", out.stdout + out.stderr)
        if out.returncode in (0, 1) and not m:
            break
        if not m:
            sys.exit("clamscan: " + out.stdout + out.stderr)
        refused.add(live.pop(int(m[1]) - 1))
    found = {f: set() for f in files}
    for m in re.finditer(r"^.*/([^/:]+): (.+?)(?:\.UNOFFICIAL)? FOUND$", out.stdout if live else "", re.M):
        found[m[1]].add(m[2])
    return found, refused


def glacis(program, work, ext, lines, files):
    db = work / f"rows.{ext}"
    db.write_text("".join(line + "\n" for line in lines))
    out = subprocess.run([program, "compile", str(db), "-o", str(work / "image")], capture_output=True, text=True)
    refused = {int(m[1]) - 1 for m in re.finditer(r"^.*?:(\d+):\d+: (?:error|unsupported):", out.stderr, re.M)}
    out = subprocess.run([program, "scan", "-s", str(work / "image"), "--json", "--all", str(work / "files")],
                         capture_output=True, text=True)
    found = {f: set() for f in files}
    for row in map(json.loads, out.stdout.splitlines()):
        if "path" in row:
            names = found[row["path"].rsplit("/", 1)[-1]]
            names |= {f["rule"] for f in row["findings"]}
            if row["verdict"] == "unscanned":
                names.add("unscanned: " + row["reason"])
    return found, refused


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--glacis", required=True)
    opt = args.parse_args()
    if shutil.which("clamscan") is None:
        print("skipped: no clamscan")
        sys.exit(SKIP)
    passed = failed = 0
    for title, ext, lines, files in tables():
        with tempfile.TemporaryDirectory() as tmp:
            work = pathlib.Path(tmp)
            (work / "files").mkdir()
            for name, data in files.items():
                (work / "files" / name).write_bytes(data)
            (work / "list").write_text("".join(f"{work}/files/{n}\n" for n in files))
            theirs, their_refused = clamscan(work, ext, lines, files)
            ours, our_refused = glacis(opt.glacis, work, ext, lines, files)
        for i, line in enumerate(lines):
            name = re.split("[:;]", line)[0]
            if (i in their_refused) != (i in our_refused):
                if body_of(line) in (TAKEN if i in their_refused else REFUSED):
                    passed += 1
                else:
                    failed += 1
                    print(f"{title}: {line}: only {'clamscan' if i in our_refused else 'glacis'} takes it")
                continue
            wrong = [f for f in files
                     if (name in theirs[f]) != (name in ours[f]) and (body_of(line), f) not in ERRS]
            passed += len(files) - len(wrong)
            failed += len(wrong)
            for f in wrong:
                print(f"{title}: {line}: {f}: only {'glacis' if name in ours[f] else 'clamscan'} finds it")
        for f in files:
            for n in ours[f]:
                if n.startswith("unscanned"):
                    failed += 1
                    print(f"{title}: {f}: {n}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
