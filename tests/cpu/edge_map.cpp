#include "cases.hpp"

using namespace cases;

namespace {

struct gated {
  auto operator()(auto source, auto target, auto gate) const { return source * ia::sigmoid(gate * (source - target)); }
};
struct valued {
  auto operator()(auto source, auto target, auto weight, auto value) const {
    return value * (source * weight + target * target) + ia::tanh(weight);
  }
};

// The sum of weights times edge_map's result, in double.
template <class Rule>
double loss(ia::csr_view<> a, Rule rule, matrix<double> const& s, matrix<double> const& t, matrix<double> const& w,
            matrix<double> const& dy) {
  double sum = 0;
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t e = a.offsets[i]; e < a.offsets[i + 1]; ++e) {
      for (std::size_t c = 0; c < s.cols; ++c) {
        double const value = a.values ? static_cast<double>(a.values[e]) : 1.0;
        if constexpr (std::is_same_v<Rule, gated>) {
          sum += dy(i, c) * rule(s(a.columns[e], c), t(i, c), w(0, c));
        } else {
          sum += dy(i, c) * rule(s(a.columns[e], c), t(i, c), w(0, c), value);
        }
      }
    }
  }
  return sum;
}

template <class Rule>
void check(Rule rule, bool values) {
  auto const a = sparse(12, 9, values, 8);
  auto const transposed = ia::transposed(a.view());
  auto t_view = transposed.view();
  t_view.values = a.view().values;
  for (std::size_t width : {1u, 3u, 17u}) {
    auto s = matrix<double>::random(9, width, 1), t = matrix<double>::random(12, width, 2),
         w = matrix<double>::random(1, width, 3);
    auto const dy = matrix<double>::random(12, width, 4);
    for (auto set : instruction_sets()) {
      for (bool accumulate : {false, true}) {
        auto const start = accumulate ? matrix<double>::filled(12, width, 2) : matrix<double>(12, width);
        auto const y = on_all_threads(set, start, [&](auto& ctx, auto& out) {
          edge_map(ctx, a.view(), rule, s.view(), t.view(), w.view(), out.view(), accumulate);
        });
        double sum = 0, expected = loss(a.view(), rule, s, t, w, dy);
        for (std::size_t i = 0; i < 12; ++i) {
          for (std::size_t c = 0; c < width; ++c) sum += dy(i, c) * (y(i, c) - (accumulate ? 2 : 0));
        }
        CHECK(sum == Approx(expected).epsilon(1e-12).margin(1e-12));
      }
      // Each gradient by central differences; start from 1 to see that it adds.
      auto const none = ia::dense<double>{};
      matrix<double>* const inputs[] = {&s, &t, &w};
      for (int which = 0; which < 3; ++which) {
        matrix<double>& input = *inputs[which];
        auto const grad = on_all_threads(set, matrix<double>::filled(input.rows, width, 1), [&](auto& ctx, auto& out) {
          edge_map_pull(ctx, a.view(), t_view, rule, s.view(), t.view(), w.view(), dy.view(),
                        which == 0 ? out.view() : none, which == 1 ? out.view() : none, which == 2 ? out.view() : none);
        });
        for (std::size_t i = 0; i < input.rows; ++i) {
          for (std::size_t c = 0; c < width; ++c) {
            double const here = input(i, c), h = 1e-5;
            input(i, c) = here + h;
            double const up = loss(a.view(), rule, s, t, w, dy);
            input(i, c) = here - h;
            double const down = loss(a.view(), rule, s, t, w, dy);
            input(i, c) = here;
            CHECK(grad(i, c) - 1 == Approx((up - down) / (2 * h)).epsilon(1e-6).margin(1e-8));
          }
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("edge_map and its pull: a gated message") { check(gated{}, false); }
TEST_CASE("edge_map and its pull: a message that reads the edge's value") {
  check(valued{}, true);
  check(valued{}, false);
}

TEST_CASE("edge_map and its pull leave out the rows that are not chosen") {
  auto const a = sparse(30, 9, false, 8);
  auto const t_owned = ia::transposed(a.view());
  auto const mark = marks(30, 5);
  auto kept = a;  // the same without the entries of rows left out
  kept.columns.clear();
  for (std::size_t i = 0; i < 30; ++i) {
    for (std::size_t e = a.offsets[i]; mark[i] != 0 && e < a.offsets[i + 1]; ++e) kept.columns.push_back(a.columns[e]);
    kept.offsets[i + 1] = kept.columns.size();
  }
  auto const t_kept = ia::transposed(kept.view());
  auto const s = matrix<double>::random(9, 5, 1), t = matrix<double>::random(30, 5, 2);
  auto const w = matrix<double>::random(1, 5, 3), dy = matrix<double>::random(30, 5, 4);
  auto ctx = context(ia::widest_instructions());
  auto y = matrix<double>::filled(30, 5, 2), expected = y;
  edge_map(ctx, a.view(), gated{}, s.view(), t.view(), w.view(), y.view(), false, {mark.data(), true});
  edge_map(ctx, kept.view(), gated{}, s.view(), t.view(), w.view(), expected.view(), false);
  for (std::size_t i = 0; i < 30; ++i) {
    for (std::size_t c = 0; c < 5; ++c) CHECK(y(i, c) == (mark[i] != 0 ? expected(i, c) : 2));
  }
  auto const pull = [&](auto& of, auto& transposed, ia::row_choice<> rows) {
    std::array grads{matrix<double>::filled(9, 5, 0), matrix<double>::filled(30, 5, 0),
                     matrix<double>::filled(1, 5, 0)};
    edge_map_pull(ctx, of.view(), transposed.view(), gated{}, s.view(), t.view(), w.view(), dy.view(), grads[0].view(),
                  grads[1].view(), grads[2].view(), rows);
    return grads;
  };
  auto const some = pull(a, t_owned, {mark.data(), true}), all = pull(kept, t_kept, {});
  for (std::size_t which = 0; which < 3; ++which) CHECK(difference(some[which], all[which]) < 1e-14);
}

TEST_CASE("edge_map in float agrees with double on every instruction set") {
  auto const a = sparse(200, 90, true, 9);
  for (std::size_t width : widths) {
    auto const s = matrix<>::random(90, width, 1), t = matrix<>::random(200, width, 2),
               w = matrix<>::random(1, width, 3);
    auto expected = matrix<double>::filled(200, width, 0);
    for (std::size_t i = 0; i < 200; ++i) {
      for (std::size_t e = a.offsets[i]; e < a.offsets[i + 1]; ++e) {
        for (std::size_t c = 0; c < width; ++c) {
          expected(i, c) += gated{}(static_cast<double>(s(a.columns[e], c)), static_cast<double>(t(i, c)),
                                    static_cast<double>(w(0, c)));
        }
      }
    }
    for (auto set : instruction_sets()) {
      auto const y = on_all_threads(set, matrix<>(200, width), [&](auto& ctx, auto& out) {
        edge_map(ctx, a.view(), gated{}, s.view(), t.view(), w.view(), out.view(), false);
      });
      CHECK(difference(y, expected) < 1e-4);
    }
  }
}
