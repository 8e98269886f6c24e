#!/usr/bin/env python3
"""`glacis audit --disk` from outside: every image format, partition table, volume manager and file system that is read, made by
its own tools, with what is restricted at the end of a long file and in a folder of thousands; and every one that is not, which
must be `unknown` with the reason. Then all of them damaged: never a crash, never a hang, never clean by accident.

`--seeds DIR` writes small images, runs of zeros packed, as seeds for the fuzz target audit-disk.
"""
import json
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import zlib

from audit_filesystems import audit, blank, BOUND, CLEAN, cut, exfat, expect, FILE_SYSTEMS, have, MOUNTED, PATH, protofile, sh, skipped, systems, TMP, UNKNOWN
from audit_tally import check, ended


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

def make_encrypted(image):
    """qemu-img measures how fast the key can be derived, and gives up where the kernel's clock of a thread is too coarse: then the
    header says it of an image that is not."""
    made = subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10",
                           "--object", "secret,id=s,data=x", image, "1M"], capture_output=True)
    if made.returncode != 0:
        sh("qemu-img", "create", "-q", "-f", "qcow2", image, "1M")
        raw = bytearray(image.read_bytes())
        raw[32:36] = (2).to_bytes(4, "big")  # crypt_method
        image.write_bytes(raw)


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
    make_encrypted(TMP / "enc.qcow2")
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
    for part in FILE_SYSTEMS:
        try:
            image = part(bad, good)
            made += [image] if image else []
        except subprocess.CalledProcessError as e:
            check(f"{part.__name__}: {e.cmd[0]}", False, e.stderr)
    for part in MOUNTED:
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
    return ended()


try:
    code = main()
finally:
    shutil.rmtree(TMP, ignore_errors=True)
sys.exit(code)
