#!/usr/bin/env python3
"""Every name of module_names.txt stands in a rule of its dialect, asked in a way that only its type allows.

usage: module_names_test.py GLACIS"""
import pathlib
import re
import subprocess
import sys
import tempfile

ASK = {"integer": "{} % 2 == 0", "string": '{} == ""', "boolean": "{} or filesize > 0", "float": "{} > 0.5"}


def names():
    """(dialect, module, type, name)"""
    head = None
    for line in (pathlib.Path(__file__).parent / "module_names.txt").read_text().split("\n"):
        if line.startswith("  "):
            yield from ((head[1], head[0], head[2], name) for name in line.split())
        elif line and not line.startswith("#"):
            head = line.split()


def main():
    every, wrong = list(names()), 0
    with tempfile.TemporaryDirectory() as folder:
        for dialect in ("yara", "yara-x"):
            mine = [n for n in every if n[0] == dialect]
            text = "".join(f'import "{m}"\n' for m in sorted({n[1] for n in mine}))
            first = text.count("\n") + 1
            text += "".join("rule r%d { condition: %s }\n" % (i, ASK[t].format(f"{m}.{name}")) for i, (_, m, t, name) in enumerate(mine))
            path = pathlib.Path(folder) / "r.yar"
            path.write_text(text)
            run = subprocess.run([sys.argv[1], "compile", "--dialect", dialect, path, "-o", path.with_suffix(".image")],
                                 capture_output=True, text=True)
            for line, what in re.findall(r"^\S*r\.yar:(\d+):\d+: (?!warning)(.*)$", run.stderr, re.M):
                wrong += 1
                _, m, t, name = mine[int(line) - first]
                print(f"{dialect}: {m}.{name} ({t}): {what}")
            if not mine or run.returncode not in (0, 2):
                wrong += 1
                print(f"{dialect}: {run.stderr[-500:]}")
    print(f"{len(every)} names, {wrong} wrong")
    return 1 if wrong else 0


sys.exit(main())
