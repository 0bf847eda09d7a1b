"""How cost grows, from the rows of w14: exponents, and what they say about a catalogue that no test machine holds."""
import math

SIZES = {"items": 1e8, "edges": 1e10, "width": 128}
FROM = 25e6  # edges; below, parts of the graph stay in the caches, and leaving them is not growth
GB = 1e9


def kind_of(row):
    """A case of w14 without its size."""
    return row["case"].rsplit(", ", 1)[0]


def series(rows):
    """{kind: [(edges, seconds)]} of ours on one thread, by rising size."""
    found = {}
    for r in rows:
        if r["workload"] == "w14" and r["who"] == "ours" and r["threads"] == 1 and "median" in r:
            found.setdefault(kind_of(r), []).append((r["work"]["edges"], r["median"] / 1e3))
    return {kind: sorted(points) for kind, points in found.items()}


def exponent(points):
    """The slope of the least squares line through (log edges, log seconds) of the sizes that no cache holds."""
    points = [p for p in points if p[0] >= FROM]
    if len(points) < 2:
        return float("nan")
    xs, ys = [math.log(x) for x, _ in points], [math.log(y) for _, y in points]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    below = sum((a - x) ** 2 for a in xs)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys)) / below if below else float("nan")


def lines(rows):
    """Markdown: each kind's seconds by size, and its exponent. Sampling draws as much at every size: its growth is that
    of the cost of a miss."""
    found = {k: p for k, p in series(rows).items() if len(p) > 1}
    if not found:
        return
    yield "| | " + " | ".join(f"{x / 1e6:.0f} M edges" for x, _ in max(found.values(), key=len)) + \
        f" | exponent from {FROM / 1e6:.0f} M |"
    yield "| --- |" + " ---: |" * (len(max(found.values(), key=len)) + 1)
    for kind, points in found.items():
        yield f"| {kind}, s | " + " | ".join(f"{y:.3g}" for _, y in points) + f" | {exponent(points):.2f} |"


def memory(items, edges, width):
    """(what, bytes): a graph of one relation and its reverse, features, and what each task adds."""
    graph = 2 * (8 * items + 4 * edges)
    table = 4 * items * width
    return [("graph: 8 B an item and 4 B an edge, both directions", graph),
            ("building it: the edges as they are given, 12 B each, and 16 B an edge at most", 28 * edges),
            (f"features of {width} numbers in f32", table),
            (f"features of {width} numbers in bf16", table / 2),
            (f"all layers' outputs, a layer at a time: two tables of {width}", 2 * table),
            (f"learned rows of {width} with row-wise Adagrad", table + 4 * items),
            (f"learned rows of {width} with Adam", 3 * table),
            (f"exact search: f32 rows and their bf16 copy, {width} numbers", 1.5 * table)]


def large(rows, figures):
    """Markdown: memory and time of a catalogue of SIZES, from the cost of an edge at the largest size measured here."""
    items, edges, width = SIZES["items"], SIZES["edges"], SIZES["width"]
    yield "| Memory | GB |"
    yield "| --- | ---: |"
    for what, size in memory(items, edges, width):
        yield f"| {what} | {size / GB:,.0f} |"
    yield ""
    found = series(rows)
    yield "| Time on one thread | |"
    yield "| --- | ---: |"
    for kind, points in found.items():
        most, seconds = points[-1]
        if "batches" in kind:
            continue
        slope = exponent(points)
        grown = seconds * (edges / most) ** (1.0 if math.isnan(slope) else max(1.0, slope))
        if "width" in kind:
            grown *= width / float(kind.rsplit(" ", 1)[1])
            kind = f"mean over all neighbors, width {width}"
        yield f"| {kind} | {grown / 60:,.0f} min |"
    yield f"| exact search, bytes of the bf16 copy alone | {2 * items * width / figures.rate('read'):.1f} s a query |"
    yield f"| the same, many queries at once | {2 * items * width / figures.multiply('bf16') * 1e3:,.0f} ms a query |" \
        if figures.multiply("bf16") else \
        f"| the same, many queries at once | {2 * items * width / figures.multiply('f32') * 1e3:,.0f} ms a query |"
    yield ""
    yield "| Machine with | holds at 100 edges an item: training over f32 features | the same over bf16 features " \
          "| building |"
    yield "| ---: | ---: | ---: | ---: |"
    for size in (24, 64, 256, 1024):
        space, a = 0.9 * size * 2**30, edges / items
        graph = 2 * (8 + 4 * a)
        at = [space / (graph + 4 * width), space / (graph + 2 * width), space / (2 * 8 + 28 * a)]
        yield f"| {size} GiB | " + " | ".join(f"{n / 1e6:,.1f} M items" for n in at) + " |"
