#!/usr/bin/env python3
"""Container images, disk images and bills of materials."""
import io
import json
import os
import shutil
import struct
import sys
import tarfile

from audit_fixtures import audit, BASE, expect, found, fresh, have, main, OK, P, sh, status, TMP, tree, U
from audit_tally import check


def tar_bytes(files, compress=None):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w" if compress is None else f"w:{compress}") as t:
        for name, content in files:
            if content is None:
                info = tarfile.TarInfo(name)
                info.type = tarfile.DIRTYPE
                t.addfile(info)
                continue
            content = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(content)
            t.addfile(info, io.BytesIO(content))
    return out.getvalue()


def docker_archive(layers, tags=("x:1",), env=(), drop=None, order_last=False):
    path = fresh("image.tar")
    files = [("config.json", json.dumps({"config": {"Env": list(env)}, "rootfs": {"type": "layers"}}))]
    names = [f"layer{i}/layer.tar" for i in range(len(layers))]
    files += [(n, l) for n, l in zip(names, layers) if n != drop]
    files.append(("manifest.json", json.dumps([{"Config": "config.json", "RepoTags": list(tags), "Layers": names}])))
    path.write_bytes(tar_bytes(files))
    return path


def oci_archive(layers, folder=False):
    import hashlib
    blobs = {}

    def put(data, media):
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {"mediaType": media, "digest": "sha256:" + digest, "size": len(data)}
    config = put(json.dumps({"config": {}}).encode(), "application/vnd.oci.image.config.v1+json")
    descs = [put(l, "application/vnd.oci.image.layer.v1.tar+gzip") for l in layers]
    manifest = put(json.dumps({"schemaVersion": 2, "config": config, "layers": descs}).encode(), "application/vnd.oci.image.manifest.v1+json")
    attestation = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:" + "0" * 64, "size": 1, "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
    index = json.dumps({"schemaVersion": 2, "manifests": [manifest, attestation]})
    files = [("oci-layout", '{"imageLayoutVersion":"1.0.0"}'), ("index.json", index)] + [("blobs/sha256/" + d, b) for d, b in blobs.items()]
    path = fresh("oci")
    if folder:
        for n, c in files:
            p = path / n
            p.parent.mkdir(parents=True, exist_ok=True)
            p.write_bytes(c.encode() if isinstance(c, str) else c)
    else:
        path.write_bytes(tar_bytes(files))
    return path


def images():
    base = tar_bytes([("var/lib/dpkg/status", BASE), ("etc/hostname", "x")])
    kesl = tar_bytes([("opt/kaspersky/kesl/bin/kesl", "x"), ("var/lib/dpkg/status", BASE + status(("kesl", OK, "x", "1")))])
    gone = tar_bytes([("opt/.wh.kaspersky", ""), ("var/lib/dpkg/status", BASE)])
    opaque = tar_bytes([("opt/kaspersky/kesl/.wh..wh..opq", ""), ("var/lib/dpkg/status", BASE)])
    expect("docker: installed", ["--image", docker_archive([base, kesl])], 1, {"kesl": U})
    report = expect("docker: deleted later", ["--image", docker_archive([base, kesl, gone])], 0, {"kesl": "residual"})
    check("docker: the layer is named", all(e.get("layer") == "layer1/layer.tar" for e in report["findings"][0]["evidence"]), report["findings"])
    expect("docker: opaque folder", ["--image", docker_archive([base, kesl, opaque])], 0, {"kesl": "residual"})
    expect("docker: deleted and installed again", ["--image", docker_archive([base, kesl, gone, kesl])], 1, {"kesl": U})
    expect("docker: clean", ["--image", docker_archive([base])], 0, {})
    expect("docker: image name", ["--image", docker_archive([base], tags=["docker.io/kaspersky/scanengine_icapd:2.1"])], 1, {"scanengine": U})
    expect("docker: environment", ["--image", docker_archive([base], env=["KRAS4D_ACTIVATION=1"])], 1, {"kesl": U})
    expect("docker: a layer is missing", ["--image", docker_archive([base, kesl], drop="layer1/layer.tar")], 2, {"unknown": "unknown"})
    expect("docker: a layer is cut", ["--image", docker_archive([base, tar_bytes([("a", "x" * 5000)])[:3000]])], 2, {"unknown": "unknown"})
    gz = [tar_bytes([("var/lib/dpkg/status", BASE)], "gz"), tar_bytes([("opt/kaspersky/kesl/bin/kesl", "x")], "gz")]
    expect("OCI archive", ["--image", oci_archive(gz)], 1, {"kesl": U})
    expect("OCI folder", ["--image", oci_archive(gz, folder=True)], 1, {"kesl": U})
    folder = oci_archive(gz, folder=True)
    next(p for p in (folder / "blobs/sha256").iterdir() if p.read_bytes() == gz[1]).unlink()
    expect("OCI folder, a blob is missing", ["--image", folder], 2, {"unknown": "unknown"})
    plain = TMP / "rootfs.tar.gz"
    plain.write_bytes(tar_bytes([("./opt/kaspersky/kesl/bin/kesl", "x"), ("../evil", "x")], "gz"))
    expect("a root's archive", ["--image", plain], 1, {"kesl": U})
    (TMP / "noise").write_bytes(os.urandom(5000))
    expect("noise is no image", ["--image", TMP / "noise"], 2, {"unknown": "unknown"})
    expect("no such image", ["--image", TMP / "nowhere"], 2, {"unknown": "unknown"})
    if have("umoci"):
        layout, bundle = TMP / "umoci", TMP / "bundle"
        sh("umoci", "init", "--layout", layout)
        sh("umoci", "new", "--image", f"{layout}:x")
        sh("umoci", "unpack", "--rootless", "--image", f"{layout}:x", bundle)
        (bundle / "rootfs/opt/kaspersky/kwts").mkdir(parents=True)
        (bundle / "rootfs/opt/kaspersky/kwts/x").write_text("x")
        sh("umoci", "repack", "--refresh-bundle", "--image", f"{layout}:x", bundle)
        expect("umoci: installed", ["--image", layout], 1, {"kwts": U})
        shutil.rmtree(bundle / "rootfs/opt/kaspersky")
        sh("umoci", "repack", "--refresh-bundle", "--image", f"{layout}:x", bundle)
        expect("umoci: deleted later", ["--image", layout], 0, {"kwts": "residual"})


def disks():
    root = tree({"/opt/kaspersky/kesl/bin/kesl": "x", "/var/lib/dpkg/status": status(("kesl", OK, "x", "1")), "/etc/a": "x" * 100000})
    clean = tree({"/var/lib/dpkg/status": BASE})
    if have("mke2fs"):
        for kind in ("ext2", "ext4"):
            image = TMP / f"{kind}.img"
            sh("mke2fs", "-q", "-t", kind, "-d", root, image, "8M")
            expect(f"disk: {kind}", ["--disk", image], 1, {"kesl": U})
        sh("mke2fs", "-q", "-t", "ext4", "-d", clean, TMP / "clean.img", "8M")
        expect("disk: clean", ["--disk", TMP / "clean.img"], 0, {})
        fs = (TMP / "ext4.img").read_bytes()
        mbr = bytearray(512)
        struct.pack_into("<BBBBBBBBII", mbr, 446, 0, 0, 0, 0, 0x83, 0, 0, 0, 2048, len(fs) // 512)
        mbr[510:512] = b"\x55\xaa"
        (TMP / "mbr.img").write_bytes(bytes(mbr) + b"\0" * (2048 * 512 - 512) + fs)
        expect("disk: MBR", ["--disk", TMP / "mbr.img"], 1, {"kesl": U})
        head = bytearray(2048 * 512)
        head[510:512] = b"\x55\xaa"
        struct.pack_into("<BBBBBBBBII", head, 446, 0, 0, 0, 0, 0xee, 0, 0, 0, 1, 0xffffffff)
        head[512:520] = b"EFI PART"
        struct.pack_into("<QII", head, 512 + 72, 2, 128, 128)
        head[1024:1040] = b"\x01" * 16
        struct.pack_into("<QQ", head, 1024 + 32, 2048, 2048 + len(fs) // 512 - 1)
        luks = b"LUKS\xba\xbe" + b"\0" * 4090
        head[1152:1168] = b"\x02" * 16
        struct.pack_into("<QQ", head, 1152 + 32, 2048 + len(fs) // 512, 2048 + len(fs) // 512 + 7)
        (TMP / "gpt.img").write_bytes(bytes(head) + fs + luks)
        expect("disk: GPT, and an encrypted partition", ["--disk", TMP / "gpt.img"], 1, {"kesl": U, "unknown": "unknown"})
        (TMP / "cut.img").write_bytes(fs[:20000])
        rc, report = audit("--disk", TMP / "cut.img")
        check("disk: cut short is unknown", rc == 2 and found(report) == {"unknown": "unknown"}, found(report))
    (TMP / "luks.img").write_bytes(b"LUKS\xba\xbe" + b"\0" * 100000)
    report = expect("disk: encrypted", ["--disk", TMP / "luks.img"], 2, {"unknown": "unknown"})
    check("disk: the reason is told", "LUKS" in json.dumps(report["findings"][0]["not_readable"]), report)
    if have("mkfs.vfat", "mcopy"):
        for bits, size in (("12", 2), ("16", 20), ("32", 40)):
            image = TMP / f"fat{bits}.img"
            sh("mkfs.vfat", "-F", bits, "-C", image, str(size * 1024))
            win = tree({"/Windows/System32/drivers/klif.sys": "x", "/Program Files/Some long folder name/file.txt": "x" * 70000})
            sh("mcopy", "-s", "-i", image, win / "Windows", win / "Program Files", "::")
            expect(f"disk: FAT{bits}", ["--disk", image], 1, {"kaspersky": U})
    if have("mkntfs", "ntfscp"):
        image = TMP / "ntfs.img"
        image.write_bytes(b"\0" * (16 << 20))
        sh("mkntfs", "-q", "-F", image)
        mount = TMP / "ntfs.mnt"
        mount.mkdir()
        src = TMP / "etc-hosts"
        src.write_text("10.0.0.1 s01.upd.kaspersky.com\n")
        sh("ntfscp", "-f", image, src, "ks4ws_x64.msi")
        expect("disk: NTFS", ["--disk", image], 0, {"ksws": "review"})
        src.write_text(json.dumps({"name": "a", "lockfileVersion": 3, "packages": {f"node_modules/p{i}": {"version": "1.0.0"} for i in range(2000)}}))
        sh("ntfscp", "-f", image, src, "package-lock.json")
        packed = bytearray(image.read_bytes())
        name = "package-lock.json".encode("utf-16-le")
        at = next(m for m in range(0, len(packed), 1024) if packed[m:m + 4] == b"FILE" and name in packed[m:m + 1024])
        attr = at + struct.unpack_from("<H", packed, at + 20)[0]
        while struct.unpack_from("<I", packed, attr)[0] not in (0x80, 0xffffffff):
            attr += struct.unpack_from("<I", packed, attr + 4)[0]
        check("disk: NTFS: the test finds the data", struct.unpack_from("<I", packed, attr)[0] == 0x80 and packed[attr + 8] == 1)
        struct.pack_into("<H", packed, attr + 12, 1)
        (TMP / "ntfs3.img").write_bytes(bytes(packed))
        report = audit("--disk", TMP / "ntfs3.img")[1]
        reasons = [g["reason"] for f in report["findings"] if f["outcome"] == "unknown" for g in f["not_readable"]]
        check("disk: NTFS compressed: what is true", any("is stored in a way that is not read here" in r for r in reasons) and not any("link" in r for r in reasons), (found(report), reasons))
        damaged = bytearray(image.read_bytes())
        mft = struct.unpack_from("<Q", damaged, 48)[0] * damaged[13] * 512
        damaged[mft:mft + 4] = b"XXXX"
        (TMP / "ntfs2.img").write_bytes(bytes(damaged))
        expect("disk: NTFS damaged", ["--disk", TMP / "ntfs2.img"], 2, {"unknown": "unknown"})


def sboms():
    def doc(o):
        p = fresh("sbom.json")
        p.write_text(json.dumps(o))
        return p
    cdx = {"bomFormat": "CycloneDX", "specVersion": "1.5"}
    comp = {"type": "library", "name": "gw-scan", "components": [{"type": "library", "name": "AV engine", "supplier": {"name": "AO Kaspersky Lab"}, "cpe": "cpe:2.3:a:kaspersky:anti-virus_sdk:8:*:*:*:*:*:*:*"}]}
    report = expect("SBOM: nested component", ["--sbom", doc({**cdx, "metadata": {"component": {"type": "application", "name": "Mail gateway"}}, "components": [comp]})], 1, {"kaspersky-engine": U})
    check("SBOM: embedded, and in what", report["findings"][0]["embedded"] and report["findings"][0]["inside"] == "gw-scan", report["findings"])
    expect("SBOM: package URL", ["--sbom", doc({**cdx, "components": [{"type": "application", "name": "kesl", "purl": "pkg:deb/kaspersky/kesl@12.1?arch=amd64"}]})], 1, {"kesl": U})
    expect("SBOM: npm scope", ["--sbom", doc({**cdx, "components": [{"type": "library", "name": "x", "purl": "pkg:npm/%40kaspersky/x@1.0"}]})], 1, {"kaspersky-library": U})
    expect("SBOM: publisher", ["--sbom", doc({**cdx, "components": [{"type": "application", "name": "x", "publisher": "Kaspersky Lab"}]})], 1, {"kaspersky": U})
    expect("SBOM: antivirus by CPE, in commerce", ["--sbom", doc({**cdx, "components": [{"type": "application", "name": "x", "cpe": "cpe:/a:kaspersky:endpoint_security:11"}]})], 1, {"kaspersky-av": P}, scope="commercial-us")
    expect("SBOM: only a name", ["--sbom", doc({**cdx, "components": [{"type": "library", "name": "sigma-kaspersky-rules"}]})], 0, {"kaspersky": "mention-only"})
    expect("SBOM: vulnerabilities are no components", ["--sbom", doc({**cdx, "components": [{"type": "library", "name": "x"}], "vulnerabilities": [{"description": "cpe:2.3:a:kaspersky:anti-virus", "source": {"name": "Kaspersky"}}]})], 0, {})
    expect("SBOM: an engine by version is a question", ["--sbom", doc({**cdx, "components": [{"type": "firmware", "name": "Junos", "cpe": "cpe:2.3:o:juniper:junos:12.3:*:*:*:*:*:*:*"}]})], 0, {"junos": "review"})
    expect("SBOM: section 889", ["--sbom", doc({**cdx, "components": [{"type": "device", "name": "cam", "supplier": {"name": "Hangzhou Hikvision Digital Technology Co., Ltd."}}]})], 1, {"hikvision": U}, scope="contractor")
    expect("SBOM: section 889 is not for commerce", ["--sbom", doc({**cdx, "components": [{"type": "device", "name": "cam", "supplier": {"name": "Hikvision"}}]})], 0, {}, scope="commercial-us")
    expect("SBOM: FASCSA", ["--sbom", doc({**cdx, "components": [{"type": "application", "name": "agent", "supplier": {"name": "Acronis International GmbH"}}]})], 1, {"acronis": U}, scope="intelligence")
    expect("SBOM: FASCSA binds contractors by clause", ["--sbom", doc({**cdx, "components": [{"type": "application", "name": "agent", "supplier": {"name": "Acronis"}}]})], 0, {"acronis": "review"}, scope="contractor")
    expect("SBOM: DeepSeek", ["--sbom", doc({**cdx, "components": [{"type": "application", "name": "c", "supplier": {"name": "DeepSeek"}}]})], 1, {"deepseek": U}, scope="dod")
    tiktok = doc({**cdx, "components": [{"type": "application", "name": "t", "publisher": "TikTok Pte. Ltd."}]})
    expect("SBOM: TikTok before the joint venture", ["--sbom", tiktok], 1, {"bytedance": U}, scope="contractor", asof="2025-06-01")
    expect("SBOM: TikTok after it", ["--sbom", tiktok], 0, {"bytedance": "review"}, scope="contractor")
    spdx = {"spdxVersion": "SPDX-2.3", "name": "d", "packages": [{"name": "kesl", "supplier": "Organization: AO Kaspersky Lab (x@kaspersky.com)", "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:rpm/kesl@12"}]}]}
    expect("SPDX 2", ["--sbom", doc(spdx)], 1, {"kesl": U})
    expect("SPDX 2: a person", ["--sbom", doc({"spdxVersion": "SPDX-2.3", "packages": [{"name": "x", "supplier": "Person: Kaspersky"}]})], 0, {})
    graph = {"@graph": [{"type": "Organization", "spdxId": "o", "name": "AO Kaspersky Lab"}, {"type": "software_Package", "spdxId": "p", "name": "x", "suppliedBy": "o"}]}
    expect("SPDX 3", ["--sbom", doc(graph)], 1, {"kaspersky": U})
    for name, text in (("not JSON", "{"), ("another document", "{}"), ("empty", "")):
        p = TMP / f"bad-{name}.json"
        p.write_text(text)
        expect(f"SBOM: {name}", ["--sbom", p], 2, {"unknown": "unknown"})
    two = {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [
        {"type": "application", "name": "gateway", "components": [{"type": "library", "name": "engine", "cpe": "cpe:2.3:a:kaspersky:scan_engine:2.1:*:*:*:*:*:*:*", "supplier": {"name": "AO Kaspersky Lab"}}]},
        {"type": "library", "name": "@kaspersky/ui", "version": "1.2.3", "purl": "pkg:npm/%40kaspersky/ui@1.2.3"}]}
    by = {f["product"]: f for f in audit("--sbom", doc(two))[1]["findings"]}
    check("SBOM: what names the maker of one component is not said of another", "scan_engine" not in str(by["kaspersky-library"]["evidence"]) and not by["kaspersky-library"].get("inside")
          and by["kaspersky-engine"].get("inside") == "gateway", by)
    check("SBOM: the component's version is evidence", any(e.get("version") == "1.2.3" for e in by["kaspersky-library"]["evidence"]), by)
    for name, text, words in (("no components", '{"bomFormat": "CycloneDX", "specVersion": "1.5"}', "lists no components"), ("no packages", '{"spdxVersion": "SPDX-2.3", "packages": []}', "lists no components"),
                              ("XML", '\ufeff<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.5"/>', "is XML"), ("tags", "SPDXVersion: SPDX-2.3\n", "tags and values")):
        p = fresh("sbom.json")
        p.write_text(text)
        rc, report = audit("--sbom", p)
        check(f"SBOM: {name} is unknown", rc == 2 and words in str(report["findings"][0]["not_readable"]), (rc, report))


sys.exit(main(images, disks, sboms))
