"""w1: from pairs to graphs. Rows sorted, equal edges merged, both directions; the 100 heaviest co-interactions of each
item by cosine; ridge edges from 100 candidates of each item.

scipy's product of the whole matrices at once (the pairs of items all held) and in chunks of rows; the chunked one is
fed to torch.topk. The ridge systems are cut from rows of the product, and solved by torch.linalg.cholesky in batches.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import common
import numpy as np
import scipy.sparse as sp
import torch

import generator

torch.set_num_threads(common.options.threads)
EDGES, BUILD = generator.PLANS["clicks"], "Hs clicks, both directions"
MEETINGS = (100_003, 20_011, 2_000_000, 2, 2, 4, 11, 22)
K, LAMBDA, DROPOUT, SHRINK, SUPPORT = 100, 10.0, 0.3, 10.0, 2
kept = {}


def once(name, make):
    if name not in kept:
        kept[name] = make()
    return kept[name]


def edge_list():
    s, t, _ = generator.edges(EDGES)
    return s.astype(np.int32), t.astype(np.int32)


def by_scipy():
    s, t = once("edges", edge_list)
    ones = np.ones(len(s), np.float32)
    forth = sp.csr_matrix((ones, (t, s)), shape=(EDGES[1], EDGES[0]))
    back = sp.csr_matrix((ones, (s, t)), shape=(EDGES[0], EDGES[1]))
    for m in (forth, back):
        m.sum_duplicates()  # sorts as well
    return (forth.indptr, forth.indices), (back.indptr, back.indices)


def by_pyg():
    from torch_geometric.utils import coalesce
    s, t = once("tensors", lambda: tuple(torch.from_numpy(x).long() for x in once("edges", edge_list)))
    found = []
    for rows, columns, count in ((t, s, EDGES[1]), (s, t, EDGES[0])):
        r, c = coalesce(torch.stack([rows, columns]), num_nodes=max(EDGES[0], EDGES[1]))
        found.append((torch._convert_indices_from_coo_to_csr(r, count), c))
    return found


def compare_rows(call):
    def compare(path):
        wrong = 0
        for name, (offsets, columns) in zip(("forth", "back"), call()):
            mine = common.ours(path, name + "_offsets").ravel(), common.ours(path, name + "_columns").ravel()
            wrong += not (np.array_equal(mine[0], np.asarray(offsets)) and np.array_equal(mine[1], np.asarray(columns)))
        return wrong, 0, f"{wrong} of 2 directions differ"
    return compare


def pairs():
    return once("pairs", lambda: tuple(x.astype(np.int32) for x in generator.edges(MEETINGS)[:2]))


def met():
    """Users by items, pairs that come twice once."""
    u, i = pairs()
    m = sp.csr_matrix((np.ones(len(u), np.float32), (u, i)), shape=MEETINGS[:2])
    m.sum_duplicates()
    m.data[:] = 1
    return m


def cosine_of(rows, first, factor):
    """Weights of dense rows of the counts, from item `first` on; pairs without support are 0."""
    rows[rows < SUPPORT] = 0
    rows[np.arange(len(rows)), first + np.arange(len(rows))] = 0
    rows *= factor[first:first + len(rows), None]
    rows *= factor
    return rows


def heaviest(weights):
    found, columns = torch.topk(torch.from_numpy(weights), K, sorted=False)
    return found.numpy(), columns.numpy()


def in_chunks():
    m = met()
    t = m.T.tocsr()
    factor = (1 / np.sqrt(np.maximum(np.diff(t.indptr), 1))).astype(np.float32)
    found = []
    for b in range(0, t.shape[0], 512):
        found.append(heaviest(cosine_of((t[b:b + 512] @ m).toarray(), b, factor)))
    return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])


def all_at_once():
    m = met()
    t = m.T.tocsr()
    factor = (1 / np.sqrt(np.maximum(np.diff(t.indptr), 1))).astype(np.float32)
    product = (t @ m).tocsr()
    values, columns = np.zeros((t.shape[0], K), np.float32), np.zeros((t.shape[0], K), np.int64)
    for i in range(t.shape[0]):
        part = slice(product.indptr[i], product.indptr[i + 1])
        c, count = product.indices[part], product.data[part]
        good = (count >= SUPPORT) & (c != i)
        c, w = c[good], count[good] * factor[i] * factor[c[good]]
        best = np.argpartition(w, -K)[-K:] if len(w) > K else np.arange(len(w))
        values[i, :len(best)], columns[i, :len(best)] = w[best], c[best]
    return values, columns


def compare_heaviest(call):
    def compare(path):
        values, _ = call()
        offsets, mine = common.ours(path, "offsets").ravel(), common.ours(path, "values").ravel()
        theirs = -np.sort(-values, 1)
        dense = np.zeros_like(theirs)
        for i in range(len(dense)):
            row = -np.sort(-mine[offsets[i]:offsets[i + 1]])
            dense[i, :len(row)] = row
        found = common.difference(dense, theirs)
        return found, 1e-5, f"weights of all rows differ by {found:.1e}"
    return compare


def ridge():
    m = met()
    t = m.T.tocsr()
    history = np.maximum(np.diff(m.indptr), 1).astype(np.float64)
    mean = m.nnz / m.shape[0]
    light, gram = (sp.diags(w.astype(np.float32)) @ m for w in (1 / history, (history / mean) ** -0.5))
    own = np.asarray(light.sum(0)).ravel()
    factor = np.where(own > 0, 1 / np.sqrt(np.maximum(own, 1e-30)), 0).astype(np.float32)
    rows_of = np.empty((t.shape[0], t.shape[0]), np.float32)
    chosen = np.empty((t.shape[0], K), np.int64)
    for b in range(0, t.shape[0], 512):
        part = t[b:b + 512]
        counts = (part @ m).toarray()
        weights = (part @ light).toarray() * factor[b:b + 512, None] * factor * (counts / (counts + SHRINK))
        weights[counts < SUPPORT] = -1
        weights[np.arange(len(weights)), b + np.arange(len(weights))] = -1
        w, c = torch.topk(torch.from_numpy(weights), K)
        chosen[b:b + 512] = np.where(w.numpy() > 0, c.numpy(), -1)
        rows_of[b:b + 512] = (part @ gram).toarray()
    g = torch.from_numpy(rows_of)
    solution = []
    for b in range(0, len(chosen), 512):
        c = torch.from_numpy(chosen[b:b + 512])
        there = c >= 0
        at = c.clamp(min=0)
        a = g[at[:, :, None], at[:, None, :]] * (there[:, :, None] & there[:, None, :])
        diagonal = a.diagonal(dim1=1, dim2=2)
        diagonal.mul_(1 + DROPOUT).add_(LAMBDA)
        right = torch.gather(g[b:b + 512], 1, at) * there
        solution.append(torch.cholesky_solve(right[:, :, None], torch.linalg.cholesky(a))[:, :, 0])
    return torch.cat(solution).numpy(), chosen


def compare_ridge(path):
    values, columns = ridge()
    offsets = common.ours(path, "offsets").ravel()
    mine = sp.csr_matrix((common.ours(path, "values").ravel(), common.ours(path, "columns").ravel(), offsets),
                         shape=(MEETINGS[1], MEETINGS[1]))
    there = columns >= 0
    rows = np.repeat(np.arange(len(columns)), there.sum(1))
    theirs = sp.csr_matrix((values[there], (rows, columns[there])), shape=mine.shape)
    # Candidates of equal weight may be chosen differently: such rows are counted apart.
    apart = abs(mine - theirs)
    wrong = np.asarray(apart.sum(1)).ravel() > 1e-3 * np.maximum(np.asarray(abs(theirs).sum(1)).ravel(), 1e-30)
    return float(wrong.mean()) / 0.05, 1, f"{wrong.mean():.2%} of the rows chose other candidates of equal weight"


common.add("scipy", "csr_matrix, sum_duplicates, twice", BUILD, by_scipy, compare=compare_rows(by_scipy), warm=1,
           work=lambda: {"edges": EDGES[2]})
common.add("pyg", "coalesce, twice", BUILD, by_pyg, compare=compare_rows(by_pyg), idiomatic=True, warm=1,
           work=lambda: {"edges": EDGES[2]})
TOP = "co-interaction top 100, 2 M pairs"
common.add("scipy", "product by chunks, torch.topk", TOP, in_chunks, compare=compare_heaviest(in_chunks), warm=0)
common.add("scipy", "product of all, argpartition of each row", TOP, all_at_once, compare=compare_heaviest(all_at_once),
           idiomatic=True, warm=0)
common.add("torch", "scipy products, batched linalg.cholesky", "ridge edges of 100, 2 M pairs", ridge,
           compare=compare_ridge, idiomatic=True, warm=0)
common.serve()
