"""Files in files for clam_rows.py: what Container and Intermediates say."""
import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

B = b"\x80\x81\x00\x00\x12\x90\x91\xf0"  # keeps a file from being text
PIECE = B + b"hello this is a file of some bytes" + B


def zipped(data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("a", data)
    return out.getvalue()


def tarred(data):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        entry = tarfile.TarInfo("a")
        entry.size = len(data)
        t.addfile(entry, io.BytesIO(data))
    return out.getvalue()


MAIL = b"From: a@b.c\nSubject: sss\n\nhello this is a file of some bytes\n"
TEXT = b"hello this is a file of some words and text only, you see\n" * 3
# Not three zips in each other, and no HTML in a zip: clamscan's answers depend on what it has in its cache.
FILES = {
    "plain": PIECE, "zip": zipped(PIECE), "tar": tarred(PIECE), "gz": gzip.compress(PIECE), "bz": bz2.compress(PIECE),
    "xz": lzma.compress(PIECE), "zipzip": zipped(zipped(PIECE)), "ziptar": zipped(tarred(PIECE)),
    "targz": gzip.compress(tarred(PIECE)), "zipgz": gzip.compress(zipped(PIECE)), "gzzip": zipped(gzip.compress(PIECE)),
    "gztarzip": zipped(tarred(gzip.compress(PIECE))), "text": TEXT, "ziptext": zipped(TEXT), "mail": MAIL, "zipmail": zipped(MAIL),
}
DEMANDS = """Container:ANY Container:ZIP Container:MAIL Container:BZ Container:XZ Container:HTML Container:TEXT_ASCII Intermediates:ANY
Intermediates:ANY>ANY Intermediates:ANY>ANY>ANY Intermediates:ANY>ZIP Intermediates:ZIP>ANY Intermediates:ZIP>POSIX_TAR
Intermediates:ZIP Intermediates:POSIX_TAR Intermediates:ANY>POSIX_TAR Intermediates:ANY>GZ Intermediates:ZIP>ANY>ZIP
Intermediates:ZIP>ANY>GZ Intermediates:ANY>MAIL Intermediates:MAIL Container:ZIP,Intermediates:GZ Container:ANY,Intermediates:ZIP
Container:ZIP,Intermediates:ZIP Intermediates:ZIP>MAIL Intermediates:POSIX_TAR>GZ Intermediates:ZIP>POSIX_TAR>GZ
Intermediates:GZ>ZIP Intermediates:ANY>BZ""".split()


def lines():
    types = [d.replace(":", ":CL_TYPE_").replace(">", ">CL_TYPE_") for d in DEMANDS]
    return [f"D{t}.{i};Engine:51-255,Target:{t},{d};0;68656c6c6f" for t in (0, 7) for i, d in enumerate(types)]
