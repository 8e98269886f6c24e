#!/usr/bin/env python3
"""The audit's HTML report in a real browser: light, dark, print. With a third argument the pictures are kept there."""
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

GLACIS, REGISTER = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
KEEP = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
BROWSER = next((b for b in ("chromium", "chromium-browser", "google-chrome") if shutil.which(b)), None)
if BROWSER is None:
    print("skipped: no chromium")
    sys.exit(77)


def first_pixel(png):
    """The first pixel of an 8-bit RGB or RGBA PNG: its row's filter has nothing before it to add."""
    at, data, colours = 8, b"", 3
    while at < len(png):
        n, kind = struct.unpack(">I4s", png[at:at + 8])
        if kind == b"IHDR":
            colours = {2: 3, 6: 4}[png[at + 8 + 9]]
        if kind == b"IDAT":
            data += png[at + 8:at + 8 + n]
        at += 12 + n
    return tuple(zlib.decompress(data)[1:1 + colours][:3])


def browse(tmp, *args):
    profile = tempfile.mkdtemp(dir=tmp)
    subprocess.run([BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
                    "--disable-sync", "--hide-scrollbars", f"--user-data-dir={profile}", *args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)


def main():
    tmp = pathlib.Path(tempfile.mkdtemp(prefix="glacis-html-"))
    root = tmp / "server12"
    for path, text in {"/opt/kaspersky/kesl/bin/kesl": "x", "/opt/kaspersky/klnagent64/bin/klnagent": "x", "/opt/acme/gateway/ppl/nfio.ppl": "x", "/opt/acme/gateway/bin/appinfo.kli": "x",
                       "/srv/app/package-lock.json": "{", "/var/lib/dpkg/status": "Package: kesl\nStatus: install ok installed\nMaintainer: AO Kaspersky Lab <info@kaspersky.com>\nVersion: 12.1.0-1543\n\n"}.items():
        p = root / path[1:]
        p.parent.mkdir(parents=True, exist_ok=True)
        p.write_text(text)
    page = tmp / "report.html"
    rc = subprocess.run([GLACIS, "--register", REGISTER, "--root", "server12", "--scope", "federal-civilian", "--as-of", "2026-11-23", "-f", "html", "-o", str(page)], cwd=tmp).returncode
    assert rc == 1, rc
    pixels = {}
    for name, args in (("light", ["--blink-settings=preferredColorScheme=1"]), ("dark", ["--blink-settings=preferredColorScheme=0"])):
        picture = tmp / f"audit-{name}.png"
        browse(tmp, *args, "--window-size=1100,1500", f"--screenshot={picture}", f"file://{page}")
        pixels[name] = first_pixel(picture.read_bytes())
        if KEEP:
            shutil.copy(picture, KEEP)
    assert sum(pixels["light"]) > 700, pixels
    assert sum(pixels["dark"]) < 150, pixels
    pdf = tmp / "audit.pdf"
    browse(tmp, f"--print-to-pdf={pdf}", "--no-pdf-header-footer", f"file://{page}")
    assert pdf.read_bytes()[:5] == b"%PDF-" and pdf.stat().st_size > 10000
    if KEEP and shutil.which("pdftoppm"):
        subprocess.run(["pdftoppm", "-r", "70", "-png", "-singlefile", "-f", "1", "-l", "1", str(pdf), str(KEEP / "audit-print")], check=True)
    shutil.rmtree(tmp, ignore_errors=True)
    print("light, dark and print:", pixels, "ok")


main()
