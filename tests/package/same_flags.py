#!/usr/bin/env python3
"""Fails where the consumer is compiled with other flags than a program with the three requirements alone.

Usage: same_flags.py BUILD_FOLDER BUILD_FOLDER_WITHOUT_THE_LIBRARY
"""
import json
import pathlib
import shlex
import sys


def is_library(folder):
    return (pathlib.Path(folder) / "intarsia" / "intarsia.hpp").exists()


def flags(build):
    """The words of the consumer's compile command, but for the library's own include folder."""
    for entry in json.loads((pathlib.Path(build) / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        if "CMakeFiles/consumer.dir" not in words[words.index("-o") + 1]:
            continue
        kept = []
        for word in words:
            if kept and kept[-1] in {"-isystem", "-I"} and is_library(word):
                kept.pop()
            elif not (word.startswith("-I") and is_library(word[2:])):
                kept.append(word)
        return kept
    sys.exit(f"same_flags: {build}/compile_commands.json lacks the program consumer")


ours, plain = flags(sys.argv[1]), flags(sys.argv[2])
if ours != plain:
    sys.exit(f"same_flags: with the library {' '.join(ours)}; without it {' '.join(plain)}")
