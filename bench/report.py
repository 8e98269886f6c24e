"""What the benchmark measured, as lines, as docs/performance.md, and as pictures (SVG, light and dark)."""
import json
import math
import pathlib


def one_line(name: str, row: dict) -> str:
    if "skipped" in row:
        return f"{name}: skipped: {row['skipped']}"
    if "ratio" in row:
        speeds = ", ".join(f"{n} {p['mb_s']:.1f} MB/s" for n, p in row["peers"].items())
        r = row["ratio"]
        same = "" if "differences" not in row else f"; {row['found']} files found, {len(row['differences'])} differences"
        return f"{name}: {r['median']:.1f}x ({r['min']:.1f} to {r['max']:.1f}); {speeds}{same}"
    return f"{name}: {json.dumps(row)}"


STYLE = ("<style>text{fill:#1b1f24}.o{fill:#0b6bcb}.p{fill:#9aa4af}.s{fill:#8ec3f5}.g{stroke:#d0d7de}.lo{stroke:#0b6bcb;fill:none;stroke-width:2.5}"
         ".lp{stroke:#6b7682;fill:none;stroke-width:2.5}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.o{fill:#4ea1ff}.p{fill:#6b7682}"
         ".s{fill:#235a94}.g{stroke:#30363d}.lo{stroke:#4ea1ff}.lp{stroke:#9aa4af}}</style>")


def nice_step(top: float, most: int = 5) -> float:
    step = 10.0 ** math.floor(math.log10(top / most))
    return next(step * k for k in (1, 2, 5, 10) if top / (step * k) <= most)


def start(title: str, width: int, height: int) -> list[str]:
    return [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif" font-size="14" role="img">',
            STYLE, f"<title>{title}</title>", f'<text x="8" y="24" font-weight="600">{title}</text>']


def bars(title: str, unit: str, rows: list[tuple[str, float, bool]]) -> str:
    """A bar chart: (label, value, ours), on a linear axis that begins at 0."""
    width, left, line = 760, 250, 28
    top = max((v for _, v, _ in rows), default=1) or 1
    span, height = width - left - 120, 86 + line * len(rows)
    out = start(title, width, height)
    step = nice_step(top)
    for k in range(int(top / step) + 1):
        x = left + k * step / top * span
        out.append(f'<line class="g" x1="{x:.1f}" y1="36" x2="{x:.1f}" y2="{height - 44}"/>')
        out.append(f'<text x="{x:.1f}" y="{height - 28}" text-anchor="middle" font-size="12">{k * step:,g}</text>')
    out.append(f'<text x="{left + span / 2:.0f}" y="{height - 8}" text-anchor="middle" font-size="12">{unit}</text>')
    for i, (label, value, ours) in enumerate(rows):
        y = 40 + i * line
        w = max(1.0, value / top * span)
        out.append(f'<text x="{left - 8}" y="{y + 15}" text-anchor="end">{label}</text>')
        out.append(f'<rect class="{"o" if ours else "p"}" x="{left}" y="{y}" width="{w:.1f}" height="19" rx="2"/>')
        digits = 0 if value >= 100 else 1 if value >= 10 else 2
        out.append(f'<text x="{left + w + 6:.1f}" y="{y + 15}">{value:,.{digits}f}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def lines(title: str, across: str, up: str, series: dict[str, list[tuple[float, float]]]) -> str:
    """Both axes logarithmic; the first series is ours."""
    width, height, left, bottom = 760, 360, 80, 56
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    low, high = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
    first, last = math.log10(min(xs)), math.log10(max(xs))

    def place(x: float, y: float) -> tuple[float, float]:
        return (left + (math.log10(x) - first) / ((last - first) or 1) * (width - left - 130),
                height - bottom - (math.log10(y) - low) / ((high - low) or 1) * (height - bottom - 50))
    out = start(title, width, height)
    for e in range(low, high + 1):
        y = place(min(xs), 10.0 ** e)[1]
        out.append(f'<line class="g" x1="{left}" y1="{y:.1f}" x2="{width - 130}" y2="{y:.1f}"/>')
        out.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end" font-size="12">{10.0 ** e:,g}</text>')
    for x in sorted(set(xs)):
        out.append(f'<text x="{place(x, ys[0])[0]:.1f}" y="{height - bottom + 18}" text-anchor="middle" font-size="12">{x:,.0f}</text>')
    out.append(f'<text x="{(left + width - 130) / 2:.0f}" y="{height - 10}" text-anchor="middle" font-size="12">{across}</text>')
    out.append(f'<text x="18" y="{(height - bottom + 50) / 2:.0f}" text-anchor="middle" font-size="12" '
               f'transform="rotate(-90 18 {(height - bottom + 50) / 2:.0f})">{up}</text>')
    for i, (name, points) in enumerate(series.items()):
        at = [place(x, y) for x, y in sorted(points)]
        out.append(f'<polyline class="{"lo" if i == 0 else "lp"}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in at)}"/>')
        out += [f'<circle class="{"o" if i == 0 else "p"}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in at]
        out.append(f'<text x="{at[-1][0] + 10:.1f}" y="{at[-1][1] + 4:.1f}">{name}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def pictures(results: dict) -> dict[str, str]:
    out = {}
    duels = {n: r for n, r in results.items() if isinstance(r, dict) and "ratio" in r}
    speed = [(f"{n.removeprefix('yara-x ')}: {peer}", p["mb_s"], peer == "glacis") for n, r in duels.items() for peer, p in r["peers"].items()]
    if speed:
        out["throughput.svg"] = bars("Throughput by set, whole process, one worker", "MB/s", speed)
        out["ratios.svg"] = bars("How many times faster than the peer", "times", [(n, r["ratio"]["median"], True) for n, r in duels.items()])
    counts = {n: r for n, r in results.get("number of signatures", {}).items()}
    if counts:
        series = {peer: [(float(n), r[peer]) for n, r in counts.items() if peer in r] for peer in ("glacis", "clamscan")}
        out["signatures.svg"] = lines("Throughput by number of signatures", "signatures", "MB/s, whole process", series)
    if results.get("first verdict"):
        out["first.svg"] = bars("Start to first verdict, median", "ms", [(n, v["median"], n.startswith("glacis")) for n, v in results["first verdict"].items()])
    kinds = (("private_mib", "its own"), ("file_mib", "files' pages, alone"), ("shared_mib", "shared"))
    rows = [(f"{n}: {label}", m[key], True) for n, m in results.get("memory", {}).items() for key, label in kinds]
    rows += [(f"{peer}, {n}: all", duels[n]["peers"][peer]["rss_mib"], False) for n, peer in (("clamscan", "clamscan"), ("signature-base", "yara"))
             if n in duels]
    if rows:
        out["memory.svg"] = bars("Memory while scanning, at most (glacis: 3.5 million hashes and all rules)", "MiB", rows)
    compiled = [(f"{n.removeprefix('yara-x ')}: {peer}", s, peer == "glacis") for n, r in duels.items()
                for peer, s in r.get("compile", {}).items() if s and not (n.startswith("yara-x") and peer == "glacis")]
    if "scale" in results:
        compiled += [("all and 3.5 million hashes: glacis", results["scale"]["compile"], True)]
    if results.get("one change", {}).get("seconds"):
        compiled += [("one signature added to that: glacis", results["one change"]["seconds"], True)]
    if compiled:
        out["compile.svg"] = bars("Time to compile", "s", compiled)
    if results.get("small") and "skipped" not in results["small"]:
        out["small.svg"] = bars("Files of 4 KiB, by workers", "files a second", [(n, v, True) for n, v in results["small"].items()])
    if "scaling" in results:
        out["scaling.svg"] = bars("Scaling with -j, signature-base", "MB/s", [(n, v, True) for n, v in results["scaling"]["mb_s"].items()])
    return out


READ_THERE = 5500.0  # MB/s of the plain read loop where the bars were set


def bar_rows(r: dict):
    """(what, bar, measured, met). Bars in MB/s hold for a machine that reads 5.5 GB/s: they are taken as parts of the read loop."""
    read = r.get("match", {}).get("read", {}).get("median")
    for name, bar in (("all as PE", 800), ("as what they are", 1200)):
        got = r.get("match", {}).get(name, {}).get("mb_s")
        if read and got:
            yield (f"matching alone, {name}", f"{bar / READ_THERE * 100:.1f} % of the read loop ({bar} MB/s there)",
                   f"{got / read * 100:.1f} % ({got:.0f} MB/s of {read:.0f})", got / read >= bar / READ_THERE)
    worst = next(iter(r.get("hostile", {}).items()), None)
    if worst and "times" in worst[1]:
        yield ("the slowest of files made to be slow, time a byte", "20× the usual",
               f"{worst[1]['times']:.1f}× ({worst[0]}: {worst[1]['mb_s']:.0f} MB/s{', cut short' if worst[1]['cut short'] else ''})", worst[1]["times"] <= 20)
    for name, bar in (("clamscan", 20), ("signature-base", 8), ("reversinglabs", 8), ("yara-x signature-base", 6), ("yara-x reversinglabs", 6),
                      ("loose", 50)):
        if "ratio" in r.get(name, {}):
            row = r[name]
            peer = next(n for n in row["peers"] if n != "glacis")
            yield (f"{name.removeprefix('yara-x ')} against {peer}" if name != peer else f"against {peer}, same signatures", f"{bar}×",
                   f"{row['ratio']['median']:.1f}×", row["ratio"]["median"] >= bar)
    first = r.get("first verdict", {}).get("glacis, 3.5 million hashes and all")
    if first:
        empty = r["first verdict"].get("two programs that do nothing", {}).get("median")
        nothing = f"two programs that do nothing: {empty:.1f} ms" if empty else "the machine's limit not measured"
        yield "first verdict, 3.5 million hashes and all", "10 ms", f"{first['median']:.1f} ms (least {first['min']:.1f}; {first.get('processor', 0):.1f} of processor time; {nothing})", first["median"] <= 10
    for name, m in r.get("memory", {}).items():
        yield f"private memory of {name} then", "16 MiB", f"{m['private_mib']:.1f} MiB", m["private_mib"] <= 16
    if "scale" in r:
        yield "image of that", "160 MB", f"{r['scale']['image_mb']:.0f} MB", r["scale"]["image_mb"] <= 160
        yield "time to compile it", "6 s", f"{r['scale']['compile']:.1f} s" + (f" ({r['scale']['compile_processor']:.1f} s of processor time)" if "compile_processor" in r["scale"] else ""), r["scale"]["compile"] <= 6
    compiled = r.get("signature-base", {}).get("compile", {}).get("glacis")
    if compiled:
        yield "compile signature-base", "0.5 s", f"{compiled:.2f} s", compiled <= 0.5
    if r.get("one change", {}).get("seconds"):
        yield "one signature added to the big set", "0.2 s", f"{r['one change']['seconds']:.2f} s", r["one change"]["seconds"] <= 0.2
    if r.get("small", {}).get("-j 2"):
        best = max(r["small"].values())
        yield "files of 4 KiB", "30,000 a second", f"{best:,.0f}", best >= 30000
    if "scaling" in r:
        yield "-j 2 on two cores", "1.8×", f"{r['scaling']['times']:.2f}× (two whole runs at once: {r['scaling'].get('limit', 0):.2f}×)", r["scaling"]["times"] >= 1.8


def table(results: dict) -> list[str]:
    read = results.get("limits", {}).get("read")
    out = ["| set | Glacis | of the read loop | peer | times faster (min to max) | by processor time | verdicts |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, row in results.items():
        if not isinstance(row, dict) or "ratio" not in row:
            continue
        peer = next(n for n in row["peers"] if n != "glacis")
        r, ours = row["ratio"], row["peers"]["glacis"]["mb_s"]
        same = "not compared" if "differences" not in row else "equal" if not row["differences"] else f"**{len(row['differences'])} files differ**"
        cpu = f"{row['cpu_ratio']['median']:.1f}×" if "cpu_ratio" in row else ""
        part = f"{ours / read * 100:.1f} %" if read else ""
        out.append(f"| {name} | {ours:.0f} MB/s | {part} | {peer} {row['peers'][peer]['mb_s']:.1f} MB/s | "
                   f"**{r['median']:.1f}×** ({r['min']:.1f} to {r['max']:.1f}) | {cpu} | {same} |")
    return out


def write(results: dict, docs: pathlib.Path) -> None:
    folder = docs / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    drawn = pictures(results)
    for name, svg in drawn.items():
        (folder / name).write_text(svg)
    load = results.get("load", {})
    out = ["# Performance", "",
           "Written by `./dev bench --write`; run it yourself. Whole processes, warm page cache, pairs interleaved A B A B, medians; "
           f"{results.get('files', 0)} plain system files of {results.get('bytes', 0) / 1e6:.0f} MB. Absolute figures are this machine's "
           "(two cores of a shared server); ratios, and parts of the plain read loop of the same run, are what to compare."]
    if load:
        out += ["", f"Others were using the machine: {load['before']:.1f} processes wanted its {load['processors']} processors when the run began, "
                f"{load['after']:.1f} when it ended. Figures in seconds and milliseconds are larger for that, and `-j 2` cannot reach 2."]
    out += ["", *table(results), "", "## Bars", "", "| work | bar | measured | met |", "| --- | --- | --- | --- |"]
    busy = load.get("before", 0) > 1.5 * load.get("processors", 1)
    for what, bar, got, met in bar_rows(results):
        # A wall clock on a busy machine can show that a bar is met, not that it is not.
        clock = any(unit in bar for unit in (" s", " ms")) or what.startswith(("files of", "-j 2"))
        out.append(f"| {what} | {bar} | {got} | {'yes' if met else 'the machine was busy' if busy and clock else '**no**'} |")
    out += ["", "## Pictures", ""] + [f"![{n.removesuffix('.svg')}](pictures/{n})" for n in drawn] + [""]
    for name, row in results.items():
        if isinstance(row, dict) and "ratio" not in row:
            out += [f"## {name}", "", "```json", json.dumps(row, indent=1), "```", ""]
    differ = {n: r["differences"] for n, r in results.items() if isinstance(r, dict) and r.get("differences") and "ratio" in r}
    if differ:
        out += ["## Verdicts that differ", ""] + [f"- {n}: {d}" for n, rows in differ.items() for d in rows[:20]] + [""]
    (docs / "performance.md").write_text("\n".join(out).rstrip("\n") + "\n")
