"""Roofs: the least time a workload could take, from figures of the same run (benchmarks/roof.cpp)."""
import math

MEGA = 1 << 20
# Floating-point operations of f32 a cycle: width in numbers times ports times two.
PORTS = {"amd zen 1-4": 8 * 2 * 2, "amd zen 5": 16 * 2 * 2, "intel avx-512": 16 * 2 * 2, "avx2": 8 * 2 * 2}


class Figures:
    """Rates measured by bench_roof: {"name": rate per second}, names as roof/kind/variant."""

    def __init__(self, rates):
        self.rates = rates

    def best(self, kind):
        found = [(rate, name) for name, rate in self.rates.items() if name.split("/")[1] == kind]
        return max(found, default=(0.0, ""))

    def rate(self, kind):
        return self.best(kind)[0]

    def by_size(self, before, after, size):
        """The rate at a table size, on a line between the measured ones by the logarithm of the size."""
        points = {}
        for name in self.rates:
            kind = name.split("/")[1]
            if kind.startswith(before) and kind.endswith(after):
                middle = kind[len(before):len(kind) - len(after)]
                if middle.isdigit():
                    points[int(middle)] = self.rate(kind)
        if not points:
            return 0.0
        sizes = sorted(points)
        size = min(max(size, sizes[0]), sizes[-1])
        for low, high in zip(sizes, sizes[1:]):
            if low <= size <= high:
                t = math.log(size / low) / math.log(high / low)
                return points[low] * (1 - t) + points[high] * t
        return points[sizes[0]]

    def lines(self, table_bytes):
        return self.by_size("lines of ", " MB", table_bytes / MEGA)

    def rows(self, row_bytes, table_bytes):
        width = min((256, 512), key=lambda w: abs(w - row_bytes))
        return self.by_size(f"rows of {width} B of ", " MB", table_bytes / MEGA)

    def numbering(self, nodes):
        return max(self.by_size("numbering by a table of ", "", nodes), self.rate("numbering by a hash table of 2 MB"))

    def store(self):
        return max(self.rate("triad"), self.rate("triad past the caches"))

    def multiply(self, kind):
        return self.rate(f"multiply {kind}")


def ports(machine):
    if machine["vendor"] == "AuthenticAMD":
        return PORTS["amd zen 5" if machine["family"] >= 26 else "amd zen 1-4"]
    return PORTS["intel avx-512" if "avx512f" in machine["flags"] else "avx2"]


def peak(machine, figures):
    """(measured f32 peak, width x ports x clock) of one core."""
    return figures.multiply("f32"), ports(machine) * figures.rate("clock")


def sampling(w, f):
    nodes = w.get("node_table", 2_000_003)
    return (w["pointer_lines"] + w["column_lines"]) / f.lines(w["table_bytes"]) + w["numbered"] / f.numbering(nodes)


def mean(w, f, edges=None):
    """Rows read from a table, one row written for each target."""
    size = w["row_bytes"]
    return (w["edges"] if edges is None else edges) * size / f.rows(size, w["table_bytes"]) + \
        w["targets"] * 512 / f.store()


def mean_and_back(w, f):
    """The same, and gradients pulled back to the sources, each written once."""
    size = w["row_bytes"]
    return mean(w, f) + w["edges"] * size / f.rows(size, w["targets"] * size) + w["sources"] * 512 / f.store()


def scan(w, f):
    kind = "bf16" if w.get("bf16", 0) else "f32"
    return max(w["scan_bytes"] / f.rate("read"), w["flop"] / f.multiply(kind))


def summed(w, f):
    """A step: each of its parts at its own roof. Parts that a step does not have are 0."""
    g = w.get
    kind = "bf16" if g("bf16", 0) else "f32"
    time = 0.0
    if g("pointer_lines", 0):
        time += sampling({**w, "table_bytes": g("graph_bytes", 1)}, f)
    if g("gathered_bytes", 0):
        time += g("gathered_bytes") / f.rows(g("row_bytes", 512), g("table_bytes", 1))
    time += g("stored_bytes", 0) / f.store()
    time += g("flop", 0) / f.multiply(kind)
    return time


def build(w, f):
    return w["edges"] * w.get("directions", 2) * 32 / f.store()


def of(workload, case, work, figures):
    """Seconds, or None where there is no formula."""
    try:
        if workload in ("w2", "w3", "w4", "w5"):
            return sampling(work, figures)
        if workload in ("w6", "w7"):
            return (mean_and_back if "backward" in case else mean)(work, figures)
        if workload == "w11":
            return scan(work, figures)
        if workload in ("w8", "w10", "w13"):
            return summed(work, figures)
        if workload == "w1" and "edges" in work:
            return build(work, figures)
    except (KeyError, ZeroDivisionError):
        return None
    return None
