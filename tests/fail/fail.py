#!/usr/bin/env python3
"""Mistakes that the library answers with a sentence. Each *.cpp here must not compile, for the reason that it names
in lines `// expects: sentence`; and it must compile with RIGHT defined, so that nothing else is wrong with it.

Usage: fail.py [--only NAME] COMPILER...    a compiler that is not found is left out, saying so
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
FLAGS = ["-std=c++20", "-fsyntax-only", "-fmessage-length=0", "-Wall", "-Wextra", "-I", str(HERE.parents[1] / "include")]
EIGEN = next((folder for folder in (os.environ.get("EIGEN_INCLUDE", ""), "/usr/include/eigen3", "/usr/local/include/eigen3")
              if folder and pathlib.Path(folder).exists()), "")


def compile_with(compiler, source, *more):
    run = subprocess.run([compiler, *FLAGS, *(["-isystem", EIGEN] if EIGEN else []), *more, str(source)],
                         capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    return run.returncode == 0, run.stdout + run.stderr


def reason(output):
    """What a compiler says, on one line, without the line of the mistake's own file that names the sentence."""
    said = [line for line in output.splitlines() if "// expects:" not in line]
    return " ".join(" ".join(said).replace('\\"', '"').split())


def check(compiler, source):
    """What is wrong, or an empty string."""
    text = source.read_text()
    sentences = re.findall(r"^// expects: (.*)$", text, re.M)
    if not sentences or "RIGHT" not in text:
        return "has no line `// expects: ...`, or no #ifdef RIGHT"
    fine, output = compile_with(compiler, source)
    if fine:
        return "compiles, though it is a mistake"
    missing = [sentence for sentence in sentences if " ".join(sentence.split()) not in reason(output)]
    if missing:
        return f"the compiler does not say '{missing[0]}', but:\n{output[:4000]}"
    fine, output = compile_with(compiler, source, "-DRIGHT")
    return "" if fine else f"does not compile when mended:\n{output[:4000]}"


def main(arguments):
    only = ""
    if arguments[:1] == ["--only"]:
        only, arguments = arguments[1], arguments[2:]
    compilers = [compiler for compiler in arguments if shutil.which(compiler)]
    for compiler in set(arguments) - set(compilers):
        print(f"fail: {compiler} is not found: left out")
    sources = sorted(source for source in HERE.glob("*.cpp") if only in source.name)
    pairs = [(compiler, source) for source in sources for compiler in compilers]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        wrong = 0
        for (compiler, source), problem in zip(pairs, pool.map(lambda pair: check(*pair), pairs)):
            wrong += bool(problem)
            print(f"{'FAIL' if problem else 'ok  '} {source.name} {compiler}{': ' + problem if problem else ''}", flush=True)
    print(f"fail: {len(sources)} mistakes, {len(compilers)} compilers, {wrong} findings")
    return 1 if wrong or not pairs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
