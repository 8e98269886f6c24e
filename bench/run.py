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

import hostile
import report
from peers import Clamscan, Glacis, Yara, YaraX, run, timed

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORPORA = ROOT.parent / "shared" / "corpora"
WORK = ROOT / "build" / "bench"
# As it is installed: a copied program lies in larger pieces of the page cache than one that a linker has just written, and
# two programs start 2 ms sooner for it.
PROGRAM = ROOT / "build" / "bench" / "installed" / "bin" / "glacis"
NOTHING = "two programs that do nothing"
SIGBASE_DEFINES = ["filename=x", "filepath=x", "extension=x", "filetype=x", "owner=x"]


def choose_files(megabytes: float) -> tuple[pathlib.Path, int]:
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
    differ = differing(va, vb)
    ratios = [y[0] / x[0] for x, y in zip(rows[a.name], rows[b.name])]
    return {
        "peers": {n: {"wall": spread([r[0] for r in rs]), "cpu": spread([r[1] for r in rs]),
                      "rss_mib": max(r[2] for r in rs) / 1024,
                      "mb_s": size / 1e6 / statistics.median(r[0] for r in rs)} for n, rs in rows.items()},
        "ratio": spread(ratios), "cpu_ratio": spread([y[1] / x[1] for x, y in zip(rows[a.name], rows[b.name])]), "found": len(va), "differences": differ,
    }


def differing(a: dict[str, set[str]], b: dict[str, set[str]]) -> list[str]:
    return sorted(f"{pathlib.Path(p).name}: {sorted(a.get(p, set()) ^ b.get(p, set()))}"
                  for p in set(a) | set(b) if a.get(p, set()) != b.get(p, set()))


def plain_names(said: dict[str, set[str]]) -> dict[str, set[str]]:
    """Without the underscores that concatenated() puts behind a name that was seen before."""
    return {p: {n.rstrip("_") for n in names} for p, names in said.items()}


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
    compiled = {"glacis": g.prepare()}
    walls, theirs, said, found = [], [], {}, {}
    for i in range(rounds + 1):
        wall, _, _, out = once(g.command(folder))
        got = x.run(folder)
        if i:
            walls.append(wall)
            theirs.append(got["scan"])
        said, found = plain_names(g.verdicts(out)), plain_names(x.verdicts(got))
    compiled["yara-x"] = got["compile"]
    ratios = [t / w for t, w in zip(theirs, walls)]
    return {"ratio": spread(ratios), "compile": compiled, "found": len(said), "differences": differing(said, found), "peers": {
        "glacis": {"wall": spread(walls), "mb_s": size / 1e6 / statistics.median(walls)},
        "yara-x": {"wall": spread(theirs), "mb_s": size / 1e6 / statistics.median(theirs)}}}


def limits(folder: pathlib.Path) -> dict:
    """What the machine can do: the same bytes, read or hashed by a loop."""
    program = WORK / "limits"
    compile_c(program, ["limits.c"], ["-lcrypto"])
    names = WORK / "files.list"
    names.write_text("\n".join(str(p) for p in sorted(folder.iterdir())) + "\n")
    return {how: limit(how) for how in ("read", "map", "md5", "sha1", "sha256")}


def limit(how: str) -> float:
    """MB/s of one of the loops of limits.c, which limits() has built."""
    size, seconds = run([str(WORK / "limits"), how, str(WORK / "files.list")]).stdout.split()
    return float(size) / 1e6 / float(seconds)


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
    """Files of 4 KiB on tmpfs, with one worker and with two, interleaved."""
    folder = pathlib.Path("/dev/shm") / f"glacis-bench-{os.getpid()}"
    count = 20000
    try:
        block = (ROOT / "build" / "bin" / "glacis-tools").read_bytes()
        folder.mkdir()
        for i in range(count):
            at = (i * 977) % (len(block) - 4096)
            (folder / f"{i:05}").write_bytes(block[at:at + 4096])
        return {name: count / wall for name, wall in by_jobs(image, folder, rounds).items()}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def by_jobs(image: pathlib.Path, folder: pathlib.Path, rounds: int, times: int = 1) -> dict[str, float]:
    """Seconds with 1 and with 2 workers for a folder, `times` over: medians of interleaved runs."""
    walls: dict[int, list[float]] = {1: [], 2: []}
    for i in range(rounds + 1):
        for jobs, seen in walls.items():
            wall, _, _, out = once(Glacis(str(PROGRAM), [], image, jobs=jobs).command(folder) + [str(folder)] * (times - 1))
            if out.count("\n") != times * len(os.listdir(folder)):
                raise ValueError(f"glacis said {out.count(chr(10))} verdicts on {times} times {len(os.listdir(folder))} files")
            if i:
                seen.append(wall)
    return {f"-j {jobs}": statistics.median(seen) for jobs, seen in walls.items()}


def scaling(image: pathlib.Path, folder: pathlib.Path, size: int, rounds: int) -> dict:
    """The choice of files, read often enough that starting does not count, with one worker and with two; and the machine's limit:
    what two whole runs beside each other reach, which share nothing but the processors and their memory."""
    times = max(1, -(-200_000_000 // size))
    rows = {name: times * size / 1e6 / wall for name, wall in by_jobs(image, folder, rounds, times).items()}
    command = Glacis(str(PROGRAM), [], image, jobs=1).command(folder) + [str(folder)] * (times - 1)
    rows["two of -j 1 at once"] = 2 * times * size / 1e6 / statistics.median(at_once(command, 2) for _ in range(rounds))
    return {"mb_s": rows, "times": rows["-j 2"] / rows["-j 1"], "limit": rows["two of -j 1 at once"] / rows["-j 1"],
            "processors": len(os.sched_getaffinity(0))}


def at_once(command: list[str], copies: int) -> float:
    """Seconds until all of so many equal commands, started together, are done."""
    start = time.perf_counter()
    for child in [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(copies)]:
        child.wait()
    return time.perf_counter() - start


def by_count(folder: pathlib.Path, size: int, rounds: int) -> dict:
    """Throughput by the number of ClamAV signatures, against clamscan; and with 3.5 million hashes on top."""
    lines = (CORPORA / "clamav" / "main-even.ldb").read_text(errors="replace").splitlines(keepends=True)
    rows = {}
    for n in (500, 2000, 8000, len(lines)):
        database = WORK / f"count-{n}"
        database.mkdir(exist_ok=True)
        # Spread over the set, so that a small choice is like the large one.
        (database / "some.ldb").write_text("".join(lines[i * len(lines) // n] for i in range(n)), errors="replace")
        row = duel(prepared(Glacis(str(PROGRAM), [str(database)], WORK / f"count-{n}.glc")), Clamscan(database), folder, size, rounds)
        rows[str(n)] = {name: p["mb_s"] for name, p in row["peers"].items()} | {"differences": len(row["differences"])}
    big = Glacis(str(PROGRAM), [], WORK / "scale.glc", SIGBASE_DEFINES)
    if big.image.exists():
        walls = [once(big.command(folder))[0] for _ in range(rounds + 1)][1:]
        rows["3567455"] = {"glacis": size / 1e6 / statistics.median(walls)}
    return rows


def first_verdict(rounds: int, probe: pathlib.Path) -> dict:
    """From the start of the command to its end, on a file of 6 bytes, the set warm in the page cache; and the machine's limit:
    glacis is two programs, and two that do nothing take that long to start and end one after the other."""
    peers = {"glacis, 3.5 million hashes and all": Glacis(str(PROGRAM), [], WORK / "scale.glc"),
             "glacis, signature-base": Glacis(str(PROGRAM), [], WORK / "signature-base.glc"),
             "yara, signature-base": Yara([], WORK / "signature-base.yac"),
             "clamscan, 60,000 signatures": Clamscan(WORK / "clamav")}
    rows: dict[str, list[float]] = {n: [] for n in peers}
    processor: dict[str, list[float]] = {n: [] for n in peers}
    for i in range(rounds * 4 + 1):
        empty = [once(["/bin/true"]) for _ in range(2)]
        rows.setdefault(NOTHING, []).append(sum(wall for wall, _, _, _ in empty) * 1e3)
        processor.setdefault(NOTHING, []).append(sum(cpu for _, cpu, _, _ in empty) * 1e3)
        for name, peer in peers.items():
            if name.startswith("clamscan") and i > rounds:
                continue
            wall, cpu, _, out = once(peer.command(probe))
            if name.startswith("glacis") and out.count("\n") != 1:
                raise ValueError(f"{name}: no verdict")
            if i:
                rows[name].append(wall * 1e3)
                processor[name].append(cpu * 1e3)
    return {n: spread(r) | {"processor": statistics.median(processor[n])} for n, r in rows.items() if r}


def scale() -> dict:
    """Size and compile time with 3.5 million hashes and everything else."""
    data = WORK / "scale"
    if not (data / "big.hdb").exists():
        run([sys.executable, str(CORPORA / "make-scale-db"), str(data)])
    g = Glacis(str(PROGRAM), [str(data), str(WORK / "clamav"), *(str(CORPORA / "yara" / n) for n in ("signature-base", "reversinglabs"))],
               WORK / "scale.glc", SIGBASE_DEFINES)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = g.prepare()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    hashes_only = timed([str(PROGRAM), "compile", str(data), "-o", str(WORK / "hashes.glc")])[0]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"compile": seconds, "compile_processor": cpu, "compile_hashes": hashes_only, "image_mb": g.image.stat().st_size / 1e6,
            "hashes_image_mb": (WORK / "hashes.glc").stat().st_size / 1e6}


def memory(g: Glacis, folder: pathlib.Path) -> dict:
    """The most private memory that glacis and its worker have while they scan, and what they share, from smaps_rollup."""
    child = subprocess.Popen(g.command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    rows: dict[str, dict[str, float]] = {}
    while child.poll() is None:
        try:
            for pid in [child.pid, *children(child.pid)]:
                name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
                if not name.startswith("glacis"):
                    continue  # not started yet
                for key, mib in resident(pid).items():
                    row = rows.setdefault(name, {})
                    row[key] = max(row.get(key, 0), mib)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            pass  # it ended, or has just been started
        time.sleep(0.01)
    return rows


def resident(pid: int) -> dict[str, float]:
    """MiB of its own (written to), of files' pages that only this process has mapped now, and of pages that others share."""
    sums = {"private_mib": 0, "file_mib": 0, "shared_mib": 0}
    kinds = {"Private_Dirty": "private_mib", "Private_Clean": "file_mib", "Shared_Clean": "shared_mib", "Shared_Dirty": "shared_mib"}
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        key, _, value = line.partition(":")
        if key in kinds:
            sums[kinds[key]] += int(value.split()[0]) / 1024
    return sums


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
    copied, _ = timed([str(PROGRAM), "compile", "--add-to", str(image), str(extra), "-o", str(WORK / "one.glc")])
    walls = []
    for _ in range(5):
        shutil.copyfile(image, WORK / "one.glc")
        os.sync()
        walls.append(timed([str(PROGRAM), "compile", "--add-to", str(WORK / "one.glc"), str(extra), "-o", str(WORK / "one.glc")])[0])
    return {"seconds": statistics.median(walls), "to another file": copied}


def matching_alone(folder: pathlib.Path, rounds: int) -> dict:
    """The matcher without files, jail and formats: build/bench/match_bench, every body signature and YARA rule at once. Runs are
    interleaved with the plain read loop, for a shared machine is not the same from one second to the next; medians."""
    program = ROOT / "build" / "bench" / "match_bench"
    image = WORK / "bodies.glc"
    g = Glacis(str(PROGRAM), [str(WORK / "clamav" / n) for n in ("main-even.ldb", "daily-even.ndb")] +
               [str(CORPORA / "yara" / n) for n in ("signature-base", "reversinglabs")], image, SIGBASE_DEFINES)
    g.prepare()
    if not program.exists():
        return {"skipped": f"{program.relative_to(ROOT)} is not built"}
    limits(folder)
    read, seen = [], {"as what they are": [], "all as PE": []}
    for _ in range(max(3, rounds)):
        read.append(limit("read"))
        for name, options in (("as what they are", []), ("all as PE", ["-c", "pe"])):
            done = run([str(program), *options, str(image), *(str(p) for p in sorted(folder.iterdir()))])
            best = re.search(r"^best: (\d+) MB/s", done.stdout, re.MULTILINE)
            if best is None:
                return {"skipped": f"match_bench: {done.stderr.strip()[:200]}"}
            seen[name].append(float(best.group(1)))
    return {"read": spread(read)} | {name: {"mb_s": statistics.median(values)} | spread(values) for name, values in seen.items()}


def hostile_files(results: dict) -> dict:
    """The slowest of files made to be slow: how many times the usual time a byte each takes; usual is what system files take, for those
    behind `MZ` with that written over their beginning. They are decided, or said to be cut short by a budget."""
    image, program = WORK / "bodies.glc", ROOT / "build" / "bench" / "match_bench"
    if "mb_s" not in results.get("match", {}).get("as what they are", {}) or not image.exists():
        return {"skipped": "needs the part match"}
    folder = choose_files(4)[0]

    def speed(path: list[str], *options: str) -> tuple[float, bool]:
        done = run([str(program), "-n", "3", "-v", *options, str(image), *path])
        best = re.search(r"best: (\d+) MB/s", done.stdout)
        if best is None:
            raise ValueError(f"match_bench: {done.stderr.strip()[:200]}")
        return max(float(best.group(1)), 0.5), ": limit (" in done.stdout
    system = [str(p) for p in sorted(folder.iterdir())]
    usual = {False: speed(system)[0], True: speed(system, "-z")[0]}
    yara = [p for n in ("signature-base", "reversinglabs") for p in (CORPORA / "yara" / n).rglob("*") if p.suffix in (".yar", ".yara")]
    seen = {}
    for path in hostile.make(WORK / "hostile", yara, [WORK / "clamav" / "main-even.ldb"], image):
        mb_s, cut = speed([str(path)])
        seen[path.name] = {"mb_s": mb_s, "times": usual[path.name.endswith(", MZ")] / mb_s, "cut short": cut}
    return dict(sorted(seen.items(), key=lambda item: -item[1]["times"])[:12])


def main() -> None:
    ap = argparse.ArgumentParser(prog="./dev bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--rounds", type=int, default=3, help="counted rounds of each pair (default 3)")
    ap.add_argument("--megabytes", type=int, default=64, help="size of the choice of files (default 64)")
    ap.add_argument("--only", default="", help="comma-separated parts: limits,match,hostile,clamscan,signature-base,reversinglabs,loose,"
                                               "yara-x,hyperscan,scale,one change,memory,first verdict,number,scaling,small")
    ap.add_argument("--write", action="store_true", help="write docs/performance.md and its pictures")
    opt = ap.parse_args()
    if not CORPORA.exists():
        raise SystemExit("bench: needs ../shared/corpora (real signature sets), which is not here: nothing was measured")
    WORK.mkdir(parents=True, exist_ok=True)
    folder, size = choose_files(opt.megabytes)
    small, small_size = choose_files(max(4, opt.megabytes // 16))
    least, least_size = choose_files(0.25)  # yara takes minutes for a megabyte of them
    clam = clam_database()
    sigbase, rl = yara_sources("signature-base"), yara_sources("reversinglabs")
    loose = [str(ROOT / "bench" / "loose.yar")]
    parts = {
        "limits": lambda: limits(folder),
        "match": lambda: matching_alone(folder, opt.rounds),
        "hostile": lambda: hostile_files(results),
        "clamscan": lambda: duel(prepared(Glacis(str(PROGRAM), [str(clam)], WORK / "clam.glc")), Clamscan(clam), folder, size, opt.rounds),
        "signature-base": lambda: against_yara("signature-base", sigbase, folder, size, opt.rounds, SIGBASE_DEFINES),
        "reversinglabs": lambda: against_yara("reversinglabs", rl, folder, size, opt.rounds),
        "loose": lambda: against_yara("loose", loose, least, least_size, 1),
        "yara-x signature-base": lambda: against_yara_x("signature-base", sigbase, folder, size, opt.rounds, SIGBASE_DEFINES),
        "yara-x reversinglabs": lambda: against_yara_x("reversinglabs", rl, folder, size, opt.rounds),
        "hyperscan": lambda: hyperscan(folder),
        "scale": lambda: scale(),
        "one change": lambda: one_change(WORK / "scale.glc"),
        "memory": lambda: memory(Glacis(str(PROGRAM), [], WORK / "scale.glc"), folder),
        "first verdict": lambda: first_verdict(opt.rounds, probe_file()),
        "number of signatures": lambda: by_count(small, small_size, opt.rounds),
        "scaling": lambda: scaling(WORK / "signature-base.glc", folder, size, opt.rounds),
        "small": lambda: small_files(WORK / "clam.glc", opt.rounds),
    }
    wanted = [w for w in opt.only.split(",") if w]
    results = {"files": len(list(folder.iterdir())), "bytes": size}
    path = WORK / "results.json"
    if wanted and path.exists():
        results = json.loads(path.read_text())
    results["load"] = {"before": os.getloadavg()[0], "processors": len(os.sched_getaffinity(0))}
    for name, part in parts.items():
        if wanted and not any(name.startswith(w) for w in wanted):
            continue
        print(f"== {name}", file=sys.stderr, flush=True)
        try:
            results[name] = part()
        except (OSError, KeyError, ValueError, statistics.StatisticsError) as e:
            results[name] = {"skipped": f"{type(e).__name__}: {e}"}
        print(report.one_line(name, results[name]), flush=True)
        results["load"]["after"] = os.getloadavg()[0]
        path.write_text(json.dumps(results, indent=1))
    if opt.write:
        report.write(results, ROOT / "docs")


def probe_file() -> pathlib.Path:
    probe = WORK / "probe"
    probe.write_bytes(b"hello\n")
    return probe


def prepared(g: Glacis) -> Glacis:
    g.prepare()
    return g


if __name__ == "__main__":
    main()
