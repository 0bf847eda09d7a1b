"""w5: batches of 1,024 co links with a uniform negative each, two typed hops of 10 and 5 around their ends, the links
of the batch hidden.

DGL leaves out the edge by its number: neither edges parallel to it nor those the other way round, which ours leaves out
too. PyG's LinkNeighborLoader needs pyg-lib and leaves out nothing by itself. Only the sizes of batches are compared.
"""
import common
import numpy as np
import torch

torch.set_num_threads(common.options.threads)
RELATIONS = {"clicks": ("user", "item"), "rclicks": ("item", "user"), "co": ("item", "item"), "has": ("item", "tag"),
             "rhas": ("tag", "item")}
CASES = [("Hs co links [10,5]", "hs")] + ([("H co links [10,5]", "h")] if common.options.large else [])


def add_dgl(dgl):
    made = {}

    def of(name, kind):
        if (name, kind) not in made:
            rows = {r: tuple(torch.from_numpy(common.load(f"{name}_{r}_{x}")).to(kind) for x in ("indptr", "indices"))
                    for r in RELATIONS}
            counts = {"user": rows["rclicks"][0].numel() - 1, "item": rows["co"][0].numel() - 1,
                      "tag": rows["has"][0].numel() - 1}
            made[name, kind] = dgl.heterograph({(s, r, d): ("csc", (*rows[r], torch.tensor([], dtype=kind)))
                                                for r, (s, d) in RELATIONS.items()}, num_nodes_dict=counts)
        return made[name, kind]

    for case, name in CASES:
        for kind, idiomatic in ((torch.int32, False), (torch.int64, True)):
            sampler = dgl.dataloading.as_edge_prediction_sampler(
                dgl.dataloading.NeighborSampler([5, 10]), exclude="self",
                negative_sampler=dgl.dataloading.negative_sampler.Uniform(1))
            state = {"next": 0, "edges": 0, "dice": np.random.default_rng(7)}

            def call(name=name, kind=kind, sampler=sampler, state=state):
                graph = of(name, kind)
                links = torch.from_numpy(state["dice"].choice(graph.num_edges("co"), 1024, replace=False)).to(kind)
                _, _, _, blocks = sampler.sample(graph, {("item", "co", "item"): links})
                state["next"] += 1
                state["edges"] += sum(b.num_edges() for b in blocks)

            common.add("dgl", f"as_edge_prediction_sampler, exclude=self, {str(kind)[6:]}", case, call,
                       idiomatic=idiomatic, work=lambda s=state: {"edges": s["edges"] / max(1, s["next"])})


if dgl := common.optional("dgl"):
    add_dgl(dgl)
common.serve()
