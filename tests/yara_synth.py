#!/usr/bin/env python3
"""Holds glacis against yara: on files made for every rule of the corpora (tests/yara_synth.c), and on a sample of the system.

usage: yara_synth.py --glacis PATH --synth PATH --corpora FOLDER [--keep]

Both must report the same rules, and for each the same strings at the same offsets with the same lengths. What differs must
stand in yara_differences.txt (RULE or RULE $string, then its cause); anything else fails. Rules are compared on the file as
it lies: what glacis finds in children of a file has no peer.
"""
import argparse, hashlib, json, os, re, shutil, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
EXTERNALS = [o for n in "filename filepath extension filetype owner".split() for o in ("-d", n + "=")]


def yara_says(yara, compiled, options, paths):
    """{path: {rule: {string: {(offset, length)}}}}"""
    out = {}
    for path in paths:
        args = [yara, "-w", "-s", "-L", "-N", "-C", *options, compiled, path]
        if os.path.isdir(path):
            args.insert(1, "-r")
        text = subprocess.run(args, capture_output=True).stdout.decode("latin-1")
        current = None
        for line in text.split("\n"):
            m = re.match(r"0x([0-9a-f]+):(\d+):(\$\w*): ", line)
            if m and current is not None:
                current.setdefault(m.group(3), set()).add((int(m.group(1), 16), int(m.group(2))))
                continue
            m = re.match(r"(\w+) (/.*)$", line)
            if m:
                current = out.setdefault(m.group(2), {}).setdefault(m.group(1), {})
    return out


def glacis_says(glacis, image, paths):
    text = subprocess.run([glacis, "scan", "--json", "--all", "-s", image, *paths], capture_output=True).stdout
    out, left = {}, []
    for line in text.decode("utf-8", "replace").split("\n"):
        if not line.startswith("{"):
            continue
        one = json.loads(line)
        # What a made file's damaged inside costs is no difference; what the engine or the worker could not do is.
        if one["verdict"] == "unscanned" and re.match("worker|budget|timeout|out of|the signature", one["reason"]):
            left.append("%s: %s" % (one["path"], one["reason"]))
        for f in one.get("findings", []):
            if f.get("layer"):
                continue
            rule = out.setdefault(one["path"], {}).setdefault(f["rule"], {})
            for s in f["strings"]:
                rule.setdefault(s["id"], set()).add((s["offset"], min(s["length"], 512)))  # yara shows no more
    return out, left


def known_differences():
    known = {}
    with open(os.path.join(HERE, "yara_differences.txt"), encoding="utf-8") as f:
        for line in f:
            m = re.match(r"(\w+)(?: (\$\w*))?: (.+)", line)
            if m:
                known[(m.group(1), m.group(2))] = m.group(3)
    return known


def compare(mine, theirs, known, used):
    wrong = []
    for path in sorted(set(mine) | set(theirs)):
        a, b = mine.get(path, {}), theirs.get(path, {})
        for rule in sorted(set(a) | set(b)):
            if (rule, None) in known:
                used.add((rule, None))
                continue
            if rule not in a or rule not in b:
                wrong.append("%s: %s found by %s only" % (path, rule, "glacis" if rule in a else "yara"))
                continue
            for s in sorted(set(a[rule]) | set(b[rule])):
                x, y = a[rule].get(s, set()), b[rule].get(s, set())
                if x == y:
                    continue
                if (rule, s) in known:
                    used.add((rule, s))
                    continue
                wrong.append("%s: %s %s: glacis %s, yara %s" % (path, rule, s, sorted(x - y)[:5], sorted(y - x)[:5]))
    return wrong


def sample(folder, most, budget):
    """Some regular files of a tree, the same ones every time."""
    every = []
    for root, dirs, names in os.walk(folder):
        for n in names:
            p = os.path.join(root, n)
            if os.path.isfile(p) and not os.path.islink(p) and 0 < os.path.getsize(p) < 1 << 21:
                every.append(p)
    every.sort(key=lambda p: hashlib.md5(p.encode("utf-8", "replace")).digest())
    out = []
    for p in every[:most]:
        budget -= os.path.getsize(p)
        if budget < 0:
            break
        out.append(p)
    return out


def one_set(a, name, work, known, used):
    source = os.path.join(a.corpora, "yara", name)
    index, compiled, image, files = (os.path.join(work, name + e) for e in (".yar", ".yarc", ".image", ".files"))
    rules = sorted(os.path.join(r, f) for r, _, fs in os.walk(source) for f in fs if f.endswith((".yar", ".yara")))
    with open(index, "w") as f:
        f.writelines('include "%s"\n' % r for r in rules)
    os.mkdir(files)
    subprocess.run([a.synth, *EXTERNALS, files, source], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([a.glacis, "compile", *EXTERNALS, source, "-o", image], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    done = subprocess.run([a.yara + "c", "-w", *EXTERNALS, index, compiled], capture_output=True)
    if done.returncode != 0:
        sys.exit("yarac: " + done.stderr.decode()[:2000])
    system = sample("/usr/bin", 150, 30 << 20) + sample("/usr/lib", 150, 30 << 20)
    copies = os.path.join(work, name + ".system")
    os.mkdir(copies)
    for i, p in enumerate(system):
        shutil.copyfile(p, "%s/%03d-%s" % (copies, i, os.path.basename(p)))
    wrong = []
    for folder in (files, copies):
        theirs = yara_says(a.yara, compiled, EXTERNALS, [folder])
        mine, left = glacis_says(a.glacis, image, [folder])
        wrong += left + compare(mine, theirs, known, used)
        hits = sum(1 for p in theirs if p.endswith("-hit"))
        print("%s: %d files, %d rules found by yara, %d made files found, %d differences" % (
            os.path.basename(folder), len(os.listdir(folder)), sum(map(len, theirs.values())), hits, len(wrong)))
    return wrong


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--glacis", required=True)
    args.add_argument("--synth", required=True)
    args.add_argument("--corpora", required=True)
    args.add_argument("--yara", default=shutil.which("yara"))
    args.add_argument("--keep", action="store_true")
    args.add_argument("--set", action="append")
    a = args.parse_args()
    if a.yara is None or not os.path.isdir(os.path.join(a.corpora, "yara")):
        print("skipped: needs yara and the corpora")
        return 77
    known, used = known_differences(), set()
    work = tempfile.mkdtemp(prefix="yara-synth-")
    wrong = []
    try:
        for name in a.set or ("signature-base", "reversinglabs"):
            wrong += one_set(a, name, work, known, used)
    finally:
        if a.keep:
            print(work)
        else:
            shutil.rmtree(work)
    for w in wrong[:400]:
        print(w)
    for rule, s in sorted(set(known) - used, key=str):
        print("note: yara_differences.txt: %s %s did not differ" % (rule, s or ""))
    print("%d differences, %d known" % (len(wrong), len(used)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
