#!/usr/bin/env python3
"""Memory of a process: `glacis yara RULES PID` against `yara RULES PID`, and what yara has no word for.

usage: process_test.py GLACIS
The process is started here and holds known texts on its heap, in anonymous memory, in a mapped file and far into a sparse
mapping. Exits 77 where /proc/PID/mem cannot be read.
"""
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

# The texts are put together at run time, so that they are not found in the program's own source. Time stands still then.
TARGET = r"""
import ctypes, mmap, sys, time
def text(where):
    return bytes(where, "ascii") + bytes(reversed(b"REKRAM-")) + b"9"
heap = ctypes.create_string_buffer(text("heap") * 2)
anonymous = mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
anonymous[5000:5000 + 13] = text("anon ")
f = open("mapped", "wb+")
f.write(b"\0" * 4096 + text("file"))
f.flush()
mapped = mmap.mmap(f.fileno(), 0)
if len(sys.argv) > 1:
    guard = mmap.mmap(-1, 1 << 20, prot=0)
    sparse = mmap.mmap(-1, 1 << 38, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000)
    sparse[1 << 37:(1 << 37) + 14] = text("sparse")
    beyond = mmap.mmap(f.fileno(), 4096)
    if sys.argv[1] == "cut":
        f.truncate(0)
print("ready", flush=True)
time.sleep(600)
"""
RULES = r"""
rule Heap { strings: $a = "heap-MARKER9" condition: #a >= 2 }
rule Anon { strings: $a = /anon -MAR[A-Z]+9/ $b = "MARKER9" fullword condition: all of them }
rule File { strings: $a = { 66 69 6c 65 2d ( 4d | 4e ) 41 52 [1-3] 52 39 } condition: $a }
rule Sparse { strings: $a = "sparse-MARKER9" condition: $a }
rule Two { strings: $a = "file-MARKER9" $b = "heap-MARKER9" condition: $a and $b and @a[1] != @b[1] }
rule Places { strings: $a = "heap-MARKER9"
  condition: for any i in (1..#a) : ( uint8(@a[i]) == 0x68 and $a at @a[i] and $a in (@a[i]..@a[i] + 1) and int32be(@a[i]) == 0x68656170 ) }
rule Nowhere { strings: $a = "heap-MARKER9" condition: $a at 0 or $a in (0..1000) or uint8(0) == 0 }
rule Size { condition: defined filesize }
rule NoSize { condition: not defined filesize and not defined uint16(0) }
rule Wide { strings: $a = "nobody has this" wide xor condition: $a }
rule Private { strings: $a = "anon -MARKER" private condition: $a }
"""


class Target:
    def __init__(self, top, *args):
        self.p = subprocess.Popen([sys.executable, "target.py", *args], cwd=top, stdout=subprocess.PIPE)
        self.p.stdout.readline()
        time.sleep(0.2)

    def __enter__(self):
        return str(self.p.pid)

    def __exit__(self, *_):
        self.p.kill()
        self.p.wait()


def run(*args, cwd=None, **more):
    p = subprocess.run(args, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300, **more)
    return p.returncode, p.stdout.decode("latin-1"), p.stderr.decode("latin-1")


def main():
    glacis = os.path.abspath(sys.argv[1])
    top = tempfile.mkdtemp(prefix="glacis-process-")
    bad = []

    def check(good, what, *seen):
        if not good:
            bad.append(what)
            print("failed:", what, *seen)

    def judge(pid, *more, **limits):
        code, out, err = run(glacis, "scan", "--json", "-q", "--all", "-s", "r.yar", *more, "--pid", pid, cwd=top, **limits)
        return code, json.loads(out.splitlines()[0]) if out else {}, err

    try:
        for name, text in (("target.py", TARGET), ("r.yar", RULES), ("none.yar", 'rule N { strings: $a = "nob" + "ody" condition: $a }')):
            with open(os.path.join(top, name), "w", encoding="ascii") as f:
                f.write(text.replace('"nob" + "ody"', '"\\x00nobody\\xff\\xfehas\\x00this"'))
        with Target(top) as pid:
            try:
                open("/proc/%s/mem" % pid, "rb").close()
            except OSError:
                print("skipped: memory of processes cannot be read here")
                return 77
            if shutil.which("yara"):
                for options in (["-sL"], [], ["-c"], ["-n"], ["-l", "1"], ["-m", "-g", "-e"]):
                    want, got = run("yara", *options, "r.yar", pid, cwd=top), run(glacis, "yara", *options, "r.yar", pid, cwd=top)
                    check(want[:2] == got[:2], "glacis yara %s is as yara" % options, want, got)
            else:
                print("yara is not installed: nothing to compare with")
            code, one, err = judge(pid)
            names = {f["rule"]: f for f in one["findings"]}
            check(code == 1 and set(names) == {"Heap", "Anon", "File", "Two", "Places", "NoSize", "Private"}, "the right rules", names.keys(), err)
            check(names["File"]["layer"] and "0x" in names["File"]["layer"][0], "a finding names its mapping", names["File"])
            check(one.get("reason") is None, "all of an ordinary process is read", one.get("reason"))
            code, one, err = judge(pid, "-s", "none.yar")
            check(run(glacis, "scan", "-q", "-s", "none.yar", "--pid", pid, cwd=top)[0] == 0, "clean where nothing is found")
            check(run(glacis, "scan", "-q", "-s", "none.yar", "--pid", "999999999", cwd=top)[0] == 2, "no such process is an error")
            check(run(glacis, "scan", "-q", "-s", "none.yar", "--pid", "0", cwd=top)[0] == 2, "0 is no process")
            code, out, err = run(glacis, "scan", "-s", "r.yar", "--all-processes", cwd=top)
            check("/proc/%s (" % pid in out, "--all-processes comes by", code, out[-500:])
        with Target(top, "large") as pid:
            code, one, err = judge(pid)
            names = {f["rule"] for f in one["findings"]}
            check("Sparse" in names and one.get("reason") is None, "256 GiB of nothing cost nothing", one.get("reason"), err)
            check(one["size"] < 1 << 28, "and are not counted", one["size"])
        with Target(top, "cut") as pid:
            code, one, err = judge(pid)
            check("unreadable" in (one.get("reason") or ""), "a page behind a file's end is told", one.get("reason"))
            code, out, err = run(glacis, "scan", "-q", "-s", "none.yar", "--pid", pid, cwd=top)
            check(code == 2 and "unscanned" in out, "and is never clean", code, out)
    finally:
        shutil.rmtree(top)
    print("%d failed" % len(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main())
