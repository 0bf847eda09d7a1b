#!/usr/bin/env python3
"""Fails where a page of the documentation links to a file that is not there. Usage: links.py [FOLDER]"""
import pathlib
import re
import sys

SHOWN = re.compile(r"```.*?^```", re.S | re.M)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<img[^>]*\bsrc=\"([^\"]+)\"")


def broken(root):
    """(page, link) of each link to nothing, and how many there are in all."""
    wrong, count = [], 0
    for page in [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("examples/**/*.md")]:
        for match in LINK.finditer(SHOWN.sub("", page.read_text())):
            target = (match[1] or match[2]).split("#")[0]
            if not target or re.match(r"[a-z]+:", target):
                continue
            count += 1
            if not (page.parent / target).exists():
                wrong.append((page.relative_to(root), target))
    return wrong, count


if __name__ == "__main__":
    wrong, count = broken(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    for page, target in wrong:
        print(f"{page}: there is no {target}")
    print(f"links: {count} links, {len(wrong)} findings")
    sys.exit(1 if wrong else 0)
