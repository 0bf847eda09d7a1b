#!/usr/bin/env python3
"""Each check of the house finds what it is there to find, and finds nothing in a good header."""
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import layers  # noqa: E402
import rules  # noqa: E402

GOOD = """// One sentence.
#pragma once

#include <array>
#include <intarsia/core/because.hpp>

namespace intarsia::inline v0 {

// A comment may say new, virtual, const int, #define and std::cout.
inline constexpr std::size_t dynamic = 0;
inline constexpr direction directed = direction::directed;
inline std::string const text = "const int new virtual";
static_assert(sizeof(int) == 4, "a sentence; with a semicolon");
template <class T>
inline constexpr bool never = false;
template <class T>
concept thing = requires(T& t) { t.bulk(); } || because<"a thing has bulk">();
enum class product { plain, transposed };
struct plain_data {
  int value{};
  std::array<int, 4> slope{};
  static constexpr int width = 4;
  plain_data(plain_data const&) = delete;
};
inline int twice(int x) {
  static constexpr int factor = 2;
  static auto const table = std::array{1, 2};
  int y{x};
  auto const f = [&](int z) { y += z; };
  f(factor);
  return y * table[0];
}
[[nodiscard]] inline int once(int x) { return x; }
using cpu::context;

}  // namespace intarsia::inline v0
"""


def with_line(line):
    return GOOD.replace("using cpu::context;\n", line + "\n")


def with_statement(line):
    return GOOD.replace("  int y{x};\n", "  int y{x};\n  " + line + "\n")


# (the rule, the path of a header, its text)
BAD_TEXT = [
    ("length", "core/a.hpp", GOOD + "// more\n" * 400),
    ("first-line", "core/a.hpp", GOOD.removeprefix("// One sentence.\n")),
    ("pragma-once", "core/a.hpp", GOOD.replace("#pragma once", "")),
    ("columns", "core/a.hpp", with_line("// " + "x" * 118)),
    ("no-tabs", "core/a.hpp", with_line("\tint twice(int);")),
    ("no-todo", "core/a.hpp", with_line("// TO" "DO: later")),
    ("no-todo", "core/a.hpp", with_line("// FIX" "ME")),
    ("no-virtual", "core/a.hpp", with_line("struct base { virtual void f(); };")),
    ("no-new", "core/a.hpp", with_statement("auto* p = new int{3};")),
    ("no-new", "core/a.hpp", with_statement("delete p;")),
    ("macros", "core/a.hpp", with_line("#define INTARSIA_TWICE(x) x x")),
    ("no-printing", "core/a.hpp", with_line("#include <iostream>")),
    ("no-printing", "core/a.hpp", with_statement('std::cerr << "hello";')),
    ("no-printing", "core/a.hpp", with_statement('std::fprintf(stderr, "hello");')),
    ("no-using-namespace", "core/a.hpp", with_line("using namespace std;")),
    ("east-const", "core/a.hpp", with_line("int once(const int& x);")),
    ("east-const", "core/a.hpp", with_statement("const auto z = y;")),
    ("no-environment", "core/a.hpp", with_statement('auto* p = std::getenv("HOME");')),
    ("no-state", "core/a.hpp", with_line("inline int counter = 0;")),
    ("no-state", "core/a.hpp", with_line("int counter;")),
    ("no-state", "core/a.hpp", with_line("inline std::vector<int> cache{1, 2};")),
    ("no-state", "core/a.hpp", with_line("namespace detail {\nstatic std::size_t calls;\n}")),
    ("no-state", "core/a.hpp", with_line("inline thread_local int depth = 0;")),
    ("no-state", "core/a.hpp", with_statement("static int calls = 0;")),
    ("no-state", "core/a.hpp", with_statement("static std::vector<int> calls;")),
    ("no-state", "core/a.hpp", with_statement("thread_local int calls = 0;")),
]
# (part of the finding, the path of a header, what it includes)
BAD_ARROW = [
    ("upwards", "core/a.hpp", "<intarsia/exec/tape.hpp>"),
    ("upwards", "graph/a.hpp", "<intarsia/ops/add.hpp>"),
    ("sideways", "schema/a.hpp", "<intarsia/tensor/view.hpp>"),
    ("sideways", "nn/a.hpp", "<intarsia/sampling/block.hpp>"),
    ("sideways", "io/a.hpp", "<intarsia/nn/linear.hpp>"),
    ("sideways", "loss/a.hpp", "<intarsia/optim/adam.hpp>"),
    ("sideways", "metrics/a.hpp", "<intarsia/retrieval/top_k.hpp>"),
    ("nobody includes a backend", "ops/a.hpp", "<intarsia/cpu/gemm.hpp>"),
    ("nobody includes a backend", "models/a.hpp", "<intarsia/cpu/context.hpp>"),
    ("floors 0 to 3", "cpu/a.hpp", "<intarsia/ops/add.hpp>"),
    ("nobody includes a backend", "cuda/a.cuh", "<intarsia/cpu/gemm.hpp>"),
    ("another backend", "cuda.cuh", "<intarsia/cpu/gemm.hpp>"),
    ("Eigen belongs", "ops/a.hpp", "<Eigen/Dense>"),
    ("umbrella", "models/a.hpp", "<intarsia/intarsia.hpp>"),
    ("no floor", "attic/a.hpp", "<intarsia/core/id.hpp>"),
    ("write <intarsia", "core/a.hpp", '"id.hpp"'),
    ("does not include", "core/a.hpp", "<array>"),
]
GOOD_ARROW = [
    ("models/a.hpp", "<intarsia/metrics/ndcg.hpp>"),
    ("cpu/a.hpp", "<intarsia/exec/backend.hpp>"),
    ("cpu/a.hpp", "<intarsia/cpu/gemm.hpp>"),
    ("cpu/a.hpp", "<Eigen/Core>"),
    ("exec/a.hpp", "<intarsia/exec/tape.hpp>"),
    ("optim/a.hpp", "<intarsia/exec/module.hpp>"),
    ("core/a.hpp", "<intarsia/version.hpp>"),
]


def check(module, files):
    """What a check says of a small include folder."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            file = pathlib.Path(folder) / "intarsia" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return module.findings(pathlib.Path(folder))[0]


def main():
    wrong = []
    said = check(rules, {"core/a.hpp": GOOD})
    if said:
        wrong.append(f"rules: found in a good header: {said}")
    for rule, path, text in BAD_TEXT:
        said = check(rules, {path: text})
        if not said or any(f": {rule}: " not in finding for finding in said):
            wrong.append(f"rules: {rule}: said {said} of\n{text}")
    missing = set(rules.RULES) - {rule for rule, _, _ in BAD_TEXT}
    if missing:
        wrong.append(f"rules without a bad sample: {sorted(missing)}")
    for path, target in GOOD_ARROW:
        said = check(layers, {path: f"#include {target}\n", "intarsia.hpp": f"#include <intarsia/{path}>\n"})
        if said:
            wrong.append(f"layers: {path} may include {target}, but: {said}")
    for sentence, path, target in BAD_ARROW:
        umbrella = "" if sentence == "does not include" else f"#include <intarsia/{path}>\n"
        files = {"intarsia.hpp": umbrella}
        if path.endswith(".cuh"):
            files = {}
        said = check(layers, files | {path: f"#include {target}\n"})
        if not any(sentence in finding for finding in said):
            wrong.append(f"layers: {path} including {target}: wanted '{sentence}', but: {said}")
    print("\n".join(wrong + [f"selftest: {len(BAD_TEXT) + len(BAD_ARROW)} bad samples, {len(wrong)} not caught"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
