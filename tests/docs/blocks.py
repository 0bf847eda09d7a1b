#!/usr/bin/env python3
"""Compiles every C++ block of the documentation, so that no page shows code that does not exist.

Usage: blocks.py [--list] [PAGE...]     left out: README.md, CONTRIBUTING.md and all pages below docs/

How to write a block. A fence that begins with ```cpp is compiled with g++ -std=c++20 and the project's warnings, after the
umbrella header, a few standard headers and `namespace ia = intarsia;`. Each block stands in a namespace of its own, so that two
blocks may define the same name; `main` in it is an ordinary function. Its #include lines are moved to the top of the file. A
comment on the line before the fence, which a reader of the page does not see, says more about the block:

  <!-- inside -->              it is statements, not declarations: it stands in a function
  <!-- continues -->           it goes on where the block before it ended, in the same namespace or function
  <!-- continues, inside -->   both
  <!-- needs omp.h -->         it is left out, with a word about it, where this header is not installed

What a block takes as given and the page does not show is written, before the block, in a comment of several lines:

  <!-- given
  ia::graph<Catalogue> graph;
  -->

All pages are one translation unit; where that does not compile, each page is compiled alone, so that one page's mistake is not
blamed on another. Messages name the line of the page. Blocks in another language have another word after the fence.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRELUDE = ["#include <cmath>", "#include <iostream>", "#include <span>", "#include <vector>",
           "#include <intarsia/intarsia.hpp>", "namespace ia = intarsia;"]
EIGEN = [str(p) for p in map(pathlib.Path, ("/usr/include/eigen3", "/usr/local/include/eigen3")) if p.exists()]
# A name that only the page needs is no mistake; neither is the missing return of a main that is called otherwise.
FLAGS = ["-std=c++20", "-fsyntax-only", "-fopenmp", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror",
         "-Wno-unused", "-Wno-return-type"]


class Group:
    """A block and those that continue it: lines of code as (number, text), outside of and inside a function."""
    def __init__(self, page):
        self.page, self.outside, self.inside, self.needs, self.count = page, [], [], [], 0


def groups_of(page, text):
    """The groups of a page; raises ValueError where a directive cannot be followed."""
    groups, given, directive, state = [], [], "", "text"
    for number, line in enumerate(text.splitlines(), 1):
        if state == "given":
            if line.strip() == "-->":
                state = "text"
            else:
                given.append((number, line))
        elif state == "block":
            if line.strip() == "```":
                state = "text"
            else:
                target.append((number, line))
        elif state == "other":
            state = "text" if line.strip() == "```" else "other"
        elif line.strip() == "<!-- given":
            state = "given"
        elif re.fullmatch(r"```cpp\s*", line):
            words = [word.strip() for word in directive.split(",") if word.strip()]
            unknown = [word for word in words if word not in ("inside", "continues") and not word.startswith("needs ")]
            if unknown:
                raise ValueError(f"{page}:{number}: '{unknown[0]}' is no directive: inside, continues, needs HEADER")
            if "continues" not in words:
                groups.append(Group(page))
            elif not groups:
                raise ValueError(f"{page}:{number}: there is no block before this one to continue")
            group = groups[-1]
            group.count += 1
            group.needs += [word[6:].strip() for word in words if word.startswith("needs ")]
            group.outside += given
            given, directive, state = [], "", "block"
            target = group.inside if "inside" in words else group.outside
        elif line.startswith("```"):
            state = "other"
        elif match := re.fullmatch(r"<!-- ((?:inside|continues|needs)\b.*?) -->", line.strip()):
            directive = match[1]
        elif line.strip():
            if directive or given:
                raise ValueError(f"{page}:{number}: a directive stands on the line before a ```cpp fence")
    if state != "text":
        raise ValueError(f"{page}: a block or a comment does not end")
    return groups


def unit_of(groups, prelude=PRELUDE):
    """The groups as one C++ source."""
    includes, body = [], []

    def write(page, lines):
        following = None
        for number, line in lines:
            if re.match(r"\s*#\s*include\b", line):
                includes.append(line.strip())
                continue
            if number != following:
                body.append(f'#line {number} "{page}"')
            following = number + 1
            body.append(re.sub(r"\bint main\(", "int main_program(", line))

    for index, group in enumerate(groups):
        body.append(f"namespace block_{index} {{")
        write(group.page, group.outside)
        if group.inside:
            body.append("inline void inside() {")
            write(group.page, group.inside)
            body.append("}")
        body.append("}")
    return "\n".join([*prelude, *dict.fromkeys(includes), *body]) + "\n"


def compiles(source, folders=()):
    """(whether it does, what the compiler says)"""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "blocks.cpp"
        file.write_text(source)
        arguments = [f"-I{ROOT / 'include'}", *(f"-isystem{path}" for path in [*EIGEN, *folders])]
        run = subprocess.run(["g++", *FLAGS, *arguments, str(file)], capture_output=True, text=True, cwd=ROOT)
    return run.returncode == 0, run.stderr


def installed(header):
    run = subprocess.run(["g++", "-std=c++20", "-fopenmp", "-E", "-x", "c++", "-"], input=f"#include <{header}>\n",
                         capture_output=True, text=True)
    return run.returncode == 0


def check(pages, prelude=PRELUDE, say=print):
    """Compiles pages, {name: text}; returns the number of findings."""
    groups, findings = [], 0
    for page, text in pages.items():
        try:
            groups += groups_of(page, text)
        except ValueError as mistake:
            findings += 1
            say(mistake)
    missing = {header for group in groups for header in group.needs if not installed(header)}
    for group in [g for g in groups if missing.intersection(g.needs)]:
        say(f"{group.page}: left out a block that needs {', '.join(missing.intersection(group.needs))}, which is not installed")
    groups = [group for group in groups if not missing.intersection(group.needs)]
    if not compiles(unit_of(groups, prelude))[0]:
        blamed = 0
        for page in pages:
            fine, said = compiles(unit_of([group for group in groups if group.page == page], prelude))
            if not fine:
                blamed += 1
                say(f"{page} does not compile:\n{said[:6000]}")
        if not blamed:
            say("each page compiles alone, but not all together: two blocks disagree on a header or a macro")
        findings += max(1, blamed)
    say(f"blocks: {len(pages)} pages, {sum(group.count for group in groups)} blocks, {findings} findings")
    return findings if groups else findings + 1


def pages_of(arguments):
    names = arguments or ["README.md", "CONTRIBUTING.md", *sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md"))]
    return {name: (ROOT / name).read_text() for name in names if (ROOT / name).exists() or arguments}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--list"]:
        print(unit_of([g for name, text in pages_of(sys.argv[2:]).items() for g in groups_of(name, text)]), end="")
        sys.exit(0)
    sys.exit(1 if check(pages_of(sys.argv[1:])) else 0)
