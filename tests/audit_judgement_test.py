#!/usr/bin/env python3
"""Rule x scope x class x date: what the instruments say, written down here once more and not read from the register.

One tree and one bill of materials hold a product of every kind; each scope is asked the day before and the day of every date
that an instrument names. Every cell of the answer must be what RULES gives: one outcome too many, too few or another fails.
"""
import datetime
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from audit_tally import check, ended

GLACIS, REGISTER = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
TMP = pathlib.Path(tempfile.mkdtemp(prefix="glacis-judge-"))
USE, REMOVE, SUPPLY, REVIEW, EXEMPT, EXPORT = "use-prohibited", "removal-due", "supply-prohibited", "review", "exempt", "export-only"
ORDER = [USE, REMOVE, SUPPLY]

# What is in the fixtures: the product or maker as the report names it, its maker, class, whether another product embeds it.
PRODUCTS = {
    "kesl": ("kaspersky", "antivirus", False), "kwts": ("kaspersky", "web", False), "ksmg": ("kaspersky", "mail", False), "kics4net": ("kaspersky", "industrial", False),
    "klnagent": ("kaspersky", "management", False), "scanengine": ("kaspersky", "engine", False), "cybertrace": ("kaspersky", "threat-intelligence", False),
    "kaspersky-engine": ("kaspersky", "engine", True), "junos-kaspersky": ("kaspersky", "engine", True), "kaspersky-library": ("kaspersky", "library", True),
    "tiktok": ("bytedance", "app", False), "wechat": ("wechat", "app", False), "drweb-linux": ("drweb", "antivirus", False), "acronis-agent": ("acronis", "backup", False),
    "harmony-endpoint": ("kaspersky", "possible", True), "zonealarm": ("kaspersky", "possible", True), "kaspersky-training": ("kaspersky", "training", False),
    "kaspersky-vpn": ("kaspersky", "vpn", False), "deepseek-model": ("deepseek", "model", False), "hikvision": ("hikvision", "other", False), "group-ib": ("group-ib", "other", False),
}
SCOPES = ["commercial-us", "federal-civilian", "contractor-operated", "dod", "intelligence", "contractor", "telecom", "manufacturer", "exporter", "lt-public", "nl-government", "nl-abdo",
          "uk-government", "de", "it-public", "ro-public", "ca-government-mobile", "au-commonwealth"]
US = ["commercial-us", "contractor", "telecom", "federal-civilian", "contractor-operated", "dod", "intelligence"]
FEDERAL = ["federal-civilian", "contractor-operated", "dod", "intelligence"]


def determination(cls, embedded):
    if cls in ("threat-intelligence", "training"):
        return EXEMPT
    return REVIEW if cls == "library" else SUPPLY


def bod(cls, embedded):
    return EXEMPT if cls in ("threat-intelligence", "training") or embedded else REMOVE


def netherlands(cls, embedded):
    if cls in ("library", "management", "industrial"):
        return REVIEW
    if cls in ("threat-intelligence", "training", "vpn"):
        return None
    return REVIEW if embedded else REMOVE  # the letter does not say whether embedded code counts


def unstated(outcome):
    return lambda cls, embedded: REVIEW if embedded else outcome


def always(outcome):
    return lambda cls, embedded: outcome


# maker, scopes, first day (in the instrument's own zone), last day or None, what follows for a class
RULES = [
    ("us-bis-kaspersky-2024", "kaspersky", US, "2024-07-20", None, determination),
    ("us-entity-list-kaspersky", "kaspersky", US + ["manufacturer", "exporter"], "2024-06-24", None, always(EXPORT)),
    ("us-bod-17-01", "kaspersky", ["federal-civilian", "contractor-operated"], "2017-09-13", None, bod),
    ("us-ndaa-2018-1634", "kaspersky", FEDERAL, "2018-10-01", None, always(USE)),
    ("us-far-52.204-23", "kaspersky", ["contractor", "contractor-operated"], "2018-07-16", None, always(USE)),
    ("us-fcc-covered-kaspersky", "kaspersky", ["telecom"], "2022-03-25", None, lambda cls, embedded: EXEMPT if embedded else SUPPLY),
    ("us-fcc-covered-kaspersky", "kaspersky", ["telecom"], "2024-07-23", None, lambda cls, embedded: SUPPLY if embedded else None),
    ("lt-kaspersky-2017", "kaspersky", ["lt-public"], "2017-12-21", None, unstated(REMOVE)),
    ("nl-kaspersky-2018", "kaspersky", ["nl-government", "nl-abdo"], "2018-05-14", None, netherlands),
    ("uk-ncsc-2017", "kaspersky", ["uk-government"], "2017-12-01", None, always(REVIEW)),
    ("de-bsi-2022", "kaspersky", ["de"], "2022-03-15", None, always(REVIEW)),
    *[("it-dl-21-2022", m, ["it-public"], "2022-04-21", "2025-11-21", unstated(REMOVE)) for m in ("kaspersky", "group-ib")],
    *[("it-acn-2025", m, ["it-public"], "2025-11-22", None, unstated(REMOVE)) for m in ("kaspersky", "group-ib")],
    *[("ro-law-354-2022", m, ["ro-public"], "2022-12-16", "2023-03-14", unstated(REMOVE)) for m in ("kaspersky", "drweb")],
    *[("ro-law-354-2022", m, ["ro-public"], "2023-03-15", None, unstated(USE)) for m in ("kaspersky", "drweb")],
    *[("ca-mobile-2023", m, ["ca-government-mobile"], "2023-10-30", None, unstated(USE)) for m in ("kaspersky", "wechat")],
    ("au-pspf-002-2025", "kaspersky", ["au-commonwealth"], "2025-02-21", "2025-03-31", lambda cls, embedded: EXEMPT if embedded else REMOVE),
    ("au-pspf-002-2025", "kaspersky", ["au-commonwealth"], "2025-04-01", None, lambda cls, embedded: EXEMPT if embedded else USE),
    ("us-section-889", "hikvision", FEDERAL, "2019-08-13", None, always(USE)),
    ("us-section-889", "hikvision", ["contractor", "contractor-operated"], "2020-08-13", None, always(USE)),
    ("us-fascsa-acronis", "acronis", ["intelligence"], "2025-07-11", None, always(USE)),
    ("us-fascsa-acronis", "acronis", ["contractor", "contractor-operated", "federal-civilian", "dod"], "2025-07-11", None, always(REVIEW)),
    ("us-no-tiktok", "bytedance", FEDERAL + ["contractor"], "2023-06-02", "2026-01-21", always(USE)),
    ("us-no-tiktok", "bytedance", FEDERAL + ["contractor"], "2026-01-22", None, always(REVIEW)),
    ("us-ndaa-2026-1532", "deepseek", ["dod"], "2026-01-17", None, always(USE)),
    ("us-ndaa-2026-6604", "deepseek", ["intelligence"], "2026-02-16", None, always(USE)),
]


def expected(scope, day):
    out = {}
    for product, (maker, cls, embedded) in PRODUCTS.items():
        cell = set()
        for instrument, of, scopes, first, last, what in RULES:
            if of == maker and scope in scopes and first <= day and (last is None or day <= last):
                outcome = what(cls, embedded)
                if cls == "possible" and outcome in ORDER:
                    outcome = REVIEW  # the engine is a choice or a matter of the version: nothing is certain but what is exempt
                if outcome:
                    cell.add((instrument, outcome))
        if cell:
            out[product] = cell
    return out


def fixtures():
    root = TMP / "root"
    names = "kesl kwts ksmg kics4net klnagent64 wechat drweb-av"
    files = {"/var/lib/dpkg/status": "".join(f"Package: {n}\nStatus: install ok installed\nVersion: 1\n\n" for n in names.split()), "/opt/kaspersky/ScanEngine/bin/x": "x",
             "/opt/kaspersky/ktfs/bin/x": "x", "/opt/acme/ppl/nfio.ppl": "x", "/opt/acme/bin/appinfo.kli": "x", "/srv/app/package-lock.json": json.dumps(
                 {"name": "a", "lockfileVersion": 3, "packages": {"": {}, "node_modules/@kaspersky/ui": {"version": "1.0.0"}}}), "/usr/lib/Acronis/agent": "x",
             "/config/juniper.conf": "security { utm { feature-profile { anti-virus { type kaspersky-lab-engine; } } } }\n",
             "/root/.ollama/models/manifests/registry.ollama.ai/library/deepseek-r1/7b": "x", "/Program Files/TikTok/TikTok.exe": "x",
             "/Program Files (x86)/CheckPoint/Endpoint Security/a.exe": "x", "/Program Files (x86)/CheckPoint/ZoneAlarm/a.exe": "x", "/Program Files/UltraAV/a.exe": "x"}
    for path, text in files.items():
        p = root / path[1:]
        p.parent.mkdir(parents=True, exist_ok=True)
        p.write_text(text)
    sbom = TMP / "bom.json"
    sbom.write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [
        {"type": "application", "name": "ivms", "cpe": "cpe:2.3:a:hikvision:ivms:1:*:*:*:*:*:*:*"}, {"type": "application", "name": "asap", "cpe": "cpe:2.3:a:kaspersky:automated_security_awareness_platform:1:*:*:*:*:*:*:*"},
        {"type": "application", "name": "vpn", "cpe": "cpe:2.3:a:kaspersky:vpn_secure_connection:21:*:*:*:*:*:*:*"}, {"type": "application", "name": "tds", "cpe": "cpe:2.3:a:group-ib:tds:1:*:*:*:*:*:*:*"}]}))
    return root, sbom


def ask(root, sbom, scope, asof):
    p = subprocess.run([GLACIS, "--register", REGISTER, "--root", str(root), "--sbom", str(sbom), "--scope", scope, "--as-of", asof, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    return p.returncode, json.loads(p.stdout)


def main():
    root, sbom = fixtures()
    for scope in SCOPES:
        days = {"2016-01-01", "2026-11-23"}
        for _, _, scopes, first, _, _ in RULES:
            if scope in scopes:
                d = datetime.date.fromisoformat(first)
                days |= {first, str(d - datetime.timedelta(1))}
        for day in sorted(days):
            rc, report = ask(root, sbom, scope, day)
            got = {}
            for f in report["findings"]:
                cell = {(j["instrument"], j["outcome"]) for j in f["rests_on"] if j["in_force"]}
                if cell:
                    got[f["product"] or f["entity"]] = cell
                heads = {o for _, o in cell}
                if cell:
                    first = next((o for o in ORDER + [REVIEW, EXEMPT, EXPORT] if o in heads), None)
                    check(f"{scope} {day} {f['name']}: the headline is one of its answers", f["outcome"] in heads and (first not in ORDER or f["outcome"] == first), (f["outcome"], heads))
            want = expected(scope, day)
            migrated = [f for f in report["findings"] if f["product"] == "ultraav"]
            check(f"{scope} {day}: UltraAV is evidence of a migration, no violation", [f["outcome"] for f in migrated] == ["mention-only"] and not migrated[0]["rests_on"], migrated)
            for product in sorted(set(want) | set(got)):
                check(f"{scope} {day} {product}", got.get(product) == want.get(product), f"{sorted(got.get(product, []))} not {sorted(want.get(product, []))}")
            binds = any(o in ORDER for cell in want.values() for _, o in cell)
            check(f"{scope} {day}: exit", rc == (1 if binds else 0), rc)
            text = json.dumps(report).lower()
            check(f"{scope} {day}: words", not any(w in text for w in ("illegal", "malicious", "malware found")), "")
            if scope == "commercial-us":
                check(f"commerce {day}: nobody's use is prohibited", not any(o in (USE, REMOVE) for cell in got.values() for _, o in cell), got)
    # confidence: what is not from primary text is marked, in the report for people too
    p = subprocess.run([GLACIS, "--register", REGISTER, "--root", str(root), "--scope", "commercial-us,ro-public,federal-civilian", "--as-of", "2026-11-23"], stdout=subprocess.PIPE)
    out = p.stdout.decode()
    check("marks: secondary, unverified", "[secondary source]" in out and "[UNVERIFIED]" in out, out[:500])
    return ended()


try:
    code = main()
finally:
    shutil.rmtree(TMP, ignore_errors=True)
sys.exit(code)
