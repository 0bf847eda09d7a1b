// w11: the exact 100 best of a million rows of width 128 by inner product, for 1, 64 and 1,024 queries at once.
#include "program.hpp"

namespace {

using bench::entry, bench::inputs, bench::lazy, bench::options;
namespace ia = intarsia;

struct Item : ia::node<"item", 128> {};
constexpr std::size_t wanted = 100;

struct loaded {
  ia::context ctx;
  ia::table<Item, 128> items, queries;
  ia::rounded_rows copy;

  explicit loaded(options const& o)
      : ctx{bench::make_context(o)},
        items{ia::load_table<Item>(inputs{o.data}.path("w11_x"))},
        queries{ia::load_table<Item>(inputs{o.data}.path("w11_q"))},
        copy{items.view()} {}
  [[nodiscard]] ia::ranked_lists top(std::size_t count, ia::precision scan) {
    auto const some = ia::dense<float const>(queries.view()).row_range(0, count);
    return scan == ia::precision::bf16 ? ia::top_k(ctx, some, items.view(), copy, wanted)
                                       : ia::top_k(ctx, some, items.view(), wanted);
  }
};

// Rows and scores of the lists, best first.
void save_lists(std::string const& path, ia::ranked_lists const& lists) {
  ia::tensor<ia::dyn, ia::dyn, std::int64_t> rows(lists.size(), wanted);
  ia::tensor<ia::dyn, ia::dyn> scores(lists.size(), wanted);
  for (std::size_t q = 0; q < lists.size(); ++q) {
    for (std::size_t k = 0; k < lists[q].size(); ++k) {
      rows[q][k] = lists[q][k].row;
      scores[q][k] = lists[q][k].score;
    }
  }
  ia::save_npy(path + "_rows.npy", rows);
  ia::save_npy(path + "_scores.npy", scores);
}

void add(options const& o, std::vector<entry>& entries) {
  auto const made = std::make_shared<lazy<loaded>>([=] { return std::make_unique<loaded>(o); });
  for (auto const scan : {ia::precision::full, ia::precision::bf16}) {
    bool const rounded = scan == ia::precision::bf16;
    std::string const variant = rounded ? "bf16 scan, f32 answers" : "f32";
    for (std::size_t const queries : {1u, 64u, 1024u}) {
      entries.push_back({"w11/top 100 of 1M x 128, Q=" + std::to_string(queries) + "/" + variant,
                         [=](benchmark::State& state) {
                           auto& s = **made;
                           for (auto _ : state) benchmark::DoNotOptimize(s.top(queries, scan).entries.data());
                           state.counters["queries"] = static_cast<double>(queries);
                           state.counters["items"] = static_cast<double>(s.items.rows());
                           state.counters["scan_bytes"] = (rounded ? 2.0 : 4.0) * static_cast<double>(s.items.size());
                           state.counters["flop"] = 2.0 * static_cast<double>(queries * s.items.size());
                           state.counters["bf16"] = rounded ? 1 : 0;
                         },
                         [=](std::string const& path) { save_lists(path, (**made).top(queries, scan)); }});
    }
  }
}

}  // namespace

int main(int count, char** words) { return bench::main_of(count, words, &add); }
