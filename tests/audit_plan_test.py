#!/usr/bin/env python3
"""Plans, explanations, rules and the import of settings, from outside.

In a plan the order is what counts: on every target all replacements come before the first removal, what manages others goes
after them, leftovers are last. Every combination of products is held against that, and not against a listing.
"""
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile

from audit_tally import check, ended

GLACIS, REGISTER = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
scratch = tempfile.TemporaryDirectory(prefix="glacis-audit-plan-")
TMP = pathlib.Path(scratch.name)
PRODUCTS = {p["id"]: p for f in pathlib.Path(REGISTER).glob("*.json") for p in json.loads(f.read_text()).get("products", []) if f.name != "schema.json"}
FUNCTIONS = {f["id"]: f for f in json.loads((pathlib.Path(REGISTER) / "vocabulary.json").read_text())["functions"]}
PACKAGES = {"kesl": "kesl", "klnagent": "klnagent64", "ksc": "ksc64", "ksmg": "ksmg", "kwts": "kwts", "kav4fs": "kav4fs"}


def run(*args, register=REGISTER):
    p = subprocess.run([GLACIS, "--register", register, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    return p.returncode, p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")


def root(*products, extra=()):
    """A Debian root with these products' packages, and these further files."""
    at = pathlib.Path(tempfile.mkdtemp(dir=TMP))
    status = "".join(f"Package: {PACKAGES[p]}\nStatus: install ok installed\nVersion: 12.1\nArchitecture: amd64\n\n" for p in products)
    for name, data in {"/var/lib/dpkg/status": status, "/etc/os-release": "ID=debian\n", **dict(extra)}.items():
        path = pathlib.Path(str(at) + name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data)
    return at


def plan(*roots, register=REGISTER):
    args = [x for r in roots for x in ("--root", r)]
    rc, out, err = run("plan", *args, "--scope", "federal-civilian", "--json", register=register)
    try:
        return rc, json.loads(out)
    except ValueError:
        return rc, {"targets": [], "error": err}


def manages(product):
    """Everything that it manages, and what that manages."""
    below = set(PRODUCTS[product].get("manages", []))
    return below.union(*(manages(p) for p in below)) if below else below


def in_order(name, target, products):
    steps = target["steps"]
    ids = {f["id"]: f["product"] for f in target["findings"]}
    at = {a: [i for i, s in enumerate(steps) if s["action"] == a] for a in ("replace", "prove", "cover", "remove", "leftovers", "audit-again")}
    removed = [ids[steps[i]["findings"][0]] for i in at["remove"]]
    check(f"{name}: steps are numbered", [s["step"] for s in steps] == list(range(1, len(steps) + 1)))
    check(f"{name}: each is removed once", sorted(removed) == sorted(products), removed)
    first = min(at["remove"])
    check(f"{name}: nothing goes before its replacement is there", all(i < first for a in ("replace", "prove", "cover") for i in at[a]), steps)
    check(f"{name}: replaced, then proved", len(at["prove"]) == 1 and all(i < at["prove"][0] for i in at["replace"]), steps)
    check(f"{name}: leftovers after all removals", min(at["leftovers"]) > max(at["remove"]) and at["audit-again"] == [len(steps) - 1], steps)
    for above, below in itertools.permutations(removed, 2):
        if below in manages(above):
            check(f"{name}: {below} before {above}, which manages it", removed.index(below) < removed.index(above), removed)
    lost = {f for p in products for f in PRODUCTS[p].get("functions", [])}
    texts = [s["text"] for s in steps if s["action"] in ("replace", "cover")]
    check(f"{name}: every lost function once", len(texts) == len(lost) and all(sum(FUNCTIONS[f]["title"] + (":" if FUNCTIONS[f]["status"] == "built" else " is covered") in t for t in texts) == 1 for f in lost), texts)


def orders():
    check("the register says what the agent manages", "kesl" in manages("klnagent") and "kesl" in manages("ksc"))
    for n in (1, 2, 3, len(PACKAGES)):
        for some in itertools.combinations(PACKAGES, n):
            rc, p = plan(root(*some))
            check(f"{some}: one target", rc == 1 and len(p["targets"]) == 1, p)
            if p["targets"]:
                in_order("+".join(some), p["targets"][0], list(some))
    server, node = root("ksc"), root("kesl", "klnagent")
    names = [t["name"] for t in plan(server, node)[1]["targets"]]
    check("the server's host after the host that it manages", names == [str(node), str(server)], names)
    a, b = root("kesl"), root("kwts")
    check("hosts that manage nothing stay in their order", [t["name"] for t in plan(b, a)[1]["targets"]] == [str(b), str(a)])
    rc, p = plan(root())
    check("nothing found, nothing to do", rc == 0 and p.get("targets") == [], p)
    rc, p = plan(root(extra=[("/var/log/kaspersky/kesl/x", "x")]))
    check("only leftovers: nothing is replaced or removed", p["targets"] and not {"replace", "remove"} & {s["action"] for s in p["targets"][0]["steps"]}, p)


def order_is_data():
    """The order turns with the register, and what cannot be an order is told."""
    import shutil
    rows = {"an agent that its product manages": ('"manages": ["kesl", ', '"manages": [', '"functions": ["settings", "updates", "scan-tasks", "file-threat-protection", "storage", "firewall", "device-control", "integrity", "behaviour"],', '"manages": ["klnagent"],'),
            "a cycle": ("", "", '"functions": ["settings", "updates", "scan-tasks", "file-threat-protection", "storage", "firewall", "device-control", "integrity", "behaviour"],', '"manages": ["ksc"],'),
            "a product that is not there": ('"manages": ["kesl", ', '"manages": ["nothing", ', "", "")}
    for name, (old, new, after, more) in rows.items():
        copy = TMP / name.replace(" ", "-")
        shutil.copytree(REGISTER, copy)
        text = (copy / "kaspersky.json").read_text()
        check(f"{name}: the test changes the register", old in text and after in text)
        text = text.replace(old, new, 1) if old else text
        text = text.replace(after, after + " " + more, 1) if after else text
        (copy / "kaspersky.json").write_text(text)
        rc, _, err = run("verify-register", register=str(copy))
        if "agent" not in name:
            check(f"{name} is told", rc == 2 and "manages" in err, err)
        rc, p = plan(root("kesl", "klnagent"), register=str(copy))
        steps = p["targets"][0]["steps"] if p["targets"] else []
        ids = {f["id"]: f["product"] for f in p["targets"][0]["findings"]} if p["targets"] else {}
        removed = [ids[s["findings"][0]] for s in steps if s["action"] == "remove"]
        check(f"{name}: both are removed", sorted(removed) == ["kesl", "klnagent"], p)
        if "agent" in name:
            check(f"{name}: the other way round", rc == 1 and removed == ["klnagent", "kesl"], removed)


def verbs():
    at = root("kesl", "klnagent", extra=[("/opt/kaspersky/kesl/x", "x")])
    rc, out, _ = run("plan", "--root", at)
    steps = [out.find(w) for w in ("Before the removal, replace", "Prove the replacement", "dpkg --purge kesl", "dpkg --purge klnagent64", "leftovers", "Audit again")]
    check("plan: in order", rc == 1 and -1 not in steps and steps == sorted(steps), out)
    rc, out, _ = run("plan", "--root", at, "--scope", "federal-civilian")
    check("plan: what was due says so", "Was due 2017-10-13" in out, out)
    rc, p = plan(at)
    check("plan: deadlines in JSON", any(d["date"] == "2017-10-13" and d["days_left"] < 0 for f in p["targets"][0]["findings"] for d in f["deadlines"]), p)
    commands = {d["command"]: d for s in p["targets"][0]["steps"] if s["action"] == "remove" for d in s["details"]}
    check("plan: the vendor's command with its system and confidence", commands.get("dpkg --purge kesl-gui kesl") == {"on": "deb", "command": "dpkg --purge kesl-gui kesl", "confidence": "P", "found": False}, commands)

    hostile = root("kesl", extra=[("/opt/kaspersky/kesl/a", "x"), ("/var/opt/kaspersky/\x1b[31mx\u202ey", "x")])
    check("plan: nothing for the terminal", not any(c in run("plan", "--root", hostile)[1] for c in "\x1b\u202e"))

    rc, out, _ = run("rules", "--json")
    rules = json.loads(out)
    ids = {i["id"]: i for f in pathlib.Path(REGISTER).glob("*.json") if f.name != "schema.json" for i in json.loads(f.read_text()).get("instruments", [])}
    check("rules: every instrument and scope", rc == 0 and {i["id"] for i in rules["instruments"]} == set(ids) and any(s["id"] == "commercial-us" for s in rules["scopes"]))
    got = {i["id"]: i for i in rules["instruments"]}
    check("rules: dates, confidence, exceptions and deadlines as the register has them", all(
        [r["id"] for r in got[k]["rules"]] == [r["id"] for r in v["rules"]] and [r["from"] and r["from"]["utc"] for r in got[k]["rules"]] == [(r.get("from") or {}).get("utc") for r in v["rules"]]
        and [e["id"] for e in got[k]["exceptions"]] == [e["id"] for e in v.get("exceptions", [])]
        and [d["days"] for d in got[k]["deadlines"]] == [d["days"] for d in v.get("deadlines", [])] and got[k]["confidence"] == v["confidence"] for k, v in ids.items()))

    folder = pathlib.Path(REGISTER).parent / "packaging/completions"
    for file in sorted(folder.iterdir()):
        words = file.read_text().replace("(", " ").replace(")", " ").replace("'", " ").split()
        check(f"{file.name} completes every scope", {s["id"] for s in rules["scopes"]} <= set(words), {s["id"] for s in rules["scopes"]} - set(words))

    fid = json.loads(run("--root", at, "--json")[1])["findings"][0]["id"]
    rc, out, _ = run("explain", fid, "--root", at, "--json")
    f = json.loads(out)["finding"]
    check("explain: a finding", rc == 1 and f["id"] == fid and f["evidence"] and f["rests_on"], out)
    rc, out, _ = run("explain", "klnagent", "--json")
    check("explain: a product", rc == 0 and "kesl" in json.loads(out)["product"]["manages"] and json.loads(out)["product"]["signals"], out)
    rc, out, _ = run("explain", "us-ndaa-2018-1634", "--json")
    check("explain: an instrument", rc == 0 and "115-91" in json.loads(out)["instrument"]["citation"], out)
    rc, out, _ = run("explain", "us-bod-17-01")
    check("explain: an instrument has its dates, exceptions and terms", rc == 0 and all(w in out for w in ("since 2017-09-13 00:00 EDT", "exempt: Kaspersky Threat Intelligence", "30 calendar days after effect", "No revocation", "kaspersky")), out)
    check("explain: the number that the overhaul gave the clause", "us-far-52.204-23" in run("explain", "52.240-91")[1] and json.loads(run("explain", "52.240-91", "--json")[1])["instrument"]["id"] == "us-far-52.204-23")
    rc, out, _ = run("explain", "kaspersky")
    check("explain: a firm with its names, instruments and products", rc == 0 and all(w in out for w in ("Kaspersky Lab ZAO", "instrument us-bod-17-01", "product kesl:")), out)
    check("explain: a firm as data", json.loads(run("explain", "kaspersky-us", "--json")[1])["entity"]["parents"] == [{"entity": "kaspersky", "relation": "subsidiary", "confidence": "P"}])
    rc, out, _ = run("explain", "zonealarm")
    check("explain: what may hold the engine says so", rc == 0 and "may have, by version or choice, code of kaspersky" in out, out)
    for verb in (["explain", "F-00000000", "--root", at, "--json"], ["plan", "--root", at, "-f", "csv"], ["rules", "-f", "sarif"], ["explain", "kesl", "-f", "csv"],
                 ["verify-register", "-f", "csv"], ["plan", "--import-kesl", "x", "-f", "html"], ["plan", "--import-kesl", "/nonexistent"],
                 ["plan", "--import-kesl", "/"], ["plan", "--import-kesl", "x", "--root", "/"], ["rules", "--host"], ["verify-register", "--root", "/"]):
        rc, out, err = run(*verb)
        check(f"refused: {verb}", rc == 2 and out == "" and err != "", out)


def imports():
    """Settings of the product that goes, in the terms of what comes; read in the jail."""
    ini = TMP / "kesl.ini"

    def take(data, *more):
        ini.write_bytes(data if isinstance(data, bytes) else data.encode())
        return run("plan", "--import-kesl", ini, *more)

    text = ("ScanArchived=Yes\nSizeLimit=50\nTimeLimit=60\nUseKSN=Yes\nFirstAction=Disinfect\nSomethingNew=1\nExcludeMasks.item_0000=*.tmp\n\n"
            "[ScanScope.item_0000]\nPath=/home\n\n[ExcludedFromScanScope.item_0000]\nPath=/var/backup\n")
    rc, out, err = take(text)
    conf, rest = out.split("# Decided otherwise", 1)
    check("import: settings", rc == 0 and err == "" and all(w in conf.splitlines() for w in ("exclude = *.tmp", "exclude = /var/backup", "max-filesize = 50M", "timeout = 60")), out)
    check("import: what has no equivalent is named", all(w in rest.split("# Without an equivalent", 1)[1] for w in ("UseKSN=Yes", "SomethingNew=1")), rest)
    rc, out, _ = take(text, "--json")
    rows = {r["key"]: r for r in json.loads(out)["settings"]}
    check("import: as data", rc == 0 and rows["SizeLimit"] == {"section": "", "key": "SizeLimit", "value": "50", "standing": "setting", "used": True, "known": True, "becomes": "max-filesize = 50M"}
          and rows["FirstAction"]["standing"] == "planned" and rows["UseKSN"]["standing"] == "none" and rows["ScanArchived"]["standing"] == "decided" and not rows["SomethingNew"]["known"], rows)
    for name, data, unused in (("limits of nothing", "SizeLimit=0\nTimeLimit=\n", ("max-filesize", "timeout")), ("masks that are switched off", "useexcludemasks=no\nExcludeMasks.item_0000=*.tmp\n", ("exclude = *.tmp",)),
                               ("an empty mask", "ExcludeMasks.item_0000=\n", ("exclude = ",))):
        rc, out, _ = take(data)
        check(f"import: {name} stay comments", rc == 0 and all(f"# not used: {u}" in out and f"\n{u}" not in out for u in unused), out)
        check(f"import: {name} are not used in data", not any(r.get("used") for r in json.loads(take(data, "--json")[1])["settings"]))
    for name, data in (("a program", b"\x7fELF\0a=b\n"), ("JSON", b'{"ScanArchived": "a=b"}'), ("nothing", b""), ("only sections", b"[a]\n# x=y\n"), ("UTF-16", "A=b\n".encode("utf-16")), ("17 MiB", b"a=b\n" * (17 << 18))):
        for more in ([], ["--json"]):
            rc, out, err = take(data, *more)
            check(f"import: {name} is no export {more}", rc == 2 and out == "" and "not a settings export" in err, err)
    rc, out, _ = take(b"[\x1b[31m]\nA\xc2\x9bB=\xe2\x80\xaex\n")
    check("import: nothing for the terminal", rc == 0 and not any(c in out for c in "\x1b\x9b\u202e"), out)
    rc, out, _ = take(b"\xef\xbb\xbfSizeLimit=5\r\n")
    check("import: a byte order mark and Windows' line ends", rc == 0 and "\nmax-filesize = 5M\n" in out, out)
    for name, data, words in (("a long line", b"A=" + b"x" * 4096 + b"\nSizeLimit=5\n", "line 1: longer than 4096 bytes"), ("a line of no form", b"SizeLimit=5\nwhat is this\n", "line 2: neither"),
                              ("a long section", b"SizeLimit=5\n[" + b"x" * 4096 + b"]\nTimeLimit=60\n", "line 2: a section's name"), ("a line without a key", b"SizeLimit=5\n=1\n", "line 2: neither")):
        rc, out, err = take(data)
        check(f"import: {name} is a gap", rc == 2 and words in out.split("# Not read:")[1] and "\nmax-filesize = 5M\n" in out and "timeout" not in out and "not all of it" in err, (rc, out, err))
        rc, out, _ = take(data, "--json")
        check(f"import: {name} is a gap in data", rc == 2 and any(words in g for g in json.loads(out)["not_readable"]), out)
    rc, out, _ = take("A=" + "x" * 4094 + "\n")
    check("import: a line of 4096 bytes is none", rc == 0 and "x" * 4094 in out, rc)
    rc, out, _ = take("a=b\n" * 70000, "--json")
    check("import: too many", rc == 2 and len(json.loads(out)["settings"]) == 65536 and "65536" in json.loads(out)["not_readable"][0], rc)


def registers():
    rc, out, _ = run("verify-register", "--json")
    r = json.loads(out)
    check("verify-register: a whole register as data", rc == 0 and r["faults"] == [] and r["products"] == len(PRODUCTS) and r["instruments"] > 10, r)
    import shutil
    for name, old, new in (("a dangling edge", '"embeds": "kaspersky"', '"embeds": "nobody"'), ("broken JSON", '"comment"', "comment")):
        copy = TMP / ("whole-" + name.replace(" ", "-"))
        shutil.copytree(REGISTER, copy)
        text = (copy / "kaspersky.json").read_text()
        check(f"{name}: the test changes the register", old in text)
        (copy / "kaspersky.json").write_text(text.replace(old, new, 1))
        rc, out, err = run("verify-register", "--json", register=str(copy))
        r = json.loads(out)
        check(f"verify-register: {name} as data", rc == 2 and err == "" and r["faults"] and {"file", "where", "what"} == set(r["faults"][0]), (rc, out, err))


orders()
order_is_data()
verbs()
imports()
registers()
sys.exit(ended())
