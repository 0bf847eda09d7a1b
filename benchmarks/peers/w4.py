"""w4: two typed hops around 1,024 items of the typed graph, 10 then 5 per relation, all five relations, without
replacement, numbered anew by type.

Tried, and slower, and so not run by default (figures of one machine, Medges/s): DGL with int64 ids 7.7-8.0, GraphBolt
4.4-6.2 by id type. pyg-lib (3.9-7.5) is run where it is installed.
"""
import common
import numpy as np
import torch

torch.set_num_threads(common.options.threads)
# In the order in which ours lists them.
RELATIONS = {"clicks": ("user", "item"), "rclicks": ("item", "user"), "co": ("item", "item"), "has": ("item", "tag"),
             "rhas": ("tag", "item")}
TYPES = ["user", "item", "tag"]
CASES = [("Hs [10,5]", "hs", "w4_seeds")] + ([("H [10,5]", "h", "h_seeds")] if common.options.large else [])
FANOUT = [10, 5]
loaded = {}


def graph(name):
    if name not in loaded:
        loaded[name] = {r: (common.load(f"{name}_{r}_indptr"), common.load(f"{name}_{r}_indices")) for r in RELATIONS}
    return loaded[name]


def counts(name):
    g = graph(name)
    return {"user": len(g["rclicks"][0]) - 1, "item": len(g["co"][0]) - 1, "tag": len(g["has"][0]) - 1}


def add_dgl(dgl):
    made = {}

    def of(name, kind):
        if (name, kind) not in made:
            rows = {r: tuple(torch.from_numpy(x).to(kind) for x in graph(name)[r]) for r in RELATIONS}
            made[name, kind] = dgl.heterograph({(s, r, d): ("csc", (*rows[r], torch.tensor([], dtype=kind)))
                                                for r, (s, d) in RELATIONS.items()}, num_nodes_dict=counts(name))
        return made[name, kind]

    for case, name, seeds_name in CASES:
        seeds = torch.from_numpy(common.load(seeds_name))
        for kind, fused, idiomatic in ((torch.int32, False, False), (torch.int32, True, False),
                                       (torch.int64, True, True)):
            if fused and kind == torch.int32 and common.options.threads > 1:
                continue  # returns corrupt blocks
            sampler = dgl.dataloading.NeighborSampler(FANOUT[::-1], fused=fused)
            state = {"next": 0, "edges": 0}

            def call(name=name, kind=kind, seeds=seeds, sampler=sampler, state=state):
                _, _, blocks = sampler.sample(of(name, kind), {"item": seeds[state["next"] % 64].to(kind)})
                state["next"] += 1
                state["edges"] += sum(b.num_edges() for b in blocks)

            def compare(path, name=name, kind=kind, seeds=seeds, sampler=sampler):
                sizes, drawn = [], np.zeros((len(RELATIONS), 1024))
                for b in range(64):
                    nodes, _, blocks = sampler.sample(of(name, kind), {"item": seeds[b].to(kind)})
                    sizes.append([sum(x.num_edges() for x in blocks)] + [nodes[t].numel() for t in TYPES])
                    for x in blocks:
                        for i, (r, (s, d)) in enumerate(RELATIONS.items()):
                            sources = x.srcnodes[s].data[dgl.NID][x.edges(etype=(s, r, d))[0].long()]
                            drawn[i] += np.bincount(sources.numpy() % 1024, minlength=1024)
                return common.compare_samples(path, list(graph(name).values()), FANOUT, sizes, drawn)

            common.add("dgl", f"NeighborSampler typed {str(kind)[6:]} fused={fused}", case, call, compare=compare,
                       idiomatic=idiomatic, work=lambda s=state: {"edges": s["edges"] / max(1, s["next"])})


def add_pyg():
    types = [(s, r, d) for r, (s, d) in RELATIONS.items()]
    for case, name, seeds_name in CASES:
        seeds = torch.from_numpy(common.load(seeds_name))
        for kind in (torch.int32, torch.int64):
            rows, columns = ({"__".join(e): torch.from_numpy(graph(name)[e[1]][i]).to(kind) for e in types}
                             for i in (0, 1))
            state = {"next": 0, "edges": 0}

            def call(rows=rows, columns=columns, seeds=seeds, kind=kind, state=state):
                found = torch.ops.pyg.hetero_neighbor_sample(
                    TYPES, types, rows, columns, {"item": seeds[state["next"] % 64].to(kind)},
                    {e: FANOUT for e in rows}, None, None, None, None, True, False, True, False, "uniform", False)
                state["next"] += 1
                state["edges"] += sum(x.numel() for x in found[0].values())
            common.add("pyg", f"pyg-lib typed {str(kind)[6:]}", case, call, idiomatic=kind == torch.int64,
                       work=lambda s=state: {"edges": s["edges"] / max(1, s["next"])})


if dgl := common.optional("dgl"):
    add_dgl(dgl)
if common.optional("pyg_lib"):
    add_pyg()
common.serve()
