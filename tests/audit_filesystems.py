"""File systems for the test of disk images: each made by its own tools, with what is restricted at the end of a long file and in a
folder of thousands. A part takes a root with it and one without, and gives back an image for others to use, or None.
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

from audit_tally import check

GLACIS, REGISTER = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
TMP = pathlib.Path(tempfile.mkdtemp(prefix="glacis-disks-"))
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
skipped = set()
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


FILE_SYSTEMS = (ext, xfs, btrfs, squashfs, erofs, hfs, iso, exfat)
MOUNTED = (btrfs_packed, xfs_trees)
