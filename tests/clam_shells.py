"""Minimal files of every kind that a ClamAV Target means, around given pieces at given places."""
import base64
import io
import struct
import zipfile

from clam_body import FILL, Unreachable

HTML_HEAD = b"<html><head><title>t</title></head><body>"
MAIL_HEAD = (b"Received: from a by b; Mon, 23 Nov 2026 10:00:00 +0000\nFrom: a@example.org\nTo: b@example.org\n"
             b"Subject: synthetic\nMIME-Version: 1.0\nContent-Type: text/plain\n\n")
HEADS = {
    0: b"",
    2: bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + bytes.fromhex("3e000300feff0900") + bytes(480),
    3: HTML_HEAD,
    4: MAIL_HEAD,
    5: b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0!\xf9\x04\0\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;",
    7: b"some plain words come first so that this is text\n",
    10: b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n",
    11: b"FWS\x09" + struct.pack("<I", 4096),
    12: bytes.fromhex("cafebabe00000034"),
    14: b"\x1f\x9d\x90",
}
TAILS = {3: b"</body></html>\n", 7: b"\n", 10: b"\n%%EOF\n"}


class Image:
    """Bytes with a note of which are spoken for."""

    def __init__(self, fill=FILL):
        self.data, self.used, self.fill = bytearray(), bytearray(), fill

    def grow(self, n):
        if n > 64 << 20:
            raise Unreachable("too far")
        if n > len(self.data):
            self.used += bytes(n - len(self.used))
            self.data += bytes([self.fill]) * (n - len(self.data))

    def put(self, at, data):
        if at < 0:
            raise Unreachable("before the start")
        self.grow(at + len(data))
        for i, b in enumerate(data):
            if self.used[at + i] and self.data[at + i] != b:
                raise Unreachable("two pieces want one place")
        self.data[at:at + len(data)] = data
        self.used[at:at + len(data)] = b"\1" * len(data)

    def append(self, data):
        self.put(len(self.data), data)


class Spot:
    """Where a piece goes: kind '*', 'abs', 'eof', 'ep', 'sec', 'last'."""

    def __init__(self, text):
        self.kind, self.section, self.offset = "*", 0, 0
        place, _, shift = text.partition(",")
        self.shift = int(shift or 0)
        if place == "*":
            return
        if place.startswith("EOF-"):
            self.kind, self.offset = "eof", int(place[4:])
        elif place.startswith("EP"):
            self.kind, self.offset = "ep", int(place[2:] or 0)
        elif place.startswith("SL+"):
            self.kind, self.offset = "last", int(place[3:])
        elif place.startswith("SE"):
            self.kind, self.section, self.offset = "sec", int(place[2:]), 8
        elif place.startswith("S"):
            section, _, offset = place[1:].partition("+")
            self.kind, self.section, self.offset = "sec", int(section), int(offset)
        elif place == "VI":
            raise Unreachable("version information")
        else:
            self.kind, self.offset = "abs", int(place or 0)


def pe_head(sections, entry):
    """sections: (offset, size) in the file; entry: offset in the file."""
    tab, va, entry_va = b"", 0x1000, 0
    for i, (off, size) in enumerate(sections):
        tab += (b".s%d" % i).ljust(8, b"\0") + struct.pack("<IIIIIIHHI", size, va, size, off, 0, 0, 0, 0, 0x60000020)
        if off <= entry < off + size:
            entry_va = va + entry - off
        va += (size + 0xFFF) // 0x1000 * 0x1000
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0x14C, len(sections), 0, 0, 0, 0xE0, 0x102)
    optional = struct.pack("<HBBIIIIIIIIIHHHHHHIIIIHHIIIIII", 0x10B, 1, 0, 0x200, 0x200, 0, entry_va, 0x1000, 0x2000,
                           0x400000, 0x1000, 0x200, 4, 0, 0, 0, 4, 0, 0, va, 0x400, 0, 3, 0, 0x100000, 0x1000, 0x100000,
                           0x1000, 0, 16) + bytes(128)
    return (b"MZ" + bytes(58) + struct.pack("<I", 0x80)).ljust(0x80, b"\0") + coff + optional + tab


def elf_head(sections, entry, shoff):
    base = 0x400000
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    head = ident + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, base + entry, 64, shoff, 0, 64, 56, 1, 64, len(sections) + 1, 0)
    return head + struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, shoff, shoff, 0x1000)


def elf_table(sections):
    table = bytes(64)
    for off, size in sections:
        table += struct.pack("<IIQQQQIIQQ", 0, 1, 6, 0x400000 + off, off, size, 0, 0, 1, 0)
    return table


def round_up(n, to):
    return (n + to - 1) // to * to


def lay_out(pieces, spots_first, count, align):
    """Sizes of `count` sections so that every section-bound piece fits, floating ones behind those of the last."""
    need = [64] * count
    for spot, piece in pieces:
        size = spot.offset + len(piece.data) + len(piece.lead) + len(piece.trail) + 8
        if spot.kind == "sec":
            if spot.section - spots_first >= count or spot.section < spots_first:
                raise Unreachable("no such section")
            need[spot.section - spots_first] = max(need[spot.section - spots_first], size)
        elif spot.kind == "last":
            need[-1] = max(need[-1], size)
        elif spot.kind == "ep":
            need[0] = max(need[0], size + 0x400)
    floating = sum(len(p.data) + len(p.lead) + len(p.trail) + 4 for s, p in pieces if s.kind == "*")
    float_at = need[-1]
    need[-1] += floating
    return [round_up(n, align) for n in need], float_at


def executable(target, pieces, facts):
    sections_wanted = facts.get("NumberOfSections", (0, 0))[0] or 3
    first = 1 if target == 6 else 0
    highest = max([s.section + 1 for s, _ in pieces if s.kind == "sec"], default=0)
    count = max(sections_wanted, highest, 2 if "NumberOfSections" not in facts else 1) - (first if "NumberOfSections" in facts
                                                                                         else 0)
    if count > 40:
        raise Unreachable("too many sections")
    sizes, float_at = lay_out(pieces, first, count, 0x200 if target == 1 else 16)
    at = 0x400 if target == 1 and count <= 16 else 0xA00 if target == 1 else 120
    sections = []
    for size in sizes:
        sections.append((at, size))
        at += size
    lead = 0
    entry_range = facts.get("EntryPoint")
    entry = sections[0][0] + (max([-s.offset for s, _ in pieces if s.kind == "ep"] + [0]) + 16 if any(
        s.kind == "sec" and s.section == first for s, _ in pieces) else 0)
    if entry_range and not entry_range[0] <= entry <= entry_range[1]:
        entry = max(entry_range[0], sections[0][0])
        if entry > entry_range[1] or entry >= at:
            raise Unreachable("entry point")
    image = Image()
    image.put(0, pe_head(sections, entry) if target == 1 else elf_head(sections, entry, at))
    image.grow(at)
    float_at += sections[-1][0] + lead
    for spot, piece in pieces:
        whole = piece.lead + piece.data + piece.trail
        if spot.kind == "sec":
            image.put(sections[spot.section - first][0] + spot.offset - len(piece.lead), whole)
        elif spot.kind == "last":
            image.put(sections[-1][0] + spot.offset - len(piece.lead), whole)
        elif spot.kind == "ep":
            image.put(entry + spot.offset - len(piece.lead), whole)
        elif spot.kind == "*":
            image.put(float_at, whole)
            float_at += len(whole) + 2
        elif spot.kind == "abs":
            image.put(spot.offset - len(piece.lead), whole)
    if target == 6:
        if len(image.data) > at:
            raise Unreachable("behind the section table")
        image.put(at, elf_table(sections))
    return image


def macho(pieces):
    image = Image(0)
    image.put(0, struct.pack("<IIIIIIII", 0xFEEDFACF, 0x1000007, 3, 2, 0, 0, 0, 0))
    return image, pieces


def plain(target, pieces):
    text = target in (3, 4, 7)
    image = Image(ord("y") if text else FILL)
    zero = [p for s, p in pieces if s.kind == "abs" and s.offset < 16]
    if target == 9:
        image, pieces = macho(pieces)
    elif not (zero and target in (0, 3, 7)):
        image.put(0, HEADS.get(target, b""))
    for spot, piece in pieces:
        if spot.kind == "abs":
            image.put(spot.offset - len(piece.lead), piece.lead + piece.data + piece.trail)
        elif spot.kind not in ("*", "eof"):
            raise Unreachable("no sections here")
    if zero and target == 3:
        image.append(HTML_HEAD)
    for spot, piece in pieces:
        if spot.kind == "*":
            image.append((b" qx " if text else b"\x83\x84") + piece.lead + piece.data + piece.trail)
    image.append(b" qx " if text else b"\x83\x84")
    image.append(TAILS.get(target, b""))
    return image


def build(target, pieces, facts):
    """The file as bytes. pieces: (Spot, Piece)."""
    image = executable(target, pieces, facts) if target in (1, 6) else plain(target, pieces)
    low, high = facts.get("FileSize", (0, 1 << 40))
    eof = [(s.offset, p) for s, p in pieces if s.kind == "eof"]
    tail = max([o for o, _ in eof], default=0)
    lead = max([len(p.lead) for _, p in eof], default=0)
    want = max(low, 64)
    if len(image.data) + tail + lead < want:
        image.grow(want - tail)
    size = len(image.data) + lead + tail
    if eof:
        image.grow(size)
        for offset, piece in eof:
            if len(piece.data) > offset:
                raise Unreachable("beyond the end")
            image.put(size - offset - len(piece.lead), piece.lead + piece.data)
    if len(image.data) > high:
        raise Unreachable("too large")
    return bytes(image.data)


def wrap(container, data):
    if container == "CL_TYPE_ZIP":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
            z.writestr(zipfile.ZipInfo("member.bin"), data)
        return out.getvalue()
    if container == "CL_TYPE_MAIL":
        return (MAIL_HEAD.replace(b"text/plain", b"application/octet-stream; name=\"member.bin\"\n"
                                  b"Content-Transfer-Encoding: base64") + base64.encodebytes(data) + b"\n")
    if container in (None, "CL_TYPE_ANY"):
        return data
    raise Unreachable("container " + container)
