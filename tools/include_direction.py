#!/usr/bin/env python3
"""Check that includes point one way: a folder of src/ uses only the folders that the table grants it."""
import pathlib
import re
import sys

# The way of the data. A folder may include itself and what its row names.
MAY = {
    "base": [],
    "rule": ["base"],
    "lang": ["base", "rule"],
    "image": ["base", "rule"],
    "match": ["base", "rule", "image"],
    # The compiler writes what image and match read: it shares their layouts, they know nothing of it.
    "compile": ["base", "rule", "image", "match"],
    "format": ["base", "rule", "match"],
    "scan": ["base", "rule", "image", "match", "format"],
    "jail": ["base"],
    # The worker is put together here: it may know what it wears and what it parses.
    "wire": ["base", "rule", "image", "match", "format", "scan", "jail"],
    # It speaks to its worker by the same messages.
    "audit": ["base", "format", "rule", "match", "jail", "wire"],
    "cli": ["base", "rule", "lang", "compile", "image", "match", "format", "scan", "jail", "wire", "audit"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([a-z_]+)/', re.MULTILINE)


def main() -> int:
    bad = 0
    for path in sorted(pathlib.Path("src").rglob("*.[ch]")):
        own = path.parts[1]
        if path.stem.endswith(("_test", "_fuzz")):
            continue  # tests may look wherever they like
        text = path.read_text(encoding="utf-8")
        for used in INCLUDE.findall(text):
            if used not in MAY and not (pathlib.Path("src") / used).is_dir():
                continue
            if used != own and used not in MAY.get(own, []):
                line = next(i for i, l in enumerate(text.splitlines(), 1) if f'"{used}/' in l)
                print(f"{path}:{line}: {own} must not include {used}")
                bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
