#!/usr/bin/env python3
"""What is answered: no false alarm, unknown where something is damaged, dates, every output, the register."""
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys

from audit_fixtures import ASOF, audit, BASE, expect, found, GLACIS, have, main, OK, P, REGISTER, run, sh, skipped, status, TMP, tree, U
from audit_tally import check


def traps():
    root = tree({"/var/ossec/active-response/bin/kaspersky": "#!/bin/sh\nkesl-control --scan\n", "/var/ossec/active-response/bin/kaspersky.py": "import x\n"})
    expect("trap: Wazuh", ["--root", root], 0, {"kaspersky": "mention-only"})
    expect("trap: Sigma and parsers", ["--root", tree({"/opt/sigma/rules/kesl_stopped.yml": "title: kesl.service stopped\n", "/usr/share/siem/parsers/av.conf": "kesl klnagent kesl.service /opt/kaspersky/kesl\n",
           "/usr/lib/nagios/plugins/check_kesl": "#!/bin/sh\nkesl-control\n"})], 0, {})
    expect("trap: people", ["--root", tree({"/etc/passwd": "kaspersky:x:1001:1001:Eugene Kaspersky:/home/kaspersky:/bin/sh\n", "/home/kaspersky/.bashrc": "x"})], 0, {"kaspersky": "mention-only"})
    expect("trap: folders", ["--root", tree({"/srv/customers/Kaspersky/offer.txt": "x", "/home/a/Kaspersky.pdf": "x"})], 0, {"kaspersky": "mention-only"})
    expect("trap: slides", ["--root", tree({"/home/a/ppl/talk.ppl": "x"})], 0, {})
    expect("trap: a package list that is not the system's", ["--root", tree({"/home/a/backup/var/lib/dpkg/status": status(("kesl", OK, "x", "1"))})], 0, {})
    expect("trap: an unpacked archive at home", ["--root", tree({"/home/a/opt/kaspersky/kesl/bin/x": "x"})], 0, {"kaspersky": "mention-only"})
    expect("trap: documentation of a unit", ["--root", tree({"/usr/share/doc/x/kesl.service": "x"})], 0, {})
    check("restricted is never malicious", not any(w in run("--root", root)[1].lower() for w in ("malicious", "illegal", "virus found", "threat found")))


def damaged():
    expect("dpkg: cut in a line", ["--root", tree({"/var/lib/dpkg/status": BASE + "Package: ke"})], 2, {"unknown": "unknown"})
    expect("dpkg: binary", ["--root", tree({"/var/lib/dpkg/status": b"\0\1\2\3" * 100})], 2, {"unknown": "unknown"})
    expect("apk: damaged", ["--root", tree({"/lib/apk/db/installed": "P:musl\nrubbish\n"})], 2, {"unknown": "unknown"})
    expect("pacman: damaged", ["--root", tree({"/var/lib/pacman/local/x-1/desc": "%VERSION%\n1\n"})], 2, {"unknown": "unknown"})
    expect("a database that is a loop of links", ["--root", tree({}, links={"/var/lib/dpkg/status": "status"})], 2, {"unknown": "unknown"})
    expect("a loop of folders by links", ["--root", tree({"/a/x": "x"}, links={"/a/b": "../a", "/a/c": "c"})], 0, {})
    expect("the database is missing", ["--root", tree({"/etc/os-release": "ID=debian\n"})], 2, {"unknown": "unknown"})
    expect("the rpm database is missing", ["--root", tree({"/etc/os-release": 'ID="rocky"\nID_LIKE="rhel centos fedora"\n'})], 2, {"unknown": "unknown"})
    expect("something binds, and something is unknown", ["--root", tree({"/opt/kaspersky/kesl/bin/x": "x", "/var/lib/dpkg/status": b"\0\0"})], 1, {"kesl": U, "unknown": "unknown"})
    expect("no such root", ["--root", TMP / "nowhere"], 2, {"unknown": "unknown"})
    root = tree({"/srv/secret/x": "x"})
    os.chmod(root / "srv/secret", 0)
    if os.geteuid() == 0 and shutil.which("setpriv"):
        os.chmod(TMP, 0o755)
        p = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", GLACIS, "--register", REGISTER, "--root", str(root), "--json"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ok = p.returncode == 2 and b"Permission denied" in p.stdout
        if b"cannot be read" in p.stderr or p.returncode == 127:
            skipped.append("unreadable folder (the build is not readable by another user)")
        else:
            check("an unreadable folder is unknown", ok, (p.returncode, p.stdout[:300], p.stderr[:200]))
    deep = tree()
    d = deep
    cwd = os.getcwd()
    os.chdir(d)
    for _ in range(230):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(cwd)
    expect("folders without end", ["--root", deep], 2, {"unknown": "unknown"})
    nested = tree({"/opt/kaspersky/kesl/bin/\x1b[31mred": "x"})
    out = run("--root", nested)[1]
    check("control characters do not reach the terminal", "\x1b" not in out, out)


def dates():
    root = tree({"/opt/kaspersky/kesl/bin/x": "x"})

    def countdowns(asof, scope="commercial-us"):
        return [j.get("countdown") for f in audit("--root", root, scope=scope, asof=asof)[1]["findings"] for j in f["rests_on"] if "countdown" in j]
    check("updates stop in 60 days", "updates stop in 60 days" in countdowns("2024-07-31"), countdowns("2024-07-31"))
    check("updates stop in 1 day, to the second", "updates stop in 1 day" in countdowns("2024-09-29T03:59:59Z"))
    check("updates have stopped", countdowns("2024-09-29T04:00:00Z") == ["0 days since the last possible update"], countdowns("2024-09-29T04:00:00Z"))
    check("785 days since", "785 days since the last possible update" in countdowns(ASOF))
    check("the same instant in Tokyo", "updates stop in 1 day" in countdowns("2024-09-29T12:59:59+09:00"))

    def due(asof, discovered=None, scope="contractor"):
        args = ["--root", root] + (["--discovered", discovered] if discovered else [])
        return {(d["instrument"], d["deadline"]): d["date"] for f in audit(*args, scope=scope, asof=asof)[1]["findings"] for d in f["deadlines"]}
    far = "us-far-52.204-23"
    d = due("2024-10-04", "2024-10-04")
    check("3 business days from a Friday", d.get((far, "report")) == "2024-10-09", d)
    check("10 business days over Columbus Day", d.get((far, "follow-up")) == "2024-10-21", d)
    d = due("2023-12-01", "2023-12-01")
    check("1 business day before the change", d.get((far, "report-1")) == "2023-12-04" and (far, "report") not in d, d)
    d = due("2017-09-20", scope="federal-civilian")
    check("30, 60, 90 calendar days", [d.get(("us-bod-17-01", k)) for k in ("identify", "plan", "begin")] == ["2017-10-13", "2017-11-12", "2017-12-12"], d)
    d = due("2018-01-02", scope="federal-civilian")
    report = audit("--root", root, scope="contractor-operated", asof="2024-08-01")[1]["findings"][0]
    days = [d["date"] for d in report["deadlines"]]
    check("deadlines come by day, a repeating one says so", days == sorted(days) and [d["deadline"] for d in report["deadlines"] if d["next_of_repeating"]] == ["begin"], report["deadlines"])
    order = [(not j["in_force"], ["use-prohibited", "removal-due", "supply-prohibited", "export-only"].index(j["outcome"])) for j in report["rests_on"]]
    check("what it rests on: in force before not yet, severe before mild", order == sorted(order) and order[-1] == (True, 2), report["rests_on"])
    check("status every 30 days", d.get(("us-bod-17-01", "begin")) == "2018-01-11", d)
    for scope, asof, outcome in (("lt-public", ASOF, "removal-due"), ("nl-government", ASOF, "removal-due"), ("uk-government", ASOF, "review"), ("de", ASOF, "review"),
                                 ("it-public", "2023-01-01", "removal-due"), ("it-public", ASOF, "removal-due"), ("ro-public", "2023-01-10", "removal-due"), ("ro-public", ASOF, U),
                                 ("au-commonwealth", "2025-03-01", "removal-due"), ("au-commonwealth", ASOF, U), ("ca-government-mobile", ASOF, U), ("dod", ASOF, U),
                                 ("intelligence", ASOF, U), ("contractor", ASOF, U), ("telecom", ASOF, P), ("exporter", ASOF, "export-only")):
        expect(f"scope {scope} as of {asof}", ["--root", root], 0 if outcome in ("review", "export-only") else 1, {"kesl": outcome}, scope=scope, asof=asof)
    italy = [{j["instrument"] for j in audit("--root", root, scope="it-public", asof=a)[1]["findings"][0]["rests_on"] if j["in_force"]} for a in ("2025-11-21", "2025-11-22")]
    check("Italy: the second replaces the first", italy == [{"it-dl-21-2022"}, {"it-acn-2025"}], italy)


def outputs():
    root = tree({"/opt/kaspersky/kesl/bin/x": "x", "/var/lib/dpkg/status": status(("kesl", OK, "x", "1")), '/srv/<b>"k"</b>/package-lock.json': "{"})
    for fmt in ("text", "json", "sarif", "cyclonedx", "oscal", "csv", "html"):
        rc, out, err = run("--root", root, "--format", fmt)
        check(f"format {fmt}: exit", rc == 1, (rc, err))
        if fmt in ("json", "sarif", "cyclonedx", "oscal"):
            try:
                json.loads(out)
            except ValueError as e:
                check(f"format {fmt}: JSON", False, e)
        check(f"format {fmt}: no advice is said once", out.count("not legal advice") == (0 if fmt == "csv" else 1), out.count("not legal advice"))
    rc, out, _ = run("--root", root, "--format", "sarif")
    s = json.loads(out)
    ids = {r["id"] for r in s["runs"][0]["tool"]["driver"]["rules"]}
    check("SARIF: every result has its rule", s["version"] == "2.1.0" and all(r["ruleId"] in ids for r in s["runs"][0]["results"]), ids)
    rc, out, _ = run("--root", root, "--format", "cyclonedx")
    c = json.loads(out)
    check("CycloneDX: components with outcomes", c["bomFormat"] == "CycloneDX" and c["components"][0]["properties"][0]["value"] == P, c)
    rc, out, _ = run("--root", root, "--format", "oscal")
    o = json.loads(out)["assessment-results"]
    obs = {x["uuid"] for x in o["results"][0]["observations"]}
    check("OSCAL: findings point to observations", all(f["related-observations"][0]["observation-uuid"] in obs for f in o["results"][0]["findings"]), o)
    rc, out, _ = run("--root", root, "--format", "html")
    check("HTML: no markup from names", '<b>"k"' not in out and "<script" not in out and "http" not in out.replace("http-equiv", ""), "")
    check("HTML: a picture of time, colours for both, print", all(w in out for w in ("<svg", "prefers-color-scheme:dark", "@media print")))
    rc, out, _ = run("--root", root, "--format", "csv")
    import csv
    rows = list(csv.DictReader(io.StringIO(out)))
    check("CSV: rows", any(r["outcome"] == P and r["instrument"] == "us-bis-kaspersky-2024" for r in rows) and any(r["outcome"] == "unknown" for r in rows), rows)
    rc, out, _ = run("--root", root, "--root", tree({"/etc/x": "x"}), "--json")
    check("many targets at once", len(json.loads(out)["targets"]) == 2)
    fid = json.loads(run("--root", root, "--json")[1])["findings"][0]["id"]
    rc, out, _ = run("explain", fid, "--root", root)
    check("explain: a finding", rc == 1 and "kesl.path" in out and "verified on" in out, out)
    rc, out, _ = run("explain", "us-ndaa-2018-1634")
    check("explain: an instrument", rc == 0 and "115-91" in out, out)
    check("explain: nothing", run("explain", "F-00000000", "--root", root)[0] == 2)
    rc, out, _ = run("rules")
    check("rules", rc == 0 and all(w in out for w in ("us-section-889", "us-fascsa-acronis", "it-acn-2025", "[UNVERIFIED]", "commercial-us")), out[:200])
    for args in (["--scope", "mars"], ["--as-of", "2024-02-30"], ["--format", "pdf"], ["sing"], ["--no-such"], ["explain"], ["--import-kesl", "x"]):
        check(f"refused: {args}", run(*args)[0] == 2)


def registers():
    check("verify-register", run("verify-register")[0] == 0, run("verify-register")[2])
    changes = {
        "a dangling entity": ("kaspersky.json", '"entity": "kaspersky", "relation": "subsidiary"', '"entity": "nobody", "relation": "subsidiary"'),
        "a cycle": ("deepseek.json", '{ "id": "high-flyer",', '{ "id": "high-flyer", "parents": [{ "entity": "deepseek", "relation": "subsidiary", "confidence": "V" }],'),
        "a UTC that is not the stated time": ("kaspersky.json", '"2024-09-29T04:00:00Z"', '"2024-09-29T00:00:00Z"'),
        "a key that is not known": ("fascsa.json", '"comment"', '"komment"'),
        "a confidence that is not known": ("fascsa.json", '"confidence": "S"', '"confidence": "X"'),
        "verified in the future": ("fascsa.json", '"verified_on": "2026-11-23"', '"verified_on": "2199-01-01"'),
        "no citation": ("section-889.json", '"citation": "P.L. 115-232, sec. 889; FAR 52.204-25"', '"citation": "x"'),
        "a pattern for everything": ("fascsa.json", '"acronis:*"', '"*a*"'),
        "not JSON": ("fascsa.json", '"comment"', 'comment'),
        "an unknown scope": ("fascsa.json", '"scopes": ["intelligence"]', '"scopes": ["mars"]'),
        "the same id twice": ("section-889.json", '"id": "zte"', '"id": "huawei"'),
    }
    for name, (file, old, new) in changes.items():
        copy = TMP / ("reg-" + name.replace(" ", "-"))
        shutil.copytree(REGISTER, copy)
        text = (copy / file).read_text()
        check(f"register: the test for {name} changes it", old in text)
        (copy / file).write_text(text.replace(old, new, 1))
        rc, _, err = run("verify-register", register=str(copy))
        check(f"register: {name} is told", rc == 2 and err, err)
    example = pathlib.Path(REGISTER) / "example" / "next-ban.json"
    copy = TMP / "reg-next"
    shutil.copytree(REGISTER, copy)
    shutil.copy(example, copy / "next-ban.json")
    check("register: the template's example is whole", run("verify-register", register=str(copy))[0] == 0, run("verify-register", register=str(copy))[2])
    root = tree({"/opt/examplesec/agent/bin/agentd": "x"})
    p = run("--root", root, "--scope", "federal-civilian", "--json", register=str(copy))
    check("register: adding a ban is adding data", p[0] == 1 and found(json.loads(p[1])) == {"examplesec-agent": U}, p)


sys.exit(main(traps, damaged, dates, outputs, registers))
