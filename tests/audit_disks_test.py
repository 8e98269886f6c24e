#!/usr/bin/env python3
"""`glacis audit --disk` from outside: every image format, partition table, volume manager and file system that is read, made by
its own tools, with what is restricted at the end of a long file and in a folder of thousands; and every one that is not, which
must be `unknown` with the reason. Then all of them damaged: never a crash, never a hang, never clean by accident.

`--seeds DIR` writes small images, runs of zeros packed, as seeds for the fuzz target audit-disk.
"""
import json
import mmap
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib

GLACIS, REGISTER = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
TMP = pathlib.Path(tempfile.mkdtemp(prefix="glacis-disks-"))
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
failures, passed, skipped = [], 0, set()
U = "use-prohibited"
BOUND, CLEAN, UNKNOWN = (1, {"kesl": U}), (0, {}), (2, {"unknown": "unknown"})


def have(*tools):
    for tool in tools:
        if not shutil.which(tool, path=PATH):
            skipped.add(tool)
            return False
    return True


def sh(*args, **kw):
    return subprocess.run([str(a) for a in args], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, PATH=PATH, LC_ALL="C"), **kw).stdout


def check(name, ok, detail=""):
    global passed
    if "--verbose" in sys.argv:
        print(f"{time.monotonic():.1f} {name}", flush=True)
    if ok:
        passed += 1
    else:
        failures.append(name)
        print(f"FAIL {name}: {detail}")


def audit(image):
    p = subprocess.run([GLACIS, "--register", REGISTER, "--disk", str(image), "--scope", "federal-civilian", "--as-of", "2026-11-23", "--json"],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    try:
        return p.returncode, json.loads(p.stdout)
    except ValueError:
        return p.returncode, {"findings": [], "error": p.stderr.decode()[-500:]}


def expect(name, image, want, reason=None):
    rc, report = audit(image)
    got = {(f["product"] or f["entity"] or "unknown"): f["outcome"] for f in report["findings"]}
    gaps = [g for f in report["findings"] for g in f.get("not_readable", [])]
    check(name, (rc, got) == want and (reason is None or reason in json.dumps(gaps)), f"{rc}, {got} not {want}; {gaps} {report.get('error', '')}")
    return report


def fill(root, bad):
    """A system: a long package database with what is looked for at its end, a folder of thousands, deep ones."""
    entry = "Package: {0}\nStatus: install ok installed\nMaintainer: x\nVersion: 1\nDescription: {1}\n\n"
    text = "".join(entry.format(f"p{i}", random.Random(i).randbytes(150).hex()) for i in range(900))
    status = root / "var/lib/dpkg/status"
    status.parent.mkdir(parents=True)
    status.write_text(text + (entry.format("kesl", "x") if bad else ""))
    many = root / "usr/share/many"
    many.mkdir(parents=True)
    for i in range(1200):
        (many / f"a name that is not short, number {i:05}").write_bytes(b"")
    few = root / "etc"
    few.mkdir()
    (few / "a").write_text("x")
    (few / "sparse").write_bytes(b"x" + b"\0" * 300000 + b"y")
    (few / "link").symlink_to("a")
    deep = root
    for i in range(30):
        deep = deep / f"d{i}"
    deep.mkdir(parents=True)
    (deep / "end").write_text("x")
    return root


def systems():
    (TMP / "bad").mkdir()
    (TMP / "good").mkdir()
    return fill(TMP / "bad", True), fill(TMP / "good", False)


def blank(path, size):
    with open(path, "wb") as f:
        f.truncate(size)
    return path


def cut(image, at):
    p = TMP / f"{image.name}.cut"
    p.write_bytes(image.read_bytes()[:at])
    return p


# File systems. Each gives {name: image} of bad and good.

def protofile(root):
    """mkfs.xfs' description of a tree."""
    lines = ["/", "0 0", "d--755 0 0"]

    def folder(p):
        for c in sorted(p.iterdir()):
            name = c.name.replace(" ", "_")
            if c.is_symlink():
                lines.append(f"{name} l--777 0 0 {os.readlink(c)}")
            elif c.is_dir():
                lines.append(f"{name} d--755 0 0")
                folder(c)
                lines.append("$")
            else:
                source = TMP / "proto" / f"{len(lines)}"
                source.parent.mkdir(exist_ok=True)
                if not source.exists():
                    os.link(c, source)
                lines.append(f"{name} ---644 0 0 {source}")
    folder(root)
    lines.append("$")
    out = TMP / f"{root.name}.proto"
    out.write_text("\n".join(lines) + "\n")
    shutil.rmtree(TMP / "kept", ignore_errors=True)
    return out


def xfs(bad, good):
    if not have("mkfs.xfs"):
        return None
    first = None
    for version, options in (("5", []), ("5, blocks of 1 KiB", ["-b", "size=1024"]), ("5, folders of 16 KiB", ["-n", "size=16384"]),
                             ("4", ["-m", "crc=0", "-n", "ftype=0"]), ("4, types", ["-m", "crc=0", "-n", "ftype=1"])):
        for root, want in ((bad, BOUND), (good, CLEAN)):
            shutil.rmtree(TMP / "proto", ignore_errors=True)
            image = blank(TMP / f"xfs-{root.name}.img", 300 << 20)
            sh("mkfs.xfs", "-q", "-f", *options, "-p", protofile(root), image)
            expect(f"XFS {version}: {root.name}", image, want)
        first = first or TMP / "xfs-first.img"
        if version == "5":
            sh("cp", "--sparse=always", TMP / "xfs-bad.img", first)
    # a log whose newest record is no unmount
    image = TMP / "xfs-log.img"
    sh("cp", "--sparse=always", first, image)
    with open(image, "r+b") as f:
        head = f.read(512)
        log = struct.unpack_from(">Q", head, 48)[0]
        block, per, bits = struct.unpack_from(">I", head, 4)[0], struct.unpack_from(">I", head, 84)[0], head[124]
        f.seek(((log >> bits) * per + (log & ((1 << bits) - 1))) * block + 8192)
        f.write(struct.pack(">IIIIQQ", 0xFEEDBABE, 9, 2, 512, 9 << 32, 9 << 32) + struct.pack(">iII", 0, 0, 3))
    sh("cp", "--sparse=always", first, TMP / "xfs-long.img")
    with open(TMP / "xfs-long.img", "r+b") as f:
        f.seek(96)
        f.write(b"\xff\xff\xff\xff")
    expect("XFS: a log as long as it can be", TMP / "xfs-long.img", BOUND)
    expect("XFS: not unmounted", TMP / "xfs-log.img", (1, {"kesl": U, "unknown": "unknown"}), "log is not replayed")
    return first


def btrfs(bad, good):
    if not have("mkfs.btrfs"):
        return None
    image = TMP / "btrfs.img"
    for root, want in ((bad, BOUND), (good, CLEAN)):
        for options in ([], ["-n", "4096", "-M"], ["-d", "dup"]):
            image = blank(TMP / f"btrfs-{root.name}.img", 160 << 20)
            sh("mkfs.btrfs", "-q", "-f", *options, "--rootdir", root, image)
            expect(f"Btrfs {' '.join(options)}: {root.name}", image, want)
    return TMP / "btrfs-bad.img"


class Mounted:
    """A file system that this kernel writes, for what its mkfs cannot make. None where mounting is not possible."""

    def __init__(self, image, *options):
        self.image, self.options, self.at = image, options, TMP / "mounted"

    def __enter__(self):
        self.at.mkdir(exist_ok=True)
        p = subprocess.run(["mount", "-o", ",".join(("loop",) + self.options), str(self.image), str(self.at)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.mounted = p.returncode == 0
        if not self.mounted:
            skipped.add("what only a mounted file system writes (mounting needs root)")
        return self.at if self.mounted else None

    def __exit__(self, *_):
        if self.mounted:
            sh("umount", self.at)


def long_status():
    """A package database of which the last entry counts, and that packs well but not to nothing."""
    rng = random.Random(3)
    plain = "".join(f"Package: p{i}\nStatus: install ok installed\nVersion: {rng.randrange(10**9)}\nDescription: {rng.randbytes(60).hex()}\n\n" for i in range(6000))
    return (plain + "Package: kesl\nStatus: install ok installed\nVersion: 1\n\n").encode()


def btrfs_packed():
    if not have("mkfs.btrfs"):
        return
    for how in ("zlib", "zlib:9", "lzo", "zstd", "zstd:15"):
        image = blank(TMP / "packed.img", 200 << 20)
        sh("mkfs.btrfs", "-q", "-f", image)
        with Mounted(image, f"compress-force={how}") as at:
            if at is None:
                return
            for path, data in (("var/lib/dpkg/status", long_status()), ("etc/os-release", b"ID=debian\n"), ("srv/app/package-lock.json", json.dumps({"name": "a", "lockfileVersion": 3, "packages": {f"node_modules/{n}": {"version": "1.0.0"} for n in ("x" * 40, "y" * 40, "@kaspersky/ui")}}).encode())):
                (at / path).parent.mkdir(parents=True, exist_ok=True)
                (at / path).write_bytes(data)
            sh("sync", "-f", at)
        kinds = subprocess.run(["btrfs", "inspect-internal", "dump-tree", str(image)], stdout=subprocess.PIPE).stdout.decode()
        number = {"zlib": 1, "lzo": 2, "zstd": 3}[how.split(":")[0]]
        inline = any("inline extent data size" in line and f"compression {number}" in line for line in kinds.splitlines())
        check(f"Btrfs {how}: the fixture is packed, inlined too", kinds.count(f"extent compression {number}") > 8 and inline, kinds.count(f"extent compression {number}"))
        expect(f"Btrfs {how}: packed extents", image, (1, {"kesl": U, "kaspersky-library": U}))


def xfs_trees():
    """A file in so many pieces that the list of them is a tree, of two levels with blocks of 1 KiB."""
    if not have("mkfs.xfs", "xfs_db"):
        return
    for size, levels in ((1024, 2), (4096, 1)):
        image = blank(TMP / "tree.img", 400 << 20)
        sh("mkfs.xfs", "-q", "-f", "-b", f"size={size}", image)
        with Mounted(image) as at:
            if at is None:
                return
            data = long_status()
            data = data[:-1] + b"\n" * (4096 - (len(data) - 1) % 4096)
            (at / "var/lib/dpkg").mkdir(parents=True)
            page = mmap.mmap(-1, size)
            flags = os.O_CREAT | os.O_WRONLY | os.O_DIRECT
            f, other = os.open(at / "var/lib/dpkg/status", flags), os.open(at / "var/lib/dpkg/between", flags)
            for i in range(0, len(data), size):
                page[:] = data[i:i + size]
                os.write(f, page)
                os.write(other, page)
            os.close(f)
            os.close(other)
            (at / "etc").mkdir()
            (at / "etc/os-release").write_text("ID=debian\n")
            number = os.stat(at / "var/lib/dpkg/status").st_ino
        inode = subprocess.run([shutil.which("xfs_db", path=PATH), "-r", "-c", f"inode {number}", "-c", "print", str(image)], stdout=subprocess.PIPE).stdout.decode()
        check(f"XFS {size}: the fixture has a tree of {levels} levels", f"u3.bmbt.level = {levels}" in inode, inode)
        expect(f"XFS {size}: a file whose extents are a tree", image, (1, {"kesl": U}))


def squashfs(bad, good):
    if not have("mksquashfs"):
        return None
    for pack in ("gzip", "xz", "lzo", "lz4", "zstd", "lzma"):
        for root, want in ((bad, BOUND), (good, CLEAN)):
            image = TMP / f"{pack}-{root.name}.sqsh"
            sh("mksquashfs", root, image, "-comp", pack, "-noappend", "-quiet", "-no-progress")
            expect(f"squashfs {pack}: {root.name}", image, want)
    image = TMP / "plain.sqsh"
    sh("mksquashfs", bad, image, "-noI", "-noD", "-noF", "-no-fragments", "-b", "4096", "-noappend", "-quiet", "-no-progress")
    expect("squashfs: not packed", image, BOUND)
    crowd = TMP / "crowd"
    for i in range(60):
        (crowd / str(i)).mkdir(parents=True)
        for k in range(1000):
            (crowd / str(i) / str(k)).touch()
    sh("mksquashfs", crowd, TMP / "crowd.sqsh", "-noappend", "-quiet", "-no-progress")
    expect("squashfs: 60,000 files in less than 1 MiB are no attack", TMP / "crowd.sqsh", CLEAN)
    sh("mksquashfs", bad, TMP / "tail.sqsh", "-always-use-fragments", "-noappend", "-quiet", "-no-progress")
    expect("squashfs: tails in fragments", TMP / "tail.sqsh", BOUND)
    return TMP / "gzip-bad.sqsh"


def erofs(bad, good):
    if not have("mkfs.erofs"):
        return None
    for options in ([], ["-E", "force-inode-extended"], ["-E", "force-inode-compact"], ["-E", "noinline_data"], ["--chunksize=4096"]):
        for root, want in ((bad, BOUND), (good, CLEAN)):
            image = TMP / f"erofs-{root.name}.img"
            sh("mkfs.erofs", "--quiet", *options, image, root)
            expect(f"EROFS {' '.join(options)}: {root.name}", image, want)
    many = TMP / "erofs-many"
    (many / "d").mkdir(parents=True)
    for i in range(1500):
        (many / "d" / f"a file of a folder of many blocks, number {i}").touch()
    (many / "opt/kaspersky/kesl").mkdir(parents=True)
    (many / "opt/kaspersky/kesl/x").write_text("x")
    sh("mkfs.erofs", "--quiet", TMP / "erofs-many.img", many)
    rc, report = audit(TMP / "erofs-many.img")
    check("EROFS: a folder of many blocks", rc == 1 and report["targets"][0]["entries"] == 1505 and not report["targets"][0].get("not_readable"), report["targets"])
    packed = TMP / "erofs-packed"
    (packed / "var/lib/dpkg").mkdir(parents=True)
    (packed / "var/lib/dpkg/status").write_text("Package: kesl\nStatus: install ok installed\n\n" * 3000)
    sh("mkfs.erofs", "--quiet", "-zlz4", TMP / "erofs-packed.img", packed)
    expect("EROFS: a packed database is unknown", TMP / "erofs-packed.img", UNKNOWN)
    return TMP / "erofs-bad.img"


def hfs(bad, good):
    """libisofs writes HFS+ beside an ISO; the volume is cut out. It knows neither overflowing runs nor damage: those are made here."""
    if not have("xorriso"):
        return None

    def volume(root):
        sh("xorriso", "-as", "mkisofs", "-quiet", "-hfsplus", "-o", TMP / "hfs.iso", root)
        data = (TMP / "hfs.iso").read_bytes()
        maps = [data[at:at + 512] for at in range(512, 512 * 9, 512) if data[at:at + 2] == b"PM"]
        start = next(struct.unpack_from(">I", m, 8)[0] for m in maps if m[48:57] == b"Apple_HFS")
        return data[start * 512:]
    for root, want in ((bad, BOUND), (good, CLEAN)):
        (TMP / f"hfs-{root.name}.img").write_bytes(volume(root))
        expect(f"HFS+: {root.name}", TMP / f"hfs-{root.name}.img", want)
    pieces, status = TMP / "hfs-pieces", long_status()
    (pieces / "var/lib/dpkg").mkdir(parents=True)
    (pieces / "var/lib/dpkg/status").write_bytes(status)
    data = bytearray(volume(pieces))
    (TMP / "hfs-whole.img").write_bytes(data)
    expect("HFS+: a long file", TMP / "hfs-whole.img", BOUND)
    block = struct.unpack_from(">I", data, 1024 + 40)[0]
    catalog = struct.unpack_from(">I", data, 1024 + 272 + 16)[0] * block
    fork = data.index(struct.pack(">Q", len(status)), catalog)
    number = struct.unpack_from(">I", data, fork - 80)[0]
    first, count = struct.unpack_from(">II", data, fork + 16)
    struct.pack_into(">16I", data, fork + 16, *(x for i in range(8) for x in (first + i, 1)))
    data += bytes(-len(data) % block)
    tree = len(data) // block
    leaf = bytearray(512)
    struct.pack_into(">IIbBH", leaf, 0, 0, 0, -1, 1, 1)
    struct.pack_into(">HBBII16I", leaf, 14, 10, 0, 0, number, 8, first + 8, count - 8, *[0] * 14)
    struct.pack_into(">HH", leaf, 508, 90, 14)
    head = bytearray(512)
    struct.pack_into(">IIbBH", head, 0, 0, 0, 1, 0, 3)
    struct.pack_into(">HIIIIHHI", head, 14, 1, 1, 1, 1, 1, 512, 10, 2)
    data += head + leaf + bytes(block)
    struct.pack_into(">QII16I", data, 1024 + 192, 1024, 0, 1, tree, 1, *[0] * 14)
    (TMP / "hfs-pieces.img").write_bytes(data)
    expect("HFS+: a file in more runs than its record holds", TMP / "hfs-pieces.img", BOUND)
    struct.pack_into(">I", data, tree * block + 512 + 14 + 4, number + 1)
    (TMP / "hfs-lost.img").write_bytes(data)
    expect("HFS+: runs that are missing", TMP / "hfs-lost.img", UNKNOWN)
    struct.pack_into(">I", data, tree * block + 512, 1)
    (TMP / "hfs-loop.img").write_bytes(data)
    expect("HFS+: leaves in a circle", TMP / "hfs-loop.img", UNKNOWN, "damaged")
    data = bytearray((TMP / "hfs-whole.img").read_bytes())
    struct.pack_into(">I", data, 1024 + 4, 0x2000)
    (TMP / "hfs-journal.img").write_bytes(data)
    expect("HFS+: not unmounted", TMP / "hfs-journal.img", (1, {"kesl": U, "unknown": "unknown"}), "journal is not replayed")
    struct.pack_into(">B", data, fork - 47, 0x20)
    (TMP / "hfs-packed.img").write_bytes(data)
    expect("HFS+: a packed database is unknown", TMP / "hfs-packed.img", UNKNOWN)
    return TMP / "hfs-bad.img"


def iso(bad, good):
    if not have("xorriso"):
        return None
    for options in ([], ["-J"]):
        for root, want in ((bad, BOUND), (good, CLEAN)):
            image = TMP / f"{root.name}.iso"
            sh("xorriso", "-as", "mkisofs", "-quiet", "-iso-level", "3", *options, "-o", image, root)
            expect(f"ISO {' '.join(options)}: {root.name}", image, want)
    if have("mkfs.vfat", "mcopy"):
        efi = TMP / "efi.img"
        sh("mkfs.vfat", "-C", efi, "2048")
        (TMP / "klif.sys").write_text("x")
        sh("mmd", "-i", efi, "::/Windows", "::/Windows/System32", "::/Windows/System32/drivers")
        sh("mcopy", "-i", efi, TMP / "klif.sys", "::/Windows/System32/drivers/klif.sys")
        sh("xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", TMP / "hybrid.iso", "-append_partition", "2", "0xef", efi, "-partition_offset", "16", good)
        expect("ISO for sticks: the partition behind it", TMP / "hybrid.iso", (1, {"kaspersky": U}))
    return TMP / "bad.iso"


def ext(bad, good):
    if not have("mke2fs"):
        return None
    for kind in ("ext2", "ext3", "ext4"):
        for root, want in ((bad, BOUND), (good, CLEAN)):
            image = TMP / f"{kind}-{root.name}.img"
            sh("mke2fs", "-q", "-t", kind, "-d", root, image, "16M")
            expect(f"{kind}: {root.name}", image, want)
    holes = TMP / "holes"
    for i in range(40):
        (holes / str(i)).mkdir(parents=True)
        if i == 0:
            (holes / "0/package-lock.json").touch()
            os.truncate(holes / "0/package-lock.json", 30 << 20)
        else:
            os.link(holes / "0/package-lock.json", holes / str(i) / "package-lock.json")
    sh("mke2fs", "-q", "-t", "ext4", "-d", holes, TMP / "holes.img", "2M")
    expect("ext4: many names of a file of holes are work, too", TMP / "holes.img", UNKNOWN, "more work than its size accounts for")
    return TMP / "ext4-bad.img"


def exfat(_bad, _good):
    """No tool writes files into an exFAT image without mounting it: one entry set is made here."""
    if not have("mkfs.exfat"):
        return None
    image = blank(TMP / "exfat.img", 8 << 20)
    sh("mkfs.exfat", image)
    expect("exFAT: empty", image, CLEAN)
    raw = bytearray(image.read_bytes())
    fat, _, heap = (x * 512 for x in struct.unpack_from("<III", raw, 80))
    root = struct.unpack_from("<I", raw, 96)[0]
    size = 1 << (raw[108] + raw[109])
    free = root + 1

    def entries(name, folder, first, flags, length):
        units = name.encode("utf-16-le")
        n = (len(name) + 14) // 15
        out = struct.pack("<BBHH", 0x85, 1 + n, 0, 0x10 if folder else 0x20).ljust(32, b"\0")
        out += struct.pack("<BBBBHHQIIQ", 0xC0, flags, 0, len(name), 0, 0, length, 0, first, length)
        for i in range(n):
            out += (b"\xc1\0" + units[i * 30:i * 30 + 30]).ljust(32, b"\0")
        return out
    names = ["Windows", "System32", "drivers"]
    for i, name in enumerate([*names, "klif.sys"]):
        at = heap + (root - 2) * size if i == 0 else heap + (free + i - 1 - 2) * size
        while raw[at] != 0:
            at += 32
        chained = i == 1
        e = entries(name, i < 3, free + i, 1 if chained else 3, size)
        raw[at:at + len(e)] = e
        struct.pack_into("<I", raw, fat + (free + i) * 4, 0xFFFFFFFF)
    (TMP / "exfat-bad.img").write_bytes(raw)
    expect("exFAT: a driver in a folder", TMP / "exfat-bad.img", (1, {"kaspersky": U}))
    struct.pack_into("<I", raw, fat + root * 4, root)  # the root's chain leads to itself
    at = heap + (root - 2) * size
    raw[at:at + size] = (raw[at:at + 128] + b"\x05" + b"\0" * 31 + bytes([5]) * 32).ljust(size, b"\5")
    (TMP / "exfat-loop.img").write_bytes(raw)
    rc, _ = audit(TMP / "exfat-loop.img")
    check("exFAT: a chain that is a loop", rc == 2, rc)
    return TMP / "exfat-bad.img"


# Partition tables.

def table_mbr(parts):
    head = bytearray(512)
    for i, (kind, first, count) in enumerate(parts):
        struct.pack_into("<BBBBBBBBII", head, 446 + 16 * i, 0, 0, 0, 0, kind, 0, 0, 0, first, count)
    head[510:512] = b"\x55\xaa"
    return bytes(head)


def place(size, *pieces):
    raw = bytearray(size)
    for at, data in pieces:
        raw[at:at + len(data)] = data
    return bytes(raw)


def gpt(parts, size, sector=512, primary=True):
    entries = b"".join((kind + bytes([i + 1]) * 16 + struct.pack("<QQQ", first, last, 0)).ljust(128, b"\0") for i, (kind, first, last) in enumerate(parts)).ljust(128 * 128, b"\0")
    n = size // sector

    def header(own, other, table):
        h = bytearray(struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, own, other, 34, n - 34, b"g" * 16, table, 128, 128, zlib.crc32(entries)))
        struct.pack_into("<I", h, 16, zlib.crc32(h))
        return bytes(h)
    back = n - 1 - len(entries) // sector
    out = [(0, table_mbr([(0xEE, 1, min(n - 1, 0xFFFFFFFF))])), ((n - 1) * sector, header(n - 1, 1, back)), (back * sector, entries)]
    if primary:
        out += [(sector, header(1, n - 1, 2)), (2 * sector, entries)]
    return out


LINUX = bytes.fromhex("af3dc60f838472478e793d69d8477de4")
BIOS = b"Hah!IdontNeedEFI"


def tables(fs, clean):
    m = 1 << 20
    size = 4 * m + len(fs)
    size -= size % 4096
    size += m
    end = (m + len(fs)) // 512 - 1

    def image(name, data):
        (TMP / name).write_bytes(data)
        return TMP / name
    expect("MBR", image("t1", place(size, (0, table_mbr([(0x83, 2048, len(fs) // 512)])), (m, fs))), BOUND)
    ebr2 = 2048 + len(clean) // 512 + 63
    chain = [(0, table_mbr([(0x05, 2048, 1 << 17)])), (m, table_mbr([(0x83, 63, len(clean) // 512), (5, ebr2 - 2048, 1 << 16)])), (m + 63 * 512, clean),
             (ebr2 * 512, table_mbr([(0x83, 8, len(fs) // 512)])), ((ebr2 + 8) * 512, fs)]
    expect("MBR: the second logical partition", image("t2", place(size + 2 * m + len(clean), *chain)), BOUND)
    loop = [(0, table_mbr([(0x05, 2048, 1 << 17)])), (m, table_mbr([(0x83, 63, 100), (5, 0, 100)]))]
    expect("MBR: a chain that is a loop", image("t3", place(size, *loop)), UNKNOWN, "does not end")
    g = gpt([(BIOS, 34, 2047), (LINUX, 2048, end)], size)
    expect("GPT, and boot code that is no file system", image("t4", place(size, *g, (34 * 512, b"\xeb\x63grub"), (m, fs))), BOUND)
    expect("GPT: clean", image("t5", place(size, *gpt([(BIOS, 34, 2047), (LINUX, 2048, 2047 + len(clean) // 512)], size), (34 * 512, b"\xeb\x63grub"), (m, clean))), CLEAN)
    expect("GPT: only the backup is left", image("t6", place(size, *gpt([(LINUX, 2048, end)], size, primary=False), (m, fs))), BOUND)
    broken = [(at, data) if at != 1024 else (at, data[:32] + b"\xff" * 8 + data[40:]) for at, data in gpt([(LINUX, 2048, end)], size)]
    expect("GPT: the first table is damaged, the backup is used", image("t7", place(size, *broken, (m, fs))), BOUND)
    expect("GPT: sectors of 4096", image("t8", place(size, *gpt([(LINUX, 256, (m + len(fs)) // 4096 - 1)], size, sector=4096), (m, fs))), BOUND)
    hybrid = place(size + len(clean), *gpt([(LINUX, 2048, 2047 + len(clean) // 512)], size + len(clean)), (m, clean), (m + len(clean), fs))
    hybrid = table_mbr([(0xEE, 1, 33), (0x83, 2048, len(clean) // 512), (0x83, 2048 + len(clean) // 512, len(fs) // 512)]) + hybrid[512:]
    expect("hybrid MBR: a partition that the GPT does not name", image("t9", hybrid), BOUND)
    expect("a partition past the end", image("t10", place(m, (0, table_mbr([(0x83, 4096, 4096)])))), UNKNOWN, "cut short")
    expect("GPT: both damaged", image("t11", place(size, (0, table_mbr([(0xEE, 1, 99)])), (512, b"EFI PART" + b"\xff" * 90))), UNKNOWN, "damaged")
    expect("a partition of an unknown form", image("t12", place(size, (0, table_mbr([(0x83, 2048, 4096)])), (m, b"\x12\x34" * 4096))), UNKNOWN, "unknown form")
    expect("an empty partition", image("t13", place(size, (0, table_mbr([(0x83, 2048, 4096)])))), CLEAN)
    if have("sfdisk"):
        p = image("t14", place(size, (m, fs)))
        subprocess.run([shutil.which("sfdisk", path=PATH), "-q", str(p)], input=b"label: gpt\nstart=2048, size=%d\n" % (len(fs) // 512), check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        expect("GPT by sfdisk", p, BOUND)


# Image formats.

def formats(bad, good):
    if not have("qemu-img"):
        return
    for fmt, options in (("qcow2", []), ("qcow2", ["-o", "compat=0.10"]), ("qcow2", ["-c"]), ("qcow2", ["-c", "-o", "compression_type=zstd"]),
                         ("qcow2", ["-o", "extended_l2=on,cluster_size=128k"]), ("qcow2", ["-o", "cluster_size=512"]), ("qcow2", ["-o", "cluster_size=2M"]),
                         ("vmdk", []), ("vmdk", ["-o", "subformat=streamOptimized"]), ("vpc", ["-o", "subformat=dynamic"]),
                         ("vpc", ["-o", "subformat=fixed"]), ("vhdx", []), ("vhdx", ["-o", "subformat=fixed"]), ("vdi", []), ("vdi", ["-o", "static=on"])):
        for raw, want in ((bad, BOUND), (good, CLEAN)):
            image = TMP / f"image.{fmt}"
            sh("qemu-img", "convert", "-f", "raw", "-O", fmt, *options, raw, image)
            expect(f"{fmt} {' '.join(options)}: {raw.name}", image, want)
            if raw is bad:
                size = image.stat().st_size
                for at in (600, size // 2):
                    rc, report = audit(cut(image, at))
                    # what the half has lost may be nothing that is looked at: then the answer stands
                    check(f"{fmt} {' '.join(options)} cut at {at} is not clean", (rc == 1 and at != 600) or any(f["outcome"] == "unknown" for f in report["findings"]), (rc, report["findings"]))
    over = TMP / "over.qcow2"
    base = TMP / "base.qcow2"
    sh("qemu-img", "convert", "-f", "raw", "-O", "qcow2", bad, base)
    sh("qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", over)
    expect("qcow2 over another", over, UNKNOWN, "backing file")
    sh("qemu-img", "create", "-q", "-f", "qcow2", "-o", "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10", "--object", "secret,id=s,data=x", TMP / "enc.qcow2", "1M")
    expect("qcow2: encrypted", TMP / "enc.qcow2", UNKNOWN, "encrypted")
    sh("qemu-img", "create", "-q", "-f", "qcow2", "-o", f"data_file={TMP / 'ext.raw'}", TMP / "ext.qcow2", "1M")
    expect("qcow2: data elsewhere", TMP / "ext.qcow2", UNKNOWN, "another file")
    sh("qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=monolithicFlat", bad, TMP / "flat.vmdk")
    expect("VMDK: a descriptor alone", TMP / "flat.vmdk", UNKNOWN, "flat-flat.vmdk")
    expect("VMDK: its flat extent", TMP / "flat-flat.vmdk", BOUND)
    sh("qemu-img", "convert", "-f", "raw", "-O", "vpc", bad, TMP / "base.vhd")
    raw = bytearray((TMP / "base.vhd").read_bytes())
    for at in (0, len(raw) - 512):
        struct.pack_into(">I", raw, at + 60, 4)
    (TMP / "diff.vhd").write_bytes(raw)
    expect("VHD: differencing", TMP / "diff.vhd", UNKNOWN, "parent")
    loop = bytearray(base.read_bytes())
    l1 = struct.unpack_from(">Q", loop, 40)[0]
    struct.pack_into(">Q", loop, l1, l1 | 1 << 63)  # the table of tables as its own table
    (TMP / "loop.qcow2").write_bytes(loop)
    rc, _ = audit(TMP / "loop.qcow2")
    check("qcow2: a table that is its own table", rc == 2, rc)
    bomb = TMP / "bomb.qcow2"
    sh("qemu-img", "create", "-q", "-f", "qcow2", bomb, "1000T")
    expect("qcow2: a thousand tebibytes of nothing", bomb, UNKNOWN)


# LVM2, made here: its own tools want devices.

def lvm(fs, name="data", kind="linear", segments=None, wrap=False, text_of=None):
    extent = 1 << 20
    n = -(-len(fs) // extent)
    pv = "abcdef-0123-4567-89ab-cdef-0123-456789"
    raw = pv.replace("-", "")
    text = text_of or f'''vg0 {{
id = "x" # comment
seqno = 3
format = "lvm2"
status = ["RESIZEABLE", "READ", "WRITE"]
extent_size = {extent // 512}
physical_volumes {{
pv0 {{
id = "{pv}"
device = "/dev/sda2"
pe_start = 4096
pe_count = 100
}}
}}
logical_volumes {{
{name} {{
id = "y"
status = ["READ", "WRITE", "VISIBLE"]
{segments or f"""segment_count = 1
segment1 {{
start_extent = 0
extent_count = {n}
type = "{'striped' if kind == 'linear' else kind}"
stripe_count = 1
stripes = [
"pv0", 0
]
}}"""}
}}
}}
}}
contents = "Text Format Volume Group"
version = 1
'''
    text = text.encode() + b"\0"
    area, size = 4096, 1 << 20
    off = size - 100 if wrap else 512
    head = bytearray(512)
    struct.pack_into("<I16sIQQ", head, 0, 0, b" LVM2 x[5A%r0N*>", 1, area, size)
    struct.pack_into("<QQII", head, 40, off, len(text), 0, 0)
    label = b"LABELONE" + struct.pack("<QII8s", 1, 0, 32, b"LVM2 001") + raw.encode().ljust(32) + struct.pack("<Q", 0)
    label += struct.pack("<QQQQ", 4096 * 512, 0, 0, 0) + struct.pack("<QQQQ", area, size, 0, 0)
    pieces = [(512, label), (area, bytes(head)), (4096 * 512, fs)]
    pieces += [(area + off, text[:100]), (area + 512, text[100:])] if wrap else [(area + off, text)]
    return place(4096 * 512 + n * extent, *pieces)


def striped(fs, chunk):
    """The same bytes dealt out to two areas."""
    fs += b"\0" * (-len(fs) % (2 << 20))
    halves = [b"".join(fs[i:i + chunk] for i in range(k * chunk, len(fs), 2 * chunk)) for k in range(2)]
    return halves[0] + halves[1], len(halves[0]) >> 20


def lvms(fs, clean):
    def image(name, data):
        (TMP / name).write_bytes(data)
        return TMP / name
    expect("LVM: linear", image("l1", lvm(fs)), BOUND)
    expect("LVM: clean", image("l2", lvm(clean)), CLEAN)
    expect("LVM: the text goes round its ring", image("l3", lvm(fs, wrap=True)), BOUND)
    n = -(-len(fs) >> 20) if len(fs) % (1 << 20) == 0 else (len(fs) >> 20) + 1
    two = f'segment_count = 2\nsegment1 {{\nstart_extent = 0\nextent_count = 1\ntype = "striped"\nstripe_count = 1\nstripes = ["pv0", {n - 1}]\n}}\n' \
          f'segment2 {{\nstart_extent = 1\nextent_count = {n - 1}\ntype = "striped"\nstripe_count = 1\nstripes = ["pv0", 0]\n}}\n'
    padded = fs.ljust(n << 20, b"\0")
    expect("LVM: two segments, the first behind", image("l4", lvm(padded[1 << 20:] + padded[:1 << 20], segments=two)), BOUND)
    dealt, half = striped(fs, 65536)
    stripes = f'segment_count = 1\nsegment1 {{\nstart_extent = 0\nextent_count = {2 * half}\ntype = "striped"\nstripe_count = 2\nstripe_size = 128\nstripes = ["pv0", 0, "pv0", {half}]\n}}\n'
    expect("LVM: striped", image("l5", lvm(dealt, segments=stripes)), BOUND)
    expect("LVM: thin", image("l6", lvm(fs, kind="thin-pool")), UNKNOWN, "thin-pool")
    expect("LVM: on another disk", image("l7", lvm(fs).replace(b'"pv0", 0', b'"pv1", 0')), UNKNOWN, "not in this image")
    expect("LVM: damaged text", image("l8", lvm(fs, text_of="vg0 { extent_size = ")), UNKNOWN, "damaged")
    expect("LVM: deep text", image("l9", lvm(fs, text_of="a {" * 5000)), UNKNOWN, "damaged")
    expect("LVM in a partition, in qcow2", wrap_qcow2(place(len(lvm(fs)) + (1 << 20), (0, table_mbr([(0x8E, 2048, len(lvm(fs)) // 512)])), (1 << 20, lvm(fs)))), BOUND)


def wrap_qcow2(data):
    (TMP / "w.raw").write_bytes(data)
    if not have("qemu-img"):
        return TMP / "w.raw"
    sh("qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-c", TMP / "w.raw", TMP / "w.qcow2")
    return TMP / "w.qcow2"


def raids(fs):
    def image(name, at, level, data, off):
        sb = bytearray(256)
        struct.pack_into("<II", sb, 0, 0xA92B4EFC, 1)
        struct.pack_into("<I", sb, 72, level & 0xFFFFFFFF)
        struct.pack_into("<QQ", sb, 128, off // 512, len(data) // 512)
        (TMP / name).write_bytes(place(off + len(data), (at, bytes(sb)), (off, data)))
        return TMP / name
    expect("RAID: one half of a mirror", image("r1", 4096, 1, fs, 1 << 20), BOUND)
    expect("RAID: a member of level 5", image("r2", 4096, 5, fs, 1 << 20), UNKNOWN, "level 5")


def unreadable():
    rows = [(0, b"LUKS\xba\xbe\0\2", "encrypted volume (LUKS)"), (3, b"-FVE-FS-", "encrypted volume (BitLocker)"), (32, b"NXSB", "APFS"), (1024, b"BD\0\0", "HFS"),
            (1024, b"\x10\x20\xf5\xf2", "F2FS"), (3, b"ReFS\0\0\0\0", "ReFS"), (65588, b"ReIsEr2Fs", "ReiserFS"), (32768, b"JFS1", "JFS"),
            (131072, b"\x0c\xb1\xba\0\0\0\0\0", "ZFS"), (3072, b"PRIVHEAD", "dynamic disk"), (0, b"COWD", "ESX"), (1 << 20, b"\x0d\xd0\x01\xc0", "VMFS")]
    for at, magic, reason in rows:
        (TMP / "u").write_bytes(place(2 << 20, (at, magic)))
        expect(f"unknown: {reason}", TMP / "u", UNKNOWN, reason)
        if reason != "ESX":
            expect(f"unknown: {reason}: what to do", TMP / "u", UNKNOWN, "give the folder to --root")
    if have("cryptsetup"):
        luks = blank(TMP / "luks2", 20 << 20)
        try:
            subprocess.run([shutil.which("cryptsetup", path=PATH), "luksFormat", "--batch-mode", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", str(luks), "-"],
                           input=b"x", check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            expect("unknown: LUKS2 by cryptsetup", luks, UNKNOWN, "encrypted volume (LUKS)")
        except subprocess.CalledProcessError:
            skipped.add("cryptsetup luksFormat")
    for name, data in (("empty", b""), ("short", b"x" * 100), ("zeros", b"\0" * 100000), ("noise", random.Random(1).randbytes(200000))):
        (TMP / "u").write_bytes(data)
        expect(f"unknown: {name}", TMP / "u", UNKNOWN)
    (TMP / "swap").write_bytes(place(1 << 20, (4086, b"SWAPSPACE2")))
    expect("swap holds nothing to read", TMP / "swap", CLEAN)


def damaged(images):
    """Bytes changed where file systems keep their order: any answer within the time, but no crash."""
    rng = random.Random(7)
    for image in images:
        size = image.stat().st_size
        for i in range(8):
            sh("cp", "--sparse=always", image, TMP / "d")
            with open(TMP / "d", "r+b") as f:
                for _ in range(rng.choice((1, 10, 200))):
                    f.seek(rng.choice((rng.randrange(min(size, 1 << 17)), rng.randrange(size))))
                    f.write(bytes([rng.choice((0, 0xFF, rng.randrange(256)))]))
            try:
                rc, report = audit(TMP / "d")
            except subprocess.TimeoutExpired:
                rc, report = "too long", {}
            check(f"damaged {image.name} {i}", rc in (0, 1, 2) and "error" not in report, (rc, report.get("error")))


def pack(data):
    """As disk_fuzz.c unpacks: 0xfd and a 24-bit length is a run of zeros, a length of 0 the byte itself."""
    out, i = bytearray(), 0
    while i < len(data):
        if data[i] == 0xFD:
            out += b"\xfd\0\0\0"
        elif data[i] == 0:
            end = i
            while end < len(data) and data[end] == 0 and end - i < 0xFFFFFF:
                end += 1
            if end - i > 4:
                out += b"\xfd" + struct.pack("<I", end - i)[:3]
                i = end
                continue
            out += b"\0"
        else:
            out.append(data[i])
        i += 1
    return bytes(out)


def seeds(folder):
    """Small images of every kind."""
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    root = TMP / "small"
    (root / "var/lib/dpkg").mkdir(parents=True)
    (root / "var/lib/dpkg/status").write_text("Package: kesl\nStatus: install ok installed\n\n" * 300)
    for i in range(60):
        (root / f"file {i}").write_text("x")

    def keep(name, path):
        with open(path, "rb") as f:
            data = f.read(16 << 20)
        (folder / name).write_bytes(pack(data))
    fat = TMP / "fat"
    sh("mkfs.vfat", "-F", "12", "-C", fat, "400")
    sh("mcopy", "-s", "-i", fat, root / "var", root / "file 1", "::")
    keep("fat", fat)
    for kind in ("ext2", "ext4"):
        sh("mke2fs", "-q", "-t", kind, "-N", "128", *(["-O", "^has_journal"] if kind == "ext4" else []), "-d", root, TMP / kind, "300K")
        keep(kind, TMP / kind)
    for p in ("gzip", "xz", "zstd", "lz4"):
        sh("mksquashfs", root, TMP / p, "-comp", p, "-noappend", "-quiet", "-no-progress")
        keep(f"squashfs-{p}", TMP / p)
    sh("xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-o", TMP / "iso", root)
    keep("iso", TMP / "iso")
    sh("xorriso", "-as", "mkisofs", "-quiet", "-hfsplus", "-o", TMP / "hfs.iso", root)
    data = (TMP / "hfs.iso").read_bytes()
    (TMP / "hfs").write_bytes(data[next(at for at in range(0, len(data), 512) if data[at:at + 4] == b"H+\0\4") - 1024:])
    keep("hfs", TMP / "hfs")
    for options in ([], ["--chunksize=4096"]):
        sh("mkfs.erofs", "--quiet", *options, TMP / "erofs", root)
        keep("erofs" + "-chunks" * bool(options), TMP / "erofs")
    keep("exfat", exfat(None, None))
    fs = (TMP / "ext2").read_bytes()
    (TMP / "lvm").write_bytes(lvm(fs))
    keep("lvm", TMP / "lvm")
    (TMP / "gpt").write_bytes(place(1 << 20, *gpt([(LINUX, 64, 64 + len(fs) // 512 - 1)], 1 << 20), (64 * 512, fs)))
    keep("gpt", TMP / "gpt")
    (TMP / "ebr").write_bytes(place(1 << 20, (0, table_mbr([(5, 8, 2000)])), (8 * 512, table_mbr([(0x83, 8, len(fs) // 512), (5, 1000, 10)])), (16 * 512, fs), (1008 * 512, table_mbr([(0x82, 8, 8)]))))
    keep("ebr", TMP / "ebr")
    for fmt, options in (("qcow2", ["-c", "-o", "cluster_size=4k"]), ("qcow2", ["-o", "extended_l2=on,cluster_size=16k"]), ("vmdk", []), ("vmdk", ["-o", "subformat=streamOptimized"]),
                         ("vpc", []), ("vdi", []), ("vhdx", ["-o", "block_size=1M"])):
        sh("qemu-img", "convert", "-f", "raw", "-O", fmt, *options, TMP / "ext2", TMP / "q")
        keep(f"{fmt}-{len(options) and options[-1].split('=')[0]}", TMP / "q")
    if have("mkntfs", "ntfscp"):
        lock = TMP / "package-lock.json"
        lock.write_text(json.dumps({"name": "a", "lockfileVersion": 3, "packages": {f"node_modules/@kaspersky/{i}": {"version": "1.0.0"} for i in range(40)}}))
        n = blank(TMP / "ntfs", 2 << 20)
        sh("mkntfs", "-q", "-F", "-Q", "-s", "512", "-c", "512", n)
        sh("ntfscp", "-q", n, lock, "/package-lock.json")
        # Nobody reads the log (all ones) nor the table of capitals (numbers that ascend): they go, to keep the seed small.
        sectors = [n.read_bytes()[i:i + 512] for i in range(0, 2 << 20, 512)]
        words = [struct.unpack("<256H", s) for s in sectors]
        n.write_bytes(b"".join(bytes(512) if s == b"\xff" * 512 or sum(b != 0 and b - a <= 1 for a, b in zip(w, w[1:])) > 100 and len(set(w)) > 60 else s for s, w in zip(sectors, words)))
        keep("ntfs", n)
    # XFS and Btrfs are large by nature: only what lies in front is kept, and that leads to what is missing.
    (TMP / "proto").mkdir(exist_ok=True)
    x = blank(TMP / "xfs", 300 << 20)
    sh("mkfs.xfs", "-q", "-f", "-p", protofile(root), x)
    keep("xfs", x)
    b = blank(TMP / "btrfs", 120 << 20)
    sh("mkfs.btrfs", "-q", "-f", "-n", "4096", "-M", "--rootdir", root, b)
    keep("btrfs", b)


def main():
    if "--seeds" in sys.argv:
        seeds(sys.argv[sys.argv.index("--seeds") + 1])
        return 0
    bad, good = systems()
    made = []
    for part in (ext, xfs, btrfs, squashfs, erofs, hfs, iso, exfat):
        try:
            image = part(bad, good)
            made += [image] if image else []
        except subprocess.CalledProcessError as e:
            check(f"{part.__name__}: {e.cmd[0]}", False, e.stderr)
    for part in (btrfs_packed, xfs_trees):
        try:
            part()
        except subprocess.CalledProcessError as e:
            check(f"{part.__name__}: {e.cmd[0]}", False, e.stderr)
    unreadable()
    if have("mke2fs"):
        fs, clean = (TMP / "ext4-bad.img").read_bytes(), (TMP / "ext4-good.img").read_bytes()
        try:
            tables(fs, clean)
            lvms(fs, clean)
            raids(fs)
            formats(TMP / "ext4-bad.img", TMP / "ext4-good.img")
        except subprocess.CalledProcessError as e:
            check(f"images: {e.cmd[0]}", False, e.stderr)
        made += [p for p in (TMP / "base.qcow2", TMP / "base.vhd", TMP / "l5", TMP / "t4") if p.exists()]
    damaged(made)
    for s in sorted(skipped):
        print(f"skipped: {s}")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


try:
    code = main()
finally:
    shutil.rmtree(TMP, ignore_errors=True)
sys.exit(code)
