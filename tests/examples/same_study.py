#!/usr/bin/env python3
"""A whole study gives the same results.json for any number of threads, and after being killed again and again.

Usage: same_study.py PROGRAM CATALOGUE

Seconds, the number of threads and the peak memory may differ; every other byte may not.
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

KILLS = 20
MAY_DIFFER = ("seconds", "rows_per_second", "threads", "peak_mib")


def results(folder):
    """results.json as text, without what may differ."""
    read = json.loads((folder / "results.json").read_text())
    assert len(read["rows"]) > 20 and read["validation"], "the study has too few rows to say anything"
    return json.dumps({key: value for key, value in read.items() if key not in MAY_DIFFER}, indent=1)


def main(program, catalogue):
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)

        def start(folder, threads, *more):
            return subprocess.Popen([program, "--catalogue", catalogue, "--splits", "warm,cold", "--steps", "16",
                                     "--checkpoint-every", "4", "--threads", str(threads), "--out", place / folder, *more],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

        def finish(*arguments):
            study = start(*arguments)
            _, said = study.communicate()
            assert study.returncode == 0, said
            return results(place / arguments[0])

        wrong = 0

        def compare(what, mine, expected):
            same = mine == expected
            print("ok  " if same else "FAIL", what)
            if not same:
                lines = [(a, b) for a, b in zip(mine.splitlines(), expected.splitlines()) if a != b]
                print("    differs first in", lines[0] if lines else "length")
            return 0 if same else 1

        expected = finish("one", 1)
        for threads in (2, 3, 7):
            wrong += compare(f"{threads} threads", finish(f"threads-{threads}", threads), expected)

        # Killed after so many lines of progress, wherever it was then. A study that gets through before it is killed, or
        # by resuming often enough, is compared and the next one begins in another folder.
        dice, folders, killed = random.Random(1), 0, 0
        while killed < KILLS:
            folder, kills = f"killed-{folders}", 0
            folders += 1
            while killed < KILLS:
                study = start(folder, 2, "--resume")
                for _ in range(dice.randint(1, 12)):
                    study.stderr.readline()
                study.kill()
                study.communicate()
                if study.returncode == 0:
                    break
                kills += 1
                killed += 1
            wrong += compare(f"killed {kills} times and resumed", finish(folder, 2, "--resume"), expected)
            wrong += compare("a new study was killed", str(kills > 0), "True")
        print(f"{wrong} differ")
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
