#!/usr/bin/env python3
"""Runs the YARA conformance cases of *.txt beside it against `glacis` and, where it knows the construct, against `yara`.

usage: run.py [--glacis PATH] [--yara PATH] [--fill] [FILE...]
       run.py --glacis PATH --yara-x      every case of either dialect in that of YARA-X, against YARA-X (from npm)

A file is a list of lines; each case is one line (or one block of rules):
  # ...               a comment
  data TEXT           the bytes that the following cases look at (\\xHH \\n \\r \\t \\0 \\\\, \\{TEXT*N} repeats)
  strings TEXT        the strings section that yes, no and bad lines share (empty: none)
  ext NAME=VALUE      an external variable, for all cases of the file
  dialect yara-x      the file is in that dialect; yara is not asked, YARA-X is
  yes EXPR            the condition holds for the data
  no EXPR             it does not
  bad EXPR            it does not compile
  match DEF => O:L O:L...   a string defined so is found at offset O with length L, and nowhere else
  shown EXPR => O:L O:L...  the condition holds, and these occurrences of the strings are shown
  badstr DEF          a string defined so does not compile
  rules NAME...       the lines up to one that is `end` are rules, of which exactly NAMEs match the data
  badrules            the lines up to `end` are rules that do not compile
A `+` before a case: newer than the yara at hand, or known to be wrong there; yara is not asked.
With --fill, `? EXPR` and `match DEF` without `=>` get the answer of yara, to be read by a person before it is committed.
"""
import argparse, json, os, re, shutil, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def unescape(text):
    out, i = bytearray(), 0
    raw = text.encode("utf-8")
    while i < len(raw):
        if raw[i:i + 2] == b"\\{":
            end = raw.index(b"}", i)
            piece, times = raw[i + 2:end].rsplit(b"*", 1)
            out += unescape(piece.decode("utf-8")) * int(times)
            i = end + 1
        elif raw[i:i + 2] == b"\\x":
            out.append(int(raw[i + 2:i + 4], 16))
            i += 4
        elif raw[i:i + 1] == b"\\" and i + 1 < len(raw):
            out += {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}[raw[i + 1:i + 2]]
            i += 2
        else:
            out.append(raw[i])
            i += 1
    return bytes(out)


class Case:
    def __init__(self, place, kind, text, data, want, newer, ext, dialect, name):
        self.place, self.kind, self.text, self.data, self.want = place, kind, text, data, want
        self.newer, self.ext, self.dialect, self.name = newer, ext, dialect, name
        self.line = None


def parse(path, cases):
    data, strings, ext, dialect = b"", "", [], "yara"
    lines = open(path, encoding="utf-8").read().split("\n")
    i = 0
    while i < len(lines):
        number, line = i, lines[i]
        i += 1
        newer = line.startswith("+")
        word, _, rest = line.lstrip("+").partition(" ")
        place = "%s:%d" % (os.path.basename(path), number + 1)
        name = "c%d" % len(cases)
        body = None
        want = None
        if not line.strip() or line.startswith("#"):
            continue
        if word == "data":
            data = unescape(rest)
        elif word == "strings":
            strings = rest
        elif word == "ext":
            ext = ext + [rest]
        elif word == "dialect":
            dialect = rest
        elif word in ("yes", "no", "bad", "?"):
            section = " strings: %s" % strings if strings else ""
            tail = " and (any of them or true)" if strings else ""
            body = "rule %s {%s condition: (%s)%s }" % (name, section, rest, tail)
            want = {"yes": {name: None}, "no": {}, "bad": "error", "?": "fill"}[word]
        elif word == "match":
            definition, arrow, spots = rest.rpartition("=>")
            if not arrow:
                definition, spots = rest, ""
            body = "rule %s { strings: $a = %s\n condition: $a }" % (name, definition.strip())
            found = sorted(tuple(map(int, s.split(":"))) for s in spots.split())
            want = ({name: found} if found else {}) if arrow else "fill"
        elif word == "shown":
            condition, arrow, spots = rest.rpartition("=>")
            if not arrow:
                condition, spots = rest, ""
            body = "rule %s { strings: %s condition: %s }" % (name, strings, condition.strip())
            want = {name: sorted(tuple(map(int, s.split(":"))) for s in spots.split())} if arrow else "fill"
        elif word == "badstr":
            body = "rule %s { strings: $a = %s\n condition: $a }" % (name, rest)
            want = "error"
        elif word in ("rules", "badrules"):
            block = []
            while lines[i] != "end":
                block.append(lines[i])
                i += 1
            i += 1
            body = "\n".join(block)
            want = "error" if word == "badrules" else {n: None for n in rest.split()}
        else:
            sys.exit("%s: what is '%s'?" % (place, word))
        if body is not None:
            c = Case(place, "rules" if word.endswith("rules") else "line", body, data, want, newer, None, dialect, name)
            c.file, c.number, c.word, c.rest = path, number, word, rest
            cases.append(c)
        for c in cases:
            if c.file == path:
                c.ext = ext


def write_files(cases, folder):
    """One rule file per case in rules/, one file per different data in data/."""
    os.makedirs(folder + "/rules")
    os.makedirs(folder + "/data")
    seen = {}
    for c in cases:
        c.path = "%s/rules/%s.yar" % (folder, c.name)
        with open(c.path, "w", encoding="utf-8") as f:
            f.write(c.text + "\n")
        if c.data not in seen:
            seen[c.data] = "%s/data/d%d" % (folder, len(seen))
            open(seen[c.data], "wb").write(c.data)
        c.data_path = seen[c.data]


def compare(c, got, who):
    """The complaint, or None."""
    want = c.want
    if want == "error" or isinstance(got, str):
        return None if want == got else "%s: %s, wanted %s" % (who, got, want)
    if c.word == "match":
        a, b = want.get(c.name, []), sorted(got.get(c.name) or [])
        return None if a == b else "%s found %s, wanted %s" % (who, b, a)
    a, b = sorted(want), sorted(got)
    return None if a == b else "%s matched %s, wanted %s" % (who, b, a)


def externals(cases):
    return sorted({e for c in cases for e in c.ext})


def ask_yara(yara, cases, folder):
    """Answers per case name. Rules that compile are put together, a namespace each."""
    answers = {}
    options = [o for e in externals(cases) for o in ("-d", e)]
    # A process each costs more than all else here: those that should compile go together, only the others one by one.
    hopeful = [c for c in cases if c.want not in ("error", "fill")]
    for at in range(0, len(hopeful), 100):
        compile_with_yara(yara, options, hopeful[at:at + 100], answers)
    for c in cases:
        if c.name not in answers:
            compile_with_yara(yara, options, [c], answers)
    good = [c for c in cases if answers[c.name] != "error"]
    by_data = {}
    for c in good:
        by_data.setdefault(c.data_path, []).append(c)
    for path, group in by_data.items():
        for at in range(0, len(group), 400):
            scan_with_yara(yara, options, group[at:at + 400], path, answers)
    return answers


def compile_with_yara(yara, options, group, answers):
    """An empty answer for each of the group that compiles, "error" for the others."""
    sources = ["%s:%s" % (c.name, c.path) for c in group]
    if subprocess.run([yara + "c", "-w", *options, *sources, "/dev/null"], capture_output=True).returncode == 0:
        answers.update((c.name, {}) for c in group)
    elif len(group) == 1:
        answers[group[0].name] = "error"
    else:
        for half in (group[:len(group) // 2], group[len(group) // 2:]):
            compile_with_yara(yara, options, half, answers)


def scan_with_yara(yara, options, group, path, answers):
    sources = ["%s:%s" % (c.name, c.path) for c in group]
    done = subprocess.run([yara, "-w", "-e", "-s", "-L", *options, *sources, path], capture_output=True)
    if done.returncode != 0 or b"error scanning" in done.stderr:
        if len(group) == 1:
            answers[group[0].name] = "crash"
        for half in (group[:len(group) // 2], group[len(group) // 2:]) if len(group) > 1 else ():
            scan_with_yara(yara, options, half, path, answers)
        return
    current = None
    for line in done.stdout.decode("latin-1").split("\n"):
        m = re.match(r"0x([0-9a-f]+):(\d+):(\$\w*): ", line)
        if m and current is not None:
            current.append((int(m.group(1), 16), int(m.group(2))))
            continue
        m = re.match(r"(c\d+):(\w+) ", line)
        if m and m.group(1) in answers:
            current = answers[m.group(1)].setdefault(m.group(2), [])


def ask_glacis(glacis, cases, folder):
    answers = {}
    for dialect in sorted({c.dialect for c in cases}):
        answers.update(ask_glacis_in(glacis, [c for c in cases if c.dialect == dialect], folder, dialect))
    return answers


def ask_glacis_in(glacis, cases, folder, dialect):
    options = [o for e in externals(cases) for o in ("-d", e)]
    sources = ["%s:%s" % (c.name, c.path) for c in cases]
    image = "%s/%s.image" % (folder, dialect)
    done = subprocess.run([glacis, "compile", "--dialect", dialect, *options, *sources, "-o", image], capture_output=True)
    answers = {c.name: {} for c in cases}
    for line in done.stderr.decode("utf-8", "replace").split("\n"):
        m = re.match(r".*/(c\d+)\.yar:[0-9:]* (error|unsupported|not taken)", line)
        if m:
            answers[m.group(1)] = "error"
    if not os.path.exists(image):
        sys.exit("glacis compile: " + done.stderr.decode("utf-8", "replace")[-2000:])
    out = subprocess.run([glacis, "scan", "--json", "--all", "-s", image, folder + "/data"], capture_output=True)
    hits, unscanned = {}, set()
    for line in out.stdout.decode("utf-8", "replace").split("\n"):
        if not line.startswith("{"):
            continue
        one = json.loads(line)
        if one["verdict"] == "unscanned":
            print("glacis left %s unscanned: %s" % (one["path"], one["reason"]))
            unscanned.add(os.path.basename(one["path"]))
        for f in one.get("findings", []):
            if f.get("layer"):
                continue
            spots = [(s["offset"], s["length"]) for s in f.get("strings", [])]
            hits[(os.path.basename(one["path"]), f["namespace"], f["rule"])] = spots
    for (path, space, rule), spots in hits.items():
        if isinstance(answers.get(space), dict):
            answers[space].setdefault("by", {}).setdefault(path, {})[rule] = spots
    for c in cases:
        if os.path.basename(c.data_path) in unscanned:
            answers[c.name] = "unscanned"
        elif isinstance(answers[c.name], dict):
            answers[c.name] = answers[c.name].get("by", {}).get(os.path.basename(c.data_path), {})
    return answers


def ask_yara_x(modules, cases, folder):
    """Answers of YARA-X; a case that it dies of is an error."""
    variables = dict(e.split("=", 1) for e in externals(cases))
    answers = {}
    while len(answers) < len(cases):
        rest = [c for c in cases if c.name not in answers]
        with open(folder + "/request.json", "w", encoding="utf-8") as f:
            json.dump({"variables": variables,
                       "cases": [{"name": c.name, "rules": c.path, "data": c.data_path} for c in rest]}, f)
        done = subprocess.run(["node", HERE + "/yara_x.mjs", modules, f.name], capture_output=True)
        before = len(answers)
        for line in done.stdout.decode("utf-8").splitlines():
            name, got = json.loads(line)
            answers[name] = "error" if isinstance(got, str) else {r: [tuple(s) for s in spots] for r, spots in got.items()}
        if len(answers) < len(cases):
            if before == 0 and not answers:
                sys.exit("yara_x.mjs: " + done.stderr.decode("utf-8", "replace"))
            answers[[c for c in cases if c.name not in answers][0].name] = "error"
    return answers


def npm_modules(name):
    """The folder of the modules of tests/NAME/package.json, installed; None where npm cannot."""
    if not shutil.which("npm") or not shutil.which("node"):
        return None
    folder = os.path.join(tempfile.gettempdir(), "glacis-%s-%d" % (name, os.getuid()))
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if os.stat(folder).st_uid != os.getuid():
        return None
    shutil.copy(os.path.join(HERE, "..", "..", "bench", "package.json"), folder)
    if not os.path.isdir(folder + "/node_modules/@litko"):
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, capture_output=True)
        if done.returncode != 0:
            return None
    return folder


def known_differences(path):
    """{ case as written: cause }"""
    known, cause = {}, None
    for line in open(path, encoding="utf-8").read().split("\n"):
        if line.startswith("  "):
            known[line[2:]] = cause
        elif line and not line.startswith("#"):
            cause = line
    return known


def against_yara_x(a, cases, folder):
    """The number of cases that differ without a known cause, or whose difference is gone."""
    modules = npm_modules("yara-x")
    if modules is None:
        print("0 passed, 0 failed, %d skipped: no npm, or no network for it" % len(cases))
        return 0
    known = known_differences(HERE + "/../yara_x_differences.txt")
    for c in cases:
        c.dialect = "yara-x"
    theirs, ours = ask_yara_x(modules, cases, folder), ask_glacis(a.glacis, cases, folder)
    bad, explained = 0, 0
    for c in cases:
        text = " ".join((c.word + " " + (c.text if c.word.endswith("rules") else c.rest)).split())
        x, g = theirs[c.name], ours[c.name]
        if isinstance(x, str) or isinstance(g, str):
            same = x == g
        elif c.word == "match":
            same = sorted(x.get(c.name, [])) == sorted(g.get(c.name) or [])
        else:
            same = sorted(x) == sorted(g)
        if not same and text in known:
            explained += 1
        elif not same:
            bad += 1
            print("%s: yara-x says %s, glacis %s\n  %s" % (c.place, x, g, text))
    print("%d passed, %d failed, 0 skipped (%d of them differ for a cause that is written down)" % (len(cases) - bad, bad, explained))
    return bad


def fill(cases, answers):
    """Write the answers into the lines that ask for one."""
    for path in sorted({c.file for c in cases}):
        lines = open(path, encoding="utf-8").read().split("\n")
        for c in cases:
            if c.file != path or c.want != "fill":
                continue
            got = answers[c.name]
            if got == "crash":
                print("%s: yara gives up: answer by hand, with a +" % c.place)
            elif c.word == "?":
                lines[c.number] = "%s %s" % ("bad" if got == "error" else "yes" if got else "no", c.rest)
            elif got == "error":
                lines[c.number] = "badstr %s" % c.rest
            else:
                spots = sorted(got.get(c.name) or [])
                lines[c.number] = ("match %s => %s" % (c.rest, " ".join("%d:%d" % s for s in spots))).rstrip()
        open(path, "w", encoding="utf-8").write("\n".join(lines))


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--glacis")
    args.add_argument("--yara", default=shutil.which("yara"))
    args.add_argument("--yara-x", action="store_true")
    args.add_argument("--fill", action="store_true")
    args.add_argument("--keep", action="store_true")
    args.add_argument("file", nargs="*")
    a = args.parse_args()
    cases = []
    for path in a.file or sorted(os.path.join(HERE, f) for f in os.listdir(HERE) if f.endswith(".txt")):
        parse(path, cases)
    folder = tempfile.mkdtemp(prefix="yara-conformance-")
    failed = skipped = 0
    try:
        write_files(cases, folder)
        if a.fill:
            fill(cases, ask_yara(a.yara, [c for c in cases if c.want == "fill"], folder))
            return 0
        if a.yara_x:
            return 1 if against_yara_x(a, cases, folder) else 0
        bad = set()
        if a.yara:
            old = [c for c in cases if not c.newer and c.dialect == "yara"]
            answers = ask_yara(a.yara, old, folder)
            for c in old:
                complaint = compare(c, answers[c.name], "yara")
                if complaint:
                    bad.add(c.name)
                    print("%s: %s\n    %s" % (c.place, complaint, c.text.replace("\n", "\n    ")))
        if a.glacis:
            answers = ask_glacis(a.glacis, cases, folder)
            for c in cases:
                complaint = compare(c, answers[c.name], "glacis")
                if complaint:
                    bad.add(c.name)
                    print("%s: %s\n    %s" % (c.place, complaint, c.text.replace("\n", "\n    ")))
        if not a.yara and not a.glacis:
            skipped = len(cases)
        failed = len(bad)
        print("%d passed, %d failed, %d skipped" % (len(cases) - failed - skipped, failed, skipped))
    finally:
        if a.keep:
            print(folder)
        else:
            shutil.rmtree(folder)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
