#include "cases.hpp"

using namespace cases;

TEST_CASE("segment_max: values, who had them, ties to the first, and the way back") {
  auto const a = sparse(60, 40, false, 3);
  auto const t = ia::transposed(a.view());
  auto const mark = marks(60, 3);
  for (std::size_t width : widths) {
    auto x = matrix<>::random(40, width, 5);
    for (std::size_t j = 0; j < 40; ++j) {  // a coarse grid, so that there are ties
      for (std::size_t c = 0; c < width; ++c) x(j, c) = std::round(4 * x(j, c)) / 4;
    }
    auto const dy = matrix<>::random(60, width, 6);
    for (bool chosen : {false, true}) {
      ia::row_choice<> const rows = chosen ? ia::row_choice<>{mark.data(), true} : ia::row_choice<>{};
      for (auto set : instruction_sets()) {
        std::vector<std::uint32_t> who(60 * width, 77);
        ia::dense<std::uint32_t> const argmax{who.data(), 60, width, width};
        auto const y = on_all_threads(set, matrix<>::filled(60, width, 9), [&](auto& ctx, auto& out) {
          segment_max(ctx, a.view(), rows, x.view(), out.view(), argmax);
        });
        auto expected = matrix<double>::filled(60, width, 9), slope = matrix<double>::filled(40, width, 0.5);
        bool entries_agree = true;
        for (std::size_t i = 0; i < 60; ++i) {
          for (std::size_t c = 0; c < width; ++c) {
            std::uint32_t const found = who[i * width + c];
            if (!rows.has(i)) {
              entries_agree = entries_agree && found == 77;
              continue;
            }
            std::uint32_t best = ia::no_entry;
            for (auto e = static_cast<std::uint32_t>(a.offsets[i]); e < a.offsets[i + 1]; ++e) {
              if (best == ia::no_entry || x(a.columns[e], c) > x(a.columns[best], c)) best = e;
            }
            expected(i, c) = best == ia::no_entry ? 0.0 : static_cast<double>(x(a.columns[best], c));
            entries_agree = entries_agree && found == best;
            if (best != ia::no_entry) slope(a.columns[best], c) += static_cast<double>(dy(i, c));
          }
        }
        CHECK(entries_agree);
        CHECK(difference(y, expected) == 0);
        auto const dx = on_all_threads(set, matrix<>::filled(40, width, 0.5f), [&](auto& ctx, auto& out) {
          segment_max_pull(ctx, t.view(), rows, argmax, dy.view(), out.view());
        });
        CHECK(difference(dx, slope) < 1e-5);
      }
    }
  }
}
