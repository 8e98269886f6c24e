"""Mails for clam_rows.py: every body is a layer of its own, by its type; headers and what stands before the first part are not."""
PLAIN = b"From: a@b.c\nTo: x@y.z\nSubject: sss\n\nhello this is a file of some bytes\n"
TYPED = PLAIN.replace(b"sss\n", b"sss\nMIME-Version: 1.0\nContent-Type: text/plain\n")
BASE64 = b"aGVsbG8gdGhpcyBpcyBhIGZpbGUgb2Ygc29tZSBieXRlcwo=\n"
PARTS = (b"From: a@b.c\nSubject: sss\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=q\n\n--q\nContent-Type: text/plain\n\n"
         b"hello this is a file of some bytes\n--q\nContent-Type: application/octet-stream\n"
         b"Content-Transfer-Encoding: base64\n\n" + BASE64 + b"--q--\n")
FILES = {
    "plain": PLAIN, "typed": TYPED, "crlf": PLAIN.replace(b"\n", b"\r\n"), "parts": PARTS, "blank": PLAIN.replace(b"\n\n", b"\n\n\n\n"),
    "base64": PLAIN.replace(b"sss\n", b"sss\nContent-Transfer-Encoding: base64\n").split(b"\n\n")[0] + b"\n\n" + BASE64,
    "mailbox": (b"From x@y.z Mon Jan 1 00:00:00 2024\n" + PLAIN + b"\nFrom x@y.z Mon Jan 1 00:00:00 2024\n"
                + TYPED.replace(b"hello", b"other")),
    "around": PARTS.replace(b"\n\n--q\n", b"\n\nPreamble text hello this\n--q\n", 1) + b"Epilogue hello this\n",
    "html": b"From: a@b.c\nSubject: s\nContent-Type: text/html\n\n<html><body>Hello &amp; this</body></html>\n",
    "other type": b"From: a@b.c\nSubject: s\nContent-Type: application/x\n\nhello this\n",
    "no body": b"From: a@b.c\nSubject: s\nhello this without blank\nand more\n",
    "mail in mail": b"From: a@b.c\nSubject: s\n\n" + TYPED,
    "message": b"From: a@b.c\nSubject: s\nContent-Type: message/rfc822\n\n" + TYPED,
    "quoted": b"From: a@b.c\nSubject: s\nContent-Transfer-Encoding: quoted-printable\n\nhello=20this\n",
}
TEXTS = ["hello this", "from: a@b.c", "From: a@b.c", "subject: s", "Preamble", "preamble", "Epilogue", "epilogue", "<body>",
         "hello & this", "other this", "content-type: text/plain"]


def lines():
    return [f"M{t}.{i}.{k}:{t}:{o}:{s.encode().hex()}"
            for t in (0, 3, 4, 7) for i, o in enumerate(["*", "0"]) for k, s in enumerate(TEXTS)]
