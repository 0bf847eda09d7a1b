"""benchmarks.html from benchmarks.json: one self-contained page."""
import html
import json
import pathlib
import sys

import growth

COLOURS = {"ours": "#1f5f8b", "dgl": "#b5651d", "pyg": "#7a4fa3", "torch": "#8a8a2a", "faiss": "#2e8b57",
           "scipy": "#a33a5a"}
TITLES = {"w1": "Building", "w2": "Sampling, two hops", "w3": "Sampling, three hops and hubs", "w4": "Sampling, typed",
          "w5": "Sampling around links", "w6": "Mean over the whole graph", "w7": "Mean over a sampled block",
          "w8": "A whole training step", "w10": "A step of two towers", "w11": "Exact search",
          "w13": "Inference of a whole graph", "w14": "Growth"}
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #ddd}
h3{font-size:1rem;margin:1.2rem 0 .3rem}
table{border-collapse:collapse;font-size:13px;width:100%}
td,th{padding:.2rem .5rem;text-align:left;border-bottom:1px solid #eee}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.note{color:#666;font-size:13px}.bad{color:#a11;font-weight:600}
svg text{font:12px system-ui,sans-serif;fill:#333}
"""


def text(x):
    return html.escape(str(x))


def number(x, digits=3):
    return f"{x:.{digits}g}" if abs(x) < 1000 else f"{x:,.0f}"


def bars(rows):
    """Medians as bars with the least and the most as a line, shorter is better; a mark where the roof is."""
    height, left, width = 24, 430, 400
    most = max(r["max"] for r in rows) or 1
    out = [f'<svg role="img" width="{left + width + 130}" height="{height * len(rows) + 8}">']
    for i, r in enumerate(rows):
        y = i * height + 4
        scale = lambda v: left + v / most * width
        label = f"{r['who']}: {r['variant']}"
        label = label if len(label) < 66 else label[:63] + "..."
        out.append(f'<text x="{left - 8}" y="{y + 15}" text-anchor="end">{text(label)}</text>')
        length = max(1, scale(r["median"]) - left)
        out.append(f'<rect x="{left}" y="{y + 2}" width="{length:.1f}" height="{height - 8}" '
                   f'fill="{COLOURS.get(r["who"], "#888")}"/>')
        out.append(f'<path d="M{scale(r["min"]):.1f} {y + 9}H{scale(r["max"]):.1f}" stroke="#000" stroke-width="1.5"/>')
        if "roof_ms" in r:
            x = scale(min(r["roof_ms"], most))
            out.append(f'<path d="M{x:.1f} {y}v{height - 4}" stroke="#c00" stroke-width="2" stroke-dasharray="3 2"/>')
        out.append(f'<text x="{scale(r["max"]) + 8:.1f}" y="{y + 14}">{number(r["median"])} ms</text>')
    return "".join(out) + "</svg>"


def ratio(row, name):
    if f"ratio_to_{name}_peer" not in row:
        return "-"
    return f"{row[f'ratio_to_{name}_peer']:.2f} ({row[f'ratio_to_{name}_min']:.2f}-{row[f'ratio_to_{name}_max']:.2f})"


def why(row):
    """Rows above their roof say why, with what is known of their reads."""
    if row.get("fraction_of_roof", 0) <= 1.05:
        return ""
    said = "above its roof, which reads every row from memory: some stay in the caches"
    if "hot_reads" in row["work"]:
        said += f"; {100 * row['work']['hot_reads']:.0f} % of the reads go to the 65,536 rows read most, 32 MB of f32"
    return said


def table(rows):
    out = ["<table><tr><th>who<th>variant<th class=n>median ms<th class=n>least - most<th class=n>rate"
           "<th class=n>to the best peer<th class=n>to the idiomatic<th class=n>of the roof<th>timed by"
           "<th class=n>rejected</tr>"]
    for r in rows:
        roof = f"{100 * r['fraction_of_roof']:.0f} %" if "fraction_of_roof" in r else "-"
        rate = f"{number(r['rate'])} {r['rate_unit']}" if "rate" in r else "-"
        timed = "wall clock" if r["gated"] else f"process CPU time (wall {number(r['wall_median'])})"
        out.append(f"<tr><td>{text(r['who'])}<td>{text(r['variant'])}<td class=n>{number(r['median'])}<td class=n>"
                   f"{number(r['min'])} - {number(r['max'])}<td class=n>{rate}<td class=n>{ratio(r, 'best')}"
                   f"<td class=n>{ratio(r, 'idiomatic')}<td class=n>{roof}<td>{timed}<td class=n>{r['rejected']}</tr>")
        if why(r):
            out.append(f"<tr><td><td colspan=9 class=note>{text(why(r))}</tr>")
    return "".join(out) + "</table>"


def curve(points, label_x, label_y, ideal=None):
    """Lines of {name: [(x, y)]} on two logarithmic axes."""
    import math
    xs = [x for line in points.values() for x, _ in line]
    ys = [y for line in points.values() for _, y in line]
    if len(set(xs)) < 2:
        return ""
    low_x, high_x, low_y, high_y = min(xs), max(xs), min(ys) / 1.3, max(ys) * 1.3
    width, height, left = 420, 240, 60
    px = lambda x: left + math.log(x / low_x) / math.log(high_x / low_x) * width
    py = lambda y: 10 + (1 - math.log(y / low_y) / math.log(high_y / low_y)) * height
    out = [f'<svg role="img" width="{left + width + 240}" height="{height + 50}">'
           f'<path d="M{left} 10V{height + 10}H{left + width}" fill="none" stroke="#999"/>']
    shades = ["#1f5f8b", "#b5651d", "#2e8b57", "#7a4fa3", "#a33a5a", "#8a8a2a", "#555"]
    for i, (name, line) in enumerate(points.items()):
        path = "M" + "L".join(f"{px(x):.1f} {py(y):.1f}" for x, y in sorted(line))
        out.append(f'<path d="{path}" fill="none" stroke="{shades[i % len(shades)]}" stroke-width="2"/>')
        x, y = max(line)
        out.append(f'<text x="{px(x) + 6:.1f}" y="{py(y) + 4:.1f}">{text(name)}</text>')
    for x in sorted(set(xs)):
        out.append(f'<text x="{px(x):.1f}" y="{height + 28}" text-anchor="middle">{number(x)}</text>')
    for y in (low_y * 1.3, high_y / 1.3):
        out.append(f'<text x="{left - 6}" y="{py(y) + 4:.1f}" text-anchor="end">{number(y)}</text>')
    out.append(f'<text x="{left + width / 2}" y="{height + 46}" text-anchor="middle">{text(label_x)}</text>')
    out.append(f'<text x="4" y="8">{text(label_y)}</text></svg>')
    return "".join(out)


def scaling(rows):
    """Ours by threads, and by edges where a workload has several sizes."""
    by_threads, by_edges = {}, {}
    for r in rows:
        if r["who"] != "ours":
            continue
        by_threads.setdefault(f"{r['workload']} {r['case']}", []).append((r["threads"], r["median"]))
        if r["workload"] == "w14":
            by_edges.setdefault(growth.kind_of(r), []).append((r["work"]["edges"] / 1e6, r["median"]))
    several = {k: v for k, v in by_threads.items() if len(v) > 1}
    out = ""
    if several:
        out += "<h2>Threads</h2>" + curve(several, "threads", "ms")
    if any(len(v) > 1 for v in by_edges.values()):
        out += "<h2>Growth</h2>" + curve(by_edges, "million edges", "ms")
        out += "<p>Time grows with the edges by the power of " + ", ".join(
            f"{growth.exponent(p):.2f} ({text(k)})" for k, p in growth.series(rows).items() if len(p) > 1) + ".</p>"
    return out


def write(result, path):
    machine = result["machine"]
    out = ["<!doctype html><html lang=en><meta charset=utf-8><title>intarsia: benchmarks</title>"
           f"<style>{STYLE}</style>",
           "<h1>intarsia: benchmarks</h1>",
           f"<p>{text(machine['cpu'])}, family {machine['family']} model {machine['model']}, {machine['cores']} cores, "
           f"{machine['memory_bytes'] / 2**30:.0f} GiB, {text(' '.join(machine['flags']))}; "
           f"{text(machine['date'])}.</p>"]
    if result.get("void"):
        out.append("<p class=bad>This report is void: the measured f32 peak is below 70 % of width x ports x clock."
                   "</p>")
    versions = "; ".join(f"{text(e)}: " + ", ".join(f"{text(m)} {text(v)}" for m, v in got.items())
                         for e, got in result.get("versions", {}).items())
    out.append(f"<p class=note>Peers: {versions or 'none'}.</p>"
               "<p class=note>Bars are medians over rounds in which ours and every peer take turns; black lines go "
               "from the least to the most; dashed red is the roof of ours, made of figures of the same run. Shorter "
               "is better. Ratios are peer / ours, round by round. Rounds that others disturbed are rejected and taken "
               "again; where too few were left, process CPU time counts and the table says so.</p>")
    done = [r for r in result["rows"] if "median" in r]
    keys = list(dict.fromkeys((r["workload"], r["case"], r["threads"]) for r in done))
    keys.sort(key=lambda k: (int(k[0][1:]), k[2]))
    last = None
    for workload, case, threads in keys:
        if workload != last:
            out.append(f"<h2>{workload}: {TITLES.get(workload, '')}</h2>")
            last = workload
        rows = [r for r in done if (r["workload"], r["case"], r["threads"]) == (workload, case, threads)]
        rows.sort(key=lambda r: (r["who"] != "ours", r["median"]))
        out.append(f"<h3>{text(case)}, {threads} thread{'s' * (threads > 1)}</h3>{bars(rows)}{table(rows)}")
        checks = [f"{r['who']}, {r['variant']}: {r['check']}" for r in rows if r.get("check")]
        if checks:
            out.append("<details class=note><summary>compared before timing</summary>" +
                       "<br>".join(map(text, checks)) + "</details>")
    failed = [r for r in result["rows"] if "failed" in r or "stopped" in r]
    if failed:
        out.append("<h2>What did not run</h2><ul>" + "".join(
            f"<li>{text(r['workload'])} {text(r['case'])}, {text(r['who'])}, {text(r['variant'])}: "
            f"{text(r.get('failed') or 'stopped, the results differ: ' + str(r['stopped']))}"
            for r in failed) + "</ul>")
    out.append(scaling(done))
    for threads, rates in result["roofs"].items():
        kinds = {}
        for name, rate in rates.items():
            _, kind, variant = name.split("/")
            if rate > kinds.get(kind, (0, ""))[0]:
                kinds[kind] = (rate, variant)
        out.append(f"<h2>Roofs, {threads} thread{'s' * (int(threads) > 1)}</h2>"
                   "<table><tr><th>what<th class=n>G/s<th>reached by</tr>" + "".join(
                       f"<tr><td>{text(k)}<td class=n>{v / 1e9:.3f}<td>{text(how)}</tr>"
                       for k, (v, how) in kinds.items()) + "</table>")
    path.write_text("\n".join(out))


if __name__ == "__main__":
    write(json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2]))
