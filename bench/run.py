#!/usr/bin/env python3
"""./dev bench: Glacis against its peers, on the same files, with the same signatures, interleaved, as ratios in one run.

Verdicts are compared before a speed is reported: a pair that disagrees beyond the listed differences is marked so.
Everything is measured as whole processes from outside; the page cache is warm. Writes build/bench/results.json, and with
--write docs/performance.md and its pictures."""
import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time

import report
from peers import Clamscan, Glacis, Yara, YaraX, run, timed

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORPORA = ROOT.parent / "shared" / "corpora"
WORK = ROOT / "build" / "bench"
PROGRAM = ROOT / "build" / "bin" / "glacis"
SIGBASE_DEFINES = ["filename=x", "filepath=x", "extension=x", "filetype=x", "owner=x"]


def choose_files(megabytes: int) -> tuple[pathlib.Path, int]:
    """Copies of a fixed choice of plain system files: every name of three trees in order, each so-manieth until the size is
    reached. No archives and no compressed streams: peers that unpack and peers that do not shall see the same bytes."""
    folder = WORK / f"files-{megabytes}"
    if not folder.exists():
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for tree, share in (("/usr/bin", 0.4), ("/usr/lib", 0.45), ("/usr/share", 0.15)):
            pick(tree, int(megabytes * share * (1 << 20)), part)
        part.rename(folder)
    return folder, sum(f.stat().st_size for f in folder.iterdir())


def pick(tree: str, budget: int, into: pathlib.Path) -> None:
    skip = (".gz", ".xz", ".bz2", ".zst", ".zip", ".jar", ".deb", ".pyc", ".a", ".html", ".svgz", ".png", ".tar", ".pak")
    # clamav-testfiles are what every scanner unpacks: peers that do not would differ.
    names = sorted(p for p in pathlib.Path(tree).rglob("*") if "clamav-testfiles" not in p.parts
                   if p.is_file() and not p.is_symlink() and p.suffix not in skip and 0 < p.stat().st_size <= 4 << 20)
    step = max(1, len(names) * 40960 // max(budget, 1) // 4)
    for start in range(step):
        for p in names[start::step]:
            if budget <= 0:
                return
            target = into / str(p).replace("/", "_")
            shutil.copyfile(p, target)
            budget -= target.stat().st_size


def once(command: list[str]) -> tuple[float, float, int, str]:
    """Wall seconds, cpu seconds, peak RSS in KiB of one run, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out = child.stdout.read().decode(errors="replace")
    _, _, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, usage.ru_maxrss, out


def duel(a, b, folder: pathlib.Path, size: int, rounds: int) -> dict:
    """A B A B …: one warm-up each, then rounds; ratios pair by pair."""
    rows = {a.name: [], b.name: []}
    said = {}
    for i in range(rounds + 1):
        for peer in (a, b):
            wall, cpu, rss, out = once(peer.command(folder))
            if i:
                rows[peer.name].append((wall, cpu, rss))
            said[peer.name] = peer.verdicts(out)
    va, vb = said[a.name], said[b.name]
    differ = sorted(f"{pathlib.Path(p).name}: {sorted(va.get(p, set()) ^ vb.get(p, set()))}"
                    for p in set(va) | set(vb) if va.get(p, set()) != vb.get(p, set()))
    ratios = [y[0] / x[0] for x, y in zip(rows[a.name], rows[b.name])]
    return {
        "peers": {n: {"wall": spread([r[0] for r in rs]), "cpu": spread([r[1] for r in rs]),
                      "rss_mib": max(r[2] for r in rs) / 1024,
                      "mb_s": size / 1e6 / statistics.median(r[0] for r in rs)} for n, rs in rows.items()},
        "ratio": spread(ratios), "found": len(va), "differences": differ,
    }


def spread(values: list[float]) -> dict:
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def yara_sources(name: str) -> list[str]:
    return [str(p) for p in sorted((CORPORA / "yara" / name).rglob("*.yar*"))]


def clam_database() -> pathlib.Path:
    """The plain ClamAV sets in one folder, as clamscan wants them."""
    folder = WORK / "clamav"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("main-even.ldb", "main-even.hdb", "daily-even.ndb"):
        shutil.copyfile(CORPORA / "clamav" / name, folder / name)
    return folder


def concatenated(sources: list[str], name: str) -> pathlib.Path:
    """One file for YARA-X; later rules of a name that was seen are renamed, imports stand first."""
    seen, body, imports = set(), [], set()
    for s in sources:
        text = pathlib.Path(s).read_text(encoding="utf-8", errors="replace")
        imports |= set(re.findall(r'^\s*import\s+"\w+"', text, re.MULTILINE))
        text = re.sub(r'^\s*import\s+"\w+"', "", text, flags=re.MULTILINE)

        def unique(m):
            n = m.group(2)
            while n in seen:
                n += "_"
            seen.add(n)
            return m.group(1) + n
        body.append(re.sub(r"^(\s*(?:(?:private|global)\s+)*rule\s+)(\w+)", unique, text, flags=re.MULTILINE))
    path = WORK / f"{name}.concatenated.yar"
    path.write_text("\n".join(sorted(imports)) + "\n" + "\n".join(body), encoding="utf-8")
    return path


def against_yara(name: str, sources: list[str], folder, size, rounds, defines=()) -> dict:
    g = Glacis(str(PROGRAM), sources, WORK / f"{name}.glc", defines)
    y = Yara(sources, WORK / f"{name}.yac", defines)
    compiled = {"glacis": g.prepare(), "yara": y.prepare()}
    row = duel(g, y, folder, size, rounds)
    row["compile"] = compiled
    return row


def against_yara_x(name: str, sources: list[str], folder, size, rounds, defines=()) -> dict:
    modules = WORK / "npm"
    modules.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "bench" / "package.json", modules / "package.json")
    if not (modules / "node_modules").exists():
        done = run(["npm", "install", "--no-fund", "--no-audit"], cwd=modules)
        if done.returncode:
            return {"skipped": "npm could not install @litko/yara-x"}
    g = Glacis(str(PROGRAM), sources, WORK / f"{name}.glc", defines)
    x = YaraX(ROOT / "bench" / "yara_x.mjs", modules, concatenated(sources, name), defines)
    walls, theirs = [], []
    for _ in range(rounds):
        walls.append(once(g.command(folder))[0])
        got = x.run(folder)
        theirs.append(got["scan"])
    ratios = [t / w for t, w in zip(theirs, walls)]
    return {"ratio": spread(ratios), "compile": {"yara-x": got["compile"]}, "peers": {
        "glacis": {"wall": spread(walls), "mb_s": size / 1e6 / statistics.median(walls)},
        "yara-x": {"wall": spread(theirs), "mb_s": size / 1e6 / statistics.median(theirs)}}}


def limits(folder: pathlib.Path) -> dict:
    """What the machine can do: the same bytes, read or hashed by a loop."""
    program = WORK / "limits"
    compile_c(program, ["limits.c"], ["-lcrypto"])
    names = WORK / "files.list"
    names.write_text("\n".join(str(p) for p in sorted(folder.iterdir())) + "\n")
    rows = {}
    for how in ("read", "map", "md5", "sha1", "sha256"):
        size, seconds = run([str(program), how, str(names)]).stdout.split()
        rows[how] = float(size) / 1e6 / float(seconds)
    return rows


def compile_c(program: pathlib.Path, sources: list[str], libraries: list[str]) -> None:
    base = sorted(str(p) for p in (ROOT / "src" / "base").glob("*.c") if not p.stem.endswith(("_test", "_fuzz")))
    done = run(["gcc", "-O2", "-std=gnu17", "-I", str(ROOT / "src"), *[str(ROOT / "bench" / s) for s in sources], *base,
                "-o", str(program), *libraries, "-lcrypto", "-lm"])
    if done.returncode:
        raise SystemExit(f"bench: {sources}: {done.stderr[-2000:]}")


def hyperscan(folder: pathlib.Path) -> dict:
    """Plain literals of 8 bytes and more out of the ClamAV sets, in Hyperscan alone."""
    literals = set()
    for name in ("main-even.ldb", "daily-even.ndb"):
        for part in re.findall(r"[0-9a-fA-F]{16,}", (CORPORA / "clamav" / name).read_text(errors="replace")):
            literals.add(part[: len(part) & ~1].lower()[:256])
    path = WORK / "literals.hex"
    path.write_text("\n".join(sorted(literals)) + "\n")
    program = WORK / "hyperscan"
    compile_c(program, ["hyperscan.c"], ["-lhs"])
    done = run([str(program), str(path), str(WORK / "files.list")])
    seconds, size, scan, _ = done.stdout.split()
    return {"literals": len(literals), "compile": float(seconds), "mb_s": float(size) / 1e6 / float(scan)}


def small_files(image: pathlib.Path, rounds: int) -> dict:
    """Files of 4 KiB on tmpfs, with one worker and with two."""
    folder = pathlib.Path("/dev/shm") / f"glacis-bench-{os.getpid()}"
    count = 20000
    try:
        block = (ROOT / "build" / "bin" / "glacis").read_bytes()
        folder.mkdir()
        for i in range(count):
            at = (i * 977) % (len(block) - 4096)
            (folder / f"{i:05}").write_bytes(block[at:at + 4096])
        rows = {}
        for jobs in (1, 2):
            g = Glacis(str(PROGRAM), [], image, jobs=jobs)
            walls = [once(g.command(folder))[0] for _ in range(rounds)]
            rows[f"-j {jobs}"] = count / statistics.median(walls)
        return rows
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def scale(rounds: int) -> dict:
    """Start, memory and compile time with 3.5 million hashes and everything else."""
    data = WORK / "scale"
    if not (data / "big.hdb").exists():
        run([sys.executable, str(CORPORA / "make-scale-db"), str(data)])
    g = Glacis(str(PROGRAM), [str(data), str(WORK / "clamav"), *(str(CORPORA / "yara" / n) for n in ("signature-base", "reversinglabs"))],
               WORK / "scale.glc", SIGBASE_DEFINES)
    seconds = g.prepare()
    hashes_only = timed([str(PROGRAM), "compile", str(data), "-o", str(WORK / "hashes.glc")])[0]
    probe = WORK / "probe"
    probe.write_bytes(b"hello\n")
    starts = [once(g.command(probe))[0] for _ in range(rounds * 4 + 1)][1:]
    return {"compile": seconds, "compile_hashes": hashes_only, "image_mb": g.image.stat().st_size / 1e6,
            "hashes_image_mb": (WORK / "hashes.glc").stat().st_size / 1e6,
            "first_verdict_ms": {k: v * 1e3 for k, v in spread(starts).items()}, "memory": worker_memory(g)}


def worker_memory(g: Glacis) -> dict:
    """Private and shared memory of a worker that waits for the rest of standard input."""
    child = subprocess.Popen([g.program, "scan", "-s", str(g.image), "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    try:
        time.sleep(1.0)
        rows = {}
        for pid in [child.pid, *children(child.pid)]:
            name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
            private = shared = 0
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                key, _, value = line.partition(":")
                if key in ("Private_Clean", "Private_Dirty"):
                    private += int(value.split()[0])
                elif key in ("Shared_Clean", "Shared_Dirty"):
                    shared += int(value.split()[0])
            rows[name] = {"private_mib": private / 1024, "shared_mib": shared / 1024}
        return rows
    finally:
        child.stdin.close()
        child.wait()


def children(pid: int) -> list[int]:
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(x) for x in text.split()]


def one_change(image: pathlib.Path) -> dict:
    """A one-signature change to a big set."""
    extra = WORK / "one.ndb"
    extra.write_text("One.More:0:*:" + b"glacis bench one more signature".hex() + "\n")
    done = run([str(PROGRAM), "compile", "--add-to", str(image), str(extra), "-o", str(WORK / "one.glc")])
    if done.returncode:
        return {"skipped": done.stderr.strip()[:200]}
    seconds, _ = timed([str(PROGRAM), "compile", "--add-to", str(image), str(extra), "-o", str(WORK / "one.glc")])
    return {"seconds": seconds}


def matching_alone(folder: pathlib.Path) -> dict:
    """The matcher without files, jail and formats: build/bench/match_bench, every body signature and YARA rule at once."""
    program = ROOT / "build" / "bench" / "match_bench"
    image = WORK / "bodies.glc"
    g = Glacis(str(PROGRAM), [str(WORK / "clamav" / n) for n in ("main-even.ldb", "daily-even.ndb")] +
               [str(CORPORA / "yara" / n) for n in ("signature-base", "reversinglabs")], image, SIGBASE_DEFINES)
    g.prepare()
    if not program.exists():
        return {"skipped": f"{program.relative_to(ROOT)} is not built"}
    rows = {}
    for name, options in (("as what they are", []), ("all as PE", ["-c", "pe"])):
        done = run([str(program), *options, str(image), *(str(p) for p in sorted(folder.iterdir()))])
        best = re.search(r"^best: (\d+) MB/s", done.stdout, re.MULTILINE)
        if best is None:
            return {"skipped": f"match_bench: {done.stderr.strip()[:200]}"}
        rows[name] = {"mb_s": float(best.group(1))}
    return rows


def main() -> None:
    ap = argparse.ArgumentParser(prog="./dev bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--rounds", type=int, default=3, help="counted rounds of each pair (default 3)")
    ap.add_argument("--megabytes", type=int, default=64, help="size of the choice of files (default 64)")
    ap.add_argument("--only", default="", help="comma-separated parts: limits,match,clamscan,signature-base,reversinglabs,loose,"
                                               "yara-x,hyperscan,small,scale")
    ap.add_argument("--write", action="store_true", help="write docs/performance.md and its pictures")
    opt = ap.parse_args()
    if not CORPORA.exists():
        raise SystemExit("bench: needs ../shared/corpora (real signature sets), which is not here: nothing was measured")
    WORK.mkdir(parents=True, exist_ok=True)
    folder, size = choose_files(opt.megabytes)
    small, small_size = choose_files(max(4, opt.megabytes // 16))
    clam = clam_database()
    sigbase, rl = yara_sources("signature-base"), yara_sources("reversinglabs")
    loose = [str(ROOT / "bench" / "loose.yar")]
    parts = {
        "limits": lambda: limits(folder),
        "match": lambda: matching_alone(folder),
        "clamscan": lambda: duel(prepared(Glacis(str(PROGRAM), [str(clam)], WORK / "clam.glc")), Clamscan(clam), folder, size, opt.rounds),
        "signature-base": lambda: against_yara("signature-base", sigbase, folder, size, opt.rounds, SIGBASE_DEFINES),
        "reversinglabs": lambda: against_yara("reversinglabs", rl, folder, size, opt.rounds),
        "loose": lambda: against_yara("loose", loose, small, small_size, 1),
        "yara-x signature-base": lambda: against_yara_x("signature-base", sigbase, folder, size, opt.rounds, SIGBASE_DEFINES),
        "yara-x reversinglabs": lambda: against_yara_x("reversinglabs", rl, folder, size, opt.rounds),
        "hyperscan": lambda: hyperscan(folder),
        "small": lambda: small_files(WORK / "clam.glc", opt.rounds),
        "scale": lambda: scale(opt.rounds),
        "one change": lambda: one_change(WORK / "scale.glc"),
    }
    wanted = [w for w in opt.only.split(",") if w]
    results = {"files": len(list(folder.iterdir())), "bytes": size}
    path = WORK / "results.json"
    if wanted and path.exists():
        results = json.loads(path.read_text())
    for name, part in parts.items():
        if wanted and not any(name.startswith(w) for w in wanted):
            continue
        print(f"== {name}", file=sys.stderr, flush=True)
        results[name] = part()
        print(report.one_line(name, results[name]), flush=True)
        path.write_text(json.dumps(results, indent=1))
    if opt.write:
        report.write(results, ROOT / "docs")


def prepared(g: Glacis) -> Glacis:
    g.prepare()
    return g


if __name__ == "__main__":
    main()
