"""w8: one training step on the typed graph. Per batch of 1,024 co links: distinct ends as seeds, hops of 15 and 10 per
relation, typed mean SAGE 128-128-128 (relu after the first layer), softmax over the links of the batch, Adam.

DGL's blocks draw the second hop for the seeds again, as ours do; PyG's loader draws it for the nodes that are new. PyG
has no sampler of its own: where pyg-lib or torch-sparse is installed, its idiomatic step takes its loader; else it is
timed on one fed-in block, without any sampling, which flatters it. Tried, and slower, and so not run by default (ms a
step on one machine): int64 ids 171, DGL HeteroGraphConv with int64, PyG HeteroConv without trimming 970, torch.compile
of the hand-written step 216 and of HeteroConv 713.
"""
import common
import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(common.options.threads)
RELATIONS = {"co": ("item", "item"), "rhas": ("tag", "item"), "has": ("item", "tag")}


def load(name):
    x = torch.from_numpy(common.load(name))
    return x.long() if x.dtype == torch.int32 and not name.startswith("hs_") else x


graphs = {r: (load(f"hs_{r}_indptr"), load(f"hs_{r}_indices")) for r in RELATIONS}
tables = {"item": load("x_item"), "tag": load("x_tag")}
short = {t: x.bfloat16() for t, x in tables.items()}
counts = {t: x.size(0) for t, x in tables.items()}
pairs = load("w8_pairs").view(64, 1024, 2)
weight = lambda layer, name: load(f"w8_w{layer}_{name}")


def loss_of(h, ends):
    z = F.normalize(h, dim=1, eps=1e-12)
    return F.cross_entropy(z[ends[:, 0]] @ z[ends[:, 1]].t() / 0.1, torch.arange(ends.size(0)))


class Stacked(torch.nn.Module):
    """One product per type and layer: [self | mean by relation...] times the weights one below the other."""

    def __init__(self):
        super().__init__()
        parameter = lambda layer, *names: torch.nn.Parameter(torch.cat([weight(layer, n) for n in names]))
        zeros = lambda: torch.nn.Parameter(torch.zeros(128))
        self.item1, self.tag1 = parameter(1, "self_item", "co", "rhas"), parameter(1, "self_tag", "has")
        self.item2 = parameter(2, "self_item", "co", "rhas")
        self.a, self.b, self.c = zeros(), zeros(), zeros()

    def gradients(self):
        found = {}
        for p, layer, names in ((self.item1, 1, ("self_item", "co", "rhas")), (self.tag1, 1, ("self_tag", "has")),
                                (self.item2, 2, ("self_item", "co", "rhas"))):
            found.update({f"w{layer}_{n}": g for n, g in zip(names, p.grad.split(128))})
        return found


def bag(x, offsets, sources, mode="mean"):
    return F.embedding_bag(sources, x, offsets, mode=mode, include_last_offset=True)


class Pull(torch.autograd.Function):
    """embedding_bag forwards; backwards a stable sort by source and embedding_bag again."""

    @staticmethod
    def forward(context, x, offsets, sources):
        context.save_for_backward(offsets, sources)
        context.rows = x.size(0)
        return bag(x, offsets, sources)

    @staticmethod
    def backward(context, g):
        offsets, sources = context.saved_tensors
        degree = offsets.diff()
        order, place = torch.sort(sources, stable=True)
        owner = torch.repeat_interleave(torch.arange(degree.numel()), degree, output_size=sources.numel())
        rows = torch._convert_indices_from_coo_to_csr(order, context.rows)
        return bag(g / degree.clamp(min=1).to(g.dtype)[:, None], rows, owner[place], "sum"), None, None


def bags(model, block, kind):
    """Layer 1 reads the tables of all nodes through their ids."""
    table = short if kind == "bf16" else tables
    with torch.no_grad():
        ids = lambda t, r: block["nodes"][t].index_select(0, block["rows"][r][1].to(block["nodes"][t].dtype))
        heard = lambda t, r: bag(table[t], block["rows"][r][0], ids(t, r))
        own = lambda t: table[t].index_select(0, block["nodes"][t][:block["targets"][t]])
        item = torch.cat([own("item"), heard("item", "co"), heard("tag", "rhas")], 1)
        tag = torch.cat([own("tag"), heard("item", "has")], 1)
    with torch.autocast("cpu", torch.bfloat16, enabled=kind == "bf16"):
        item, tag = torch.addmm(model.a, item, model.item1).relu(), torch.addmm(model.b, tag, model.tag1).relu()
        second = block["second"]
        both = torch.cat([item[:block["seeds"]], Pull.apply(item, *second["co"]), Pull.apply(tag, *second["rhas"])], 1)
        return loss_of(torch.addmm(model.c, both, model.item2), block["pairs"])


def fed():
    seeds, item, tag = load("w8_blk_sizes").tolist()
    rows = {r: (load(f"w8_blk_{r}_indptr"), load(f"w8_blk_{r}_src")) for r in RELATIONS}
    second = {r: (rows[r][0][:seeds + 1], rows[r][1][:int(rows[r][0][seeds])]) for r in ("co", "rhas")}
    return {"nodes": {t: load("w8_blk_nodes_" + t) for t in counts}, "targets": {"item": item, "tag": tag},
            "seeds": seeds, "rows": rows, "second": second, "pairs": load("w8_blk_pairs")}


def ends_of(batch):
    distinct, place = torch.unique(batch.reshape(-1), return_inverse=True)
    return distinct, place.view(-1, 2)


def add(who, variant, case, make, sample, forward, gradients, feed=fed, idiomatic=False, exact=None):
    """exact: the same step in f32, by which the rounding of a bf16 step is judged."""
    state = {"next": 0}

    def model():
        if "model" not in state:
            state["model"] = make()
            state["adam"] = torch.optim.Adam(state["model"].parameters(), lr=1e-3, foreach=True)
        return state["model"]

    def call():
        m = model()
        block = sample(pairs[state["next"] % 64])
        state["next"] += 1
        loss = forward(m, block)
        state["adam"].zero_grad()
        loss.backward()
        state["adam"].step()

    def compare(path):
        m = make()
        loss = forward(m, feed())
        loss.backward()
        found = [common.difference(common.ours(path, "loss").ravel(), [float(loss.detach())])]
        theirs = {name: g.clone().numpy() for name, g in gradients(m).items()}
        found += [common.difference(common.ours(path, name), g) for name, g in theirs.items()]
        words = f"losses differ by {found[0]:.1e}, gradients by at most {max(found[1:]):.1e}"
        if exact is None:
            return max(found), 1e-4, words
        # Ours rounds less than the peer: it has to be as near as the peer is to its own f32 gradients.
        m.zero_grad()
        exact(m, feed()).backward()
        own = max(common.difference(g, gradients(m)[name].numpy()) for name, g in theirs.items())
        return max(found), 1.5 * own, words + f"; the peer's own rounding is {own:.1e}"
    common.add(who, variant, case, call, compare=compare, idiomatic=idiomatic, work=lambda: {"steps": 1}, warm=5)


def add_dgl(dgl):
    import dgl.function as fn
    from dgl.nn import HeteroGraphConv, SAGEConv
    kind = torch.int32
    empty = torch.tensor([], dtype=kind)
    graph = dgl.heterograph({(s, r, d): ("csc", (graphs[r][0].to(kind), graphs[r][1].to(kind), empty))
                             for r, (s, d) in RELATIONS.items()}, num_nodes_dict=counts)
    sampler = dgl.dataloading.NeighborSampler([10, 15])

    def sample(batch):
        seeds, ends = ends_of(batch)
        nodes, _, blocks = sampler.sample(graph, {"item": seeds.to(kind)})
        return {"nodes": nodes, "blocks": blocks, "seeds": seeds.numel(), "pairs": ends}

    def blocks_of(block):
        if "blocks" in block:
            return block["blocks"]
        rows = {r: (o.to(kind), s.to(kind)) for r, (o, s) in block["rows"].items()}
        outer = dgl.create_block({(s, r, d): ("csc", (*rows[r], empty)) for r, (s, d) in RELATIONS.items()},
                                 num_src_nodes={t: block["nodes"][t].numel() for t in counts},
                                 num_dst_nodes=block["targets"])
        kept = {"item": block["seeds"], "tag": 0}
        inner = dgl.create_block(
            {(s, r, d): ("csc", (rows[r][0][:kept[d] + 1], rows[r][1][:int(rows[r][0][kept[d]])], empty))
             for r, (s, d) in RELATIONS.items()}, num_src_nodes=block["targets"], num_dst_nodes=kept)
        return [outer, inner]

    def rows_of(block):
        if "rows" in block:
            return block
        outer, inner = block["blocks"]
        csc = lambda b, r: b.adj_tensors("csc", (RELATIONS[r][0], r, RELATIONS[r][1]))[:2]
        return {**block, "targets": {t: outer.num_dst_nodes(t) for t in counts},
                "rows": {r: csc(outer, r) for r in RELATIONS}, "second": {r: csc(inner, r) for r in ("co", "rhas")}}

    def mean(block, r, x):
        part = block[RELATIONS[r][0], r, RELATIONS[r][1]]
        with part.local_scope():
            part.srcdata["h"] = x
            part.update_all(fn.copy_u("h", "m"), fn.mean("m", "o"))
            return part.dstdata["o"]

    def by_hand(model, block, kind):
        outer, inner = blocks_of(block)
        table = short if kind == "bf16" else tables
        x = {t: table[t].index_select(0, block["nodes"][t].long()) for t in counts}
        n = {t: outer.num_dst_nodes(t) for t in counts}
        with torch.no_grad():
            item = torch.cat([x["item"][:n["item"]], mean(outer, "co", x["item"]), mean(outer, "rhas", x["tag"])], 1)
            tag = torch.cat([x["tag"][:n["tag"]], mean(outer, "has", x["item"])], 1)
        with torch.autocast("cpu", torch.bfloat16, enabled=kind == "bf16"):
            item, tag = torch.addmm(model.a, item, model.item1).relu(), torch.addmm(model.b, tag, model.tag1).relu()
            both = torch.cat([item[:block["seeds"]], mean(inner, "co", item), mean(inner, "rhas", tag)], 1)
            return loss_of(torch.addmm(model.c, both, model.item2), block["pairs"])
    for k in ("f32", "bf16"):
        add("dgl", "sampler int32, embedding_bag on the global tables, pull backward", f"Hs step {k}", Stacked, sample,
            lambda m, b, k=k: bags(m, rows_of(b), k), Stacked.gradients,
            exact=(lambda m, b: bags(m, rows_of(b), "f32")) if k == "bf16" else None)
        add("dgl", "sampler int32, copy_u mean on blocks, one product a type", f"Hs step {k}", Stacked, sample,
            lambda m, b, k=k: by_hand(m, b, k), Stacked.gradients,
            exact=(lambda m, b: by_hand(m, b, "f32")) if k == "bf16" else None)

    class Library(torch.nn.Module):
        def __init__(self):
            super().__init__()

            def conv(layer, r):
                c = SAGEConv(128, 128, "mean")
                c.fc_neigh.weight.data = weight(layer, r).t().contiguous()
                own = torch.zeros(128, 128) if r == "rhas" else weight(layer, "self_" + RELATIONS[r][1])
                c.fc_self.weight.data = own.t().contiguous()
                c.fc_self.bias.data.zero_()
                return c
            self.first = HeteroGraphConv({r: conv(1, r) for r in RELATIONS}, "sum")
            self.second = HeteroGraphConv({r: conv(2, r) for r in RELATIONS}, "sum")

        def gradients(self):
            return {f"w{layer}_{r}": c.mods[r].fc_neigh.weight.grad.t()
                    for layer, c in ((1, self.first), (2, self.second))
                    for r in (RELATIONS if layer == 1 else ("co", "rhas"))}

    def library(model, block):
        outer, inner = blocks_of(block)
        x = {t: tables[t].index_select(0, block["nodes"][t].long()) for t in counts}
        h = {t: v.relu() for t, v in model.first(outer, x).items()}
        return loss_of(model.second(inner, h)["item"], block["pairs"])
    add("dgl", "HeteroGraphConv(SAGEConv) on blocks, int32", "Hs step f32", Library, sample, library, Library.gradients,
        idiomatic=True)


def add_pyg():
    from torch_geometric import typing
    from torch_geometric.data import HeteroData
    from torch_geometric.loader import NeighborLoader
    from torch_geometric.nn import HeteroConv, SAGEConv
    from torch_geometric.utils import trim_to_layer
    types = [(s, r, d) for r, (s, d) in RELATIONS.items()]

    class Library(torch.nn.Module):
        """One SAGEConv a relation; those of rhas have no weight for the target itself."""

        def __init__(self):
            super().__init__()

            def conv(layer, e):
                c = SAGEConv(128, 128, root_weight=e[1] != "rhas")
                c.lin_l.weight.data = weight(layer, e[1]).t().contiguous()
                c.lin_l.bias.data.zero_()
                if e[1] != "rhas":
                    c.lin_r.weight.data = weight(layer, "self_" + e[2]).t().contiguous()
                return c
            self.first = HeteroConv({e: conv(1, e) for e in types}, aggr="sum")
            self.second = HeteroConv({e: conv(2, e) for e in types if e[2] == "item"}, aggr="sum")

        def gradients(self):
            found = {}
            for layer, part in ((1, self.first), (2, self.second)):
                for e in types[:3 if layer == 1 else 2]:
                    found[f"w{layer}_{e[1]}"] = part.convs[e].lin_l.weight.grad.t()
                    if e[1] != "rhas":
                        found[f"w{layer}_self_{e[2]}"] = part.convs[e].lin_r.weight.grad.t()
            return found

    def forward(model, block):
        x = {t: tables[t].index_select(0, block["ids"][t]) for t in counts}
        h = {t: v.relu() for t, v in model.first(x, block["links"]).items()}
        h, kept, _ = trim_to_layer(1, block["nodes"], block["edges"], h, block["links"])
        to_items = {e: v for e, v in kept.items() if e[2] == "item"}
        return loss_of(model.second(h, to_items)["item"][:block["seeds"]], block["pairs"])

    def given():
        block = fed()
        seeds, n = block["seeds"], block["targets"]
        links = {(s, r, d): torch.stack([block["rows"][r][1], torch.repeat_interleave(
            torch.arange(block["rows"][r][0].numel() - 1), block["rows"][r][0].diff())])
            for r, (s, d) in RELATIONS.items()}
        inner = {r: int(block["rows"][r][0][seeds]) for r in ("co", "rhas")}
        return {"ids": block["nodes"], "links": links,
                "nodes": {"item": [seeds, n["item"] - seeds, block["nodes"]["item"].numel() - n["item"]],
                          "tag": [0, n["tag"], block["nodes"]["tag"].numel() - n["tag"]]},
                "edges": {e: [inner.get(e[1], 0), links[e].size(1) - inner.get(e[1], 0)] for e in types},
                "seeds": seeds, "pairs": block["pairs"]}

    block = given()
    if not (typing.WITH_PYG_LIB or typing.WITH_TORCH_SPARSE):
        add("pyg", "HeteroConv(SAGEConv), trim_to_layer, no sampling: one given block", "Hs step f32", Library,
            lambda _: block, forward, Library.gradients, feed=lambda: block, idiomatic=True)
        return
    data = HeteroData()
    for t in counts:
        data[t].num_nodes = counts[t]
    for e in types:
        offsets, sources = graphs[e[1]]
        targets = torch.repeat_interleave(torch.arange(offsets.numel() - 1), offsets.diff())
        data[e].edge_index = torch.stack([sources.long(), targets])
    loader = NeighborLoader(data, num_neighbors={e: [15, 10] for e in types}, input_nodes="item", batch_size=2048)

    def sample(batch):
        seeds, ends = ends_of(batch)
        found = loader(seeds)
        links, n = found.edge_index_dict, {"item": seeds.numel(), "tag": 0}
        inner = {e: int((links[e][1] < n[e[2]]).sum()) for e in types}  # the first hop's come first
        grown = {t: max([n[t]] + [int(links[e][0, :inner[e]].max()) + 1 for e in types if e[0] == t and inner[e]])
                 for t in counts}
        return {"ids": {t: found[t].n_id for t in counts}, "links": links, "seeds": n["item"], "pairs": ends,
                "nodes": {t: [n[t], grown[t] - n[t], found[t].num_nodes - grown[t]] for t in counts},
                "edges": {e: [inner[e], links[e].size(1) - inner[e]] for e in types}}
    add("pyg", "NeighborLoader, HeteroConv(SAGEConv), trim_to_layer", "Hs step f32", Library, sample, forward,
        Library.gradients, feed=lambda: block, idiomatic=True)


if dgl := common.optional("dgl"):
    add_dgl(dgl)
else:
    add_pyg()
common.serve()
