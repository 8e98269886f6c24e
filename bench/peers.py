"""Everybody who runs in the benchmark: how to make their set, how to start them, how to read their verdicts.

A peer's `command` scans a folder as one process; `verdicts` gives {path: set of rule names} of what it printed."""
import json
import pathlib
import subprocess
import time


def run(command: list[str], **more) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, errors="replace", **more)


def timed(command: list[str]) -> tuple[float, subprocess.CompletedProcess]:
    start = time.perf_counter()
    done = run(command)
    return time.perf_counter() - start, done


class Glacis:
    name = "glacis"

    def __init__(self, program: str, sources: list[str], image: pathlib.Path, defines=(), jobs: int = 1):
        self.program, self.sources, self.image, self.defines, self.jobs = program, sources, image, defines, jobs

    def prepare(self) -> float:
        extra = [x for d in self.defines for x in ("-d", d)]
        seconds, done = timed([self.program, "compile", *extra, *self.sources, "-o", str(self.image)])
        if not self.image.exists():
            raise SystemExit(f"bench: glacis compile failed:\n{done.stderr[-2000:]}")
        return seconds

    def command(self, folder: pathlib.Path) -> list[str]:
        return [self.program, "scan", "-j", str(self.jobs), "--json", "--all", "-s", str(self.image), "--max-filesize", "0",
                str(folder)]

    def verdicts(self, out: str) -> dict[str, set[str]]:
        got = {}
        for line in out.splitlines():
            row = json.loads(line)
            # Peers judge the file as it lies; what was unpacked from it is not compared.
            names = {f["rule"] for f in row.get("findings", []) if not f["layer"]}
            if names:
                got[row["path"]] = names
        return got


class Clamscan:
    name = "clamscan"

    def __init__(self, database: pathlib.Path):
        self.database = database

    def prepare(self) -> float:
        return 0.0  # loads text at every start

    def command(self, folder: pathlib.Path) -> list[str]:
        return ["clamscan", "--allmatch", "--no-summary", "--infected", "--max-filesize=2000M", "--max-scansize=4000M",
                f"--database={self.database}", "--recursive", str(folder)]

    def verdicts(self, out: str) -> dict[str, set[str]]:
        got: dict[str, set[str]] = {}
        for line in out.splitlines():
            if line.endswith(" FOUND"):
                path, name = line[: -len(" FOUND")].rsplit(": ", 1)
                got.setdefault(path, set()).add(name.removesuffix(".UNOFFICIAL"))
        return got


class Yara:
    name = "yara"

    def __init__(self, sources: list[str], compiled: pathlib.Path, defines=()):
        self.sources, self.compiled, self.defines = sources, compiled, defines

    def prepare(self) -> float:
        extra = [x for d in self.defines for x in ("-d", d)]
        # A namespace a file: public sets repeat rule names.
        spaced = [f"n{i}:{s}" for i, s in enumerate(self.sources)]
        seconds, done = timed(["yarac", "-w", *extra, *spaced, str(self.compiled)])
        if done.returncode:
            raise SystemExit(f"bench: yarac failed:\n{done.stderr[-2000:]}")
        return seconds

    def command(self, folder: pathlib.Path) -> list[str]:
        return ["yara", "-w", "-N", "-p", "1", "-r", "-C", str(self.compiled), str(folder)]

    def verdicts(self, out: str) -> dict[str, set[str]]:
        got: dict[str, set[str]] = {}
        for line in out.splitlines():
            name, _, path = line.partition(" ")
            if path:
                got.setdefault(path, set()).add(name)
        return got


class YaraX:
    """Prints its own scan seconds: starting Node.js is not YARA-X's fault."""

    name = "yara-x"

    def __init__(self, script: pathlib.Path, modules: pathlib.Path, rules: pathlib.Path, defines=()):
        self.script, self.modules, self.rules, self.defines = script, modules, rules, defines

    def run(self, folder: pathlib.Path) -> dict:
        done = run(["node", str(self.script), str(self.modules), str(self.rules), str(folder), *self.defines])
        if done.returncode:
            raise SystemExit(f"bench: yara-x failed:\n{done.stderr[-2000:]}")
        return json.loads(done.stdout)

    def verdicts(self, got: dict) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for path, name in got["matches"]:
            found.setdefault(path, set()).add(name)
        return found
