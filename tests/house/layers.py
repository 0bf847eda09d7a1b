#!/usr/bin/env python3
"""Fails on an include that points upwards or sideways, and on a header that the umbrella does not list.

A floor includes lower floors and its own folder. Backends include themselves and floors 0 to 3, cuda/ up to 7, since it
samples and searches by itself; only an umbrella includes a backend. Usage: layers.py [include folder]
"""
import pathlib
import re
import sys

FLOOR = {"core": 0, "schema": 1, "tensor": 1, "graph": 2, "exec": 3, "ops": 4, "nn": 5, "sampling": 5, "io": 5,
         "loss": 6, "optim": 6, "retrieval": 7, "metrics": 7, "models": 8}
BACKENDS = {"cpu": 3, "cuda": 7}  # and the highest floor that each may include
UMBRELLAS = {"intarsia.hpp": "cpu", "cuda.cuh": "cuda"}
ALONE = {"version.hpp"}  # includes nothing, may be included by anyone
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def folder_of(path):
    return path.split("/")[0] if "/" in path else ""


def why_not(path, quote, target):
    """A sentence on what is wrong with `path` (below include/intarsia/) including `target`; None where all is well."""
    home = folder_of(path)
    if quote == '"':
        return f'includes "{target}": write <intarsia/folder/file.hpp>'
    if target.startswith("Eigen/") or target.startswith("unsupported/Eigen"):
        return None if home == "cpu" else f"includes <{target}>: Eigen belongs to cpu/ alone"
    if not target.startswith("intarsia/"):
        return None
    other = target.removeprefix("intarsia/")
    there = folder_of(other)
    if path in UMBRELLAS:
        return f"includes <{target}>: another backend" if there in BACKENDS and there != UMBRELLAS[path] else None
    if other in ALONE or there == home != "":
        return None
    if there in BACKENDS:
        return f"includes <{target}>: nobody includes a backend but its umbrella"
    if there not in FLOOR:
        return f"includes <{target}>: an umbrella, or a folder without a floor in tests/house/layers.py"
    if path in ALONE or home == "":
        return f"includes <{target}>: a header outside the floors includes nothing of the library"
    if home in BACKENDS:
        if FLOOR[there] <= BACKENDS[home]:
            return None
        return f"includes <{target}>: a backend includes floors 0 to {BACKENDS[home]}"
    if home not in FLOOR:
        return f"lies in {home}/, which has no floor in tests/house/layers.py"
    if FLOOR[there] < FLOOR[home]:
        return None
    way = "sideways" if FLOOR[there] == FLOOR[home] else "upwards"
    return f"includes <{target}>: {way} (floor {FLOOR[home]} to floor {FLOOR[there]})"


def findings(include):
    root = include / "intarsia"
    found, umbrella = [], set()
    headers = sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.suffix in {".hpp", ".cuh"})
    for path in headers:
        for quote, target in INCLUDE.findall((root / path).read_text()):
            reason = why_not(path, quote, target)
            if reason:
                found.append(f"{path} {reason}")
            if path == "intarsia.hpp":
                umbrella.add(target.removeprefix("intarsia/"))
    for path in headers:
        if path.endswith(".hpp") and folder_of(path) != "cuda" and path not in umbrella | {"intarsia.hpp"}:
            found.append(f"intarsia.hpp does not include <intarsia/{path}>: the umbrella lists every header")
    return found, len(headers)


if __name__ == "__main__":
    here = pathlib.Path(__file__).resolve().parents[2]
    wrong, count = findings(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here / "include")
    print("\n".join(wrong + [f"layers: {count} headers, {len(wrong)} findings"]))
    sys.exit(1 if wrong or not count else 0)
