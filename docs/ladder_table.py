#!/usr/bin/env python3
"""Writes the figures of a study into the pages that show them: the ladder into README.md; all rows, the ablations, the seconds and
the settings into docs/benchmarks/worked_example.md. What lies between <!-- NAME --> and <!-- /NAME --> is replaced.

Usage: ladder_table.py RESULTS.json [MORE.json...] [--timed TIMED.json] [--map MAP.svg] [--compile TIMES.txt] [--print]

The first file gives the ladder and the settings; more files, of runs with other splits or rows, add theirs. Seconds and memory
are those of TIMED.json, a run that had the machine for itself; left out: of the first file.
"""
import argparse
import json
import pathlib
import re
import shutil
import statistics

ROOT = pathlib.Path(__file__).resolve().parents[1]
METRICS = [("ndcg10", "NDCG@10"), ("hr10", "HR@10"), ("recall10", "Recall@10"), ("mrr10", "MRR@10"), ("coverage", "Coverage")]


def figure(values, digits=4):
    """'.5307 ± .0012' of some seeds, '.5307' of one or of values that do not differ."""
    short = lambda x: f"{x:.{digits}f}".removeprefix("0")
    text = short(statistics.mean(values))
    deviation = statistics.stdev(values) if len(values) > 1 else 0
    return text + (f" ± {short(deviation)}" if deviation > 1e-12 else "")


def table(head, lines, bold=()):
    """A markdown table; in the columns `bold`, by number, the largest figure is set in bold."""
    lines = [list(line) for line in lines]
    for column in bold:
        numbers = [float(m[0]) if (m := re.match(r"1?\.\d+", line[column])) else -1 for line in lines]
        for line, number in zip(lines, numbers):
            if number >= 0 and number == max(numbers):
                line[column] = f"**{line[column]}**"
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, rule, *lines])


class study:
    def __init__(self, results, more):
        self.results, self.values = results, {}
        rows = [row for of in (results, *more) for row in of["rows"]]
        for row in rows:
            for metric, _ in METRICS:
                self.values.setdefault((row["split"], row["model"], metric), []).append(row[metric])
        self.models = list(dict.fromkeys(row["model"] for row in rows))
        self.splits = list(dict.fromkeys(row["split"] for row in rows))
        self.main = [split for split in dict.fromkeys(row["split"] for row in results["rows"]) if "/" not in split]
        self.users = {row["split"]: row["users"] for row in rows}

    def cell(self, split, model, metric="ndcg10"):
        values = self.values.get((split, model, metric))
        return figure(values) if values else "-"

    def scores(self, models, columns, first):
        """A row per model and a column per (title, split, metric); rows of the ladder are one list, so order says enough."""
        lines = [[f"`{m}`", *(self.cell(split, m, metric) for _, split, metric in columns)] for m in models]
        lines = [line for line in lines if any(cell != "-" for cell in line[1:])]
        return table([first, *(title for title, _, _ in columns)], lines, bold=range(1, len(columns) + 1))

    def ladder(self):
        columns = [(split, split, "ndcg10") for split in self.main]
        if "warm" in self.main:
            columns += [("warm, HR@10", "warm", "hr10"), ("warm, coverage", "warm", "coverage")]
        seeds = self.results["seeds"]
        text = self.scores([m for m in self.models if "/" not in m], columns, "NDCG@10")
        users = ", ".join(f"{split} {self.users[split]}" for split in self.main)
        over = f"means ± standard deviation over {len(seeds)} seeds" if len(seeds) > 1 else f"one seed, {seeds[0]}"
        steps = self.results["settings"].get("steps", "as chosen")
        short = "" if steps == "as chosen" else f" **A trial: the towers had {steps} steps only.**"
        return f"{text}\n\nCatalogue `{self.results['catalogue']}`, {over}. Users ranked: {users}.{short}"

    def rows(self):
        parts = []
        for split in self.splits:
            columns = [(title, split, metric) for metric, title in METRICS]
            models = [m for m in self.models if not m.startswith("ablation/")]
            parts.append(f"### {split}, {self.users[split]} users\n\n{self.scores(models, columns, 'Row')}")
        return "\n\n".join(parts)

    def ablations(self):
        rows = [m for m in self.models if m.startswith("ablation/")]
        if not rows:
            return "The study was run without `--ablations`."
        columns = [(split, split, "ndcg10") for split in self.main]
        if "warm" in self.main:
            columns += [("warm, HR@10", "warm", "hr10"), ("warm, coverage", "warm", "coverage")]
        return self.scores(["two-tower-hgnn", *rows], columns, "NDCG@10")

    def stages(self):
        """Seconds by stage and split, the mean over seeds of those that are run for each."""
        seconds, once = {}, {}
        for stage, value in self.results["seconds"].items():
            match = re.fullmatch(rf"({'|'.join(map(re.escape, self.main))})( \(validation\))?(?:, seed \d+)?: (.+)", stage)
            if match:
                seconds.setdefault(match[3] + (match[2] or ""), {}).setdefault(match[1], []).append(value)
            else:
                once[stage] = value
        lines = [[stage, *(f"{statistics.mean(of[split]):.1f}" if split in of else "-" for split in self.main)]
                 for stage, of in seconds.items()]
        lines += [[f"{stage} (once)", f"{value:.1f}", *["-"] * (len(self.main) - 1)] for stage, value in once.items()]
        total = [sum(statistics.mean(of[split]) for of in seconds.values() if split in of) for split in self.main]
        lines.append(["all stages of a split", *(f"{value:.1f}" for value in total)])
        threads = self.results["threads"]
        whole = sum(self.results["seconds"].values())
        return (f"{table(['Seconds', *self.main], lines)}\n\n{threads} thread{'s' * (threads != 1)}; {whole:.0f} s in all stages of the "
                f"whole study; peak memory {self.results['peak_mib']:.0f} MiB.")

    def settings(self):
        return "\n".join(["| Setting | Value |", "| --- | --- |",
                          *(f"| {name} | {value} |" for name, value in self.results["settings"].items())])


def fill(page, name, text):
    """The page with `text` between its markers; a page without them is left as it is."""
    return re.sub(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", lambda m: f"{m[1]}\n{text}\n\n{m[2]}", page, flags=re.S)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=pathlib.Path, nargs="+")
    parser.add_argument("--timed", type=pathlib.Path, help="the run whose seconds count")
    parser.add_argument("--map", type=pathlib.Path, help="copied to docs/map.svg")
    parser.add_argument("--compile", type=pathlib.Path, help="what tests/house/compile_time.sh printed")
    parser.add_argument("--print", action="store_true", help="to the terminal, and no page changes")
    options = parser.parse_args()
    first, *more = (json.loads(file.read_text()) for file in options.results)
    of = study(first, more)
    texts = {name: getattr(of, name)() for name in ("ladder", "rows", "ablations", "settings")}
    texts["stages"] = (study(json.loads(options.timed.read_text()), []) if options.timed else of).stages()
    if options.compile:
        times = re.findall(r"^ *([\d.]+) s  (.+)$", options.compile.read_text(), re.M)
        texts["compile"] = table(["Source", "Seconds"], [[f"`{source}`", seconds] for seconds, source in times])
    if options.print:
        print("\n\n".join(f"[{name}]\n{text}" for name, text in texts.items()))
    else:
        for path in (ROOT / "README.md", ROOT / "docs/benchmarks/worked_example.md"):
            page = path.read_text()
            for name, text in texts.items():
                page = fill(page, name, text)
            path.write_text(page)
        if options.map:
            shutil.copyfile(options.map, ROOT / "docs/map.svg")
