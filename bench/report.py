"""What the benchmark measured, as lines, as docs/performance.md, and as pictures (SVG, light and dark)."""
import json
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


def bars(title: str, unit: str, rows: list[tuple[str, float, bool]]) -> str:
    """A bar chart: (label, value, ours). Logarithmic would hide what matters; values stand beside the bars."""
    width, left, line = 720, 190, 30
    top = max((v for _, v, _ in rows), default=1) or 1
    height = 50 + line * len(rows)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif" font-size="14" role="img">',
           "<style>text{fill:#1b1f24}.o{fill:#0b6bcb}.p{fill:#9aa4af}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.o{fill:#4ea1ff}.p{fill:#6b7682}}</style>",
           f"<title>{title}</title>", f'<text x="8" y="24" font-weight="600">{title}</text>']
    for i, (label, value, ours) in enumerate(rows):
        y = 40 + i * line
        w = max(1.0, value / top * (width - left - 130))
        out.append(f'<text x="{left - 8}" y="{y + 16}" text-anchor="end">{label}</text>')
        out.append(f'<rect class="{"o" if ours else "p"}" x="{left}" y="{y}" width="{w:.1f}" height="20" rx="2"/>')
        out.append(f'<text x="{left + w + 6:.1f}" y="{y + 16}">{value:,.1f} {unit}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def pictures(results: dict) -> dict[str, str]:
    out = {}
    speed = []
    for name in ("clamscan", "signature-base", "reversinglabs", "loose", "yara-x signature-base", "yara-x reversinglabs"):
        row = results.get(name, {})
        for peer, p in row.get("peers", {}).items():
            short = name.removeprefix("yara-x ")
            speed.append((f"{short}: {peer}" if name != "clamscan" else f"clamav set: {peer}", p["mb_s"], peer == "glacis"))
    if speed:
        out["throughput.svg"] = bars("Throughput, whole process, one core", "MB/s", speed)
    ratios = [(n, results[n]["ratio"]["median"], True) for n in results if isinstance(results[n], dict) and "ratio" in results[n]]
    if ratios:
        out["ratios.svg"] = bars("How many times faster than the peer", "x", ratios)
    if "small" in results and "skipped" not in results["small"]:
        out["small.svg"] = bars("Files of 4 KiB", "files/s", [(n, v, True) for n, v in results["small"].items()])
    memory = [(f"glacis: {n}, private", m["private_mib"], True) for n, m in results.get("scale", {}).get("memory", {}).items()]
    memory += [(f"{n}, {p}", row["peers"][p]["rss_mib"], False) for n, p in (("clamav set", "clamscan"), ("signature-base", "yara"))
               if (row := results.get({"clamav set": "clamscan"}.get(n, n), {})) and "rss_mib" in row.get("peers", {}).get(p, {})]
    if memory:
        out["memory.svg"] = bars("Memory", "MiB", memory)
    return out


def table(results: dict) -> list[str]:
    lines = ["| set | Glacis | peer | times faster (min to max) | verdicts |", "| --- | --- | --- | --- | --- |"]
    for name, row in results.items():
        if not isinstance(row, dict) or "ratio" not in row:
            continue
        peer = next(n for n in row["peers"] if n != "glacis")
        r = row["ratio"]
        same = "not compared" if "differences" not in row else "equal" if not row["differences"] else f"{len(row['differences'])} differ"
        lines.append(f"| {name} | {row['peers']['glacis']['mb_s']:.0f} MB/s | {peer} {row['peers'][peer]['mb_s']:.1f} MB/s | "
                     f"**{r['median']:.1f}×** ({r['min']:.1f} to {r['max']:.1f}) | {same} |")
    return lines


def write(results: dict, docs: pathlib.Path) -> None:
    folder = docs / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    drawn = pictures(results)
    for name, svg in drawn.items():
        (folder / name).write_text(svg)
    rest = {k: v for k, v in results.items() if isinstance(v, dict) and "ratio" not in v}
    lines = ["# Performance", "",
             "Written by `./dev bench --write`; run it yourself. Whole processes, warm page cache, pairs interleaved A B A B, medians; "
             f"{results.get('files', 0)} plain system files of {results.get('bytes', 0) / 1e6:.0f} MB. "
             "Absolute figures are this machine's (two cores of a shared server); ratios are what to compare.", "",
             *table(results), ""]
    lines += [f"![{n.removesuffix('.svg')}](pictures/{n})" for n in drawn] + [""]
    for name, row in rest.items():
        lines += [f"## {name}", "", "```json", json.dumps(row, indent=1), "```", ""]
    (docs / "performance.md").write_text("\n".join(lines))
