#!/usr/bin/env python3
"""The generator of the benchmarks' inputs, in numpy: the same bits as generator.hpp. As a program it makes parts of
every input again and compares them with the files that make_inputs wrote: generator.py FOLDER, or checksums alone:
--small."""
import os
import sys

import numpy as np

U = np.uint64
SEED, PRIME = 42, 2654435761
# sources, targets, edges, powers of both, stream, offsets of both
PLANS = {
    "small": (100_003, 100_003, 1_000_000, 2, 2, 1, 12345, 67890),
    "g1m": (1_000_003, 1_000_003, 20_000_000, 3, 3, 1, 12345, 67890),
    "g2m": (2_000_003, 2_000_003, 40_000_000, 2, 2, 1, 12345, 67890),
    "clicks": (500_009, 125_003, 10_000_000, 2, 3, 1, 12345, 67890),
    "co": (125_003, 125_003, 5_000_000, 3, 3, 2, 67890, 67890),
    "has": (125_003, 12_503, 1_250_000, 2, 3, 3, 67890, 24680),
    "pairs": (1_000_003, 250_007, 4_000_000, 2, 3, 7, 11, 22),
}
SMALL = 0xCE498821702A161C


def finish(z):
    z = (z ^ (z >> U(30))) * U(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> U(27))) * U(0x94D049BB133111EB)
    return z ^ (z >> U(31))


def hashed(stream, i):
    with np.errstate(over="ignore"):
        base = finish(np.array([SEED], U) * U(0x9E3779B97F4A7C15) + np.array([stream], U) * U(0xD1B54A32D192ED03)
                      + U(0x632BE59BD9B4E019))
        return finish(base + np.asarray(i, U) * U(0x9E3779B97F4A7C15))


def unit(r):
    return (r >> U(11)).astype(np.float64) * 2.0 ** -53


def ranked(u, power, n):
    p = u.copy()
    for _ in range(power - 1):
        p = p * u
    return np.minimum((p * float(n)).astype(U), U(n - 1))


def spread(rank, n, offset):
    return (np.asarray(rank, U) * U(PRIME) + U(offset)) % U(n)


def edges(plan, begin=0, end=None):
    """(sources, targets, checksum) of the edges [begin, end) of a plan."""
    sources, targets, count, source_power, target_power, stream, source_offset, target_offset = plan
    e = np.arange(begin, count if end is None else min(end, count), dtype=U)
    s = spread(ranked(unit(hashed(2 * stream, e)), source_power, sources), sources, source_offset)
    t = spread(ranked(unit(hashed(2 * stream + 1, e)), target_power, targets), targets, target_offset)
    with np.errstate(over="ignore"):
        return s, t, int(np.sum(finish((t << U(32) | s) + e), dtype=U))


def uniform(stream, rows, cols, scale=1.0, begin=0):
    """Rows [begin, begin + rows) of a table."""
    place = np.arange(begin * cols, (begin + rows) * cols, dtype=U)
    return ((unit(hashed(stream, place)) - 0.5) * scale).astype(np.float32).reshape(rows, cols)


def search_rows(stream, rows, begin=0):
    plane = uniform(5001, 16, 128).astype(np.float64)
    z = unit(hashed(stream, np.arange(begin * 16, (begin + rows) * 16, dtype=U))).reshape(rows, 16) - 0.5
    x = np.zeros((rows, 128))
    for k in range(16):
        x = x + z[:, k:k + 1] * plane[k]
    noise = unit(hashed(stream + 1, np.arange(begin * 128, (begin + rows) * 128, dtype=U)))
    x = x + 0.3 * (noise.reshape(rows, 128) - 0.5)
    squares = np.zeros(rows)
    for c in range(128):
        squares = squares + x[:, c] * x[:, c]
    return (x / np.sqrt(squares)[:, None]).astype(np.float32)


def distinct(stream, n, count):
    drawn = (hashed(stream, np.arange(2 * count)) % U(n)).astype(np.int64)
    _, first = np.unique(drawn, return_index=True)
    return drawn[np.sort(first)[:count]]


def same(name, made, file):
    if not np.array_equal(np.asarray(made).astype(file.dtype), file):
        sys.exit(f"{name}: the bits differ between generator.py and generator.hpp")


def check(folder):
    load = lambda name: np.load(os.path.join(folder, name + ".npy"), mmap_mode="r")
    if edges(PLANS["small"])[2] != SMALL:
        sys.exit("generator.py: the checksum of the small graph is wrong")
    # Rows of the graphs: all edges of some targets among the first and the last edges are in the file's row.
    for name, file in (("g2m", "g2m"), ("g1m", "g1m"), ("clicks", "hs_clicks"), ("co", "hs_co"), ("has", "hs_has")):
        plan = PLANS[name]
        offsets, columns = load(file + "_indptr"), load(file + "_indices")
        if offsets[-1] != plan[2]:
            sys.exit(f"{file}: {offsets[-1]} edges where {plan[2]} are expected")
        for begin in (0, plan[2] - 4000):
            s, t, _ = edges(plan, begin, begin + 4000)
            for a, b in zip(s.tolist(), t.tolist()):
                if a not in columns[offsets[b]:offsets[b + 1]]:
                    sys.exit(f"{file}: an edge of generator.py is missing")
    for name, stream, width in (("x_g2m", 3000, 128), ("x_item", 3001, 128), ("x_tag", 3002, 128),
                                ("w7_gout", 3900, 128)):
        file = load(name)
        for begin in (0, len(file) - 2000):
            same(name, uniform(stream, 2000, width, begin=begin), file[begin:begin + 2000])
    for name, stream in (("w11_x", 5010), ("w11_q", 5020)):
        file = load(name)
        for begin in (0, len(file) - 2000):
            same(name, search_rows(stream, 2000, begin), file[begin:begin + 2000])
    for name, stream, n in (("w2_seeds", 9000, 2_000_003), ("w3_seeds", 9200, 1_000_003), ("w4_seeds", 9100, 125_003)):
        for b in (0, 63):
            same(name, distinct(stream + b, n, 1024), load(name)[b])
    s, t, _ = edges(PLANS["pairs"], 0, 1 << 20)
    same("w10_users", s, load("w10_users"))
    same("w10_items", t, load("w10_items"))


if __name__ == "__main__":
    if sys.argv[1:] == ["--small"]:
        print("%016x" % edges(PLANS["small"])[2])
    else:
        check(sys.argv[1])
        print("the inputs are those of generator.py")
