#!/usr/bin/env python3
"""Runs workloads: roofs first, then each case with ours and the peers in turns; writes benchmarks.json and
benchmarks.html. Started by benchmarks/run, which has built the programs and made the inputs."""
import argparse
import json
import os
import pathlib
import platform
import statistics
import sys
import time

import pairs
import report
import roofs

HERE = pathlib.Path(__file__).resolve().parent.parent
# Which program measures ours, which script the peers, and which environments have something to say in it.
BOTH, TORCH = ("torch", "dgl"), ("torch",)
WORKLOADS = {"w1": ("build", "w1.py", TORCH), "w2": ("sampling", "w2.py", BOTH), "w3": ("sampling", "w2.py", BOTH),
             "w4": ("sampling", "w4.py", BOTH), "w5": ("sampling", "w5.py", BOTH), "w6": ("aggregation", "w6.py", BOTH),
             "w7": ("aggregation", "w7.py", BOTH), "w8": ("step", "w8.py", BOTH), "w10": ("two_tower", "w10.py", TORCH),
             "w11": ("top_k", "w11.py", TORCH), "w13": ("inference", "w13.py", BOTH), "w14": ("growth", "", ())}


def machine():
    text = open("/proc/cpuinfo").read().split("\n\n")[0]
    field = {k.strip(): v.strip() for k, v in (line.split(":", 1) for line in text.splitlines() if ":" in line)}
    memory = int(open("/proc/meminfo").readline().split()[1]) * 1024
    flags = field.get("flags", "").split()
    return {"cpu": field.get("model name", platform.machine()), "vendor": field.get("vendor_id", ""),
            "family": int(field.get("cpu family", 0)), "model": int(field.get("model", 0)), "cores": os.cpu_count(),
            "memory_bytes": memory,
            "flags": [x for x in flags if x in ("avx2", "fma", "avx512f", "avx512bw", "avx512_bf16", "amx_bf16")],
            "system": f"{platform.system()} {platform.release().split('-')[0]}", "date": time.strftime("%Y-%m-%d")}


def words_of(options, program, threads, seconds):
    return [str(options.build / f"bench_{program}"), "--serve", f"--data={options.data}", f"--threads={threads}",
            f"--benchmark_min_time={seconds}"] + (["--large"] if options.large else [])


def measure_roof(options, threads):
    program = pairs.Program(words_of(options, "roof", threads, 0.1), threads)
    rates = {}
    for entry in program.ask("list"):
        answer = program.ask("measure\t" + entry["name"])
        if "failed" not in answer:
            rate = answer["work"]["work"] / answer["cpu" if threads == 1 else "seconds"]
            rates[entry["name"]] = rate
            print(f"  {entry['name']:58s} {rate / 1e9:9.3f} G/s", flush=True)
    program.close()
    return rates


def start_peers(options, script, environments, threads):
    """(program, entrants) for each interpreter that has something to say to the script."""
    found = []
    if not script or not (HERE / "peers" / script).exists():
        return found
    for name, python in options.python:
        if name not in environments:
            continue
        log = open(options.out / f"peers-{name}-{script}.log", "w")
        words = [python, str(HERE / "peers" / script), "--data", options.data, "--threads", str(threads)]
        program = pairs.Program(words + (["--large"] if options.large else []), threads, options.preload, log)
        listed = program.ask('{"do": "list"}')
        if not listed.get("entrants"):
            print(f"  the peers of {name} do not run: {listed.get('failed', 'they lack what it needs')}", flush=True)
            program.close()
            continue
        options.versions[name] = {**options.versions.get(name, {}), **listed["versions"]}
        found.append((program, listed["entrants"]))
    return found


def compare(options, ours, peer, note):
    """Ours against a peer on the same inputs; True where they agree or there is nothing to compare."""
    if not peer.compare or not ours.compare:
        return True
    prefix = str(options.out / "check")
    answer = ours.program.ask(f"{ours.compare}\t{prefix}")
    if "failed" not in answer:
        answer = peer.program.ask(json.dumps({**peer.compare, "path": prefix}))
    for file in options.out.glob("check_*.npy"):
        file.unlink()
    good = "failed" not in answer and answer["difference"] <= answer["allowed"]
    peer.checked = answer.get("words", answer.get("failed"))
    print(f"    {'agrees' if good else 'DIFFERS'}: {note}: {peer.checked}", flush=True)
    if not good and "failed" in answer:
        peer.failed = answer["failed"]
    return good


def row_of(options, workload, case, e, threads, gated, best, idiomatic, work, figures):
    mine = pairs.figures(e, gated)
    values = [1e3 * x for x in mine.values()]
    row = {"workload": workload, "case": case, "who": e.who, "variant": e.variant, "threads": threads, "unit": "ms",
           "median": statistics.median(values), "min": min(values), "max": max(values), "pairs": len(values),
           "rejected": e.rejected, "gated": gated, "wall_median": 1e3 * statistics.median(e.wall),
           "cpu_median": 1e3 * statistics.median(e.cpu), "work": work or e.work, "idiomatic": e.idiomatic,
           "check": e.checked}
    for name, unit in (("edges", "Medges/s"), ("queries", "queries/s"), ("pairs", "pairs/s"),
                       ("nodes_done", "nodes/s")):
        if name in row["work"]:
            row["rate"] = row["work"][name] / row["median"] * 1e3 / (1e6 if unit[0] == "M" else 1)
            row["rate_unit"] = unit
            break
    if e.who == "ours":
        for name, peer in (("best", best), ("idiomatic", idiomatic)):
            found = peer and pairs.ratio(pairs.figures(peer, gated), mine)
            if found:
                row[f"ratio_to_{name}_peer"], row[f"ratio_to_{name}_min"], row[f"ratio_to_{name}_max"] = found
                row[f"{name}_peer"] = f"{peer.who}: {peer.variant}"
        limit = roofs.of(workload, case, row["work"], figures)
        if limit:
            row["roof_ms"] = 1e3 * limit
            row["fraction_of_roof"] = limit / statistics.median(mine.values())
    return row


# What is said of a row of ours, where it is known.
FIGURES = {"ratio_to_best_peer": "{:.2f} x the best peer", "ratio_to_idiomatic_peer": "{:.2f} x the idiomatic",
           "fraction_of_roof": "{:.0%} of the roof"}


def run_case(options, workload, case, ours, peers, threads, figures):
    agreed = []
    for p in peers:
        if compare(options, ours[0], p, f"{p.who}, {p.variant}"):
            agreed.append(p)
        elif not p.failed:
            print(f"    the row of {case} stops: ours and {p.who} ({p.variant}) do not compute the same", flush=True)
            return [{"workload": workload, "case": case, "who": p.who, "variant": p.variant, "threads": threads,
                     "stopped": p.checked}]
    entrants = ours + agreed
    gated = pairs.take_turns(entrants, options.pairs, options.tries)
    rows = []
    done = [e for e in entrants if not e.failed and e.wall]
    median = lambda e: statistics.median(pairs.figures(e, gated).values())
    others = sorted((e for e in done if e.who != "ours"), key=median)
    idiomatic = next((e for e in others if e.idiomatic), None)
    for e in done:
        best = others[0] if others else None
        rows.append(row_of(options, workload, case, e, threads, gated, best, idiomatic, None, figures))
        r = rows[-1]
        print(f"    {e.who:6s} {e.variant:58s} {r['median']:10.3f} ms ({r['min']:.3f}-{r['max']:.3f})"
              f"{'' if gated else ' process CPU time'}, rejected {e.rejected}", flush=True)
    for r in rows:
        if r["who"] == "ours":
            said = [words.format(r[key]) for key, words in FIGURES.items() if key in r]
            print(f"    -> {r['variant']}: {', '.join(said) or 'beside nobody'}", flush=True)
    for e in entrants:
        if e.failed:
            rows.append({"workload": workload, "case": case, "who": e.who, "variant": e.variant, "threads": threads,
                         "failed": e.failed})
            print(f"    {e.who:6s} {e.variant:58s} failed: {e.failed}", flush=True)
    return rows


def run_workload(options, workload, threads, figures, keep):
    """Calls keep(rows) after each case, so that an interrupted run loses nothing."""
    program_name, script, environments = WORKLOADS[workload]
    if not (options.build / f"bench_{program_name}").exists():
        print(f"{workload}: there is no program bench_{program_name}")
        return
    program = pairs.Program(words_of(options, program_name, threads, options.seconds), threads)
    cases = {}
    for entry in program.ask("list"):
        found, case, variant = entry["name"].split("/")
        if found == workload and options.match in case:
            check = f"check\t{entry['name']}" if entry["checked"] else None
            one = pairs.Entrant("ours", variant, program, "measure\t" + entry["name"], False, check)
            cases.setdefault(case, []).append(one)
    if not cases:
        program.close()
        return
    peers = start_peers(options, script, environments, threads)
    for case, ours in cases.items():
        print(f"  {workload}, {case}, {threads} thread{'s' * (threads > 1)}", flush=True)
        theirs = [pairs.Entrant(x["who"], x["variant"], p,
                                json.dumps({"do": "measure", "name": x["name"], "seconds": options.seconds}),
                                x["idiomatic"], {"do": "compare", "name": x["name"]} if x["compared"] else None)
                  for p, entrants in peers for x in entrants if x["case"] == case]
        keep(run_case(options, workload, case, ours, theirs, threads, figures))
    for p, _ in peers:
        p.close()
    program.close()


def roofs_of(report, threads):
    """The roofs that a report holds for so many threads."""
    kept = json.loads(report.read_text())["roofs"] if report.exists() else {}
    if str(threads) not in kept:
        sys.exit(f"{report} holds no roofs for --threads {threads}: leave out --keep-roof once")
    return kept[str(threads)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--only", default=",".join(WORKLOADS))
    parser.add_argument("--match", default="", help="only cases that contain this")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--tries", type=int, default=3, help="how often a disturbed measurement is taken")
    parser.add_argument("--python", action="append", default=[], help="NAME=INTERPRETER of peers")
    parser.add_argument("--preload", default="")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--roof-from", default="",
                        help="a benchmarks.json of the same machine and hour, whose roofs are used again")
    parser.add_argument("--merge", action="store_true", help="keep the other rows of benchmarks.json")
    options = parser.parse_args()
    options.python = [tuple(x.split("=", 1)) for x in options.python]
    options.versions = {}
    options.out.mkdir(parents=True, exist_ok=True)
    result = {"machine": machine(), "roofs": {}, "versions": {}, "rows": []}
    target = options.out / "benchmarks.json"
    if options.merge and target.exists():
        result = json.loads(target.read_text())
    void = False

    def keep(fresh=()):
        again = {(r["workload"], r["case"], r["threads"]) for r in fresh}
        others = [r for r in result["rows"] if (r["workload"], r["case"], r["threads"]) not in again]
        result["rows"] = others + list(fresh)
        result["void"] = void
        for name, got in options.versions.items():
            result["versions"][name] = {**result["versions"].get(name, {}), **got}
        target.write_text(json.dumps(result, indent=1))

    for threads in [int(t) for t in options.threads.split(",")]:
        if options.roof_from:
            rates = roofs_of(pathlib.Path(options.roof_from), threads)
        else:
            print(f"roofs, {threads} thread{'s' * (threads > 1)}", flush=True)
            rates = measure_roof(options, threads)
        result["roofs"][str(threads)] = rates
        figures = roofs.Figures(rates)
        got, could = roofs.peak(result["machine"], figures)
        if could and got < 0.7 * could:
            void = True
            print(f"VOID: the f32 peak of {got / 1e9:.0f} G/s is below 70 % of width x ports x clock, "
                  f"{could / 1e9:.0f} G/s")
        keep()
        for workload in options.only.split(","):
            if workload == "roof":
                continue
            run_workload(options, workload, threads, figures, keep)
    report.write(result, options.out / "benchmarks.html")
    print(f"wrote {target} and {options.out / 'benchmarks.html'}")
    sys.exit(1 if void or any("stopped" in r for r in result["rows"]) else 0)


main()
