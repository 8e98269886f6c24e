#!/usr/bin/env python3
"""Count what meson's test logs say, test case by test case, and print `N passed, N failed, N skipped`.

A test program that closes with its own `N passed, N failed` counts as that many, a cmocka program as its cases, any
other as one. Results of the fuzz smoke stand in DIR/fuzz.results."""
import json
import pathlib
import re
import sys

CMOCKA_OK = re.compile(r"^\[  PASSED  \] (\d+) test", re.MULTILINE)
CMOCKA_BAD = re.compile(r"^\[  FAILED  \] \S+: (\d+) test", re.MULTILINE)
PLAIN = re.compile(r"^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)


def count(test: dict) -> tuple[int, int, int]:
    text = (test.get("stdout") or "") + "\n" + (test.get("stderr") or "")
    failed = test["result"] not in ("OK", "EXPECTEDFAIL", "SKIP")
    if test["result"] == "SKIP":
        return 0, 0, 1
    plain = PLAIN.findall(text)
    if plain:
        ok, bad, skip = (int(x or 0) for x in plain[-1])
    else:
        ok = sum(map(int, CMOCKA_OK.findall(text)))
        bad = sum(map(int, CMOCKA_BAD.findall(text)))
        skip = 0
        if ok + bad == 0:
            ok, bad = (0, 1) if failed else (1, 0)
    return ok, max(bad, 1) if failed else bad, skip


def main() -> int:
    total = [0, 0, 0]
    names = []
    for directory in map(pathlib.Path, sys.argv[1:]):
        log = directory / "meson-logs" / "testlog.json"
        rows = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        for row in rows:
            test = json.loads(row)
            got = count(test)
            total = [a + b for a, b in zip(total, got)]
            if got[1]:
                names.append(f"{directory}: {test['name']}")
        fuzz = directory / "fuzz.results"
        for row in fuzz.read_text(encoding="utf-8").splitlines() if fuzz.exists() else []:
            ok = row.startswith("OK ")
            total[0 if ok else 1] += 1
            if not ok:
                names.append(row)
    for name in names:
        print("failed:", name)
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main())
