#!/usr/bin/env python3
"""Facts of modules that no installed program tells: over files made here, the facts that must come out, and broken files, of
which nothing worse may come than fewer facts.

usage: module_facts_test.py MODULE_DUMP GLACIS SOURCE_ROOT"""
import hashlib
import io
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
import zipfile

DUMP, GLACIS, ROOT = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
failures = []


def facts(module, data, scratch):
    file = scratch / "file"
    file.write_bytes(data)
    run = subprocess.run([DUMP, module, file], capture_output=True)
    if run.returncode != 0:
        failures.append(f"{module}: module_dump ended with {run.returncode}: {run.stderr[-300:].decode('latin1')}")
        return {}
    lines = (x.partition(" = ") for x in run.stdout.decode("latin1").split("\n") if x)
    return {name.partition(".")[2]: value for name, _, value in lines}


def expect(name, module, data, wanted, scratch, absent=()):
    """`wanted`: facts that are there, numbers or text; `absent`: beginnings of names that are not."""
    got = facts(module, data, scratch)
    for key, value in wanted.items():
        if not isinstance(value, int):
            value = '"' + "".join(chr(b) if 0x20 <= b < 0x7F else f"\\x{b:02x}" for b in value.encode()) + '"'
        if got.get(key) != str(int(value) if isinstance(value, (bool, int)) else value):
            failures.append(f"{module}, {name}: {key} is {got.get(key)}, not {value}")
    for key in got:
        if any(key.startswith(a) for a in absent):
            failures.append(f"{module}, {name}: {key} is {got[key]}, and should not be there")


def broken(data, rng):
    data = bytearray(data)
    if rng.random() < 0.2:
        return bytes(data[: rng.randrange(len(data))])
    for _ in range(rng.choice([1, 2, 4])):
        at, width = rng.randrange(len(data)), rng.choice([1, 2, 4])
        value = rng.choice([0, 1, 0xFF, 0xFFFFFFFF, 0x80000000, rng.getrandbits(32)])
        data[at : at + width] = struct.pack("<I", value)[:width]
    return bytes(data)


# lnk: [MS-SHLLINK]

CLSID = bytes.fromhex("0114020000000000c000000000000046")
GUIDS = bytes(range(64))


def link(flags, body, attributes=0x20, show=1):
    times = b"".join(struct.pack("<Q", (11644473600 + t) * 10**7) for t in (100, 200, 300))
    return struct.pack("<I", 0x4C) + CLSID + struct.pack("<II", flags, attributes) + times + struct.pack(
        "<IiIHHII", 1234, -7, show, 0, 0, 0, 0) + body


def counted(text, wide=True):
    data = text.encode("utf-16le" if wide else "cp1252")
    return struct.pack("<H", len(data) // (2 if wide else 1)) + data


def link_info(label=b"DISK\0", base=b"C:\\a\xe9\0", suffix=b"b.txt\0"):
    volume = struct.pack("<IIII", 16 + len(label), 3, 0xDEADBEEF, 16) + label
    at = 0x1C
    offsets = [at, at + len(volume), at + len(volume) + len(base)]
    body = volume + base + suffix
    return struct.pack("<IIIIIII", 0x1C + len(body), 0x1C, 1, offsets[0], offsets[1], 0, offsets[2]) + body


def wide_link_info():
    label = struct.pack("<IIIII", 20 + 6, 5, 7, 0x14, 20) + "CD".encode("utf-16le") + b"\0\0"
    base, suffix = "D:\\ü\0".encode("utf-16le"), "x\0".encode("utf-16le")
    at = 0x24
    head = struct.pack("<IIIIIIIII", at + len(label) + 2 + len(base) + len(suffix), at, 1, at, at + len(label), 0,
                       at + len(label) + 1, at + len(label) + 2, at + len(label) + 2 + len(base))
    return head + label + b"\0\0" + base + suffix


TRACKER = struct.pack("<IIII", 0x60, 0xA0000003, 0x58, 0) + b"chris-xps\0\0\0\0\0\0\0" + GUIDS
WHOLE = link(0xFF, struct.pack("<H", 4) + b"\2\0\0\0" + link_info() + counted("näme") + counted("..\\b.txt") + counted("C:\\")
             + counted("-a \"b\" 😀") + counted("icon.ico") + TRACKER + struct.pack("<I", 0) + b"extra")
LINKS = [
    ("a link with everything", WHOLE, {
        "is_lnk": True, "name": "näme", "relative_path": "..\\b.txt", "working_dir": "C:\\", "cmd_line_args": "-a \"b\" 😀",
        "icon_location": "icon.ico", "icon_index": 0xFFFFFFF9, "show_command": 1, "file_size": 1234, "file_attributes": 0x20,
        "creation_time": 100, "access_time": 200, "write_time": 300, "drive_type": 3, "drive_serial_number": 0xDEADBEEF,
        "volume_label": "DISK", "local_base_path": "C:\\aé", "common_path_suffix": "b.txt",
        "tracker_data.machine_id": "chris-xps", "tracker_data.version": 0,
        "tracker_data.droid_volume_id": "03020100-0504-0706-0809-0a0b0c0d0e0f",
        "tracker_data.droid_birth_file_id": "33323130-3534-3736-3839-3a3b3c3d3e3f",
        "overlay_size": 5, "overlay_offset": len(WHOLE) - 5}, ()),
    ("nothing but the header", link(0, b""), {"is_lnk": True, "overlay_size": 0}, ("name", "drive", "overlay_offset", "tracker")),
    ("ANSI strings", link(0x24, counted("nä", False) + counted("x", False)), {"name": "nä", "cmd_line_args": "x"}, ()),
    ("paths in UTF-16", link(2, wide_link_info()), {
        "local_base_path": "D:\\ü", "common_path_suffix": "x", "volume_label": "CD", "drive_type": 5}, ()),
    ("link information that the flags forbid", link(0x102 | 4 | 0x80, counted("n")), {"name": "n"}, ("drive",)),
    ("link information of 0 bytes", link(0x86, struct.pack("<I", 0) + counted("n")), {"is_lnk": True}, ("name",)),
    ("a volume outside", link(2, struct.pack("<7I", 0x1C, 0x1C, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0, 0)), {"is_lnk": True},
     ("drive", "local", "common")),
    ("a string that is longer than the file", link(0x84, struct.pack("<H", 0xFFFF) + b"ab"), {"is_lnk": True}, ("name", "overlay")),
    ("an ID list that is longer than the file", link(0x85, struct.pack("<H", 0xFFFF)), {"is_lnk": True}, ("name", "overlay")),
    ("a block that is longer than the file", link(0, struct.pack("<II", 0x7FFFFFFF, 0xA0000003)), {"is_lnk": True},
     ("tracker", "overlay")),
    ("a tracker of 12 bytes", link(0, struct.pack("<III", 12, 0xA0000003, 0x58) + bytes(4)), {"overlay_size": 0}, ("tracker",)),
    ("another class", b"L\0\0\0" + bytes(80), {"is_lnk": False}, ("name", "file", "overlay")),
]


# zip, ooxml, crx


def archive(files, comment=b""):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, (2020, 2, 3, 4, 5, 6))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            z.writestr(info, data)
        z.comment = comment
    return out.getvalue()


DOCX = archive({"[Content_Types].xml": b"<x/>", "word/document.xml": b"y" * 1000}, b"hello")
MANIFEST = b"""\xef\xbb\xbf{ // a comment, "quoted
 "manifest_version": 3, "name": "__MSG_AppName__", "description": "plain // text", "version": "1.2", /* and " another */
 "default_locale": "en", "permissions": ["tabs", 7, "https://*/"], "host_permissions": ["<all_urls>"],
 "optional_permissions": ["x"], "minimum_chrome_version": "88", "homepage_url": "https://example.org/" }"""
EXTENSION = archive({"manifest.json": MANIFEST, "_locales/en/messages.json": b'{"appname": {"message": "Real n\xc3\xa4me"}}'})


def message(*fields):
    """A message of protocol buffers: (number, bytes)."""

    def varint(n):
        out = b""
        while n > 127:
            out += bytes([n & 127 | 128])
            n >>= 7
        return out + bytes([n])

    return b"".join(varint(number << 3 | 2) + varint(len(data)) + data for number, data in fields)


def letters(digest):
    return "".join(chr(ord("a") + int(c, 16)) for c in digest.hex())


class Key:
    def __init__(self, scratch, *kind):
        self.file = scratch / "key.pem"
        subprocess.run(["openssl", "genpkey", "-quiet", "-out", self.file, *kind], check=True, stderr=subprocess.DEVNULL)
        self.pem = self.file.read_bytes()
        self.public = subprocess.run(["openssl", "pkey", "-pubout", "-outform", "DER", "-in", self.file], check=True,
                                     capture_output=True).stdout

    def sign(self, data, digest="-sha256"):
        self.file.write_bytes(self.pem)
        return subprocess.run(["openssl", "dgst", digest, "-sign", self.file], input=data, check=True, capture_output=True).stdout


def crx3(keys, zipped, lie=b"", tail=b""):
    who = hashlib.sha256(keys[0].public).digest()[:16]
    data = message((1, who))
    signed = b"CRX3 SignedData\0" + struct.pack("<I", len(data)) + data + zipped
    proofs = [(2 if n == 0 else 3, message((1, k.public), (2, k.sign(signed + lie)))) for n, k in enumerate(keys)]
    header = message(*proofs, (10000, data)) + tail
    return b"Cr24" + struct.pack("<II", 3, len(header)) + header + zipped


def crx2(key, zipped):
    signature = key.sign(zipped, "-sha1")
    return b"Cr24" + struct.pack("<III", 2, len(key.public), len(signature)) + key.public + signature + zipped


def test_lnk(scratch):
    for name, data, wanted, absent in LINKS:
        expect(name, "lnk", data, wanted, scratch, absent)
    return [WHOLE]


def test_zip(scratch):
    wanted = {"number_of_on_disk_entries": 2, "number_of_total_entries": 2, "zip_comment_len": 5, "zip_comment_str": "hello",
              "entries[0].name_string": "[Content_Types].xml", "entries[0].name_length": 19, "entries[1].uncompressed_size": 1000,
              "entries[1].compression_method_value": 8, "entries[1].compression_method_name": "Deflate",
              "entries[1].os_name": "Unix", "entries[1].spec_version": 20, "entries[1].version_made_by": 0x314,
              "entries[1].mod_time_raw": 4 << 11 | 5 << 5 | 3, "entries[1].mod_date_raw": 40 << 9 | 2 << 5 | 3,
              "central_dir_offset": DOCX.index(b"PK\1\2")}
    expect("a document", "ooxml", DOCX, {"is_ooxml": True, **wanted}, scratch)
    expect("a document", "zip", DOCX, {"is_zip": True, **wanted}, scratch)
    expect("an archive", "ooxml", archive({"a": b"b"}), {"is_ooxml": False}, scratch, ("zip_comment_str",))
    expect("a document behind other bytes", "ooxml", b"MZ" + DOCX, {}, scratch, ("is_", "entries"))
    expect("an archive behind other bytes", "zip", b"MZ" * 100 + DOCX, {"is_zip": True, **wanted}, scratch)
    expect("65,535 entries that are not there", "zip", DOCX.replace(b"\2\0\2\0", b"\xff\xff\xff\xff"),
           {"number_of_total_entries": 65535, "entries[1].flags": 0}, scratch, ("entries[2]",))
    at = DOCX.index(b"PK\5\6") + 16
    expect("a directory outside", "zip", DOCX[:at] + b"\xf0\xff\xff\xff" + DOCX[at + 4 :], {"is_zip": True}, scratch, ("entries[",))
    expect("no archive", "zip", b"PK\3\4" + bytes(100), {"is_zip": False}, scratch, ("central", "entries"))
    return [DOCX]


def test_crx(scratch):
    if shutil.which("openssl") is None:
        return []
    rsa, ec = Key(scratch, "-algorithm", "RSA"), Key(scratch, "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    facts3 = {"is_crx": True, "id": letters(hashlib.sha256(rsa.public).digest()[:16]), "version": "1.2",
              "name": "Real näme", "raw_name": "__MSG_AppName__", "description": "plain // text",
              "raw_description": "plain // text", "homepage_url": "https://example.org/", "permissions[0]": "tabs",
              "permissions[1]": "https://*/", "host_permissions[0]": "<all_urls>", "optional_permissions[0]": "x",
              "minimum_chrome_version": "88", "signatures[0].key": hashlib.sha256(rsa.public).hexdigest(),
              "signatures[0].verified": True}
    three = crx3([rsa, ec], EXTENSION)
    expect("version 3", "crx", three, {**facts3, "crx_version": 3, "signatures[1].verified": True,
                                       "header_size": struct.unpack_from("<I", three, 8)[0]}, scratch)
    expect("version 2", "crx", crx2(rsa, EXTENSION), {**facts3, "crx_version": 2}, scratch)
    expect("a signature of other bytes", "crx", crx3([rsa], EXTENSION, b"x"), {"signatures[0].verified": False}, scratch)
    expect("a changed archive", "crx", three + b"x", {"signatures[0].verified": False}, scratch)
    expect("an unknown group in the header", "crx", crx3([rsa], EXTENSION, tail=b"\x0b"), facts3, scratch)
    expect("no manifest", "crx", crx3([rsa], archive({"a": b"b"})), {"is_crx": True}, scratch, ("version", "name"))
    expect("a manifest that is a list", "crx", crx3([rsa], archive({"manifest.json": b"[1]"})), {"is_crx": True}, scratch, ("name",))
    expect("a manifest nested 100,000 deep", "crx", crx3([rsa], archive({"manifest.json": b"[" * 100000})), {"is_crx": True}, scratch,
           ("name",))
    expect("a manifest of 1 GB of zeroes", "crx", crx3([rsa], archive({"manifest.json": bytes(1 << 26)})), {"is_crx": True}, scratch)
    expect("a header of 4 GB", "crx", b"Cr24" + struct.pack("<II", 3, 0xFFFFFFFF), {"is_crx": True}, scratch, ("header_size", "id"))
    expect("version 4", "crx", b"Cr24" + struct.pack("<II", 4, 0), {"is_crx": False}, scratch, ("crx_version",))
    return [three]


# olecf, vba, msi: [MS-CFB], [MS-OVBA]


def compound(entries, clsid=bytes(16), sectors_lie=None):
    """An OLE2 file of (name, type, data), in one row of the directory, without small sectors."""
    fat, body = [0xFFFFFFFD], b""

    def put(data):
        nonlocal body
        data += bytes(-len(data) % 512)
        first, n = len(fat), len(data) // 512
        fat.extend(list(range(first + 1, first + n)) + [0xFFFFFFFE])
        body += data
        return first if n else 0xFFFFFFFE

    def entry(name, kind, start, size, clsid=bytes(16)):
        wide = name.encode("utf-16le") + b"\0\0"
        return struct.pack("<64sHBBIII16sIQQIQ", wide, len(wide), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, 1, clsid, 0, 0, 0, start, size)

    rows = entry("Root Entry", 5, 0xFFFFFFFE, 0, clsid)
    for name, kind, data in entries:
        rows += entry(name, kind, put(data) if kind == 2 else 0, len(data))
    directory = put(rows)
    if sectors_lie is not None:
        fat[sectors_lie] = sectors_lie
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIIII", 0, 1, directory, 0, 0, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0) + b"\xff" * 432
    assert len(header) == 512 and len(fat) <= 128
    table = b"".join(struct.pack("<I", x) for x in fat + [0xFFFFFFFF] * (128 - len(fat)))
    return header + table + body


def packed(data):
    """[MS-OVBA] 2.4.1 with nothing but literals."""
    out = b"\x01"
    for at in range(0, len(data), 3600):
        part = data[at : at + 3600]
        chunk = b"".join(b"\0" + part[i : i + 8] for i in range(0, len(part), 8))
        out += struct.pack("<H", 0xB000 | (len(chunk) - 1)) + chunk
    return out


def records(*rows):
    return b"".join(struct.pack("<HI", number, len(data)) + data for number, data in rows)


def dir_stream(modules, count=None):
    data = records((1, bytes(4)), (4, b"Proj\xe9ct")) + struct.pack("<HIIH", 9, 4, 1234, 5)
    data += records((0x16, b"stdole"), (0x3E, b"s\0"), (0x0D, b"lib"), (0x16, b"Office"))
    data += records((0x0F, struct.pack("<H", len(modules) if count is None else count)))
    for name, stream, offset, kind in modules:
        data += records((0x19, name), (0x1A, stream), (0x32, b"x\0"), (0x31, struct.pack("<I", offset)), (kind, b""), (0x2B, b""))
    return packed(data)


SOURCE = b'Attribute VB_Name = "Mod"\r\nSub AutoOpen()\r\nEnd Sub\r\n'
MODULES = [(b"Mod", b"Mod", 3, 0x21), (b"ThisDocument", b"THISDOCUMENT", 0, 0x22)]
MACROS = compound([("VBA", 1, b""), ("DIR", 2, dir_stream(MODULES)), ("Mod", 2, b"abc" + packed(SOURCE)),
                   ("ThisDocument", 2, packed(b"x" * 5000)), ("_VBA_PROJECT", 2, b"\xcc\x61")])


def test_olecf(scratch):
    expect("a project", "olecf", MACROS, {
        "is_olecf": True, "streams[0].name": "Root Entry", "streams[0].type": 5, "streams[1].name": "VBA", "streams[1].type": 1,
        "streams[2].name": "DIR", "streams[2].type": 2, "streams[3].size": 3 + len(packed(SOURCE)), "streams[5].name": "_VBA_PROJECT"},
        scratch, ("streams[6]",))
    expect("a type that does not exist", "olecf", compound([("a", 9, b"")]), {"streams[1].type": 0}, scratch)
    expect("a directory that loops", "olecf", compound([("a", 2, b"x")], sectors_lie=2), {"is_olecf": True}, scratch)
    expect("nothing but the header", "olecf", MACROS[:512], {"is_olecf": True}, scratch, ("streams",))
    expect("a header cut short", "olecf", MACROS[:400], {"is_olecf": False}, scratch, ("streams",))
    return [MACROS]


def test_vba(scratch):
    wanted = {"has_macros": True, "module_names[0]": "Mod", "module_types[0]": "Standard",
              "module_code[0]": SOURCE.decode(), "module_names[1]": "ThisDocument", "module_types[1]": "Class",
              "module_code[1]": "x" * 5000, "project_info.name": "Projéct", "project_info.version": "1234.5",
              "project_info.references[0]": "stdole", "project_info.references[1]": "Office", "project_info.module_count": 2}
    expect("an old document", "vba", MACROS, wanted, scratch, ("module_names[2]",))
    expect("a new document", "vba", archive({"a": b"", "xl/vbaProject.bin": MACROS}), wanted, scratch)
    expect("a project in capitals", "vba", archive({"XL/VBAPROJECT.BIN": MACROS}), wanted, scratch)
    expect("no project", "vba", compound([("a", 2, b"x")]), {"has_macros": False}, scratch, ("module", "project"))
    expect("an archive without a project", "vba", DOCX, {"has_macros": False}, scratch, ("module", "project"))

    def with_dir(data):
        return compound([("dir", 2, data), ("Mod", 2, b"abc" + packed(SOURCE))])

    expect("a module whose stream is missing", "vba", with_dir(dir_stream([(b"A", b"B", 0, 0x21)])),
           {"module_names[0]": "A", "module_code[0]": ""}, scratch)
    expect("source behind the stream's end", "vba", with_dir(dir_stream([(b"A", b"Mod", 0x7FFFFFFF, 0x21)])),
           {"module_code[0]": ""}, scratch)
    expect("source that is not packed", "vba", with_dir(dir_stream([(b"A", b"Mod", 0, 0x22)])), {"module_code[0]": ""}, scratch)
    expect("65,535 modules that are not there", "vba", with_dir(dir_stream(MODULES[:1], 65535)),
           {"project_info.module_count": 65535, "module_code[0]": SOURCE.decode()}, scratch, ("module_names[1]",))
    expect("a record that is longer than the stream", "vba", with_dir(packed(records((4, b"P")) + struct.pack("<HI", 4, 0xFFFFFFFF))),
           {"has_macros": True, "project_info.name": "P"}, scratch)
    expect("a module named 600 times", "vba", with_dir(dir_stream(MODULES[:1] * 600)), {"has_macros": True}, scratch)
    return [MACROS]


def test_msi(scratch):
    package = (ROOT / "src/format/ole2/module_corpus/acme.msi").read_bytes()  # made by wixl 0.101; the facts are msiinfo's
    expect("a package", "msi", package, {
        "is_msi": True, "is_signed": False, "codepage": 1252, "title": "Installation Database", "subject": "Acme Tool",
        "author": "Acme", "keywords": "k", "comments": "some comment", "template": "Intel;1033", "page_count": 200,
        "word_count": 2, "creating_application": "msitools 0.101", "security": 2, "number_of_tables": 28,
        "tables[0]": "ServiceControl", "tables[27]": "Shortcut", "properties[ProductName]": "Acme Tool",
        "properties[ProductCode]": "{11111111-2222-3333-4444-555555555555}", "properties[ProductVersion]": "1.2.3"},
        scratch, ("tables[28]",))
    clsid = bytes.fromhex("84100c0000000000c000000000000046")
    summary = bytes(44) + struct.pack("<IIIII", 48, 0, 0x7FFFFFFF, 2, 0xFFFFFFF0)
    expect("a summary that lies", "msi", compound([("\5SummaryInformation", 2, summary)], clsid), {"is_msi": True}, scratch, ("title",))
    expect("a package without anything", "msi", compound([], clsid), {"is_msi": True, "is_signed": False}, scratch, ("title", "tables"))
    expect("a signature", "msi", compound([("\5DigitalSignature", 2, b"x")], clsid), {"is_signed": True}, scratch)
    expect("a document", "msi", MACROS, {"is_msi": False}, scratch, ("title", "is_signed"))
    return [package]


def mach(*commands, head=0xFEEDFACF):
    body = b"".join(struct.pack("<II", kind, 8 + len(data)) + data for kind, data in commands)
    return struct.pack("<IiIIIIII", head, 0x1000007, 3, 2, len(commands), len(body), 0, 0) + body


def test_macho(scratch):
    program = (ROOT / "src/format/macho/module_corpus/main_x64").read_bytes()  # by lld 14; the facts are llvm-objdump's
    expect("a program", "macho", program, {
        "dynamic_linker": "/usr/lib/dyld", "dylibs[0].name": "/usr/lib/libSystem.B.dylib", "dylibs[0].current_version": "1.0.0",
        "build_version.platform": 1, "build_version.minos": "11.0.0", "build_version.tools[0].tool": 3, "symtab.nsyms": 7,
        "symtab.entries[1]": "_main", "dysymtab.nundefsym": 2, "segments[0].filesize": 0}, scratch, ("min_version", "dylibs[1]"))
    plist = b"<plist><dict><key>com.apple.a</key><true/><key>b</key><false/></dict></plist>"
    blob = struct.pack(">IIIII", 0xFADE0CC0, 20 + 8 + len(plist), 1, 5, 20) + struct.pack(">II", 0xFADE7171, 8 + len(plist)) + plist
    commands = [(0x25, struct.pack("<II", 0x000C0102, 0x000D0000)), (0x2A, struct.pack("<Q", 1 << 40 | 2 << 30 | 3 << 20 | 4 << 10 | 5)),
                (0x8000001C, struct.pack("<I", 12) + b"@loader_path/x\0"), (0x1B, bytes(range(16)))]
    size = len(mach(*commands, (0x1D, bytes(8))))
    expect("the rarer load commands", "macho", mach(*commands, (0x1D, struct.pack("<II", size, len(blob)))) + blob, {
        "min_version.device": 0x25, "min_version.version": "12.1.2", "min_version.sdk": "13.0.0", "source_version": "1.2.3.4.5",
        "rpaths[0]": "@loader_path/x", "uuid": "00010203-0405-0607-0809-0A0B0C0D0E0F", "entitlements[0]": "com.apple.a",
        "entitlements[1]": "b", "code_signature_data.dataoff": size}, scratch, ("entitlements[2]",))
    expect("strings outside their commands", "macho", mach((0xC, struct.pack("<IIII", 0xFFFFFFFF, 0, 0, 0)), (0xE, struct.pack("<I", 4)),
           (0x8000001C, struct.pack("<I", 99))), {"dylibs[0].timestamp": 0}, scratch, ("dylibs[0].name", "dynamic_linker", "rpaths[0]"))
    expect("tables outside the file", "macho", mach((2, struct.pack("<IIII", 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFF0, 0xFFFFFFFF)),
           (0x1D, struct.pack("<II", 0xFFFFFFF0, 8))), {"symtab.nsyms": 0xFFFFFFFF}, scratch, ("symtab.entries[0]", "entitlements["))
    expect("4 billion tools", "macho", mach((0x32, struct.pack("<IIII", 1, 2, 3, 0xFFFFFFFF))), {"build_version.ntools": 0xFFFFFFFF}, scratch,
           ("build_version.tools[0]",))
    expect("10,000 symbol tables over the whole file", "macho", mach(*[(2, struct.pack("<IIII", 0, 0xFFFFFFFF, 0, 0xFFFFFFFF))] * 10000),
           {"symtab.symoff": 0}, scratch)
    expect("a command of 4 bytes", "macho", mach((0x1B, bytes(16))).replace(struct.pack("<II", 0x1B, 24), struct.pack("<II", 0x1B, 4)),
           {"ncmds": 1}, scratch, ("uuid",))
    return [program]


def dex():
    """Two strings more than names, a type that no class defines, a method; right sums (Android's dex-format)."""
    text = [b"<init>", b"Landroid/content/Context;", b"V", b"hello"]
    data, at = b"", 0x70 + 4 * len(text) + 4 * 2 + 12 + 8
    string_ids = b""
    for s in text:
        string_ids += struct.pack("<I", at + len(data))
        data += bytes([len(s)]) + s + b"\0"
    off = [0x70]
    for n in (4 * len(text), 8, 12):
        off.append(off[-1] + n)
    body = string_ids + struct.pack("<2I", 1, 2) + struct.pack("<3I", 2, 1, 0) + struct.pack("<2HI", 0, 0, 0) + data
    words = [0x70 + len(body), 0x70, 0x12345678, 0, 0, 0, len(text), off[0], 2, off[1], 1, off[2], 0, 0, 1, off[3], 0, 0, len(data), at]
    rest = struct.pack("<20I", *words) + body
    sha = hashlib.sha1(rest).digest()
    return b"dex\n035\0" + struct.pack("<I", zlib.adler32(sha + rest)) + sha + rest


def test_dex(scratch):
    program = dex()
    expect("sums", "dex", program, {"header.checksum": zlib.adler32(program[12:]), "number_of_methods": 0}, scratch)
    ask = {"sums": "dex.checksum() == dex.header.checksum and dex.signature() == dex.header.signature",
           "string": 'dex.contains_string("hello") and not dex.contains_string("hell")',
           "class": 'dex.contains_class("Landroid/content/Context;") and not dex.contains_class("hello")',
           "method": 'dex.contains_method("<init>") and not dex.contains_method("hello")',
           "undefined": "not defined dex.checksum() and not defined dex.signature() and not defined dex.contains_string(\"a\")"}
    (scratch / "r.yar").write_text('import "dex"\n' + "".join(f"rule {n} {{ condition: {c} }}\n" for n, c in ask.items()))
    for name, data, wanted in (("right", program, ["class", "method", "string", "sums"]),
                               ("a byte changed", program[:-2] + b"O" + program[-1:], ["class", "method"]),
                               ("no program", b"dex\n", ["undefined"])):
        (scratch / "f").write_bytes(data)
        run = subprocess.run([GLACIS, "yara", scratch / "r.yar", scratch / "f"], capture_output=True, text=True)
        got = sorted(x.split()[0] for x in run.stdout.split("\n") if x)
        if got != wanted:
            failures.append(f"dex, {name}: {got}, not {wanted} {run.stderr}")
    expect("of YARA-X", "yara-x:dex", program, {
        "is_dex": True, "header.magic": 0x6465780A, "header.version": 35, "header.checksum": zlib.adler32(program[12:]),
        "header.signature": hashlib.sha1(program[32:]).hexdigest(), "signature()": hashlib.sha1(program[32:]).hexdigest(),
        "header.string_ids_size": 4, "header.string_ids_off": 0x70, "string_ids[3]": "hello", "type_ids[0]": "Landroid/content/Context;",
        "type_ids[1]": "V", "proto_ids[0].shorty": "V", "proto_ids[0].return_type": "V", "proto_ids[0].parameters_count": 0,
        "method_ids[0].class": "Landroid/content/Context;", "method_ids[0].proto.return_type": "V", "method_ids[0].name": "<init>"},
        scratch, ("class_defs[0]", "map_list.size", "header.container_size"))
    long = b"x" * 300  # its length takes two bytes
    body = struct.pack("<I", 0x78 + 4) + b"\xac\x02" + long + b"\0"
    words = [0x78 + len(body), 0x78, 0x12345678, 0, 0, 0, 1, 0x78] + [0] * 12
    expect("of YARA-X, version 041", "yara-x:dex", b"dex\n041\0" + bytes(24) + struct.pack("<20I", *words) + struct.pack("<II", 7, 9) + body,
           {"header.version": 41, "header.container_size": 7, "header.header_offset": 9, "string_ids[0]": long.decode()}, scratch,
           ("header.data_size",))
    expect("of YARA-X, no program", "yara-x:dex", b"dex\n", {"is_dex": False}, scratch, ("header",))
    return [program]


def trie(*names):
    """An export trie of names that share no first letter."""
    root = bytearray([0, len(names)])
    size = 2 + sum(len(n) + 2 for n in names)
    for i, n in enumerate(names):
        root += n.encode() + b"\0" + bytes([size + 4 * i])
    return bytes(root) + b"\2\0\0\0" * len(names)


def test_macho_names(scratch):
    """Names that the dynamic linker binds; the facts are those of YARA-X."""
    program = (ROOT / "src/format/macho/module_corpus/main_x64").read_bytes()
    md5 = lambda *names: hashlib.md5(",".join(names).encode()).hexdigest()
    expect("names", "macho", program, {
        "exports[0]": "_x", "exports[1]": "_foo", "exports[2]": "_main", "exports[3]": "__mh_execute_header",
        "imports[0]": "dyld_stub_binder", "imports[1]": "_puts", "import_hash()": md5("_puts", "dyld_stub_binder"),
        "export_hash()": md5("__mh_execute_header", "_foo", "_main", "_x"), "dylib_hash()": md5("/usr/lib/libsystem.b.dylib")},
        scratch, ("entitlement_hash()", "exports[4]", "imports[2]"))
    expect("the magic of YARA-X", "yara-x:macho", program, {"magic": 0xCFFAEDFE}, scratch)
    names = trie("B", "a")
    at = len(mach((0x80000033, bytes(8))))
    expect("an export trie of its own", "macho", mach((0x80000033, struct.pack("<II", at, len(names)))) + names,
           {"exports[0]": "a", "exports[1]": "B", "export_hash()": md5("a", "b")}, scratch)
    loop = bytes([0, 2]) + b"a\0\0" + b"b\0\0"
    expect("a trie that is its own child", "macho", mach((0x80000033, struct.pack("<II", at, len(loop)))) + loop, {"ncmds": 1}, scratch,
           ("exports[0]",))
    fixups = struct.pack("<7I", 0, 0, 28, 36, 2, 1, 0) + struct.pack("<II", 0 << 9, 3 << 9) + b"_f\0_g\0"
    at = len(mach((0x80000034, bytes(8))))
    expect("chained fixups", "macho", mach((0x80000034, struct.pack("<II", at, len(fixups)))) + fixups,
           {"imports[0]": "_f", "imports[1]": "_g"}, scratch)
    expect("options for the linker", "macho", mach((0x2D, struct.pack("<I", 2) + b"-lfoo\0-lbar\0")),
           {"linker_options[0]": "-lfoo", "linker_options[1]": "-lbar"}, scratch)
    (scratch / "f").write_bytes(program)
    (scratch / "r.yar").write_text('import "macho" rule a { condition: macho.has_dylib("/USR/lib/libSystem.B.dylib") and macho.has_export("_MAIN")'
                                   ' and macho.has_import("_puts") and not macho.has_import("_put") and not macho.has_rpath("x") and'
                                   ' not macho.has_entitlement("x") } rule b { condition: not defined macho.has_dylib("x") }')
    for file, wanted in (("f", ["a"]), ("r.yar", ["b"])):
        run = subprocess.run([GLACIS, "yara", scratch / "r.yar", scratch / file], capture_output=True, text=True)
        if [x.split()[0] for x in run.stdout.split("\n") if x] != wanted:
            failures.append(f"macho, names of {file}: {run.stdout} {run.stderr}")
    return [program]


def test_dotnet(scratch):
    """What YARA-X says differently; the facts are those of YARA-X."""
    program = (ROOT / "src/format/dotnet/module_corpus/classes.exe").read_bytes()
    expect("of YARA", "dotnet", program, {"classes[1].methods[0].return_type": "void", "classes[7].namespace": "",
           "classes[2].methods[1].parameters[0].type": "int[0...,0...]", "constants[0]": "k\0o\0n\0s\0t"}, scratch)
    expect("of YARA-X", "yara-x:dotnet", program, {"constants[0]": "k\0o\0n\0s\0t\0"}, scratch,
           ("classes[1].methods[0].return_type", "classes[7].namespace"))
    return [program]


def test_elf(scratch):
    program = (ROOT / "src/format/elf/module_corpus/amd64.so").read_bytes()
    expect("of YARA", "elf", program, {"dynamic_section_entries": 13, "dynamic[12].type": 0}, scratch, ("dynamic[13]",))
    expect("of YARA-X", "yara-x:elf", program, {"dynamic_section_entries": 12}, scratch, ("dynamic[12]",))
    return [program]


def in_rules(scratch):
    """Facts as conditions see them: booleans, constants within structs, arrays of text, functions."""
    (scratch / "r.yar").write_text(
        'import "lnk"\nimport "zip"\nimport "magic"\n'
        "rule a { condition: lnk.is_lnk and lnk.drive_type == lnk.DriveType.FIXED and not zip.is_zip }\n"
        "rule b { condition: lnk.show_command == lnk.ShowCommand.MAXIMIZED or lnk.file_attributes & "
        "lnk.FILE_ATTRIBUTE_HIDDEN != 0 }\n"
        'rule c { condition: magic.mime_type() contains "/" and magic.type() contains "shortcut" }\n')
    (scratch / "f").write_bytes(WHOLE)
    run = subprocess.run([GLACIS, "yara", scratch / "r.yar", scratch / "f"], capture_output=True, text=True)
    if [x.split()[0] for x in run.stdout.split("\n") if x] != ["a", "c"]:
        failures.append(f"rules over a link: {run.stdout}{run.stderr}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        seeds = {m: f(scratch) for m, f in TESTS.items()}
        in_rules(scratch)
        rng, n = random.Random(3), 0
        for module, files in seeds.items():
            for data in files:
                for _ in range(40):
                    n += 1
                    facts(module, broken(data, rng), scratch)
    for line in failures:
        print(line)
    print(f"{len(TESTS)} modules, {n} broken files, {len(failures)} failures")
    return 1 if failures else 0


TESTS = {"lnk": test_lnk, "zip": test_zip, "crx": test_crx, "olecf": test_olecf, "vba": test_vba, "msi": test_msi,
         "macho": test_macho, "dex": test_dex, "yara-x:macho": test_macho_names, "yara-x:dotnet": test_dotnet, "yara-x:elf": test_elf}
if __name__ == "__main__":
    sys.exit(main())
