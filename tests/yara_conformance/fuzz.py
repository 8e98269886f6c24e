#!/usr/bin/env python3
"""Random rules, valid and not, over random data: `yara` and `glacis` must refuse the same ones and find the same.

usage: fuzz.py --glacis PATH [--yara PATH] [--seed N] [--batches N] [--size N] [--kind KIND]

Every batch has its seed (printed with what differs), so that a difference can be made again: --seed N --batches 1. What
differs by construct, and why, stands in `excused()`.
"""
import argparse, os, random, re, shutil, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run  # noqa: E402

EXT = ["num=7", "neg=-7", "real=1.5", "yes=true", "nope=false", "str=Hello", "empty="]
LETTERS = b"abcABC01_ .\n"


class Case:
    def __init__(self, name, text, data):
        self.name, self.text, self.data, self.ext, self.dialect, self.want = name, text, data, EXT, "yara", None


class Gen:
    """One batch: pieces of the language by chance, and bytes in which its strings may be found."""

    def __init__(self, seed, kind):
        self.r = random.Random(seed)
        self.kind = kind
        self.baits = []
        self.wrong = 1 if self.often(70) else 10  # how often, in percent, something is put that is not allowed

    def pick(self, *of):
        return self.r.choice(of)

    def often(self, percent):
        return self.r.randrange(100) < percent

    # Strings

    def bytes(self, least=1, most=8, wild=20):
        n = self.r.randint(least, most)
        return bytes(self.r.choice(LETTERS) if not self.often(wild) else self.r.randrange(256) for _ in range(n))

    def escaped(self, raw):
        out = ""
        for c in raw:
            if c in b'"\\':
                out += "\\" + chr(c)
            elif 0x20 <= c < 0x7f and not self.often(3):
                out += chr(c)
            elif c in b"\t\n\r" and self.often(50):
                out += {9: "\\t", 10: "\\n", 13: "\\r"}[c]
            else:
                out += "\\x%02x" % c
        return out

    def xor_argument(self):
        if self.often(40):
            return ""
        if self.often(30):
            return "(%s)" % (self.pick("256", "-1") if self.often(self.wrong) else self.pick("1", "0", "255", "0x20", "7"))
        lo, hi = self.r.randrange(4), self.r.randrange(6)
        if not self.often(self.wrong):
            lo, hi = min(lo, hi), max(lo, hi)
        return self.pick("(%d-%d)", "( %d - %d )", "(0x%x-0x%x)") % (lo, hi) if not self.often(self.wrong) else "(250-256)"

    def base64_argument(self):
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        if self.often(70):
            return ""
        if self.often(self.wrong):
            alphabet = alphabet[:self.r.randint(0, 64)]
        elif self.often(60):
            alphabet = "".join(self.r.sample(alphabet, 64))
        return '("%s")' % alphabet

    def text_modifiers(self):
        names = ["nocase", "wide", "ascii", "fullword", "private", "xor", "base64", "base64wide"]
        n = self.pick(0, 0, 1, 1, 1, 2, 2, 3, 4)
        chosen = [self.r.choice(names) for _ in range(n)] if self.often(self.wrong) else self.r.sample(names, n)
        if not self.often(self.wrong) and ("base64" in chosen or "base64wide" in chosen):
            chosen = [c for c in chosen if c != "xor"]
        if not self.often(self.wrong) and ("xor" in chosen or "base64" in chosen or "base64wide" in chosen):
            chosen = [c for c in chosen if c not in ("nocase", "fullword")]
        out = ""
        for c in chosen:
            if c == "xor":
                c += self.xor_argument()
            elif c.startswith("base64"):
                c += self.base64_argument()
            out += " " + c
        return out

    def bait_text(self, raw, modifiers):
        import base64
        if "wide" in modifiers:
            self.baits.append(bytes(b for c in raw for b in (c, 0)))
        if "nocase" in modifiers:
            self.baits.append(raw.swapcase())
        if "xor" in modifiers:
            self.baits.append(bytes(c ^ self.r.randrange(6) for c in raw[:1]) + raw[1:])
            key = self.r.randrange(6)
            self.baits.append(bytes(c ^ key for c in raw))
        if "base64" in modifiers:
            self.baits.append(base64.b64encode(self.bytes(0, 3) + raw + self.bytes(0, 3)))
        self.baits.append(raw)

    def text_string(self):
        raw = self.bytes(0 if self.often(4) else 1, self.pick(2, 4, 8, 20))
        modifiers = self.text_modifiers()
        self.bait_text(raw, modifiers)
        return '"%s"%s' % (self.escaped(raw), modifiers)

    def hex_byte(self):
        c = self.r.choice(LETTERS)
        kind = self.r.randrange(100)
        if kind < 70:
            return "%02x" % c, bytes([c])
        if kind < 80:
            return "??", self.bytes(1, 1)
        if kind < 88:
            return "%x?" % (c >> 4), bytes([c])
        if kind < 97:
            return "?%X" % (c & 15), bytes([c])
        if self.often(self.wrong):
            return self.pick("?", "a", "a?b", "~61", "gg"), b"a"
        return "0" + "a", b"\n"

    def hex_jump(self, depth):
        a, b = self.r.randrange(5), self.r.randrange(7)
        if not self.often(self.wrong) and a > b:
            a, b = b, a
        text = self.pick("[%d-%d]" % (a, b), "[%d-%d]" % (a, b), "[%d]" % (a + 1), "[%d-]" % a if depth == 0 else "[2]", "[-]" if depth == 0 else "[1-1]", "[ %d - %d ]" % (a, b))
        if self.often(self.wrong):
            text = self.pick("[]", "[0]", "[a]", "[-3]", "[0-0]", "[1-2", "[3-300]", "[--]", "[0x1-2]")
        return text, self.bytes(a, max(a, b))

    def hex_sequence(self, depth):
        text, bait = "", b""
        n = self.r.randint(1, 6)
        for i in range(n):
            kind = self.r.randrange(100)
            if kind < 70 or (not self.often(self.wrong) and (i == 0 or i == n - 1)):
                t, b = self.hex_byte()
            elif kind < 88:
                t, b = self.hex_jump(depth)
            elif depth < 3:
                parts = [self.hex_sequence(depth + 1) for _ in range(self.r.randint(1, 3))]
                t, b = "(%s)" % "|".join(p[0] for p in parts), self.r.choice(parts)[1]
            else:
                t, b = "61", b"a"
            text += self.pick(" ", "", " ", "\n", " /* c */ ") + t
            bait += b
        return text, bait

    def hex_string(self):
        text, bait = self.hex_sequence(0)
        self.baits.append(bait)
        return "{%s }%s" % (text, self.pick(" wide", " ascii", " private private") if self.often(self.wrong) else self.pick("", "", "", "", " private"))

    def regex_class(self):
        items = [self.pick("a", "b", "A-C", "a-c", "0-9", "\\w", "\\s", "\\d", "\\W", "\\n", ".", "_", "\\x41-\\x43", "-", "\\]", "\\-",
                           "\\\\", "^", "]", "$", "b-a" if self.often(self.wrong) else "x", "\\.", "\\t", "[", " ", "\\D", "\\S")
                 for _ in range(self.r.randint(1, 3))]
        return "[%s%s]" % (self.pick("", "", "^"), "".join(items))

    def regex_atom(self, depth):
        kind = self.r.randrange(100)
        if kind < 52:
            c = self.pick("a", "b", "c", "A", "0", "_", " ", "ab", "abc")
            return c, c.encode()
        if kind < 62:
            return self.regex_class(), b"a"
        if kind < 68:
            return self.pick("\\w", "\\W", "\\s", "\\S", "\\d", "\\D"), b"a"
        if kind < 74:
            return ".", self.bytes(1, 1)
        if kind < 79:
            return self.pick("\\b", "\\B", "^", "$"), b""
        if kind < 84:
            return self.pick("\\x61", "\\n", "\\.", "\\/", "\\t", "\\{", "\\?", "\\xff", "\\a", "\\x" if self.often(self.wrong) else "\\x62", "\\q", "\\-"), b"a"
        if depth < 3:
            t, b = self.regex(depth + 1)
            return "(%s)" % t, b
        return "b", b"b"

    def regex_repeat(self):
        a, b = self.r.randrange(4), self.r.randrange(6)
        if not self.often(self.wrong) and a > b:
            a, b = b, a
        t = self.pick("*", "+", "?", "{%d}" % (a + 1), "{%d,%d}" % (a, b), "{%d,}" % a, "{,%d}" % (b + 1))
        if self.often(self.wrong):
            t = self.pick("{0}", "{0,0}", "{}", "{,}", "{a}", "{1", "**", "{2}{3}", "{1,2,3}", "{ 1}", "{300}")
        return t

    def regex(self, depth=0):
        parts, baits = [], []
        for _ in range(self.pick(1, 1, 1, 2, 3)):
            text, bait = "", b""
            for _ in range(self.r.randint(0 if self.often(self.wrong) else 1, 5)):
                t, b = self.regex_atom(depth)
                if self.often(25):
                    t += self.regex_repeat() + (self.pick("", "?") if self.often(self.wrong) else self.lazy)
                text, bait = text + t, bait + b
            parts.append(text)
            baits.append(bait)
        return "|".join(parts), self.r.choice(baits)

    def regex_string(self):
        self.lazy = self.pick("", "", "?")
        text, bait = self.regex()
        self.baits.append(bait)
        modifiers = self.pick("", "", "", " nocase", " wide", " ascii", " fullword", " wide ascii", " nocase fullword", " private", " wide nocase",
                              " fullword wide", self.pick(" xor", " base64", " private private") if self.often(self.wrong) else "")
        return "/%s/%s%s" % (text, self.pick("si", "ii", "x") if self.often(self.wrong) else self.pick("", "", "", "i", "s", "is"), modifiers)

    def definition(self):
        return self.pick(self.text_string, self.text_string, self.hex_string, self.hex_string, self.regex_string, self.regex_string)()

    # Conditions

    def integer(self):
        return self.pick("0", "1", "2", "3", "7", "10", "0x10", "0o17", "1KB", "2MB", "100", "filesize", "num", "neg", "9223372036854775807",
                         "-9223372036854775808", "0xffffffff", "64", "63", "65", "5")

    def string_name(self, sign="$"):
        name = self.r.choice(self.names)
        if self.often(self.wrong):
            name = "zz"
        return sign + name

    def int_expr(self, depth=0):
        kind = self.r.randrange(100)
        if depth > 3 or kind < 30:
            return self.integer()
        if kind < 40 and self.names:
            return self.string_name("#")
        if kind < 45 and self.names:
            return "%s in %s" % (self.string_name("#"), self.range(depth + 1))
        if kind < 52 and self.names:
            return self.string_name(self.pick("@", "!"))
        if kind < 57 and self.names:
            return "%s[%s]" % (self.string_name(self.pick("@", "!")), self.int_expr(depth + 2))
        if kind < 65:
            return "%s%s%s(%s)" % (self.pick("u", ""), "int", self.pick("8", "16", "32", "8be", "16be", "32be"), self.int_expr(depth + 2))
        if kind < 70:
            return self.pick("-", "~", "- ", "~ ") + self.int_expr(depth + 1)
        if kind < 74 and self.vars:
            return self.r.choice(self.vars)
        if kind < 80:
            return "(%s)" % self.int_expr(depth + 1)
        return "%s %s %s" % (self.int_expr(depth + 1), self.pick("+", "-", "*", "\\", "%", "&", "|", "^", "<<", ">>"), self.int_expr(depth + 1))

    def real_expr(self, depth=0):
        kind = self.r.randrange(100)
        if kind < 60 or depth > 2:
            return self.pick("0.5", "1.0", "1.5", "real", "2.25", "0.0", "10.75", "-1.5")
        return "%s %s %s" % (self.real_expr(depth + 1), self.pick("+", "-", "*", "\\"), self.pick(self.real_expr, self.int_expr)(depth + 1))

    def text_expr(self):
        return self.pick('"Hello"', '"hello"', '"ell"', '""', "str", "empty", '"o"', '"H"', '"a\\x00b"', '"HELLO"')

    def range(self, depth):
        if self.often(50):
            return "(%d..%d)" % (self.r.randrange(5), self.r.randint(3, 60))
        return "(%s..%s)" % (self.int_expr(depth + 1), self.int_expr(depth + 1))

    def any_expr(self, depth):
        kind = self.r.randrange(100)
        if kind < 55:
            return self.int_expr(depth)
        if kind < 70:
            return self.real_expr(depth)
        if kind < 85:
            return self.text_expr()
        return self.condition(depth + 1)

    def quantifier(self, of=True):
        # In loops `none` and 0 mean something else since 4.3.
        more = ["50%", "100%", "1%", "33%", "none", "0"] if of else []
        if not self.often(self.wrong):
            return self.pick("all", "any", "1", "2", "3", "(1+1)", "num - 6", "filesize", *more)
        return self.pick("all", "any", "1", "101%", "0%", "#a", "-1", "neg", "1.5", '"a"', "num%", "(num)%", *more)

    def set(self):
        kind = self.r.randrange(100)
        if kind < 35:
            return "them"
        if kind < 45:
            return "($*)"
        items = []
        for _ in range(self.r.randint(1, 3)):
            name = self.string_name() if self.names else "$a"
            items.append(self.pick(name, name, name + "*", "$a*" if self.often(self.wrong) else name[:2] + "*"))
        return "(%s)" % self.pick(",", ", ").join(items)

    def rule_set(self):
        return self.pick("(zz)", "(zz*)") if self.often(self.wrong) else self.pick("(r1)", "(r1, r2)", "(r*)", "(r1, r*)", "(r2, r2)")

    def of(self, depth):
        tail = ""
        if self.rules_before and self.often(25):
            return "%s of %s" % (self.quantifier(), self.rule_set())
        if self.often(20):  # a percentage in a range is newer than 4.2
            return "%s of %s in %s" % (self.quantifier(False), self.set(), self.range(depth))
        return "%s of %s" % (self.quantifier(), self.set())

    def for_of(self, depth):
        self.loop_of += 1
        body = self.condition(depth + 1)
        if self.often(60):
            body = self.pick("$", "# > 1", "@ < 10", "! == 3", "$ at @", "$ in (0..20)", "@[1] > 2", "#*2 > 2", "$ and # < 3", "defined @[3]", "![2] > 1")
        self.loop_of -= 1
        return "for %s of %s : ( %s )" % (self.quantifier(False), self.set(), body)

    def for_in(self, depth):
        var = self.pick("i", "j", "k", "i")
        kind = self.r.randrange(100)
        if kind < 60:
            items = self.range(depth)
        else:
            items = "(%s)" % ", ".join(self.int_expr(depth + 1) for _ in range(self.r.randint(1, 4)))
        self.vars.append(var)
        body = self.condition(depth + 1)
        if self.often(50):
            name = self.string_name("") if self.names else "a"
            body = self.pick("uint8(%s) == 0x61" % var, "$%s at %s" % (name, var), "@%s[%s] > 3" % (name, var), "%s > 2" % var, "%s" % var,
                             "!%s[%s] < 5" % (name, var), "#%s in (0..%s) > 1" % (name, var), "int8(%s) < 0" % var)
        self.vars.pop()
        return "for %s %s in %s : ( %s )" % (self.quantifier(False), var, items, body)

    def condition(self, depth=0):
        kind = self.r.randrange(100)
        if depth > 4:
            return self.pick("true", "false", self.string_name() if self.names else "true")
        if kind < 14 and self.names:
            return self.string_name()
        if kind < 19 and self.names:
            return "%s at %s" % (self.string_name(), self.int_expr(2))
        if kind < 24 and self.names:
            return "%s in %s" % (self.string_name(), self.range(2))
        if kind < 40:
            return "%s %s %s" % (self.any_expr(depth + 1), self.pick("==", "!=", "<", "<=", ">", ">="), self.any_expr(depth + 1))
        if kind < 45:
            return "%s %s %s" % (self.text_expr(), self.pick("contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "iequals", "==", "<",
                                                            ">="), self.text_expr())
        if kind < 48:
            self.lazy = ""
            return "%s matches /%s/%s" % (self.text_expr(), self.pick("^Hel+o$", "ELL", "l{2}", "h.*o", "x?", "$", self.regex()[0]), self.pick("", "i", "s", "is"))
        if kind < 57:
            return self.of(depth)
        if kind < 63:
            return self.for_of(depth)
        if kind < 70:
            return self.for_in(depth)
        if kind < 75:
            return "not " + self.condition(depth + 1)
        if kind < 79:
            return "defined " + self.any_expr(depth + 1)
        if kind < 82:
            return self.any_expr(depth + 1)
        if kind < 85:
            return "(%s)" % self.condition(depth + 1)
        if kind < 87 and self.rules_before:
            return self.pick("r1", "r2", "not r1")
        if kind < 89:
            return self.pick("true", "false", "yes", "nope", "str", "empty", "num", "real")
        return "%s %s %s" % (self.condition(depth + 1), self.pick("and", "or", "and", "or"), self.condition(depth + 1))

    def rule(self, name, strings=True):
        self.names, self.vars, self.loop_of = [], [], 0
        text = ""
        if strings and self.often(95):
            for _ in range(self.pick(1, 1, 2, 3, 4)):
                n = self.pick("a", "b", "c", "a1", "a2", "")
                if n in self.names and self.often(97):
                    continue
                text += "\n    $%s = %s" % (n, self.definition())
                if n != "":
                    self.names.append(n)
        if self.kind == "strings":
            condition = "any of them"
        else:
            condition = self.condition()
            if self.names and self.often(92):
                condition = "(%s) and (any of them or true)" % condition
        return "rule %s {%s\n  condition:\n    %s\n}" % (name, "\n  strings:" + text if text else "", condition)

    def mutated(self, text):
        tokens = re.findall(r'"(?:\\.|[^"\\\n])*"|\w+|\s+|.', text, re.S)
        for _ in range(self.pick(1, 1, 1, 2)):
            i, j = self.r.randrange(len(tokens)), self.r.randrange(len(tokens))
            what = self.r.randrange(5)
            if what == 0:
                del tokens[i]
            elif what == 1:
                tokens.insert(i, tokens[j])
            elif what == 2:
                tokens[i], tokens[j] = tokens[j], tokens[i]
            elif what == 3:
                tokens[i] = tokens[j]
            else:
                tokens[i] = self.pick("$", "#", "@", "(", ")", "in", "of", "at", "not", "and", "1", "1.0", "\"x\"", "all", "them", "..", ",", "%", "-", "for", "i",
                                      "private", "global", "/a/", "*", "=", "{", "}", ":", "meta", "rule", "'", ";", "!", "&", "0x", "KB", "\\")
            if not tokens:
                tokens = ["x"]
        return "".join(tokens)

    def case(self, name):
        self.rules_before = False
        if self.kind == "mutated":
            return self.mutated(self.rule(name))
        if self.kind == "rules" and self.often(60):
            one = self.rule("r1")
            two = self.rule("r2", False)
            self.rules_before = True
            head = self.pick("", "", "private ", "global ", "global private ")
            return "%s%s\n%s\n%s" % (head, one, two, self.rule(name))
        return self.rule(name)

    def data(self):
        out = self.bytes(0, 6)
        for _ in range(self.r.randint(2, 14)):
            out += self.r.choice(self.baits or [b"abc"]) + self.bytes(0, 6)
        return out[:1500]


def loop_bodies(text):
    """What stands in the parentheses of each loop."""
    for m in re.finditer(r":\s*\(", re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)):
        rest = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)[m.end():]
        depth, end = 1, 0
        while end < len(rest) and depth:
            depth += {"(": 1, ")": -1}.get(rest[end], 0)
            end += 1
        yield rest[:end - 1].strip()


def is_number(body):
    """Is this no truth: nothing outside parentheses compares, joins or looks for strings."""
    while body.startswith("(") and body.endswith(")") and body.count("(") == 1:
        body = body[1:-1].strip()
    body = re.sub(r"#\w*\s+in\s+\(", "# (", body)
    flat, depth = "", 0
    for c in body:
        depth -= c == ")"
        flat += c if depth == 0 and c not in "()" else " "
        depth += c == "("
    return not re.search(r"==|!=|[<>](?![<>])(?<![<>]{2})|\$|\b(and|or|not|defined|true|false|of|matches|contains|icontains|startswith|istartswith"
                         r"|endswith|iendswith|iequals|r1|r2|yes|nope|for)\b", flat)


MAY_BE_EMPTY = re.compile(r"[^\\](?:[?*]|\{0?,\d*\})")


def excused(text, mine, theirs):
    """Why these answers may differ, or None."""
    if isinstance(mine, dict) and isinstance(theirs, dict) and any(is_number(b) for b in loop_bodies(text)):
        return "a number as the body of a loop: yara adds them up, here each is true or not"
    if theirs == "error" and isinstance(mine, dict) and re.search(r"\{[^{}]*~", text):
        return "a byte that is not: newer than the yara at hand"
    if mine == "error" and isinstance(theirs, dict) and re.search(r'(?<![\w.])(\d+\.\d+|real|"a"|str|yes|nope)\)*\s+(of\b|\w+\s+in\b)', text):
        return "how many is an integer"
    if isinstance(mine, dict) and isinstance(theirs, dict) and re.search(r"\.\{\d*,(\d{3,})?\}\?", text):
        return "a jump of a lazy dot beside what may be empty, or in wide and ascii at once"
    if isinstance(mine, dict) and isinstance(theirs, dict) and re.search(r"\|.*fullword", text):
        return "which alternatives with repeats are full words depends on yara's choice of atoms"
    if isinstance(mine, dict) and isinstance(theirs, dict) and "|" in text:
        starts = [{k: [s[0] for s in v] for k, v in one.items()} for one in (mine, theirs)]
        if starts[0] == starts[1]:
            return "which of several alternatives gives the length depends on yara's choice of atoms"
        if MAY_BE_EMPTY.search(text) and all(set(v) <= set(starts[0].get(k, [])) for k, v in starts[1].items()):
            return "an alternative that may be empty hides others from yara"
    return None


def batch(a, seed, kind):
    g = Gen(seed, kind)
    texts = [g.case("c%d" % i) for i in range(a.size)]
    pool = [g.data() for _ in range(5)] + [b"", b"abc"]
    cases = [Case("c%d" % i, t, g.r.choice(pool)) for i, t in enumerate(texts)]
    folder = tempfile.mkdtemp(prefix="yara-fuzz-")
    bad = 0
    try:
        run.write_files(cases, folder)
        theirs = run.ask_yara(a.yara, cases, folder)
        mine = run.ask_glacis(a.glacis, cases, folder)
        for c in cases:
            x, y = theirs[c.name], mine[c.name]
            if isinstance(x, dict) and isinstance(y, dict):
                x, y = ({k: sorted(v) for k, v in one.items()} for one in (x, y))
            if x == y or x == "crash" or excused(c.text, y, x):
                continue
            bad += 1
            print("-- seed %d, kind %s, %s: yara %s, glacis %s" % (seed, kind, c.name, x, y))
            print(c.text)
            print("   data: %r" % c.data[:400])
        refused = sum(v == "error" for v in theirs.values())
        found = sum(bool(v) and v != "error" for v in theirs.values())
        print("seed %d, kind %s: %d rules, %d refused, %d found, %d differ" % (seed, kind, len(cases), refused, found, bad), flush=True)
    finally:
        (None if os.environ.get("KEEP") else shutil.rmtree(folder))
    return bad


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--glacis", required=True)
    p.add_argument("--yara", default=shutil.which("yara"))
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--batches", type=int, default=4)
    p.add_argument("--size", type=int, default=300)
    p.add_argument("--kind", choices=["strings", "conditions", "rules", "mutated"])
    a = p.parse_args()
    if not a.yara:
        print("skipped: yara is not installed")
        return 77
    kinds = [a.kind] if a.kind else ["strings", "conditions", "rules", "mutated"]
    return 1 if sum(batch(a, a.seed + i, kinds[i % len(kinds)]) for i in range(a.batches)) else 0


if __name__ == "__main__":
    sys.exit(main())
