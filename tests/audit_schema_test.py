#!/usr/bin/env python3
"""The audit's machine formats against their schemas, on hostile names and on every kind of finding.

SARIF 2.1.0 and CycloneDX 1.6: the official schemas, out of the npm packages that tests/package.json names (`./dev test` installs
them; the third argument says where). OSCAL 1.1.2: NIST's schema is in no registry, so that OSCAL below is what the model's
reference requires, written down here: required members, no others, patterns of UUID, token, string, date and time.
"""
import csv
import io
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

from audit_tally import check, ended

warnings.filterwarnings("ignore", category=DeprecationWarning)
try:
    import jsonschema
except ImportError:
    print("skipped: no jsonschema")
    sys.exit(77)

GLACIS, REGISTER = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
MODULES = pathlib.Path(sys.argv[3]) / "node_modules" if len(sys.argv) > 3 else pathlib.Path("/nonexistent")
TMP = pathlib.Path(tempfile.mkdtemp(prefix="glacis-schema-"))
skipped = []


UUID = {"type": "string", "pattern": "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[45][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$"}
TOKEN = {"type": "string", "pattern": r"^[^\W\d][\w.\-]*$"}
STRING = {"type": "string", "pattern": r"^\S(.*\S)?$"}
PROSE = {"type": "string", "minLength": 1}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
URI = {"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9+.\-]*:\S+$"}


def thing(required, **optional):
    return {"type": "object", "required": list(required), "additionalProperties": False, "properties": {**required, **{k.replace("_", "-"): v for k, v in optional.items()}}}


def some(item):
    return {"type": "array", "minItems": 1, "items": item}


PROPS = some(thing({"name": TOKEN, "value": STRING}, uuid=UUID, ns=URI, **{"class": TOKEN}, remarks=PROSE))
SELECTION = {"anyOf": [thing({"include-all": thing({})}), thing({"include-controls": some({"type": "object"})})]}
OBSERVATION = thing({"uuid": UUID, "description": PROSE, "methods": some({"enum": ["EXAMINE", "INTERVIEW", "TEST", "UNKNOWN"]}), "collected": TIME}, title=PROSE, props=PROPS,
                    relevant_evidence=some(thing({"description": PROSE}, href={"type": "string"}, props=PROPS)), subjects=some({"type": "object"}), remarks=PROSE)
TARGET = thing({"type": {"enum": ["statement-id", "objective-id"]}, "target-id": TOKEN,
                "status": thing({"state": {"enum": ["satisfied", "not-satisfied"]}}, reason={"enum": ["pass", "fail", "other"]}, remarks=PROSE)}, title=PROSE, description=PROSE, props=PROPS)
FINDING = thing({"uuid": UUID, "title": PROSE, "description": PROSE, "target": TARGET}, props=PROPS, related_observations=some(thing({"observation-uuid": UUID})), remarks=PROSE)
RESULT = thing({"uuid": UUID, "title": PROSE, "description": PROSE, "start": TIME, "reviewed-controls": thing({"control-selections": some(SELECTION)}, description=PROSE)}, end=TIME,
               props=PROPS, observations=some(OBSERVATION), findings=some(FINDING), remarks=PROSE)
OSCAL = {"$schema": "http://json-schema.org/draft-07/schema#", **thing({"assessment-results": thing({
    "uuid": UUID, "metadata": thing({"title": PROSE, "last-modified": TIME, "version": STRING, "oscal-version": STRING}, remarks=PROSE, props=PROPS),
    "import-ap": thing({"href": {"type": "string", "minLength": 1}}, remarks=PROSE), "results": some(RESULT)},
    back_matter=thing({}, resources=some(thing({"uuid": UUID}, title=PROSE, description=PROSE))))})}


def validators():
    out = {"oscal": jsonschema.Draft7Validator(OSCAL)}
    sarif = MODULES / "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"
    cdx = MODULES / "@cyclonedx/cyclonedx-library/res/schema"
    if sarif.exists():
        out["sarif"] = jsonschema.validators.validator_for(json.loads(sarif.read_text()))(json.loads(sarif.read_text()))
    if cdx.exists():
        store = {}
        for p in cdx.glob("*.json"):
            s = json.loads(p.read_text())
            store[s.get("$id", p.name)] = s
            store["http://cyclonedx.org/schema/" + p.name.replace(".SNAPSHOT", "")] = s
            store["http://cyclonedx.org/schema/" + p.name] = s
        bom = json.loads((cdx / "bom-1.6.SNAPSHOT.schema.json").read_text())
        out["cyclonedx"] = jsonschema.Draft7Validator(bom, resolver=jsonschema.RefResolver(bom.get("$id", ""), bom, store=store))
    for name in ("sarif", "cyclonedx"):
        if name not in out:
            skipped.append(f"{name}: the schema is not installed (npm install of tests/package.json)")
    return out


EVIL = ["=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(1)", "a\tb", "a\nb", "a\rb", "\x1b[31mred\x1b]0;t\x07", "<script>alert(1)</script>", "\"><img src=x onerror=a>", "a,b;c\"d", " lead", "\u202egnp.exe",
        "\x80\xff".encode("latin-1"), "é" * 120, "\x7f", "${jndi:x}", "&amp;", "%41", "]]>"]


def tree():
    root = TMP / "<b>&root"
    (root / "var/lib/dpkg").mkdir(parents=True)
    (root / "var/lib/dpkg/status").write_text("Package: kesl\nStatus: install ok installed\nVersion: =1+1\nMaintainer: AO Kaspersky Lab\n\n")
    base = root / "opt/kaspersky/kesl"
    base.mkdir(parents=True)
    for name in EVIL:
        raw = name if isinstance(name, bytes) else name.encode()
        with open(bytes(base) + b"/" + raw.replace(b"/", b"_"), "w") as f:
            f.write("x")
    for path in ("opt/kaspersky/ktfs/x", "opt/a/ppl/nfio.ppl", "opt/a/bin/appinfo.kli", "home/x/Kaspersky/offer"):
        p = root / path
        p.parent.mkdir(parents=True, exist_ok=True)
        p.write_text("x")
    lock = root / "srv/=1+1<i>/package-lock.json"
    lock.parent.mkdir(parents=True)
    lock.write_text("{")
    return root


def sbom():
    parts = [{"type": "library", "name": n if isinstance(n, str) else "n", "version": n if isinstance(n, str) else "v", "supplier": {"name": "AO Kaspersky Lab"}} for n in EVIL]
    p = TMP / "=sbom.json"
    p.write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": parts}))
    return p


def main():
    forms = validators()
    empty = TMP / "empty"
    empty.mkdir()
    targets = {"tree": ["--root", tree()], "SBOM": ["--sbom", sbom()], "nothing": ["--root", empty], "both": ["--root", TMP / "<b>&root", "--sbom", TMP / "=sbom.json"]}
    for what, args in targets.items():
        for scope in ("commercial-us", "federal-civilian,contractor", "dod"):
            for asof in ("2024-08-01", "2026-11-23"):
                def run(form):
                    p = subprocess.run([GLACIS, "--register", REGISTER, *map(str, args), "--scope", scope, "--as-of", asof, "-f", form], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
                    check(f"{form}, {what}, {scope}: exit", p.returncode in (0, 1, 2) and not p.stderr, (p.returncode, p.stderr[:200]))
                    return p.stdout
                for form, validator in forms.items():
                    try:
                        doc = json.loads(run(form).decode("utf-8"))
                    except ValueError as e:
                        check(f"{form}, {what}, {scope}: UTF-8 and JSON", False, e)
                        continue
                    errors = sorted({f"{'/'.join(str(x) for x in e.absolute_path)}: {e.message[:200]}" for e in validator.iter_errors(doc)})
                    check(f"{form}, {what}, {scope}, {asof}", not errors, errors[:5])
                    if form == "oscal":
                        a = doc["assessment-results"]
                        ids = [x["uuid"] for r in a["results"] for k in ("observations", "findings") for x in r.get(k, [])]
                        check(f"oscal, {what}: identities are its own", len(ids) == len(set(ids)), ids)
                        check(f"oscal, {what}: what it imports is there", a["import-ap"]["href"][1:] in [x["uuid"] for x in a["back-matter"]["resources"]])
                rows = list(csv.reader(io.StringIO(run("csv").decode("utf-8", "surrogateescape"), newline="")))
                check(f"csv, {what}, {scope}: every row is whole", len({len(r) for r in rows}) == 1, {len(r) for r in rows})
                bad = [c for r in rows for c in r if c[:1] in ("=", "+", "-", "@", "\t", "\r")]
                check(f"csv, {what}, {scope}: no cell is a formula", not bad, bad[:3])
                text = run("text")
                check(f"text, {what}, {scope}: nothing for the terminal", not any(b < 32 and b != 10 for b in text) and b"\x7f" not in text and "\u202e".encode() not in text, text[:200])
                html = run("html").decode("utf-8", "replace")
                check(f"html, {what}, {scope}: no markup from names", not any(x in html for x in ("<script", "<img", "<i>", "<b>&", "\x1b", "\u202e")), [x for x in ("<script", "<img", "<i>", "<b>&", "\x1b", "\u202e") if x in html])
    for s in skipped:
        print(f"skipped: {s}")
    return ended()


try:
    code = main()
finally:
    shutil.rmtree(TMP, ignore_errors=True)
sys.exit(code)
