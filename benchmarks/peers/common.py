"""What the peers' scripts share. A script adds entrants and calls serve(); it then answers requests, one JSON object a
line, so that ours and the peers' can take turns on one core:

  {"do": "list"}                          the entrants: who, variant, case, idiomatic, compared
  {"do": "compare", "name": n, "path": p} runs the entrant once and compares it with our outputs in p_*.npy
  {"do": "measure", "name": n, "seconds": s}   wall clock and process CPU time of a call, of calls that fill s seconds

The page policy, the number of threads and the processor come from the environment that benchmarks/run sets for both
sides.
"""
import argparse
import importlib
import json
import os
import sys
import time
import warnings

warnings.filterwarnings("ignore")
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print does not get between the answers

parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--large", action="store_true")
parser.add_argument("--only", default="", help="only variants that contain this")
options = parser.parse_args()

import numpy as np  # noqa: E402  (after the environment is known)

entrants = {}


class Entrant:
    """One way of doing a case. call() does one unit of work; `compare` gets the prefix of our outputs and returns
    (largest relative difference, allowed difference, words)."""

    def __init__(self, who, variant, case, call, compare=None, idiomatic=False, work=None, warm=3):
        self.who, self.variant, self.case, self.call = who, variant, case, call
        self.compare, self.idiomatic, self.work, self.warm, self.calls = compare, idiomatic, work, warm, 0
        self.count = None


def add(who, variant, case, call, **more):
    if options.only in variant:
        entrants[f"{case}|{who}|{variant}"] = Entrant(who, variant, case, call, **more)


def load(name):
    return np.load(os.path.join(options.data, name + ".npy"))


def ours(path, name):
    return np.load(f"{path}_{name}.npy")


def optional(name):
    """The module, or None where it is not installed or does not load."""
    try:
        return importlib.import_module(name)
    except (ImportError, OSError):
        return None


def difference(a, b):
    """||a - b|| / ||b|| in float64."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape:
        return float("inf")
    return float(np.linalg.norm(a - b) / max(np.linalg.norm(b), 1e-300))


def measure(e, seconds):
    while e.calls < e.warm:
        e.call()
        e.calls += 1
    if e.count is None:
        begin = time.perf_counter()
        e.call()
        e.count = max(1, round(seconds / max(time.perf_counter() - begin, 1e-6)))
    cpu, begin = time.process_time(), time.perf_counter()
    for _ in range(e.count):
        e.call()
    wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
    return {"seconds": wall / e.count, "cpu": cpu / e.count, "iterations": e.count, "work": e.work() if e.work else {}}


def answer(request):
    if request["do"] == "list":
        return {"versions": versions(), "entrants": [
            {"name": n, "who": e.who, "variant": e.variant, "case": e.case, "idiomatic": e.idiomatic,
             "compared": e.compare is not None} for n, e in entrants.items()]}
    e = entrants[request["name"]]
    if request["do"] == "compare":
        found, allowed, words = e.compare(request["path"])
        return {"difference": found, "allowed": allowed, "words": words}
    return measure(e, request["seconds"])


def versions():
    found = {"python": sys.version.split()[0]}
    for module in ("numpy", "torch", "torch_geometric", "pyg_lib", "torch_sparse", "dgl", "faiss", "scipy"):
        if module in sys.modules:
            found[module] = str(getattr(sys.modules[module], "__version__", "?"))
    return found


def serve():
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line))
        except Exception as failure:  # a path that does not work is a result too
            reply = {"failed": f"{type(failure).__name__}: {failure}".replace("\n", " ")[:300]}
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


# --- comparing samplers -------------------------------------------------------------------------------------------


def chi_square_per_cell(a, b):
    """Of two histograms over the same cells: about 1 where both were drawn from one distribution."""
    a, b = np.asarray(a, np.float64).ravel(), np.asarray(b, np.float64).ravel()
    kept = a + b >= 20
    a, b = a[kept], b[kept]
    ratio = np.sqrt(b.sum() / a.sum())
    return float(((a * ratio - b / ratio) ** 2 / (a + b)).sum() / max(1, kept.sum() - 1))


def compare_samples(path, graphs, fanout, sizes, drawn):
    """Ours against a peer's: every pair of our first batch is an edge, no row draws an entry twice, batches have as
    many edges and nodes, and sources are drawn as often. graphs: (indptr, indices) by relation; sizes (batches,
    1 + types), drawn (relations, 1024)."""
    pairs = ours(path, "edges")
    for r, (offsets, columns) in enumerate(graphs):
        mine = pairs[pairs[:, 1] == r]
        if not len(mine):
            continue
        targets = np.unique(mine[:, 2])
        counts = np.diff(offsets)[targets]
        begins = offsets[targets] - np.concatenate([[0], np.cumsum(counts)[:-1]])
        places = np.repeat(begins, counts) + np.arange(counts.sum())
        there = np.repeat(targets, counts) * (1 << 32) + columns[places]
        keys, multiple = np.unique(there, return_counts=True)
        for layer in np.unique(mine[:, 0]):
            part = mine[mine[:, 0] == layer]
            got, times = np.unique(part[:, 2] * (1 << 32) + part[:, 3], return_counts=True)
            at = np.minimum(np.searchsorted(keys, got), len(keys) - 1)
            if (keys[at] != got).any():
                return float("inf"), 1, f"relation {r}: a sampled pair is no edge"
            if (times > multiple[at]).any():
                return float("inf"), 1, f"relation {r}: an entry was drawn twice"
            most = fanout[len(fanout) - 1 - int(layer)]
            rows, got_rows = np.unique(part[:, 2], return_counts=True)
            if (got_rows != np.minimum(np.diff(offsets)[rows], most)).any():
                return float("inf"), 1, f"relation {r}: a row has a wrong number of draws"
    mine = ours(path, "sizes").astype(np.float64).mean(0)
    theirs = np.asarray(sizes, np.float64).mean(0)
    apart = float(np.abs(mine / np.maximum(theirs, 1) - 1).max())
    chi = chi_square_per_cell(ours(path, "drawn"), drawn)
    words = f"edges and nodes of a batch {mine.round(1).tolist()} against {theirs.round(1).tolist()}, " \
            f"chi-square {chi:.2f} a cell"
    return max(apart / 0.01, chi / 1.5), 1, words
