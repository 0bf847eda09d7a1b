#!/usr/bin/env python3
"""Checks the checks of the documentation: each must notice what it is for, and let pass what is right."""
import pathlib
import sys
import tempfile

import blocks
import links

FENCE = "```"
RIGHT = f"""
<!-- given
int given = 1;
-->
{FENCE}cpp
#include <cstddef>
int main() {{ return given; }}
struct size {{ std::size_t value; }};
{FENCE}

<!-- continues, inside -->
{FENCE}cpp
size const two{{2}};
{FENCE}
<!-- continues, inside -->
{FENCE}cpp
auto const four = two.value * 2;
{FENCE}

A block of its own, which may use the same names, and a block of no interest.

{FENCE}cpp
struct size {{}};
int main() {{}}
{FENCE}
<!-- needs no/such/header.hpp -->
{FENCE}cpp
#include <no/such/header.hpp>
nonsense
{FENCE}
{FENCE}python
nonsense
{FENCE}
"""
WRONG = {
    "an undeclared name": f"text\n\n{FENCE}cpp\n\nint x = y;\n{FENCE}\n",
    "a narrowing warning": f"{FENCE}cpp\nint narrow(long wide) {{ return wide; }}\n{FENCE}\n",
    "statements outside of a function": f"{FENCE}cpp\nfor (;;) {{}}\n{FENCE}\n",
    "a block of another page's names": f"{FENCE}cpp\nsize x;\n{FENCE}\n",
    "a word that is no directive": f"<!-- inside, sometimes -->\n{FENCE}cpp\nint x;\n{FENCE}\n",
    "nothing to continue": f"<!-- continues -->\n{FENCE}cpp\nint x;\n{FENCE}\n",
    "a directive without a block": f"<!-- inside -->\ntext\n\n{FENCE}cpp\nint x;\n{FENCE}\n",
    "a block without an end": f"{FENCE}cpp\nint x;\n",
    "no block at all": "text\n",
}


def failures():
    said = []

    def findings(pages):
        said.clear()
        return blocks.check(pages, prelude=[], say=lambda text: said.append(str(text)))

    if findings({"right.md": RIGHT}):
        yield "right.md: " + "\n".join(said)
    if not any("no/such/header.hpp" in line for line in said):
        yield "a block that is left out is not named"
    for name, text in WRONG.items():
        pages = {"wrong.md": text} if name == "no block at all" else {"right.md": RIGHT, "wrong.md": text}
        if not findings(pages):
            yield f"blocks.py lets pass {name}"
        if name == "an undeclared name" and not any("wrong.md:5" in line for line in said):
            yield "blocks.py does not name the line of the page: " + "\n".join(said)
        if any("right.md does not compile" in line for line in said):
            yield f"blocks.py blames the wrong page for {name}"
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "README.md").write_text(f"[a](b.md) [c](https://d) [e](#f)\n{FENCE}cpp\nf[0](1);\n{FENCE}\n")
        if links.broken(root) != ([(pathlib.Path("README.md"), "b.md")], 1):
            yield f"links.py finds {links.broken(root)}"
        (root / "b.md").write_text("")
        if links.broken(root)[0]:
            yield "links.py does not find a file that is there"


if __name__ == "__main__":
    found = list(failures())
    print("\n".join(found + [f"selftest: {len(WRONG) + 4} cases, {len(found)} findings"]))
    sys.exit(1 if found else 0)
