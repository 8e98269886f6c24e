"""Bytes that satisfy a ClamAV body signature, and bytes that just miss it."""
import re

FILL = 0x81  # neither text nor part of most signatures


class Unreachable(Exception):
    """There is no such file, or none that we know to make."""


TOKEN = re.compile(
    r"!?\((?:B|L|W)\)|!\([^)]*\)|\(|\)|\||\*|\{[^}]*\}|\[[^\]]*\]|[0-9a-fA-F?]{2}"
)


def tokens(text):
    at = 0
    while at < len(text):
        m = TOKEN.match(text, at)
        if m is None:
            raise Unreachable("regular expression" if "/" in text else "no body")
        yield m[0]
        at = m.end()


def one_byte(pair, text_only):
    hi, lo = pair
    for fill_hi in ("6" if text_only else "8", "7", "0"):
        for fill_lo in "12345":
            value = int((fill_hi if hi == "?" else hi) + (fill_lo if lo == "?" else lo), 16)
            return value
    return FILL


def gap_length(token):
    """The least number of bytes that a gap takes, and at least a few where it may."""
    if token == "*":
        return 3
    lo, dash, hi = token[1:-1].partition("-")
    low = int(lo or 0)
    if not dash:
        return low if lo else 3
    high = int(hi) if hi else low + 3
    return max(low, min(high, low + 1))


def negated(token, text_only):
    body = token[2:-1].split("|")
    size = len(body[0]) // 2
    taken = {bytes.fromhex(b) for b in body}
    for fill in (b"q", b"z", b"1", b"x", bytes([FILL])):
        if fill * size not in taken:
            return fill * size
    raise Unreachable("negation")


MARK = {"(B)": b" ", "(L)": b"\n", "(W)": b" ", "!(B)": b"q", "!(L)": b"q", "!(W)": b"q"}


class Piece:
    """A run of bytes; fixed: positions whose change must break the match."""

    def __init__(self):
        self.data = bytearray()
        self.fixed = []
        self.lead = b""  # before the match
        self.trail = b""  # behind it


def wide_of(data):
    return b"".join(bytes([b, 0]) for b in data)


def make(text, modifiers="", text_only=False):
    """A Piece that matches HEX[::MODIFIERS]."""
    wide = "w" in modifiers and "a" not in modifiers
    piece = Piece()
    all_tokens = list(tokens(text))
    filler = ord("y") if text_only else FILL
    stack = []  # inside ( ): True while the branch is the first
    for i, t in enumerate(all_tokens):
        if t == "(":
            stack.append(True)
        elif t == "|":
            stack[-1] = False
        elif t == ")":
            stack.pop()
        elif stack and not all(stack):
            continue
        elif t in MARK:
            if i == 0:
                piece.lead = MARK[t]
            elif i == len(all_tokens) - 1:
                piece.trail = MARK[t]
            else:
                piece.data += MARK[t]
        elif t[0] in "*{[":
            piece.data += bytes([filler]) * gap_length(t)
        elif t[0] == "!":
            data = negated(t, text_only)
            piece.data += wide_of(data) if wide else data
        else:
            value = one_byte(t, text_only)
            if "i" in modifiers and not text_only and chr(value).isalpha() and value < 0x80 and i % 2:
                value ^= 0x20
            if "?" not in t and not stack:
                piece.fixed.append(len(piece.data))
            piece.data += bytes([value, 0]) if wide else bytes([value])
    if "f" in modifiers:
        edge = b". " if text_only else b".\0" if wide else b"."
        piece.lead, piece.trail = piece.lead or edge, piece.trail or edge
    return piece


def broken(piece, text_only=False):
    """The same with one fixed byte changed."""
    if not piece.fixed:
        raise Unreachable("nothing to change")
    at = piece.fixed[len(piece.fixed) // 2]
    other = Piece()
    other.data, other.fixed = bytearray(piece.data), piece.fixed
    other.lead, other.trail = piece.lead, piece.trail
    old = other.data[at]
    if text_only:
        other.data[at] = ord("q") if old != ord("q") else ord("v")
    else:
        other.data[at] = old ^ 0x81
    return other
