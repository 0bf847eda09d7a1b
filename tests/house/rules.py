#!/usr/bin/env python3
"""Fails on headers that break a rule of the house that text alone can show. Usage: rules.py [include folder]"""
import pathlib
import re
import sys

LITERAL = re.compile(r'R"(\w*)\((?:.|\n)*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*(?:.|\n)*?\*/')
CLASS = re.compile(r"\b(?:struct|class|union|enum)\b[^;()=]*$")
NOT_A_VARIABLE = re.compile(
    r"^(?:using|typedef|template|struct|class|union|enum|concept|namespace|static_assert|friend|requires|extern template|\[\[)\b|^#")
VARIABLE = re.compile(r"^(?:(?:inline|static|extern|thread_local|constinit)\s+)*[\w:]+(?:<.*>)?[\w:\s*&]*\s[*&]*\w+(?:\[[^\]]*\])*\s*(?:[={].*)?$")


def code_of(text):
    """The text with comments and literals blanked; lines keep their numbers."""
    return LITERAL.sub(lambda m: '""' + "\n" * m[0].count("\n") if m[0][0] in "R\"'" else "\n" * m[0].count("\n"), text)


def mutable_state(code):
    """(line, statement) of each variable of namespace scope, or static inside a function, that may be written."""
    code = re.sub(r"^[ \t]*#(?:.*\\\n)*.*$", "", code, flags=re.M)
    scopes, statement, start, line = [], "", 1, 1
    for character in code:
        if character == "{":
            head = statement.strip()
            if re.search(r"\bnamespace\b[^;()=]*$", head) or re.fullmatch(r'extern\s*""', head):
                scopes.append(("namespace", None))
            elif CLASS.search(head) and not re.search(r"[)=]\s*$", head):
                scopes.append(("class", None))
            else:  # a body, or an initialiser that its statement goes on after
                scopes.append(("body", statement))
            statement = ""
        elif character == "}":
            kind, before = scopes.pop() if scopes else ("namespace", None)
            statement = before + "{}" if kind == "body" and before is not None else ""
            if kind == "body" and re.search(r"(?:\)|\bconst|\bnoexcept|\boverride|>)\s*\{\}$", statement):
                statement = ""  # the end of a function
        elif character == ";":
            text = " ".join(statement.split())
            scope = scopes[-1][0] if scopes else "namespace"
            fixed = re.search(r"\b(?:constexpr|consteval|const)\b", text.split("=")[0])
            if scope == "namespace" and not fixed and VARIABLE.match(text) and not NOT_A_VARIABLE.match(text):
                yield start, text
            if scope == "body" and not fixed and re.match(r"(?:static|thread_local)\b", text):
                yield start, text
            statement = ""
        else:
            if not statement.strip():
                start = line
            statement += character
        line += character == "\n"


def of_lines(pattern, sentence, raw=False, but=()):
    """A rule: no line matches `pattern`, except in the files `but`."""
    def check(path, text, code):
        for number, line in enumerate((text if raw else code).splitlines(), 1):
            if path not in but and re.search(pattern, line):
                yield number, sentence
    return check


def first_line(path, text, code):
    if not text.startswith("// "):
        yield 1, "a header begins with a sentence on what it holds"


def once(path, text, code):
    if not re.search(r"^#pragma once$", text, re.M):
        yield 1, "a header says #pragma once"


def length(path, text, code):
    if text.count("\n") > 400:
        yield 400, "a file of more than 400 lines holds two nouns"


def state(path, text, code):
    for number, statement in mutable_state(code):
        yield number, f"state outside of objects: {statement}"


RULES = {
    "length": length,
    "first-line": first_line,
    "pragma-once": once,
    "columns": of_lines(r"^.{121,}", "a line has at most 120 columns", raw=True),
    "no-tabs": of_lines(r"\t|[ \t]+$", "no tabs, and no blanks at the end of a line", raw=True),
    "no-todo": of_lines(r"\b(?:TODO|FIXME|XXX|HACK)\b", "what is left to do is not left in the text", raw=True),
    "no-virtual": of_lines(r"\bvirtual\b", "no virtual functions"),
    "no-new": of_lines(r"\b(?:new|delete)\b(?<!= delete)(?!>)", "owners own: containers, not new and delete"),
    "macros": of_lines(r"^\s*#\s*define\b", "macros are in core/config.hpp alone", but=("core/config.hpp",)),
    "no-printing": of_lines(r"#\s*include\s*<iostream>|\bstd::(?:cout|cerr|clog)\b|\b(?:v?f?printf|puts)\s*\(",
                            "a library does not print"),
    "no-using-namespace": of_lines(r"\busing\s+namespace\b", "no using namespace in a header"),
    "east-const": of_lines(r"(?:^|[(<,;{]|\b(?:static|constexpr|inline)|=)\s*const\s+(?!noexcept)\w", "const stands on the right"),
    "no-environment": of_lines(r"\bgetenv\b", "no environment variables"),
    "no-state": state,
}


def findings(include):
    root = include / "intarsia"
    headers = sorted(p for p in root.rglob("*") if p.suffix in {".hpp", ".cuh"})
    found = []
    for header in headers:
        path, text = header.relative_to(root).as_posix(), header.read_text()
        code = code_of(text)
        for name, rule in RULES.items():
            found += [f"{path}:{line}: {name}: {sentence}" for line, sentence in rule(path, text, code)]
    return found, len(headers)


if __name__ == "__main__":
    here = pathlib.Path(__file__).resolve().parents[2]
    wrong, count = findings(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here / "include")
    print("\n".join(wrong + [f"rules: {count} headers, {len(RULES)} rules, {len(wrong)} findings"]))
    sys.exit(1 if wrong or not count else 0)
