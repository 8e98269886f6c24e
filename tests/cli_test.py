#!/usr/bin/env python3
"""The commands from outside: exit codes, JSON, what a walk meets, workers that die, the jail as the kernel sees it.

usage: cli_test.py GLACIS [NAME...]
"""
import errno
import hashlib
import io
import json
import os
import pty
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zipfile

GLACIS = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "build/bin/glacis"

RULES = """
rule Needle : tag_one tag_two {
    meta:
        author = "tests"
        score = 7
        sure = true
        reference = "first"
        reference = "second"
    strings:
        $n = "needle-in-the-hay"
        $m = "second string"
    condition:
        $n or $m
}
rule Other { strings: $o = "needle" condition: #o > 1 }
"""


class Case(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="glacis-cli-")
        os.chmod(cls.top, 0o755)
        cls.rules = os.path.join(cls.top, "rules.yar")
        with open(cls.rules, "w") as f:
            f.write(RULES)
        cls.image = os.path.join(cls.top, "rules.image")
        cls.run_ok("compile", cls.rules, "-o", cls.image)
        cls.env = dict(os.environ, GLACIS_CONF=os.path.join(cls.top, "empty.conf"))
        open(cls.env["GLACIS_CONF"], "w").close()

    @classmethod
    def tearDownClass(cls):
        subprocess.run(["rm", "-rf", cls.top], check=False)

    def setUp(self):
        self.dir = tempfile.mkdtemp(dir=self.top)
        os.chmod(self.dir, 0o755)

    @classmethod
    def run_ok(cls, *args):
        subprocess.run([GLACIS, *args], check=True, stdout=subprocess.DEVNULL, timeout=60)

    def call(self, *args, code=None, input=None, env=None, timeout=120):
        p = subprocess.run([GLACIS, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, input=input,
                           env=env or self.env, timeout=timeout)
        self.assertNotIn(b"Sanitizer", p.stderr, p.stderr)
        if code is not None:
            self.assertEqual(p.returncode, code, (p.stdout[-1500:], p.stderr[-1500:]))
        return p

    def put(self, name, data=b"nothing to see\n", mode=0o644):
        path = os.path.join(self.dir, name) if isinstance(name, str) else os.path.join(os.fsencode(self.dir), name)
        with open(path, "wb") as f:
            f.write(data)
        os.chmod(path, mode)
        return path

    def json(self, *args, code=None, **kw):
        p = self.call("scan", "-s", self.image, "--json", "-q", *args, code=code, **kw)
        out = {}
        for line in p.stdout.splitlines():
            o = json.loads(line)
            self.assertLessEqual({"path", "verdict", "reason", "size", "findings"}, set(o))
            self.assertIn(o["verdict"], ("clean", "found", "unscanned"))
            self.assertEqual(o["verdict"] == "found", bool(o["findings"]))
            if o["verdict"] == "unscanned":
                self.assertTrue(o["reason"])
            out[o["path"]] = o
        return out


class Codes(Case):
    def test_clean_is_0(self):
        self.call("scan", "-s", self.image, self.put("clean"), code=0)

    def test_found_is_1(self):
        p = self.call("scan", "-s", self.image, self.put("bad", b"x needle-in-the-hay x"), code=1)
        self.assertIn(os.fsencode(self.dir) + b"/bad: Needle FOUND\n", p.stdout)

    def test_an_empty_file_is_clean(self):
        self.call("scan", "-s", self.image, self.put("empty", b""), code=0)

    def test_missing_path_is_2(self):
        p = self.call("scan", "-s", self.image, self.dir + "/nothing", code=2)
        self.assertIn(b"No such file", p.stderr)

    def test_found_wins_over_errors(self):
        self.call("scan", "-s", self.image, self.dir + "/nothing", self.put("bad", b"needle-in-the-hay"), code=1)

    def test_limit_is_2_and_said(self):
        path = self.put("large", b"x" * 5000)
        out = self.json("--max-filesize", "4K", path, code=2)
        self.assertEqual(out[path]["verdict"], "unscanned")
        self.assertIn("limit", out[path]["reason"])
        self.json("--max-filesize", "0", path, code=0)

    def test_wrong_command_lines_are_2(self):
        for args in ([], ["nothing"], ["scan"], ["scan", "--nothing", "x"], ["scan", "-j", "0", "x"],
                     ["scan", "-s", "/nonexistent", "x"], ["scan", "--max-filesize", "huge", "x"],
                     ["scan", "--dialect", "perl", "x"], ["compile", "x"], ["compile", "-o", "x"], ["dump"],
                     ["explain", "-s", self.image], ["version", "x"], ["help", "nothing"]):
            p = self.call(*args, code=2)
            self.assertTrue(p.stderr, args)

    def test_help_and_version(self):
        for c in ("scan", "compile", "dump", "explain", "version"):
            self.assertIn(b"usage: glacis " + c.encode(), self.call(c, "--help", code=0).stdout)
            self.assertEqual(self.call("help", c).stdout, self.call(c, "--help").stdout)
        self.assertIn(b"glacis ", self.call("version", code=0).stdout)
        self.call("--version", code=0)
        self.call("--help", code=0)

    def test_configuration(self):
        conf = self.put("conf", b"signatures = " + os.fsencode(self.image) + b"\nexclude = *.skip\n")
        env = dict(self.env, GLACIS_CONF=conf)
        self.put("bad", b"needle-in-the-hay")
        self.put("bad.skip", b"needle-in-the-hay")
        p = self.call("scan", "-q", self.dir, code=1, env=env)
        self.assertEqual(p.stdout.count(b"FOUND"), 1)
        self.put("conf", b"# ok\n\nsignature = x\n")
        p = self.call("scan", self.dir, code=2, env=env)
        self.assertIn(b"conf:3:", p.stderr)

    def test_a_full_disk_is_said(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        with open("/dev/full", "w") as full:
            p = subprocess.run([GLACIS, "scan", "-s", self.image, self.put("clean")], stdout=full,
                               stderr=subprocess.PIPE, env=self.env)
        self.assertEqual(p.returncode, 2)


class Json(Case):
    def test_everything_is_there(self):
        path = self.put("bad", b"xx needle-in-the-hay, second string, needle-in-the-hay")
        out = self.json("--all", path, code=1)[path]
        self.assertEqual(out["size"], 54)
        rules = {f["rule"]: f for f in out["findings"]}
        self.assertEqual(set(rules), {"Needle", "Other"})
        f = rules["Needle"]
        self.assertEqual(f["namespace"], "default")
        self.assertEqual(f["language"], "yara")
        self.assertEqual(f["tags"], ["tag_one", "tag_two"])
        self.assertEqual(f["meta"], {"author": "tests", "score": 7, "sure": True, "reference": ["first", "second"]})
        self.assertEqual(f["layer"], [])
        self.assertEqual(f["strings"], [{"id": "$n", "offset": 3, "length": 17}, {"id": "$n", "offset": 37, "length": 17},
                                        {"id": "$m", "offset": 22, "length": 13}])

    def test_first_finding_only(self):
        path = self.put("bad", b"needle-in-the-hay needle-in-the-hay")
        self.assertEqual(len(self.json(path)[path]["findings"]), 1)

    def test_layers(self):
        inner, outer = io.BytesIO(), io.BytesIO()
        with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as z:
            z.writestr("dir/file.txt", "x" * 1000 + "needle-in-the-hay")
        with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as z:
            z.writestr("inner.zip", inner.getvalue())
        path = self.put("outer.zip", outer.getvalue())
        out = self.json(path, code=1)[path]
        self.assertEqual(out["findings"][0]["layer"], ["inner.zip", "dir/file.txt"])
        p = self.call("scan", "-s", self.image, path, code=1)
        self.assertIn(b"outer.zip: Needle FOUND\n    in inner.zip \xe2\x80\xba dir/file.txt\n", p.stdout)

    def test_names_that_are_not_utf8(self):
        name = b"\xff\xfe\nname"
        self.put(name, b"needle-in-the-hay")
        out = list(self.json(self.dir, code=1).values())[0]
        self.assertEqual(bytes.fromhex(out["path_hex"]), os.fsencode(self.dir) + b"/" + name)
        p = self.call("scan", "-s", self.image, self.dir, code=1)
        self.assertIn(rb"/\xff\xfe\nname: Needle FOUND", p.stdout)

    def test_escape_sequences_do_not_reach_the_terminal(self):
        self.put("\x1b[2J\u009b31m", b"needle-in-the-hay")
        p = self.call("scan", "-s", self.image, self.dir, code=1)
        self.assertNotIn(b"\x1b", p.stdout)
        self.assertNotIn(b"\xc2\x9b", p.stdout)

    def test_standard_input(self):
        p = self.call("scan", "-s", self.image, "-", input=b"x" * 200000 + b"needle-in-the-hay", code=1)
        self.assertIn(b"-: Needle FOUND", p.stdout)
        with open(self.put("bad", b"needle-in-the-hay"), "rb") as f:
            p = subprocess.run([GLACIS, "scan", "-s", self.image, "-"], stdin=f, stdout=subprocess.PIPE, env=self.env)
        self.assertEqual(p.returncode, 1)
        self.call("scan", "-s", self.image, "-", input=b"", code=0)

    def test_sources_are_compiled_in_memory(self):
        path = self.put("bad", b"needle-in-the-hay")
        self.call("scan", "-s", self.rules, path, code=1)
        hdb = self.put("h.hdb", hashlib.md5(b"needle-in-the-hay").hexdigest().encode() + b":17:Test.Hash\n")
        p = self.call("scan", "-s", hdb, "--json", "-q", path, code=1)
        f = json.loads(p.stdout)["findings"][0]
        self.assertEqual(f["rule"], "Test.Hash")
        p = self.call("scan", "-s", hdb, "-s", self.image, "--all", path, code=1)
        self.assertIn(b"Test.Hash FOUND", p.stdout)
        self.assertIn(b"Needle FOUND", p.stdout)

    def test_unwanted_programs_are_found_on_request(self):
        os.mkdir(self.dir + "/db")
        self.put("db/some.ndb", b"Test.Any:0:*:6e6f7468696e67\n")
        unwanted = self.put("db/some.ndu", b"PUA.Test:0:*:6e6f7468696e67\n")
        path = self.put("file")

        def names(*args):
            out = json.loads(self.call("scan", "--json", "--all", "-q", *args, path).stdout)
            return sorted({f["rule"] for f in out["findings"]})  # found in its normalised text, too

        self.assertEqual(names("-s", self.dir + "/db"), ["Test.Any"])
        self.assertEqual(names("-s", self.dir + "/db", "--pua"), ["PUA.Test", "Test.Any"])
        self.assertEqual(names("-s", unwanted), ["PUA.Test"])
        p = self.call("compile", self.dir + "/db", "-o", self.dir + "/i", code=0)
        self.assertIn(b"some.ndu: warning: left out", p.stderr)

    def test_allow_lists_win(self):
        path = self.put("bad", b"needle-in-the-hay")
        fp = self.put("a.fp", hashlib.md5(b"needle-in-the-hay").hexdigest().encode() + b":17:Allowed\n")
        self.call("scan", "-s", fp, "-s", self.image, path, code=0)
        self.call("scan", "-s", fp, "-s", self.image, self.put("worse", b"needle-in-the-hay!"), code=1)

    def test_externals(self):
        rules = self.put("e.yar", b'rule E { condition: filename == "x" and n > 3 }')
        path = self.put("file")
        self.call("scan", "-s", rules, "-d", "filename=x", "-d", "n=4", path, code=1)
        self.call("scan", "-s", rules, "-d", "filename=x", "-d", "n=3", path, code=0)
        image = os.path.join(self.dir, "e.image")
        self.call("compile", rules, "-d", "filename=x", "-d", "n=1", "-o", image, code=0)
        self.call("scan", "-s", image, path, code=0)
        self.call("scan", "-s", image, "-d", "n=9", path, code=1)
        p = self.call("scan", "-s", image, "-d", "nothing=9", path, code=2)
        self.assertIn(b"nothing", p.stderr)


class Walk(Case):
    def test_odd_things(self):
        os.mkfifo(self.dir + "/fifo")
        os.symlink("/etc", self.dir + "/out")
        os.symlink(".", self.dir + "/loop")
        s = socket.socket(socket.AF_UNIX)
        s.bind(self.dir + "/socket")
        self.put("file")
        p = self.call("scan", "-s", self.image, "-v", self.dir, code=0)
        self.assertIn(b"skipped (FIFO)", p.stderr)
        self.assertIn(b"skipped (socket)", p.stderr)
        self.assertEqual(p.stdout.count(b": OK"), 1)
        p = self.call("scan", "-s", self.image, self.dir + "/fifo", "/dev/null", code=0)
        self.assertIn(b"skipped (device)", p.stderr)
        s.close()

    def test_a_link_that_is_named_is_followed(self):
        self.put("bad", b"needle-in-the-hay")
        os.symlink("bad", self.dir + "/link")
        self.call("scan", "-s", self.image, self.dir + "/link", code=1)

    def test_exclude(self):
        os.makedirs(self.dir + "/a/node_modules/b")
        with open(self.dir + "/a/node_modules/b/f", "w") as f:
            f.write("needle-in-the-hay")
        self.call("scan", "-s", self.image, "--exclude", "node_modules", self.dir, code=0)
        self.call("scan", "-s", self.image, "--exclude", "*/node_modules/*", self.dir, code=0)
        self.call("scan", "-s", self.image, "--exclude", "nothing", self.dir, code=1)

    def test_4000_deep(self):
        fd = os.open(self.dir, os.O_RDONLY)
        for _ in range(4000):
            os.mkdir("d", dir_fd=fd)
            nxt = os.open("d", os.O_RDONLY, dir_fd=fd)
            os.close(fd)
            fd = nxt
        f = os.open("bad", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=fd)
        os.write(f, b"needle-in-the-hay")
        os.close(f)
        os.close(fd)
        p = self.call("scan", "-s", self.image, self.dir, code=1)
        self.assertEqual(p.stdout.count(b"FOUND"), 1)

    def test_unreadable(self):
        if os.getuid() != 0 or not shutil.which("setpriv"):
            self.skipTest("needs root and setpriv")
        self.put("secret", b"needle-in-the-hay", mode=0)
        os.mkdir(self.dir + "/closed", 0)
        where = tempfile.mkdtemp(dir="/tmp", prefix="glacis-bin-")
        try:
            os.chmod(where, 0o755)
            for name in ("glacis", "glacis-worker"):
                shutil.copy(os.path.join(os.path.dirname(GLACIS), name), where)
            p = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", where + "/glacis", "scan",
                                "-s", self.image, "--json", "-q", self.dir], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=self.env, timeout=60)
        finally:
            shutil.rmtree(where)
        self.assertEqual(p.returncode, 2, p.stderr)
        self.assertEqual(p.stderr.count(b"Permission denied"), 2)
        self.assertEqual([json.loads(x)["verdict"] for x in p.stdout.splitlines()], ["unscanned"] * 2)

    def test_the_program_that_scans_holds_no_parser(self):
        """glacis-tools compiles and reads; without it glacis scans by images and says what it cannot do."""
        with open(GLACIS, "rb") as f:
            program = f.read()
        for library in (b"libcrypto", b"OpenSSL 3", b"libarchive", b"libpcre2", b"PCRE2"):
            self.assertNotIn(library, program)
        self.put("a", b"needle-in-the-hay")
        where = tempfile.mkdtemp(prefix="glacis-bin-")
        try:
            for name in ("glacis", "glacis-worker"):
                shutil.copy(os.path.join(os.path.dirname(GLACIS), name), where)
            for command, code, said in ((("scan", "-s", self.image, self.dir), 1, b""),
                                        (("scan", "-s", "rules.yar", self.dir), 2, b"glacis-tools is not installed"),
                                        (("version",), 2, b"glacis-tools is not installed")):
                p = subprocess.run([where + "/glacis", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env,
                                   timeout=60)
                self.assertEqual(p.returncode, code, (command, p.stderr))
                self.assertIn(said, p.stderr)
        finally:
            shutil.rmtree(where)

    def test_hashes_of_many_small_files(self):
        """Batches are read ahead and hashed side by side: each file gets its own digest's verdict."""
        rng = random.Random(1)
        wanted, lines = set(), []
        for i in range(150):
            data = rng.randbytes(rng.choice((1, 63, 64, 119, 120, 4096, 4097, 65535, 65536, 65537, 100000)))
            self.put(f"f{i}", data)
            if i % 7 == 0 and len(data) > 1:
                wanted.add(f"f{i}")
            digest = hashlib.md5(data if i % 7 == 0 else data + b"x").hexdigest()
            lines.append(f"{digest}:{len(data)}:Name{i}\n")
        self.put("empty", b"")
        with tempfile.TemporaryDirectory(prefix="glacis-hdb-") as where:
            with open(where + "/some.hdb", "w") as f:
                f.writelines(lines)
            for jobs in ("1", "2"):
                p = self.call("scan", "-q", "-j", jobs, "-s", where + "/some.hdb", self.dir, code=1)
                found = {os.path.basename(x.split(b": ")[0]).decode() for x in p.stdout.splitlines()}
                self.assertEqual({n for n in found if os.path.getsize(f"{self.dir}/{n}") > 1}, wanted)

    def test_few_descriptors(self):
        """Files that are out are open: no more than the limit allows."""
        for i in range(1000):
            self.put(f"f{i}", b"clean")
        for limit in (200, 300, 600):
            p = subprocess.run(["prlimit", f"--nofile={limit}", GLACIS, "scan", "-j", "4", "-s", self.image, self.dir],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env, timeout=60)
            self.assertEqual((p.returncode, p.stderr.count(b"Too many open files")), (0, 0), limit)

    def test_files_that_vanish_and_come(self):
        stop = threading.Event()

        def churn():
            n = 0
            while not stop.is_set():
                for i in range(50):
                    with open(f"{self.dir}/f{i}", "wb") as f:
                        f.write(b"x" * (n % 100000))
                    n += 7919
                for i in range(50):
                    try:
                        os.unlink(f"{self.dir}/f{i}")
                    except FileNotFoundError:
                        pass

        t = threading.Thread(target=churn)
        t.start()
        try:
            for _ in range(10):
                p = self.call("scan", "-s", self.image, self.dir)
                self.assertIn(p.returncode, (0, 2), p.stderr)
                self.assertNotIn(b"worker", p.stdout)
        finally:
            stop.set()
            t.join()

    def test_a_file_that_shrinks(self):
        path = self.put("shrinks", b"")
        for wait in (0.1, 0.3, 1, 3):  # a busy machine may not have begun, a fast one have ended
            os.truncate(path, 3 << 30)
            p = subprocess.Popen([GLACIS, "scan", "-s", self.image, "--json", "-q", path], stdout=subprocess.PIPE, env=self.env)
            time.sleep(wait)
            os.truncate(path, 100)
            out = json.loads(p.communicate(timeout=120)[0])
            if out["verdict"] == "unscanned":
                break
        self.assertEqual(out["verdict"], "unscanned")
        self.assertIn("changed", out["reason"])
        self.assertEqual(p.returncode, 2)

    def test_a_file_over_4_gb(self):
        path = self.put("big", b"")
        os.truncate(path, 5 << 30)
        with open(path, "r+b") as f:
            f.seek((5 << 30) - 1000)
            f.write(b"needle-in-the-hay")
        out = self.json(path, code=1, timeout=600)[path]
        self.assertEqual(out["findings"][0]["strings"][0]["offset"], (5 << 30) - 1000)


class Workers(Case):
    def slow(self):
        """A file that takes a worker a while."""
        path = self.put("slow", b"")
        os.truncate(path, 40 << 30)
        return path

    def start(self, *args):
        p = subprocess.Popen([GLACIS, "scan", "-s", self.image, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=self.env)
        end = time.time() + 10
        while time.time() < end:
            kids = subprocess.run(["pgrep", "-P", str(p.pid)], stdout=subprocess.PIPE).stdout.split()
            if kids:
                time.sleep(0.2)
                return p, int(kids[0])
            time.sleep(0.01)
        self.fail("no worker came up")

    def test_a_killed_worker_costs_its_file(self):
        path = self.slow()
        for i in range(20):
            self.put(f"x{i}")
        p, worker = self.start("--json", "-q", "-j", "1", path, self.dir + "/x1", self.dir + "/x2")
        os.kill(worker, signal.SIGKILL)
        out = [json.loads(x) for x in p.communicate(timeout=60)[0].splitlines()]
        by = {os.path.basename(o["path"]): o for o in out}
        self.assertEqual(by["slow"]["verdict"], "unscanned")
        self.assertEqual(by["slow"]["reason"], "worker: killed by signal 9")
        self.assertEqual(by["x1"]["verdict"], "clean")
        self.assertEqual(by["x2"]["verdict"], "clean")
        self.assertEqual(p.returncode, 2)

    def test_interrupt(self):
        p, worker = self.start(self.slow())
        p.send_signal(signal.SIGINT)
        out = p.communicate(timeout=20)[0]
        self.assertEqual(p.returncode, 130)
        self.assertIn(b"Interrupted", out)
        time.sleep(0.1)
        self.assertFalse(os.path.exists(f"/proc/{worker}"))

    def test_the_jail_as_the_kernel_sees_it(self):
        p, worker = self.start(self.slow())
        try:
            with open(f"/proc/{worker}/status") as f:
                status = dict(line.split(":", 1) for line in f.read().splitlines())
            self.assertEqual(status["NoNewPrivs"].strip(), "1")
            if b"sanitizer" not in subprocess.run([GLACIS, "scan", "-s", self.image, "/dev/null", self.rules],
                                                  stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                                  env=self.env).stderr:
                self.assertEqual(status["Seccomp"].strip(), "2")
            self.assertEqual(int(status["CapEff"], 16), 0)
            self.assertEqual(int(status["CapPrm"], 16), 0)
            self.assertEqual(status["Threads"].strip(), "1")
            fds = {os.readlink(f"/proc/{worker}/fd/{n}") for n in os.listdir(f"/proc/{worker}/fd")}
            for name in fds:
                self.assertTrue(name == "/dev/null" or name.startswith("socket:") or name.endswith("/slow"), name)
            with open(f"/proc/{worker}/environ", "rb") as f:
                self.assertEqual(f.read().strip(b"\0"), b"")
        finally:
            p.send_signal(signal.SIGINT)
            p.communicate(timeout=20)

    def test_no_jail_is_loud(self):
        p = self.call("scan", "-s", self.image, "--no-jail", self.put("clean"), code=0)
        self.assertIn(b"WARNING", p.stderr)

    def test_many_files_over_many_workers(self):
        for i in range(3000):
            self.put(f"f{i}", b"needle-in-the-hay" if i % 10 == 0 else b"x" * i)
        for jobs in ("1", "2", "7"):
            out = self.json("-j", jobs, self.dir, code=1)
            self.assertEqual(len(out), 3000)
            for path, o in out.items():
                i = int(os.path.basename(path)[1:])
                self.assertEqual(o["verdict"], "found" if i % 10 == 0 else "clean")
                self.assertEqual(o["size"], 17 if i % 10 == 0 else i)


class Compile(Case):
    def test_what_is_not_taken_is_named(self):
        src = self.put("bad.yar", b"rule A { condition: true }\nrule B { condition: nothing }\n")
        image = os.path.join(self.dir, "out")
        p = self.call("compile", src, "-o", image, code=0)
        self.assertRegex(p.stderr, rb"bad\.yar:2:\d+: ")
        self.assertIn(b"1 not taken", p.stderr)
        self.call("compile", "--strict", src, "-o", image + "2", code=2)
        self.assertFalse(os.path.exists(image + "2"))

    def test_no_signature_at_all_is_an_error(self):
        src = self.put("bad.yar", b"rule B { condition: nothing }\n")
        image = os.path.join(self.dir, "out")
        p = self.call("compile", src, "-o", image, code=2)
        self.assertIn(b"nothing written", p.stderr)
        self.assertFalse(os.path.exists(image))
        p = self.call("scan", "-s", src, self.put("f", b"x"), code=2)
        self.assertIn(b"no signature", p.stderr)

    def test_namespaces(self):
        image = os.path.join(self.dir, "out")
        self.call("compile", "mine:" + self.rules, "theirs:" + self.rules, "-o", image, code=0)
        path = self.put("bad", b"needle-in-the-hay")
        p = self.call("scan", "-s", image, "--all", "--json", "-q", path, code=1)
        self.assertEqual([f["namespace"] for f in json.loads(p.stdout)["findings"]], ["mine", "theirs"])

    def test_nothing_is_left_behind_where_writing_fails(self):
        self.call("compile", self.rules, "-o", self.dir, code=2)
        self.call("compile", self.rules, "-o", self.dir + "/no/such/folder", code=2)
        self.assertEqual(os.listdir(self.dir), [])

    def test_adding_to_a_set(self):
        """In place, and to another file; a half-written addition does not count, a cut file is refused."""
        base, extra = os.path.join(self.dir, "base.image"), self.put("one.ndb", b"One.More:0:*:" + b"another-one".hex().encode() + b"\n")
        shutil.copyfile(self.image, base)
        old, new = self.put("old", b"needle-in-the-hay"), self.put("new", b"another-one")
        self.call("compile", "--add-to", base, extra, "-o", os.path.join(self.dir, "copy.image"), code=0)
        self.call("scan", "-q", "-s", base, new, code=0)
        self.call("compile", "--add-to", base, extra, "-o", base, code=0)
        for image in (base, os.path.join(self.dir, "copy.image")):
            for path in (old, new):
                self.call("scan", "-q", "-s", image, path, code=1)
        with open(base, "rb") as f:
            whole = f.read()
        with open(base, "ab") as f:
            f.write(b"\0" * 37 + whole[:1000])  # what a crash leaves
        for path in (old, new):
            self.call("scan", "-q", "-s", base, path, code=1)
        self.call("compile", "--add-to", base, extra, "-o", base, code=0)
        self.assertLess(os.path.getsize(base), 2 * len(whole))
        self.call("scan", "-q", "-s", base, new, code=1)
        with open(base, "r+b") as f:
            f.truncate(len(whole) - 1)
        self.assertIn(b"cut short", self.call("scan", "-q", "-s", base, new, code=2).stderr)
        shutil.copyfile(self.image, base)
        for _ in range(16):  # until it says that there are enough
            last = self.call("compile", "--add-to", base, extra, "-o", base)
        self.assertEqual(last.returncode, 2)
        self.assertIn(b"too many additions", last.stderr)
        self.call("scan", "-q", "-s", base, new, code=1)

    def test_damaged_images_are_refused(self):
        with open(self.image, "rb") as f:
            good = f.read()
        path = self.put("file")
        for n in (9, 64, 200, len(good) // 2):
            bad = self.put("bad.image", good[:n])
            self.call("scan", "-s", bad, path, code=2)
            self.call("dump", bad, code=2)

    def test_dump(self):
        self.assertIn(b"Needle", self.call("dump", self.image, code=0).stdout)
        self.assertIn(b"Needle", self.call("dump", "--ir", self.image, code=0).stdout)

    def test_explain(self):
        path = self.put("bad", b"xx needle-in-the-hay")
        out = self.call("explain", "-s", self.image, path, code=1).stdout
        self.assertIn(b"Needle", out)
        self.assertIn(b"$n", out)
        out = self.call("explain", "-s", self.image, "--rule", "Other", path, code=1).stdout
        self.assertIn(b"Other", out)
        self.call("explain", "-s", self.image, self.dir, code=2)


class Bench(Case):
    def test_cost_of_rules(self):
        """Counts of a corpus that is known: 3 files, in one of them both strings; nothing of the third rule."""
        rules = self.put("rules.yar", RULES.encode() + b"rule Never { strings: $x = \"not-there-at-all\" condition: $x }\n")
        corpus = os.path.join(self.dir, "corpus")
        os.mkdir(corpus)
        for name, data in (("a", b"needle-in-the-hay " * 3), ("b", b"nothing"), ("c", b"second string")):
            with open(os.path.join(corpus, name), "wb") as f:
                f.write(data)
        for jobs in ("1", "2"):
            p = self.call("bench", "rules", "--json", "-j", jobs, rules, corpus, code=0)
            rows = {r["rule"]: r for r in map(json.loads, p.stdout.splitlines())}
            self.assertEqual(set(rows), {"Needle", "Other"})
            self.assertEqual(rows["Needle"]["judged"], 2)
            self.assertEqual(rows["Other"]["judged"], 1)
            self.assertGreaterEqual(rows["Needle"]["candidates"], rows["Needle"]["confirmed"])
            self.assertGreaterEqual(rows["Needle"]["confirmed"], 2)
            self.assertEqual(rows["Needle"]["corpus_files"], 3)
            self.assertEqual(rows["Needle"]["corpus_bytes"], 3 * 18 + 7 + 13)
            self.assertEqual(rows["Needle"]["line"], 2)
        order = [json.loads(x)["judged"] for x in
                 self.call("bench", "rules", "--sort", "judged", "--json", rules, corpus, code=0).stdout.splitlines()]
        self.assertEqual(order, sorted(order, reverse=True))
        self.assertEqual(len(self.call("bench", "rules", "-n", "1", rules, corpus, code=0).stdout.splitlines()), 3)

    def test_wrong_command_lines_are_2(self):
        for args in ([], ["files"], ["rules"], ["rules", self.image], ["rules", "--sort", "size", self.image, self.dir],
                     ["rules", self.image, os.path.join(self.dir, "missing")]):
            self.call("bench", *args, code=2)
        self.call("bench", "--help", code=0)
        self.call("bench", "rules", "--help", code=0)
        self.call("help", "bench", code=0)


class Terminal(Case):
    def scan_on_terminal(self, env, *args):
        for i in range(300):
            self.put(f"f{i}", os.urandom(20000))
        self.put("bad", b"needle-in-the-hay")
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(GLACIS, [GLACIS, "scan", "-s", self.image, *args, self.dir], env)
        out = b""
        while True:
            r, _, _ = select.select([fd], [], [], 20)
            try:
                data = os.read(fd, 65536) if r else b""
            except OSError as e:
                if e.errno != errno.EIO:
                    raise
                data = b""
            if not data:
                break
            out += data
        os.waitpid(pid, 0)
        os.close(fd)
        return out

    def test_colour_only_where_wanted(self):
        env = dict(self.env, TERM="xterm")
        env.pop("NO_COLOR", None)
        self.assertIn(b"\x1b[1;31mFOUND", self.scan_on_terminal(env))
        env["NO_COLOR"] = "1"
        self.assertNotIn(b"\x1b[1;31m", self.scan_on_terminal(env))
        p = self.call("scan", "-s", self.image, self.dir)
        self.assertNotIn(b"\x1b", p.stdout + p.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=1)
