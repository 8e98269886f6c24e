#!/usr/bin/env python3
"""For signatures of real ClamAV databases, make a file that should match and near-misses that should not, and hold the
verdicts of `glacis scan --json --all` against those of `clamscan --allmatch` on the same files and the same signatures.

Every difference must stand in clam_differences.txt with its cause; one that does not fails the test, and so does one that
is listed and no longer there (with GLACIS_SYNTH=all, which takes every signature instead of a fixed sample)."""
import argparse
import collections
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

import clam_body
import clam_logic
import clam_shells
from clam_body import Unreachable

SKIP = 77
BATCH = 6000
SEED = int(os.environ.get("GLACIS_SYNTH_SEED", "1"))  # another sample


class Signature:
    def __init__(self, name, target, facts, expression, subs):
        self.name, self.target, self.facts = name, target, facts
        self.expression, self.subs = expression, subs  # subs: (offset, hex, modifiers)


def from_ndb(line):
    field = line.split(":")
    return Signature(field[0], int(field[1]) if field[1].isdigit() else 0, {}, clam_logic.parse("0"),
                     [(field[2], field[3], "")])


def from_ldb(line):
    name, tdb, expression, *subs = line.split(";")
    facts = {}
    for item in tdb.split(","):
        key, _, val = item.partition(":")
        if key in ("FileSize", "EntryPoint", "NumberOfSections"):
            low, _, high = val.partition("-")
            facts[key] = (int(low), int(high))
        else:
            facts[key] = val
    parsed = []
    for sub in subs:
        body, _, modifiers = sub.partition("::")
        if "::" in modifiers:
            modifiers = ""
        offset, colon, hexes = body.partition(":")
        parsed.append((offset, hexes, modifiers) if colon else ("*", body, modifiers))
    return Signature(name, int(facts.get("Target") or 0), facts, clam_logic.parse(expression), parsed)


def normalised(piece, target):
    """Would ClamAV's normalisation leave the piece as it is?"""
    data = bytes(piece.data)
    if target == 7:
        return all(0x20 <= b < 0x7F for b in data) and data == data.lower() and b"  " not in data
    if target == 3:
        return (all(0x20 < b < 0x7F or b == 0x20 for b in data) and data == data.lower() and b"  " not in data and
                not re.search(rb"[<>&'\"]|script", data))
    return True


def pieces_for(sig, counts, spoil=None):
    text = sig.target in (3, 7)
    out = []
    for sub in sorted(counts):
        offset, hexes, modifiers = sig.subs[sub]
        piece = clam_body.make(hexes, modifiers, text)
        if not normalised(piece, sig.target):
            raise Unreachable("not in normalised form")
        spot = clam_shells.Spot(offset)
        n = counts[sub]
        if n > 1 and spot.kind != "*":
            raise Unreachable("one place, several occurrences")
        if n > 4000:
            raise Unreachable("too many occurrences")
        if sub == spoil:
            piece = clam_body.broken(piece, text)
        out += [(spot, piece)] * n
    order = {"abs": 0, "ep": 1, "sec": 2, "last": 3, "eof": 4, "*": 5}
    return sorted(out, key=lambda p: order[p[0].kind])


def file_for(sig, counts, spoil=None):
    data = clam_shells.build(sig.target, pieces_for(sig, counts, spoil), sig.facts)
    if sig.facts.get("Intermediates"):
        raise Unreachable("intermediates")
    return clam_shells.wrap(sig.facts.get("Container"), data)


def cases(sig):
    """(kind, bytes): one that should match, and what just misses."""
    counts = {k: v for k, v in clam_logic.solve(sig.expression).items() if v}
    if not clam_logic.holds(sig.expression, counts):
        raise Unreachable("no counts found")
    yield "match", file_for(sig, counts)
    vital = [s for s in sorted(counts) if not clam_logic.holds(sig.expression, {**counts, s: 0})]
    for kind, sub in ([("byte", vital[0])] if vital else []) + ([("branch", vital[-1])] if len(vital) > 1 else []):
        try:
            if kind == "byte":
                yield kind, file_for(sig, counts, spoil=sub)
            else:
                yield kind, file_for(sig, {k: v for k, v in counts.items() if k != sub})
        except Unreachable:
            pass
    for sub, n in counts.items():
        if n > 1 and not clam_logic.holds(sig.expression, {**counts, sub: n - 1}):
            yield "count", file_for(sig, {**counts, sub: n - 1})
            break


class Oracle:
    """Both programs over a folder of files."""

    def __init__(self, work, glacis, databases):
        self.work, self.glacis, self.sources = work, glacis, databases
        self.folder = work / "db"
        self.folder.mkdir()
        self.image = work / "image"
        refused = self.compile() if glacis else {}
        for source in databases:
            lines = source.read_bytes().split(b"\n")
            gone = refused.get(str(source), set())
            (self.folder / source.name).write_bytes(b"\n".join(b for i, b in enumerate(lines, 1) if i not in gone))

    def compile(self):
        out = subprocess.run([self.glacis, "compile", *map(str, self.sources), "-o", str(self.image)], capture_output=True,
                             text=True, errors="replace")
        if out.returncode != 0:
            sys.exit("glacis compile: " + out.stderr[-2000:])
        refused = collections.defaultdict(set)
        for m in re.finditer(r"^(.*?):(\d+):\d+: (?:error|unsupported):", out.stderr, re.M):
            refused[m[1]].add(int(m[2]))
        return refused

    def clamscan(self, files):
        listing = self.work / "list"
        listing.write_text("".join(f"{f}\n" for f in files))
        out = subprocess.run(["clamscan", "--allmatch", "--no-summary", "--stdout", "--max-filesize=200M", "--max-scansize=400M",
                              "-d", str(self.folder), f"--file-list={listing}"], capture_output=True, text=True,
                             errors="replace")
        found = {f.name: set() for f in files}
        for m in re.finditer(r"^.*/([^/:]+): (.+?)(?:\.UNOFFICIAL)? FOUND$", out.stdout, re.M):
            found[m[1]].add(m[2])
        if out.returncode not in (0, 1):
            sys.exit("clamscan: " + (out.stdout + out.stderr)[-2000:])
        return found

    def scan(self, folder, files):
        out = subprocess.run([self.glacis, "scan", "-s", str(self.image), "--json", "--all", str(folder)], capture_output=True,
                             text=True, errors="replace")
        found = {f.name: set() for f in files}
        for line in out.stdout.splitlines():
            row = json.loads(line)
            if "path" not in row:
                continue
            name = row["path"].rsplit("/", 1)[-1]
            found[name] |= {f["rule"] for f in row.get("findings") or []}
            # What a format could not read is said where clamscan is silent; what the engine could not do is a fault.
            if row["verdict"] == "unscanned" and re.match("worker|budget|timeout|out of|the signature", row["reason"]):
                found[name].add("(unscanned: %s)" % row["reason"])
        return found


def known_differences(path):
    known = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            name, who, cause = line.split(None, 2)
            known[(name, who)] = cause
    return known


def hash_cases(work):
    """A database of hashes of files that we make ourselves (nobody makes a file for a given MD5)."""
    rng, lines, files = random.Random(7), [], []
    for i, (alg, size) in enumerate([("md5", 100), ("sha1", 5000), ("sha256", 70000), ("md5", 1 << 20)]):
        data = rng.randbytes(size)
        digest = hashlib.new(alg, data).hexdigest()
        lines += [f"{digest}:{size}:Hash-{i}", f"{digest}:{size + 1}:Hash-{i}-Other-Size", f"{digest}:*:Hash-{i}-Any:73"]
        files += [(f"hash{i}.match", data), (f"hash{i}.byte", data[:-1] + bytes([data[-1] ^ 1])), (f"hash{i}.more", data + b"\0")]
    path = work / "own.hsb"
    path.write_text("\n".join(lines) + "\n")
    return path, files


def generate(databases, sample):
    stats, made = collections.Counter(), []
    for path, parser in databases:
        lines = path.read_text(errors="surrogateescape").splitlines()
        chosen = lines if sample == 0 else random.Random(SEED).sample(lines, min(sample, len(lines)))
        for line in chosen:
            if not line or line[0] == "#":
                continue
            try:
                sig = parser(line)
                for kind, data in cases(sig):
                    made.append((sig, kind, data))
                stats["signatures"] += 1
            except (Unreachable, ValueError, IndexError, KeyError) as e:
                stats["not made: " + (str(e) if isinstance(e, Unreachable) else "cannot be read here")] += 1
    return made, stats


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--glacis", help="the program; without it clamscan alone judges the files")
    args.add_argument("--corpora", type=pathlib.Path, required=True)
    args.add_argument("--sample", type=int, default=1500)
    args.add_argument("--verbose", action="store_true")
    args.add_argument("--keep", type=pathlib.Path, help="leave files that made a difference here")
    opt = args.parse_args()
    if not opt.corpora.is_dir() or shutil.which("clamscan") is None:
        print("skipped: no corpora, or no clamscan")
        sys.exit(SKIP)
    sample = 0 if os.environ.get("GLACIS_SYNTH") == "all" else opt.sample
    clam = opt.corpora / "clamav"
    here = pathlib.Path(__file__).resolve().parent
    known = known_differences(here / "clam_differences.txt")
    sources = [(clam / "daily-even.ndb", from_ndb), (clam / "main-even.ldb", from_ldb), (clam / "twinclams.ldb", from_ldb)]
    made, stats = generate(sources, sample)
    passed = failed = confirmed = matches = 0
    seen = set()
    with tempfile.TemporaryDirectory() as tmp:
        work = pathlib.Path(tmp)
        hashes, own = hash_cases(work)
        oracle = Oracle(work, opt.glacis, [path for path, _ in sources] + [hashes])
        queue = [(n, None, n.split(".")[1], d) for n, d in own]
        queue += [(f"{i:06}.{kind}", sig, kind, data) for i, (sig, kind, data) in enumerate(made)]
        made = None
        for at in range(0, len(queue), BATCH):
            folder = work / "files"
            folder.mkdir()
            part, files = queue[at:at + BATCH], []
            for name, _, _, data in part:
                files.append(folder / name)
                files[-1].write_bytes(data)
            theirs = oracle.clamscan(files)
            ours = oracle.scan(folder, files) if opt.glacis else theirs
            for name, sig, kind, data in part:
                if kind == "match" and sig is not None:
                    matches += 1
                    hit = sig.name in theirs[name]
                    confirmed += hit
                    if not hit and opt.verbose:
                        print("clamscan does not find", sig.name, "in its file")
                seen.update(d for d in known if d[0] in ours[name] ^ theirs[name])
                differences = [(r, "glacis") for r in ours[name] - theirs[name]]
                differences += [(r, "clamscan") for r in theirs[name] - ours[name]]
                fresh = [d for d in differences if d not in known]
                for rule, who in fresh:
                    print(f"{name} ({sig.name if sig else 'hash'}): only {who} finds {rule}")
                if fresh and opt.keep:
                    opt.keep.mkdir(exist_ok=True)
                    (opt.keep / name).write_bytes(data)
                passed += not fresh
                failed += bool(fresh)
            shutil.rmtree(folder)
    for reason, n in stats.most_common():
        print(f"{n:6} {reason}")
    for rule, who in set(known) - seen if sample == 0 else ():
        print(f"clam_differences.txt: {rule}: no longer found by {who} alone")
        failed += 1
    print(f"clamscan finds {confirmed} of {matches} files made to match")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or confirmed * 10 < matches * 9 else 0)


if __name__ == "__main__":
    main()
