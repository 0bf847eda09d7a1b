#!/usr/bin/env python3
"""Writes the golden files of the GraphSAGE parity test with PyTorch Geometric.

    python3 make_golden.py [--out DIR]        (DIR is golden beside this script)

Needs: pip install torch torch_geometric numpy
The graph, the weights and the inputs come from fixed seeds. README.md explains the names and the formula.
"""
import argparse
import os
import shutil
import sys
import tempfile
import warnings

try:
    import numpy as np
    import torch
    import torch_geometric
    from torch_geometric.nn import HeteroConv, SAGEConv
except ImportError as error:
    name = (error.name or "torch").split(".")[0]
    print(f"make_golden: The Python package {name} cannot be loaded; "
          f"run: {sys.executable} -m pip install torch torch_geometric numpy", file=sys.stderr)
    sys.exit(2)

NODES = {"user": (7, 12), "item": (9, 8), "tag": (5, 10)}  # type: rows, input width
HIDDEN = 16
VARIANTS = {"mean": {"aggr": "mean"}, "max": {"aggr": "max"}, "pool": {"aggr": "max", "project": True}}

# Edges as (source, target) pairs. No relation goes into "tag", so that type has no in-edges at all.
EDGES = {
    # The pair (0, 1) is there three times and (3, 4) twice; items 6 and 8 have no in-edge here.
    ("user", "likes", "item"): [(0, 1), (0, 1), (0, 1), (1, 1), (2, 0), (3, 4), (3, 4), (4, 4), (5, 2),
                                (6, 3), (6, 5), (1, 7), (2, 7), (5, 7), (0, 2)],
    # A self loop at (2, 2); item 8 has no in-edge here either, so it is isolated in every relation.
    ("item", "near", "item"): [(0, 1), (1, 0), (2, 2), (3, 5), (5, 3), (8, 6), (8, 0), (7, 4), (6, 4), (4, 7)],
    # Every user but 6 has an in-edge.
    ("item", "liked_by", "user"): [(1, 0), (1, 1), (0, 2), (4, 3), (4, 4), (2, 5), (7, 1), (7, 2), (7, 5), (2, 0)],
    # Few sources for many targets; item 8 is left out.
    ("tag", "marks", "item"): [(0, 0), (0, 1), (0, 2), (1, 3), (1, 0), (2, 4), (3, 5), (3, 6), (4, 7), (2, 7)],
    # No edge at all: the aggregate is zero everywhere, the root term stays.
    ("user", "follows", "user"): [],
}


def key(relation):
    return "__".join(relation)


def random(generator, *shape):
    return torch.randn(*shape, generator=generator, dtype=torch.float32)


def make_layer(widths, variant, generator):
    """One HeteroConv over the five relations, with every parameter redrawn from the generator."""
    layer = HeteroConv({r: SAGEConv((widths[r[0]], widths[r[2]]), HIDDEN, **VARIANTS[variant]) for r in EDGES}, aggr="sum")
    for relation in EDGES:
        for _, parameter in sorted(layer.convs[relation].named_parameters()):
            scale = 1 / parameter.shape[-1] ** 0.5 if parameter.dim() == 2 else 0.3
            parameter.data = random(generator, *parameter.shape) * scale
    return layer


def add_missing(out, like):
    """HeteroConv leaves out types without an in-relation: such a type gets rows of zeros."""
    return {t: out[t] if t in out else torch.zeros(like[t].shape[0], HIDDEN) for t in NODES}


def make_variant(variant, edges):
    generator = torch.Generator().manual_seed(7 + sorted(VARIANTS).index(variant))
    x = {t: random(generator, *shape).requires_grad_() for t, shape in NODES.items()}
    layers = [make_layer({t: w for t, (_, w) in NODES.items()}, variant, generator),
              make_layer({t: HIDDEN for t in NODES}, variant, generator)]
    before = add_missing(layers[0](x, edges), x)
    hidden = {t: value.relu() for t, value in before.items()}
    out = add_missing(layers[1](hidden, edges), hidden)
    weight = {t: random(generator, NODES[t][0], HIDDEN) for t in NODES}
    loss = sum((out[t] * weight[t]).sum() for t in NODES)
    loss.backward()

    files = {"loss": loss.reshape(1)}
    for t in NODES:
        files[f"input.{t}"] = x[t]
        files[f"layer1.output.{t}"] = before[t]  # before ReLU
        files[f"output.{t}"] = out[t]
        files[f"loss_weight.{t}"] = weight[t]
        files[f"gradient.input.{t}"] = x[t].grad if x[t].grad is not None else torch.zeros_like(x[t])
    for r, pairs in edges.items():
        files[f"edges.{key(r)}"] = pairs
    for number, layer in enumerate(layers, 1):
        for r in EDGES:
            for name, parameter in layer.convs[r].named_parameters():
                stem = f"layer{number}.{key(r)}.{name}"
                files[stem] = parameter
                grad = parameter.grad if parameter.grad is not None else torch.zeros_like(parameter)
                files[f"gradient.{stem}"] = grad
    return {name: value.detach().numpy() for name, value in files.items()}


def by_hand(files, variant):
    """The formula of README.md in float64 numpy, apart from PyTorch Geometric: a check of the golden outputs.

    Returns the largest difference, and the smallest margin at which a ReLU or a maximum would take
    another branch: it has to be far above rounding, or a correct gradient could differ from the golden one.
    """
    margin = np.inf
    get = lambda name: files[name].astype(np.float64)
    x = {t: get(f"input.{t}") for t in NODES}
    for number in (1, 2):
        out = {t: np.zeros((NODES[t][0], HIDDEN)) for t in NODES}
        for s, name, t in EDGES:
            stem = f"layer{number}.{s}__{name}__{t}"
            source = x[s]
            if variant == "pool":
                source = source @ get(stem + ".lin.weight").T + get(stem + ".lin.bias")
                margin = min(margin, abs(source).min())
                source = np.maximum(source, 0)
            pairs = files[f"edges.{s}__{name}__{t}"].T
            gathered = np.zeros((NODES[t][0], source.shape[1]))
            for target in range(NODES[t][0]):
                rows = source[[a for a, b in pairs if b == target]]
                if len(rows) and variant != "mean":
                    below = rows.max(0) - rows
                    margin = min(margin, below[below > 0].min(initial=np.inf))
                if len(rows):
                    gathered[target] = rows.mean(0) if variant == "mean" else rows.max(0)
            out[t] += gathered @ get(stem + ".lin_l.weight").T + get(stem + ".lin_l.bias") + x[t] @ get(stem + ".lin_r.weight").T
        if number == 1:
            margin = min([margin] + [abs(out[t]).min() for t in NODES if t != "tag"])
            worst = max(abs(out[t] - files[f"layer1.output.{t}"]).max() for t in NODES)
            x = {t: np.maximum(out[t], 0) for t in NODES}
    return max(worst, max(abs(out[t] - files[f"output.{t}"]).max() for t in NODES)), margin


def main():
    parser = argparse.ArgumentParser(description="Writes the golden files of the GraphSAGE parity test.")
    parser.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden"), metavar="DIR")
    target = os.path.abspath(parser.parse_args().out)
    if os.path.exists(target) and not os.path.isfile(os.path.join(target, "manifest.tsv")):
        print(f"make_golden: {target} exists and is no folder of golden files; choose another --out.", file=sys.stderr)
        return 2
    warnings.filterwarnings("ignore", message="There exist node types")  # "tag", on purpose
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    edges = {r: torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).t().contiguous() for r, pairs in EDGES.items()}
    os.makedirs(os.path.dirname(target), exist_ok=True)
    work = tempfile.mkdtemp(prefix=os.path.basename(target) + ".", suffix=".part", dir=os.path.dirname(target))
    try:
        os.chmod(work, 0o755)
        lines = ["file\tshape\ttype"]
        for variant in VARIANTS:
            os.mkdir(os.path.join(work, variant))
            files = make_variant(variant, edges)
            difference, margin = by_hand(files, variant)
            assert difference < 1e-5, f"{variant}: the formula and the layer differ by {difference}"
            assert margin > 1e-4, f"{variant}: a branch is decided by only {margin}; choose another seed"
            print(f"{variant}: {len(files)} files, loss {files['loss'][0]:.6f}, "
                  f"largest difference to the formula in float64 {difference:.1e}, smallest branch margin {margin:.1e}")
            for name in sorted(files):
                value = np.ascontiguousarray(files[name])
                assert value.dtype in (np.float32, np.int64), name
                np.save(os.path.join(work, variant, name + ".npy"), value)
                lines.append(f"{variant}/{name}.npy\t{'x'.join(map(str, value.shape))}\t{value.dtype}")
        with open(os.path.join(work, "manifest.tsv"), "w") as file:
            file.write("\n".join(lines) + "\n")
        if os.path.isdir(target):
            shutil.rmtree(target)
        os.replace(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"torch {torch.__version__}, torch_geometric {torch_geometric.__version__}, numpy {np.__version__}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
