"""Peers of the device benchmarks in torch, on data of the same shapes: w7g, w8g (eager and compiled, by PyG where it is
installed), w10g, w11g. Prints a line of JSON for each figure; leaves with 2 where torch finds no device."""
import json
import statistics
import sys

import torch
import torch.nn.functional as F

if not torch.cuda.is_available():
    print("torch finds no CUDA device: run this where there is one", file=sys.stderr)
    sys.exit(2)
device = torch.device("cuda")
torch.manual_seed(1)


def milliseconds(call, rounds=9, seconds=1.0):
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)

    def timed(calls):
        begin.record()
        for _ in range(calls):
            call()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) / calls

    timed(5)
    calls = max(1, int(seconds * 1000 / rounds / max(timed(1), 1e-3)))
    return statistics.median(timed(calls) for _ in range(rounds))


def report(who, case, value, unit):
    print(json.dumps({"who": who, "case": case, "value": value, "unit": unit}), flush=True)


def w7g():
    nodes, targets, each = 2000003, 8192 * 13, 10
    ids = torch.randint(nodes, (targets * each,), device=device)
    offsets = torch.arange(0, targets * each, each, device=device)
    for name, kind in (("f32", torch.float32), ("bf16", torch.bfloat16)):
        table = (torch.rand(nodes, 128, device=device) - 0.5).to(kind)
        ms = milliseconds(lambda: F.embedding_bag(ids, table, offsets, mode="mean"))
        report("torch embedding_bag", f"w7g/{name}", targets * each * 128 * table.element_size() / ms / 1e6, "GB/s")


class Sage(torch.nn.Module):
    """One layer over a sampled block of two types and three relations, as in w8.py."""

    def __init__(self):
        super().__init__()
        self.own = torch.nn.ModuleList([torch.nn.Linear(128, 128) for _ in range(2)])
        self.heard = torch.nn.ModuleList([torch.nn.Linear(128, 128, bias=False) for _ in range(3)])

    def forward(self, x, edges, targets):
        out = [self.own[n](x[n][: targets[n]]) for n in range(2)]
        for layer, (source, target, row, column) in zip(self.heard, edges):
            if targets[target] == 0:
                continue
            sums = x[source].new_zeros(targets[target], 128).index_add_(0, row, x[source][column])
            count = torch.zeros(targets[target], device=row.device, dtype=x[source].dtype)
            count = count.index_add_(0, row, torch.ones_like(row, dtype=x[source].dtype)).clamp_(min=1)
            out[target] = out[target] + layer(sums / count[:, None])
        return out


class Pyg(torch.nn.Module):
    """The same by torch_geometric."""

    def __init__(self):
        super().__init__()
        from torch_geometric.nn import HeteroConv, SAGEConv

        self.conv = HeteroConv({name: SAGEConv(128, 128) for name in NAMES}, aggr="sum")

    def forward(self, x, edges, targets):
        given = {"item": x[0], "tag": x[1]}
        lists = {name: torch.stack([e[3], e[2]]) for name, e in zip(NAMES, edges)}
        out = self.conv(given, lists)
        return [out["item"][: targets[0]], out["tag"][: targets[1]]]


NAMES = [("item", "co", "item"), ("tag", "rhas", "item"), ("item", "has", "tag")]


class Model(torch.nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.first, self.second = layer(), layer()

    def forward(self, x, blocks):
        x = self.first(x, *blocks[0])
        x = [F.relu(v) for v in x]
        z = self.second(x, *blocks[1])[0]
        return F.normalize(z, dim=1)


def sampled_blocks():
    """Sizes of a block of w8: 2,048 items, [15, 10] neighbors per relation."""
    outer, inner = [30000, 7000], [2048, 0]
    inputs = [110003, 11003]

    def edges(targets, sources, each):
        made = []
        for source, target in ((0, 0), (1, 0), (0, 1)):
            n = targets[target]
            row = torch.arange(n, device=device).repeat_interleave(each)
            made.append((source, target, row, torch.randint(sources[source], (n * each,), device=device)))
        return made

    return inputs, [(edges(outer, inputs, 10), outer), (edges(inner, outer, 15), inner)]


def w8g():
    inputs, blocks = sampled_blocks()
    layers = [("torch", Sage)]
    try:
        import torch_geometric  # noqa: F401

        layers.append(("PyG", Pyg))
    except ImportError:
        print("torch_geometric is not installed: its rows are left out", file=sys.stderr)
    for name, kind in (("f32", torch.float32), ("bf16", torch.bfloat16)):
        x = [torch.rand(n, 128, device=device).to(kind) for n in inputs]
        for who, layer in layers:
            for way in ("eager", "compile"):
                torch.manual_seed(1)
                model = Model(layer).to(device).to(kind)
                adam = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
                forward = torch.compile(model) if way == "compile" else model

                def step():
                    adam.zero_grad()
                    z = forward(x, blocks)
                    scores = z[:1024] @ z[1024:].T / 0.1
                    F.cross_entropy(scores.float(), torch.arange(1024, device=device)).backward()
                    adam.step()

                compiled = f"{who}.compile" if who == "torch" else f"{who} compiled"
                label = f"{who} eager" if way == "eager" else compiled
                try:
                    report(label, f"w8g/{name}", milliseconds(step), "ms")
                except Exception as trouble:  # a peer that cannot is left out, with its reason
                    print(f"{label} w8g/{name} is left out: {str(trouble).splitlines()[0]}", file=sys.stderr)


def w10g():
    for batch in (4096, 16384):
        for name, kind in (("f32", torch.float32), ("bf16", torch.bfloat16)):
            for way in ("eager", "compile"):
                users = torch.nn.Embedding(1000000, 64, sparse=True, device=device)
                items = torch.nn.Embedding(250000, 64, sparse=True, device=device)
                towers = [
                    torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 64)).to(device)
                    for _ in range(2)
                ]
                tables = torch.optim.Adagrad([*users.parameters(), *items.parameters()], lr=0.05)
                dense = torch.optim.Adagrad([p for t in towers for p in t.parameters()], lr=0.05)
                who = torch.randint(1000000, (batch,), device=device)
                what = torch.randint(250000, (batch,), device=device)
                hits = (what[:, None] == what[None, :]) & ~torch.eye(batch, dtype=torch.bool, device=device)

                def loss(u, v):
                    with torch.autocast("cuda", torch.bfloat16, enabled=kind == torch.bfloat16):
                        scores = towers[0](u) @ towers[1](v).T / 0.1
                    scores = scores.float().masked_fill(hits, float("-inf"))
                    return F.cross_entropy(scores, torch.arange(batch, device=device))

                run = torch.compile(loss) if way == "compile" else loss

                def step():
                    tables.zero_grad(), dense.zero_grad()
                    run(users(who), items(what)).backward()
                    tables.step(), dense.step()

                label = "torch eager" if way == "eager" else "torch.compile"
                report(label, f"w10g/{batch}/{name}", milliseconds(step), "ms")
                del users, items, towers, hits
                torch.cuda.empty_cache()


def w11g():
    items = torch.rand(1000000, 128, device=device) - 0.5
    for queries in (1, 64, 1024):
        asked = items[:queries].clone()

        def search():
            best, places = [], []
            for first in range(0, items.shape[0], 250000):
                top = torch.topk(asked @ items[first : first + 250000].T, 100)
                best.append(top.values), places.append(top.indices + first)
            kept = torch.topk(torch.cat(best, 1), 100)
            return torch.gather(torch.cat(places, 1), 1, kept.indices)

        report("torch matmul+topk", f"w11g/1000000/{queries}", queries / milliseconds(search) * 1000, "queries/s")


for work in (w7g, w8g, w10g, w11g):
    work()
