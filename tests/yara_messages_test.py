#!/usr/bin/env python3
"""Every message of src/lang/yara stands in a golden of tests/golden/yara. A message is a string literal with a blank in it.

usage: yara_messages_test.py SOURCE_ROOT"""
import pathlib
import re
import sys

# Literals that are no messages, or that no file can bring forth, and why.
EXEMPT = {
    "the end of the file": "the file's end is told as \"but the file ends\"",
    "something unreadable": "the lexer has complained already",
    "a string identifier": "what is found is shown as it stands", "a string identifier with *": "the same",
    "a string count": "the same", "a string offset": "the same", "a string length": "the same",
    "\t\t  ": "a class of characters", "\t\r  ": "the same",
}
HARNESS = {"yara_fuzz.c", "yara_golden.c", "yara_ir.c", "yara_test.c", "expr_text_test.c"}
TOKEN = re.compile(r"""/\*.*?\*/|//[^\n]*|'(?:[^'\\\n]|\\.)*'|("(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*)""", re.S)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "f": "\f", "0": "\0"}


def literals(text):
    """(line, value) of each literal; neighbours are one."""
    for m in TOKEN.finditer(re.sub(r"^\s*#include.*$", "", text, flags=re.M)):
        if m[1]:
            raw = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', m[1]))
            yield text.count("\n", 0, m.start()) + 1, re.sub(r"\\(.)", lambda e: ESCAPES.get(e[1], e[1]), raw)


def main():
    root = pathlib.Path(sys.argv[1])
    golden = "".join(f.read_text() for f in sorted((root / "tests/golden/yara").glob("*.out")))
    messages, missing, used = 0, 0, set()
    for file in sorted((root / "src/lang/yara").glob("*.c")):
        for line, value in literals(file.read_text()) if file.name not in HARNESS else []:
            if " " not in value:
                continue
            messages += 1
            pattern = re.sub(r"%(?:\\?\.\\\*)?(?:ll|z|l)?[a-z]", ".*", re.escape(value).replace("\\%", "%"))
            if value in EXEMPT:
                used.add(value)
            elif not re.search(pattern, golden):
                missing += 1
                print(f"{file.name}:{line}: no golden has {value!r}")
    for value in EXEMPT.keys() - used:
        missing += 1
        print(f"no literal is {value!r} any more")
    print(f"{messages} messages, {missing} missing")
    return 1 if missing or messages < 100 else 0


sys.exit(main())
