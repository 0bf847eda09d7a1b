#!/usr/bin/env python3
"""Writes the tables of docs/benchmarks/report.md from benchmarks.json: page.py benchmarks.json report.md. What stands
above the line <!-- tables --> is kept."""
import json
import pathlib
import sys

import growth
import roofs
from report import TITLES, why

MARK = "<!-- tables -->"


def number(x):
    return f"{x:,.0f}" if x >= 1000 else f"{x:.3g}"


def more_threads(ours):
    """How much faster several threads are than one. Workers are several threads of what one thread does alone."""
    alone = {(r["workload"], r["case"], r["variant"]): r["median"] for r in ours if r["threads"] == 1}
    found = [(r, alone.get((r["workload"], r["case"], r["variant"].removesuffix(", workers"))))
             for r in ours if r["threads"] > 1]
    if not any(one for _, one in found):
        return
    yield "## More threads than one"
    yield ""
    yield "| | Case | Ours | ms with one | Threads | ms | times as fast |"
    yield "| --- | --- | --- | ---: | ---: | ---: | ---: |"
    for r, one in found:
        if one:
            yield f"| {r['workload']} | {r['case']} | {r['variant']} | {number(one)} | {r['threads']} " \
                  f"| {number(r['median'])} | {one / r['median']:.2f} |"
    yield ""


def lines(result):
    machine, rows = result["machine"], [r for r in result["rows"] if "median" in r]
    yield f"Measured {machine['date']} on {machine['cpu']}, family {machine['family']} model {machine['model']}, " \
          f"{machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB."
    for environment, got in result["versions"].items():
        yield f"Environment `{environment}`: " + ", ".join(f"{m} {v}" for m, v in got.items()) + "."
    yield ""
    yield "## Roofs, one thread"
    yield ""
    yield "| What | Rate |"
    yield "| --- | ---: |"
    f = roofs.Figures(result["roofs"]["1"])
    got, could = roofs.peak(machine, f)
    yield f"| f32 products in registers | {got / 1e9:.0f} GFLOP/s, {100 * got / could:.0f} % of width x ports x clock |"
    if f.multiply("bf16"):
        yield f"| bf16 products in registers | {f.multiply('bf16') / 1e9:.0f} GFLOP/s |"
    yield f"| clock | {f.rate('clock') / 1e9:.2f} GHz |"
    yield f"| sequential read | {f.rate('read') / 1e9:.1f} GB/s |"
    yield f"| triad, three arrays counted | {f.store() / 1e9:.1f} GB/s |"
    for size in (64, 256, 2048):
        yield f"| random lines of {size} MB | {f.lines(size * roofs.MEGA) / 1e6:.0f} M/s |"
    for width, size in ((256, 1024), (512, 64), (512, 1024), (512, 2048)):
        yield f"| random rows of {width} B of {size} MB | {f.rows(width, size * roofs.MEGA) / 1e9:.1f} GB/s |"
    yield f"| numbering among 2 M nodes | {f.numbering(2_000_003) / 1e6:.0f} M ids/s |"
    yield ""
    yield "## Rows of ours"
    yield ""
    yield "`best` and `idiomatic`: time of the peer over ours, median of the rounds. Times marked * are process CPU"
    yield "time, because the machine was not quiet for long enough."
    yield ""
    yield "| | Case | Ours | Threads | ms | best | idiomatic | of the roof | best peer |"
    yield "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |"
    ours = sorted((r for r in rows if r["who"] == "ours" and r["workload"] != "w14"),
                  key=lambda r: (int(r["workload"][1:]), r["threads"]))
    for r in ours:
        ratio = lambda name: f"{r[f'ratio_to_{name}_peer']:.2f}" if f"ratio_to_{name}_peer" in r else ""
        roof = f"{100 * r['fraction_of_roof']:.0f} %" if "fraction_of_roof" in r else ""
        star = "" if r["gated"] else "*"
        yield f"| {r['workload']} | {r['case']} | {r['variant']} | {r['threads']} | {number(r['median'])}{star} " \
              f"| {ratio('best')} | {ratio('idiomatic')} | {roof} | {r.get('best_peer', '')} |"
    yield ""
    for r in ours:
        if why(r):
            yield f"- {r['workload']}, {r['case']}: {why(r)}."
    yield ""
    yield from more_threads(ours)
    yield "## All rows"
    yield ""
    yield "| | Case | Threads | Who | Variant | ms | least - most | rejected |"
    yield "| --- | --- | ---: | --- | --- | ---: | ---: | ---: |"
    for r in sorted(rows, key=lambda r: (int(r["workload"][1:]), r["threads"], r["case"], r["median"])):
        star = "" if r["gated"] else "*"
        yield f"| {r['workload']} | {r['case']} | {r['threads']} | {r['who']} | {r['variant']} " \
              f"| {number(r['median'])}{star} | {number(r['min'])} - {number(r['max'])} | {r['rejected']} |"
    if growth.series(rows):
        yield ""
        yield "## Growth, one thread"
        yield ""
        yield from growth.lines(rows)
        yield ""
        yield "## A catalogue of 10^8 items and 10^10 edges"
        yield ""
        yield "From the cost of an edge at the largest size above, with the exponent found there, and the roofs of this"
        yield "machine; nothing of this was run. Ids have 32 bits: 4.29 billion nodes of a type are the end."
        yield ""
        yield from growth.large(rows, f)
    behind = [r for r in ours if r.get("ratio_to_best_peer", 1) < 1]
    yield ""
    yield "## What we lose"
    yield ""
    if not behind:
        yield "In this run no peer was faster in the median."
    for r in behind:
        yield f"- {TITLES[r['workload']]}, {r['case']}, {r['threads']} thread{'s' * (r['threads'] > 1)}: " \
              f"{r['best_peer']} takes {100 * r['ratio_to_best_peer']:.0f} % of our time."
    lost = [r for r in result["rows"] if "failed" in r or "stopped" in r]
    for r in lost:
        yield f"- Not measured: {r['workload']}, {r['case']}, {r['who']}, {r['variant']}."


def main():
    result, page = json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2])
    head = page.read_text().split(MARK)[0] if page.exists() else "# Report of one run\n\n"
    page.write_text(head + MARK + "\n\n" + "\n".join(lines(result)) + "\n")


main()
