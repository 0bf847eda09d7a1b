"""w2 and w3: hops of one relation, 1,024 seeds a batch, without replacement, no node twice, numbered anew.

Tried, and slower or wrong, and so not run by default (figures of one machine, Medges/s on G2M [15,10]): DGL with int64
ids 5.7-6.3, GraphBolt 3.2-4.9 by id type, DGL's fused sampler with int32 ids on two threads (returns local ids beyond
its node list). pyg-lib 4.9-7.9 is run where it is installed, though it draws the first neighbors of a hub twice as
often as others.
"""
import common
import numpy as np
import torch

torch.set_num_threads(common.options.threads)
CASES = [("G2M [15,10]", "g2m", "w2_seeds", [15, 10]), ("G2M [15,10,5]", "g2m", "w2_seeds", [15, 10, 5]),
         ("G1M hubs [15,10]", "g1m", "w3_seeds", [15, 10])]
if common.options.large:
    CASES += [("G10M [15,10]", "g10m", "g10m_seeds", [15, 10]), ("G10M [15,10,5]", "g10m", "g10m_seeds", [15, 10, 5])]
graphs = {}


def graph(name):
    if name not in graphs:
        graphs[name] = common.load(name + "_indptr"), common.load(name + "_indices")
    return graphs[name]


def add_dgl(dgl):
    made = {}

    def of(name, kind):
        if (name, kind) not in made:
            offsets, columns = (torch.from_numpy(x).to(kind) for x in graph(name))
            made[name, kind] = dgl.graph(("csc", (offsets, columns, torch.tensor([], dtype=kind))),
                                         num_nodes=offsets.numel() - 1)
        return made[name, kind]

    for case, name, seeds_name, fanout in CASES:
        seeds = torch.from_numpy(common.load(seeds_name))
        for kind, fused, idiomatic in ((torch.int32, False, False), (torch.int32, True, False),
                                       (torch.int64, True, True)):
            if fused and kind == torch.int32 and common.options.threads > 1:
                continue  # returns corrupt blocks
            sampler = dgl.dataloading.NeighborSampler(fanout[::-1], fused=fused)
            state = {"next": 0, "edges": 0}

            def call(name=name, kind=kind, seeds=seeds, sampler=sampler, state=state):
                nodes, _, blocks = sampler.sample(of(name, kind), seeds[state["next"] % 64].to(kind))
                state["next"] += 1
                state["edges"] += sum(b.num_edges() for b in blocks)
                return nodes, blocks

            def compare(path, name=name, kind=kind, seeds=seeds, sampler=sampler, fanout=fanout):
                sizes, drawn = [], np.zeros(1024)
                for b in range(64):
                    nodes, _, blocks = sampler.sample(of(name, kind), seeds[b].to(kind))
                    sizes.append([sum(x.num_edges() for x in blocks), nodes.numel()])
                    for x in blocks:
                        sources = x.srcdata[dgl.NID][x.edges()[0].long()]
                        drawn += np.bincount(sources.numpy() % 1024, minlength=1024)
                return common.compare_samples(path, [graph(name)], fanout, sizes, [drawn])

            common.add("dgl", f"NeighborSampler {str(kind)[6:]} fused={fused}", case, call, compare=compare,
                       idiomatic=idiomatic, work=lambda s=state: {"edges": s["edges"] / max(1, s["next"])})


def add_pyg():
    made = {}

    def of(name, kind):
        if (name, kind) not in made:
            made[name, kind] = tuple(torch.from_numpy(x).to(kind) for x in graph(name))
        return made[name, kind]

    for case, name, seeds_name, fanout in CASES:
        seeds = torch.from_numpy(common.load(seeds_name))
        for kind in (torch.int32, torch.int64):
            state = {"next": 0, "edges": 0}

            def call(name=name, kind=kind, seeds=seeds, fanout=fanout, state=state):
                offsets, columns = of(name, kind)
                now = seeds[state["next"] % 64].to(kind)
                found = torch.ops.pyg.neighbor_sample(offsets, columns, now, fanout, None, None, None, None, True,
                                                      False, True, False, "uniform", False)
                state["next"] += 1
                state["edges"] += found[0].numel()

            common.add("pyg", f"pyg-lib {str(kind)[6:]}", case, call, idiomatic=kind == torch.int64,
                       work=lambda s=state: {"edges": s["edges"] / max(1, s["next"])})


if dgl := common.optional("dgl"):
    add_dgl(dgl)
if common.optional("pyg_lib"):
    add_pyg()
common.serve()
