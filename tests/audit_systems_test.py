#!/usr/bin/env python3
"""What a system has beside packages: units, processes, accounts, engines, certificates, hives, bundles."""
import json
import os
import sqlite3
import struct
import sys

from audit_fixtures import audit, E, expect, found, fresh, have, main, OK, P, sh, status, TMP, tree, U
from audit_tally import check


def systems():
    expect("unit", ["--root", tree({"/usr/lib/systemd/system/klnagent64.service": "[Service]\nExecStart=/x\n"})], 1, {"klnagent": U})
    expect("unit of another name that starts the program", ["--root", tree({"/etc/systemd/system/av.service": "[Service]\nExecStart=/opt/kaspersky/kesl/libexec/kesl\n"})], 1, {"kesl": U})
    expect("process", ["--root", tree({"/proc/77/comm": "klserver\n", "/proc/78/comm": "bash\n"})], 1, {"ksc": U})
    expect("process environment", ["--root", tree({"/proc/77/environ": b"PATH=/bin\0KRAS4D_LICENSE=x\0"})], 1, {"kesl": U})
    expect("kernel module, loaded", ["--root", tree({"/proc/modules": "kav4fs_oas 16384 0 - Live 0x0\next4 1 1 - Live 0x0\n"})], 1, {"kav4fs": U})
    expect("kernel module, on disk", ["--root", tree({"/lib/modules/4.9/extra/kav4fs_oas.ko.xz": "x"})], 1, {"kav4fs": U})
    expect("generic kernel module is only a question", ["--root", tree({"/etc/modules": "redirfs\n"})], 0, {"kaspersky": "review"})
    expect("group", ["--root", tree({"/etc/group": "root:x:0:\nkladmins:x:999:\n"})], 0, {"ksc": "residual"})
    expect("user of three letters is only a question", ["--root", tree({"/etc/passwd": "ksc:x:1000:1000::/home/ksc:/bin/sh\n"})], 0, {"ksc": "review"})
    for name, path in (("kesl", "kesl"), ("kess", "kess"), ("kwts", "kwts"), ("ksmg", "ksmg"), ("kfl", "kfl"), ("klnagent", "klnagent64"), ("ksc", "ksc64"),
                       ("kav4fs", "kav4fs"), ("kav4proxy", "kav4proxy"), ("kes4lwks", "kes4lwks"), ("scanengine", "ScanEngine")):
        expect(f"path of {name}", ["--root", tree({f"/opt/kaspersky/{path}/bin/x": "x"})], 1, {name: U})
    expect("empty product folder", ["--root", tree(dirs=["/opt/kaspersky/kesl"])], 0, {"kesl": "residual"})
    expect("data left behind", ["--root", tree({"/var/opt/kaspersky/kesl/x": "x", "/var/log/kaspersky/kesl/a.log": "x"})], 0, {"kaspersky": "residual"})
    expect("hosts: configured", ["--root", tree({"/etc/hosts": "10.0.0.5 s07.upd.kaspersky.com\n"})], 0, {"kaspersky": "review"})
    expect("hosts: blocked", ["--root", tree({"/etc/hosts": "0.0.0.0 s07.upd.kaspersky.com\n# 10.0.0.1 touch.kaspersky.com\n"})], 0, {"kaspersky": "mention-only"})
    expect("proxy: allowed", ["--root", tree({"/etc/squid/squid.conf": "acl upd dstdomain downloads.upd.kaspersky.com\nhttp_access allow upd\n"})], 0, {"kaspersky": "review"})
    expect("apt source", ["--root", tree({"/etc/apt/sources.list.d/k.list": "deb https://products.s.kaspersky-labs.com/x stable main\n"})], 0, {"kaspersky": "review"})
    expect("inside a container store of the host", ["--root", tree({"/var/lib/docker/overlay2/abc/diff/opt/kaspersky/kesl/bin/kesl": "x"})], 1, {"kesl": U})
    expect("image name in a store", ["--root", tree({"/var/lib/docker/image/overlay2/repositories.json": '{"Repositories":{"kaspersky/scanengine_httpd":{"kaspersky/scanengine_httpd:2":"sha256:1"}}}'})], 1, {"scanengine": U})
    expect("a link out of the root is not followed", ["--root", tree({"/etc/x": "x"}, links={"/opt/kaspersky": str(tree({"/kesl/bin/kesl": "x"}))})], 0, {"kaspersky": "mention-only"})
    expect("a database behind a link inside", ["--root", tree({"/data/status": status(("kesl", OK, "x", "1"))}, links={"/var/lib/dpkg/status": "/data/status"})], 1, {"kesl": U})
    expect("nothing at all", ["--root", tree({"/etc/hostname": "x\n"})], 0, {})


def engines():
    tree1 = {"/opt/acme/av/ppl/nfio.ppl": "x", "/opt/acme/av/bin/appinfo.kli": "x"}
    report = expect("embedded engine", ["--root", tree(tree1)], 1, {"kaspersky-engine": U})
    f = report["findings"][0]
    check("embedded engine: where", f["embedded"] and f["inside"] == "/opt/acme/av", f)
    expect("embedded engine in commerce: supply side", ["--root", tree(tree1)], 1, {"kaspersky-engine": P}, scope="commercial-us")
    bod = [j for j in f["rests_on"] if j["instrument"] == "us-bod-17-01"]
    check("embedded engine: outside the directive", bod and bod[0]["outcome"] == E, bod)
    expect("embedded engine: telecom", ["--root", tree(tree1)], 1, {"kaspersky-engine": P}, scope="telecom")
    expect("embedded engine: Australia excludes it", ["--root", tree(tree1)], 0, {"kaspersky-engine": E}, scope="au-commonwealth")
    expect("settings and a program", ["--root", tree({"/srv/gw/start.sh": "export SDKPATH=/srv/gw/sdk\nKL_PLUGINS_PATH=/x\n", "/srv/gw/bin/kavhttpd": "x"})], 1, {"kaspersky-engine": U})
    for one in ("/srv/talks/ppl/spring.ppl", "/opt/acme/bin/bases/x", "/opt/x/kavehost.exe", "/opt/x/tools/kavsigner", "/opt/x/integrity_check_sdk.xml"):
        expect(f"one marker alone: {one}", ["--root", tree({one: "x"})], 0, {})
    expect("two markers in two trees", ["--root", tree({"/opt/a/ppl/x.ppl": "x", "/opt/b/bin/appinfo.kli": "x"})], 0, {})
    expect("slides of one folder", ["--root", tree({"/home/a/ppl/a.ppl": "x", "/home/a/ppl/b.ppl": "x", "/home/a/slides.ppl": "x"})], 0, {})
    report = expect("engine in its maker's product", ["--root", tree({"/opt/kaspersky/ScanEngine/ppl/a.ppl": "x", "/opt/kaspersky/ScanEngine/bin/kavhttpd": "x", "/opt/kaspersky/ScanEngine/bin/appinfo.kli": "x"})], 1, {"scanengine": U})
    expect("configuration of a router", ["--root", tree({"/config/juniper.conf": "security { utm { feature-profile { anti-virus { type kaspersky-lab-engine; } } } }\n"})], 1, {"junos-kaspersky": U})


def classes():
    cyber = tree({"/opt/kaspersky/ktfs/bin/kl_feed_service": "x"})
    expect("threat intelligence: exempt in commerce", ["--root", cyber], 0, {"cybertrace": E}, scope="commercial-us")
    report = expect("threat intelligence: not exempt for agencies", ["--root", cyber], 1, {"cybertrace": U})
    check("threat intelligence: exempt from the directive", {j["instrument"]: j["outcome"] for j in report["findings"][0]["rests_on"]}["us-bod-17-01"] == E)
    npm = tree({"/srv/app/package-lock.json": json.dumps({"lockfileVersion": 3, "packages": {"": {"name": "x"}, "node_modules/@kaspersky/components": {"version": "1"}, "node_modules/left-pad": {}}})})
    expect("library: commerce has a question", ["--root", npm], 0, {"kaspersky-library": "review"}, scope="commercial-us")
    expect("library: in reach of section 1634", ["--root", npm], 1, {"kaspersky-library": U}, scope="dod")
    expect("export only, before the determination", ["--root", tree({"/opt/kaspersky/kesl/bin/x": "x"})], 0, {"kesl": "export-only"}, scope="commercial-us", asof="2024-07-01")
    expect("nothing before 2017", ["--root", tree({"/opt/kaspersky/kesl/bin/x": "x"})], 0, {}, asof="2017-09-12")
    expect("removal due under the directive", ["--root", tree({"/opt/kaspersky/kesl/bin/x": "x"})], 1, {"kesl": "removal-due"}, asof="2017-10-01")


def make_cert(subject, name):
    key, crt = TMP / f"{name}.key", TMP / f"{name}.crt"
    sh("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", crt, "-days", "30", "-subj", subject, "-utf8")
    return key, crt


def signed_pe(key, crt):
    """A small PE with a PKCS#7 signature in its certificate table."""
    data = TMP / "content"
    data.write_bytes(b"content")
    p7 = sh("openssl", "smime", "-sign", "-binary", "-in", data, "-signer", crt, "-inkey", key, "-outform", "DER", "-nodetach")
    head = bytearray(1024)
    head[0:2] = b"MZ"
    struct.pack_into("<I", head, 60, 128)
    head[128:132] = b"PE\0\0"
    struct.pack_into("<HHIIIHH", head, 132, 0x8664, 0, 0, 0, 0, 240, 0x22)
    opt = 152
    struct.pack_into("<H", head, opt, 0x20b)
    struct.pack_into("<I", head, opt + 108, 16)
    entry = struct.pack("<IHH", len(p7) + 8, 0x200, 2) + p7
    entry += b"\0" * (-len(entry) % 8)
    struct.pack_into("<II", head, opt + 112 + 4 * 8, len(head), len(entry))
    return bytes(head) + entry


def certificates():
    if not have("openssl"):
        return
    _, crt = make_cert("/O=AO Kaspersky Lab/CN=Kaspersky Anti-Virus Personal Root Certificate", "kroot")
    key, signer = make_cert("/C=RU/O=Kaspersky Lab JSC/CN=Kaspersky Lab JSC", "ksign")
    _, other = make_cert("/O=Natalya Kaspersky Photography/CN=kaspersky-photos.example", "other")
    okey, osign = make_cert("/O=Example Ltd/CN=Example Ltd", "osign")
    expect("certificate: PEM", ["--root", tree({"/usr/local/share/ca-certificates/k.crt": crt.read_bytes()})], 0, {"kaspersky": "residual"})
    bundle = other.read_bytes() + crt.read_bytes() + other.read_bytes()
    expect("certificate: in a bundle", ["--root", tree({"/etc/ssl/certs/all.pem": bundle})], 0, {"kaspersky": "residual"})
    der = sh("openssl", "x509", "-in", crt, "-outform", "DER")
    expect("certificate: DER", ["--root", tree({"/srv/x.der": der})], 0, {"kaspersky": "residual"})
    expect("certificate: somebody of that name", ["--root", tree({"/etc/ssl/certs/o.pem": other.read_bytes()})], 0, {})
    db = TMP / "cert9.db"
    con = sqlite3.connect(db)
    con.execute("CREATE TABLE nssPublic (id INTEGER PRIMARY KEY, a0 BLOB, a11 BLOB)")
    con.execute("INSERT INTO nssPublic (a0, a11) VALUES (x'01', ?)", (der,))
    con.commit()
    con.close()
    expect("certificate: NSS", ["--root", tree({"/home/u/.mozilla/firefox/p/cert9.db": db.read_bytes()})], 0, {"kaspersky": "residual"})
    expect("certificate: damaged NSS", ["--root", tree({"/home/u/.mozilla/firefox/p/cert9.db": db.read_bytes()[:1000]})], 2, {"unknown": "unknown"})
    pe = signed_pe(key, signer)
    expect("signer: installed program", ["--root", tree({"/Program Files/Thing/a.dll": pe})], 1, {"kaspersky": U})
    expect("signer: a download", ["--root", tree({"/Users/u/Downloads/setup.exe": pe})], 0, {"kaspersky": "review"})
    expect("signer: somebody else", ["--root", tree({"/Program Files/Thing/a.dll": signed_pe(okey, osign)})], 0, {})
    expect("signer: cut short", ["--root", tree({"/Program Files/Thing/a.dll": pe[:1100]})], 0, {})


def hive(kind, text):
    out = fresh(f"hive{kind}")
    minimal = next((p for p in ("/usr/share/doc/libwin-hivex-perl/examples/minimal", "/usr/share/hivex/minimal") if os.path.exists(p)), None)
    out.write_bytes(open(minimal, "rb").read() if minimal else minimal_hive())
    reg = TMP / "x.reg"
    reg.write_text("Windows Registry Editor Version 5.00\n\n" + text)
    sh("hivexregedit", "--merge", "--prefix", "HKEY_LOCAL_MACHINE\\" + kind, out, reg)
    return out.read_bytes()


def minimal_hive():
    """An empty hive with a root key, as hivex can fill it."""
    nk = bytearray(76 + 8)
    nk[0:2] = b"nk"
    struct.pack_into("<H", nk, 2, 0x2c)
    for off in (28, 32, 40, 48):
        struct.pack_into("<I", nk, off, 0xffffffff)
    struct.pack_into("<I", nk, 16, 0xffffffff)
    sk_off = 32 + 96
    struct.pack_into("<I", nk, 44, sk_off)
    struct.pack_into("<H", nk, 72, 4)
    nk[76:80] = b"ROOT"
    hbin = bytearray(4096)
    hbin[0:4] = b"hbin"
    struct.pack_into("<II", hbin, 4, 0, 4096)
    struct.pack_into("<i", hbin, 32, -96)
    hbin[36:36 + len(nk)] = nk
    sd = bytes.fromhex("01000480") + b"\0" * 16
    sk = b"sk\0\0" + struct.pack("<IIII", sk_off, sk_off, 1, len(sd)) + sd
    struct.pack_into("<i", hbin, sk_off, -64)
    hbin[sk_off + 4:sk_off + 4 + len(sk)] = sk
    struct.pack_into("<i", hbin, sk_off + 64, 4096 - sk_off - 64)
    head = bytearray(4096)
    head[0:4] = b"regf"
    struct.pack_into("<IIQIIIIIII", head, 4, 1, 1, 0, 1, 3, 0, 1, 32, 4096, 1)
    x = 0
    for i in range(0, 508, 4):
        x ^= struct.unpack_from("<I", head, i)[0]
    struct.pack_into("<I", head, 508, x)
    return bytes(head) + bytes(hbin)


def windows():
    cfg = "/Windows/System32/config/"
    if have("hivexregedit"):
        software = hive("SOFTWARE", "[HKEY_LOCAL_MACHINE\\SOFTWARE\\WOW6432Node]\n\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\WOW6432Node\\KasperskyLab]\n\n")
        expect("registry: key left", ["--root", tree({cfg + "SOFTWARE": software})], 0, {"kaspersky": "residual"})
        chain = "HKEY_LOCAL_MACHINE\\SOFTWARE"
        text = ""
        for step in ("Microsoft", "Windows", "CurrentVersion", "Uninstall", "{ABC}"):
            chain += "\\" + step
            text += f"[{chain}]\n" + ('"DisplayName"="Kaspersky Endpoint Security for Windows"\n"Publisher"="AO Kaspersky Lab"\n' if step == "{ABC}" else "") + "\n"
        uninstall = hive("SOFTWARE", text)
        expect("registry: uninstall entry", ["--root", tree({cfg + "SOFTWARE": uninstall})], 1, {"kaspersky": U})
        chain, text = "HKEY_LOCAL_MACHINE\\SYSTEM", ""
        for step in ("ControlSet001", "Services"):
            chain += "\\" + step
            text += f"[{chain}]\n\n"
        system = hive("SYSTEM", text + "".join(f'[{chain}\\{s}]\n"Start"=dword:00000002\n\n' for s in ("AVP.KES.21.9", "klif", "Tcpip")))
        expect("registry: services", ["--root", tree({cfg + "SYSTEM": system, cfg + "SOFTWARE": uninstall})], 1, {"kes-windows": U})
        clean = hive("SYSTEM", text + f"[{chain}\\Tcpip]\n\n[{chain}\\AVPlayer]\n\n")
        expect("registry: clean", ["--root", tree({cfg + "SYSTEM": clean})], 0, {})
        for cut in (10, 4000, 4096, len(system) - 100):
            expect(f"registry: cut at {cut}", ["--root", tree({cfg + "SYSTEM": system[:cut]})], 2, {"unknown": "unknown"})
        broken = bytearray(system)
        for i in range(4096 + 32, min(len(broken), 4096 + 400), 16):
            broken[i] ^= 0xff
        rc, report = audit("--root", tree({cfg + "SYSTEM": bytes(broken)}))
        check("registry: overwritten is unknown", rc == 2 and found(report) == {"unknown": "unknown"}, found(report))
    expect("drivers", ["--root", tree({"/Windows/System32/Drivers/KLIF.sys": "x", "/Windows/System32/drivers/klupd_klif_arkmon.sys": "x"})], 1, {"kaspersky": U})
    expect("program files", ["--root", tree({"/Program Files (x86)/Kaspersky Lab/KES/avp.exe": "x"})], 1, {"kaspersky": U})
    expect("program data", ["--root", tree({"/ProgramData/Kaspersky Lab/AVP21.3/Data/x": "x"})], 0, {"kaspersky": "residual"})
    expect("installer alone", ["--root", tree({"/Users/u/ks4ws_x64.msi": "x"})], 0, {"ksws": "review"})
    expect("migration to another product", ["--root", tree({"/Program Files/UltraAV/app.exe": "x"})], 0, {"ultraav": "mention-only"}, scope="commercial-us")


def macos():
    import plistlib
    for fmt in (plistlib.FMT_XML, plistlib.FMT_BINARY):
        info = plistlib.dumps({"CFBundleName": "x", "CFBundleIdentifier": "com.kaspersky.kav", "A": {"CFBundleIdentifierX": "y"}}, fmt=fmt)
        expect(f"macOS bundle {fmt.name}", ["--root", tree({"/Applications/K.app/Contents/Info.plist": info})], 1, {"kav-macos": U})
        other = plistlib.dumps({"CFBundleIdentifier": "com.example.kav"}, fmt=fmt)
        expect(f"macOS other bundle {fmt.name}", ["--root", tree({"/Applications/K.app/Contents/Info.plist": other})], 0, {})
    expect("macOS team", ["--root", tree({"/Applications/Y.app/Contents/MacOS/y": b"\xca\xfe\0\0" + b"x" * 100 + b"\0" + b"2Y8XE5CQ94\0"})], 1, {"kaspersky": U})
    expect("macOS receipt", ["--root", tree({"/private/var/db/receipts/com.kaspersky.kav.core.bom": "x"})], 0, {"kav-macos": "residual"})
    expect("macOS damaged list", ["--root", tree({"/Applications/K.app/Contents/Info.plist": b"bplist00" + b"\xff" * 60})], 2, {"unknown": "unknown"})
    ext = "ahkjpbeeocnddjkakilopmfdlnjdpcdm"
    expect("browser extension", ["--root", tree({f"/home/u/.config/google-chrome/Default/Extensions/{ext}/1.0/manifest.json": "{}"})], 1, {"kaspersky-extension": U})
    expect("browser policy", ["--root", tree({"/etc/opt/chrome/policies/managed/p.json": json.dumps({"ExtensionInstallForcelist": [ext + ";https://x"]})})], 1, {"kaspersky-extension": U})
    expect("browser: native host", ["--root", tree({"/etc/opt/chrome/native-messaging-hosts/com.kaspersky.ahkjpbeeocnddjkakilopmfdlnjdpcdm.host.json": "{}"})], 0, {"kaspersky-extension": "residual"})


sys.exit(main(systems, engines, classes, certificates, windows, macos))
