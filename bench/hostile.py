"""Files made to cost the matcher as much as they can: the signatures' own strings, what is frequent, what repeats itself."""
import base64
import pathlib
import random
import re

SIZE = 1_000_000
HOT = [b"func", b"unct", b"tion", b"data", b"read", b"open", b"crea", b"http", b"REQU", b"\0\0\0\1", b"obj ", b"publ"]


def fixed_hex(texts: list[bytes]) -> list[bytes]:
    """The fixed bytes before the first wildcard of each hexadecimal string."""
    plain = (re.split(rb"[?(\[{~!*]", text)[0] for text in texts)
    digits = (re.sub(rb"[^0-9a-fA-F]", b"", text) for text in plain)
    return [bytes.fromhex(d[: len(d) // 2 * 2].decode()) for d in digits if len(d) >= 8]


def of_yara(source: bytes, rng: random.Random) -> dict[str, bytes]:
    strings = re.findall(rb'= "((?:[^"\\\n]|\\.){3,60})"', source)
    hexes = fixed_hex(re.findall(rb"= \{([^}]{10,400})\}", source))
    rng.shuffle(strings)
    rng.shuffle(hexes)
    short = [s for s in strings if len(s) <= 6] or [b"short"]
    return {
        "all strings": b" ".join(strings),
        "all hex strings": b"".join(hexes),
        "the rules as text": source,
        "short strings": b"".join(rng.choice(short) for _ in range(SIZE // 4)),
    }


def of_clamav(source: bytes, rng: random.Random) -> dict[str, bytes]:
    bodies = fixed_hex(re.findall(rb"[0-9a-f?*{}()|-]{16,}", source))
    rng.shuffle(bodies)
    return {"all ClamAV bodies": b"".join(bodies)}


def repeating(rng: random.Random) -> dict[str, bytes]:
    out = {f"period {n}": bytes(rng.randrange(256) for _ in range(n)) * (SIZE // n) for n in (1, 2, 3, 4, 7, 16)}
    out["one expression's beginning"] = b"function eval($_POST[ read open fork exec system( " * (SIZE // 50)
    out["frequent beginnings"] = b"".join(rng.choice(HOT) for _ in range(SIZE // 4))
    out["base64"] = base64.b64encode(rng.randbytes(SIZE * 3 // 4))
    return out


def make(folder: pathlib.Path, yara: list[pathlib.Path], clamav: list[pathlib.Path], image: pathlib.Path) -> list[pathlib.Path]:
    """Writes the files, each as it is and behind `MZ`; pieces of the image hold every string of every signature."""
    rng = random.Random(20240720)
    files = of_yara(b"\n".join(p.read_bytes() for p in sorted(yara)), rng) | repeating(rng)
    files |= of_clamav(b"\n".join(p.read_bytes() for p in sorted(clamav)), rng)
    whole = image.read_bytes()
    files |= {f"the image from {at // SIZE} MB": whole[at: at + SIZE] for at in range(0, len(whole), 4 * SIZE)}
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, data in files.items():
        (folder / name).write_bytes(data[:SIZE])
        (folder / f"{name}, MZ").write_bytes(b"MZ" + data[:SIZE])
    return sorted(folder.iterdir())
