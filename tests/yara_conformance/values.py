#!/usr/bin/env python3
"""Random values of conditions, told by console.log: `yara` and `glacis yara` must refuse the same ones and tell the same.

usage: values.py --glacis PATH [--seed N] [--size N] [--runs N]

Numbers, floats, strings and truths over constants, externals, counts, offsets, readers of integers and the modules math, hash,
pe and elf, on a text, nothing, an ELF and a PE. Left out is what differs by construct (docs/yara-semantics.md): math.to_number,
math.percentage, bytes from 0x80 in a string's math.deviation, an index from 2^32 (yara looks at its low half), and a count in a range,
which yara cannot have in an argument.
"""
import argparse, os, random, re, shutil, struct, subprocess, sys, tempfile

EXTERNALS = ["num=7", "neg=-7", "real=1.5", "yes=true", "nope=false", "str=Hello", "empty="]
IMPORTS = "".join('import "%s"\n' % m for m in ("math", "hash", "console", "pe", "elf"))
STRINGS = 'strings: $a = /[ab]+/ $b = "b" nocase condition: (any of them or true) and '


def small_pe():
    """A PE of two sections, the least that both readers take for one."""
    head = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<HHIIIHH", 0x14c, 2, 1700000000, 0, 0, 224, 0x102)
    optional = struct.pack("<HBBIIIIII", 0x10b, 9, 0, 512, 512, 0, 0x1000, 0x1000, 0x2000) + struct.pack(
        "<IIIHHHHHHIIIIHH", 0x400000, 0x1000, 512, 5, 1, 0, 0, 5, 1, 0, 0x3000, 512, 0, 3, 0) + struct.pack("<6I", 1 << 20, 4096, 1 << 20, 4096, 0, 16)
    sections = b"".join(struct.pack("<8sIIIIIIHHI", *s, 0, 0, 0, 0, 0x60000020) for s in (
        (b".text", 64, 0x1000, 512, 512), (b".data", 64, 0x2000, 512, 1024)))
    return (head + optional + bytes(128) + sections).ljust(512, b"\0") + b"aab".ljust(512, b"\x90") + b"abba".ljust(512, b"\0")


def files(folder):
    data = {"text": b"xabc aab BB bhello\0\0\1\2\377\376zz aba", "nothing": b"", "pe": small_pe(),
            "elf": b"\x7fELF\2\1\1".ljust(16, b"\0") + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 0, 64, 0, 0) + b"ab" * 40}
    for name, content in data.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(content)
    return [os.path.join(folder, name) for name in data]


class Gen:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def pick(self, *of):
        one = self.r.choice(of)
        return one() if callable(one) else one

    def number(self, depth=0):
        i = lambda: self.number(depth + 2)
        k = self.r.randrange(100)
        if depth > 3 or k < 28:
            return self.pick("0", "1", "2", "3", "5", "7", "10", "16", "20", "63", "64", "65", "100", "255", "256", "0x7fffffff", "0xffffffff", "0x100000000",
                             "filesize", "#a", "#b", "@a", "!a", "@b[1]", "!b[2]", "@a[3]", "1KB", "2MB", "num", "neg", "0o17", "entrypoint")
        if k < 40:
            return self.pick("-", "~") + self.number(depth + 1)
        if k < 62:
            return "(%s %s %s)" % (self.number(depth + 1), self.pick("+", "-", "*", "\\", "%", "&", "|", "^", "<<", ">>"), self.number(depth + 1))
        if k < 70:
            return "%sint%s%s(%s)" % (self.pick("", "u"), self.pick("8", "16", "32"), self.pick("", "be"), i())
        if k < 75:
            return "%s%s[%s]" % (self.pick("@", "!"), self.pick("a", "b"), i())
        if k < 90:
            return self.pick(lambda: "math.%s(%s, %s)" % (self.pick("min", "max"), i(), i()), lambda: "math.abs(%s)" % i(), lambda: "math.count(%s)" % i(),
                             lambda: "math.count(%s, %s, %s)" % (i(), i(), i()), lambda: "math.mode(%s, %s)" % (i(), i()), lambda: "math.mode()",
                             lambda: "hash.%s(%s)" % (self.pick("checksum32", "crc32"), self.bytes(depth)))
        return self.pick("pe.number_of_sections", "pe.machine", "pe.entry_point", "pe.timestamp", "pe.sections[0].virtual_address", "pe.is_pe", "elf.type",
                         "elf.machine", "pe.data_directories[1].size", "pe.opthdr_magic", "pe.calculate_checksum()", 'pe.section_index(".text")',
                         "pe.sections[1].raw_data_size", "pe.sections[#a - 1].raw_data_size",
                         "pe.sections[neg].virtual_size", lambda: "pe.rva_to_offset(%s)" % i(), lambda: "pe.section_index(%s)" % i())

    def bytes(self, depth):
        return "%s, %s" % (self.number(depth + 2), self.number(depth + 2)) if self.r.randrange(2) else self.text()

    def real(self, depth=0):
        k = self.r.randrange(100)
        if depth > 2 or k < 22:
            return self.pick("0.0", "0.5", "1.0", "1.5", "2.25", "100.125", "-3.5", "real", "1000000.0")
        if k < 55:
            return "(%s %s %s)" % (self.real(depth + 1), self.pick("+", "-", "*", "\\"), self.pick(self.real, self.number))
        if k < 60:
            return "-" + self.real(depth + 1)
        if k < 88:
            return "math.%s(%s)" % (self.pick("entropy", "mean", "serial_correlation", "monte_carlo_pi"), self.bytes(depth))
        return "math.deviation(%s, %s)" % (self.bytes(depth), self.real(depth + 1))

    def text(self):
        return self.pick('"Hello"', '"hello world"', '""', '"a\\x00b"', '"aaaa"', "str", "empty", "pe.sections[0].name", "pe.dll_name")

    def string(self, depth=0):
        return self.text() if self.r.randrange(3) else "hash.%s(%s)" % (self.pick("md5", "sha1", "sha256"), self.bytes(depth))

    def truth(self, depth=0):
        k = self.r.randrange(100)
        if depth > 2 or k < 10:
            return self.pick("true", "false", "yes", "nope", "$a", "$b", "pe.is_pe", "pe.is_dll()", "pe.is_32bit()")
        if k < 40:
            side = lambda: self.pick(self.number, self.number, self.real)
            return "(%s %s %s)" % (side(), self.pick("==", "!=", "<", ">", "<=", ">="), side())
        if k < 52:
            return "(%s %s %s)" % (self.string(), self.pick("==", "!=", "<", ">=", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith",
                                                            "iequals"), self.string())
        if k < 58:
            return "(%s matches /%s/%s)" % (self.string(), self.pick("^H", "l+o$", "h.*w", "\\x00", "[a-f0-9]{4}", "ELL", "o\\b", "(a|b)+?"), self.pick("", "i", "s"))
        if k < 66:
            return "not " + self.truth(depth + 1)
        if k < 74:
            return "defined " + self.pick(self.number, self.real, self.string, lambda: self.truth(depth + 1))
        if k < 84:
            return "(%s %s %s)" % (self.truth(depth + 1), self.pick("and", "or"), self.truth(depth + 1))
        if k < 88:
            return "math.in_range(%s, %s, %s)" % (self.real(depth + 1), self.real(depth + 1), self.real(depth + 1))
        if k < 92:
            return "($a at %s)" % self.number(depth + 1)
        if k < 96:
            return "for %s i in (%d..%d) : (%s)" % (self.pick("any", "all", "1", "2"), self.r.randrange(4), self.r.randint(3, 9), self.pick(
                "uint8(i) == 0x61", "$a at i", "@a[i] > 3", "i > 2", "math.count(i) > 0"))
        return "for %s s in pe.sections : (%s)" % (self.pick("any", "all", "1"), self.pick('s.name == ".text"', "s.raw_data_size > 0", 's.name contains "t"'))

    def rule(self, i):
        kind = self.r.randrange(20)
        if kind < 4:
            return "rule r%d { %s(%s) }" % (i, STRINGS, self.truth())
        return 'rule r%d { %sconsole.log("k%d=", %s) }' % (i, STRINGS, i, self.pick(self.number, self.number, self.real, self.string))


def run(program, rules, data, folder):
    path = os.path.join(folder, "rules.yar")
    with open(path, "w", encoding="utf-8") as f:
        f.write(IMPORTS + "\n".join(rules) + "\n")
    return subprocess.run([*program, "-w", *(o for e in EXTERNALS for o in ("-d", e)), path, data], capture_output=True, timeout=120)


def refused(program, rules, data, folder):
    """Those of the rules that the program does not take."""
    if b"error" not in run(program, rules, data, folder).stderr:
        return set()
    if len(rules) == 1:
        return set(rules)
    half = len(rules) // 2
    return refused(program, rules[:half], data, folder) | refused(program, rules[half:], data, folder)


def told(program, rules, data, folder):
    """{ rule's number: its value, or True where it is found }"""
    out = run(program, rules, data, folder).stdout.decode("latin-1")
    found = {int(n): True for n in re.findall(r"^r(\d+) ", out, re.M)}
    found.update((int(n), v) for n, v in re.findall(r"^k(\d+)=(.*)$", out, re.M))
    return found


def compare(a, seed, folder):
    programs = [["yara"], [a.glacis, "yara"]]
    gen, bad = Gen(seed), 0
    rules = [gen.rule(i) for i in range(a.size)]
    data = files(folder)
    theirs, ours = (refused(p, rules, data[0], folder) for p in programs)
    # A constant that overflows, or is 0 and divides, is told of more often here than by yara, which folds less.
    # And yara knows that x << 65 is 0, and refuses to divide by that.
    for rule in {r for r in theirs - ours if not re.search(r"(<<|>>) (6[45]|\d{3,}|0x|\d[KM]B)", r)}:
        bad += 1
        print("yara refuses, glacis does not: " + rule)
    rules = [r for r in rules if r not in theirs | ours]
    for path in data:
        x, y = (told(p, rules, path, folder) for p in programs)
        for n in sorted(n for n in x.keys() | y.keys() if x.get(n) != y.get(n)):
            bad += 1
            print("%s: yara %s, glacis %s: %s" % (os.path.basename(path), x.get(n), y.get(n), next(r for r in rules if r.startswith("rule r%d " % n))))
        print("seed %d, %s: %d rules, %d told" % (seed, os.path.basename(path), len(rules), len(x)))
    if len(ours - theirs) > a.size // 50:
        bad += 1
        print("glacis refuses %d rules that yara takes" % len(ours - theirs))
    return bad


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--glacis", required=True)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--size", type=int, default=600)
    p.add_argument("--runs", type=int, default=1)
    a = p.parse_args()
    if shutil.which("yara") is None:
        print("skipped: yara is not installed")
        return 77
    with tempfile.TemporaryDirectory(prefix="yara-values-") as folder:
        return 1 if sum(compare(a, a.seed + i, folder) for i in range(a.runs)) else 0


if __name__ == "__main__":
    sys.exit(main())
