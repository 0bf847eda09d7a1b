// More parameters than the arguments of one kernel hold, whole and by rows.
#include <intarsia/exec/parameter_step.hpp>

#include "parity.hpp"

using namespace cuda_test;

namespace {

struct falls {
  double rate;
  INTARSIA_FN void operator()(double& number, double gradient, double& seen) const {
    seen += gradient * gradient;
    number -= rate * gradient / (1 + seen);
  }
};

// One number kept for each row.
struct rows_fall {
  static constexpr bool by_row = true;
  double rate;
  template <class Team>
  INTARSIA_FN void operator()(Team by, double* numbers, double const* gradient, std::size_t cols, double& seen) const {
    double sum = 0;
    double const before = seen;
    for (std::size_t c = by.first(); c < cols; c += by.step()) sum += gradient[c] * gradient[c];
    double const now = before + by.sum(sum);
    if (by.owns(0)) seen = now;
    for (std::size_t c = by.first(); c < cols; c += by.step()) numbers[c] -= rate * gradient[c] / (1 + now);
  }
};

// From one number to more than a warp has threads.
constexpr std::size_t width_of(std::size_t p) { return p % 9 == 8 ? 37 : p % 9 + 1; }

// Rule: `falls`, or the one for rows.
template <class Rule, bool by_row>
void same_steps() {
  using step = ia::parameter_step<double, 1, Rule>;
  ia::cpu::context host;
  ia::cuda::context ctx;
  std::vector<std::uint32_t> const rows{1, 4, ia::no_entry, 5};
  auto const rows2 = ia::cuda::upload(ctx, rows);
  constexpr std::size_t count = 100;
  in_every_order([&] {
    std::vector<matrix<double>> numbers, states;
    std::vector<ia::cuda::device_tensor<ia::dyn, ia::dyn, double>> numbers2, states2, slopes2;
    std::vector<matrix<double>> slopes;
    std::vector<step> here, there;
    for (std::size_t p = 0; p < count; ++p) {
      numbers.push_back(noise<double>(6, width_of(p), p));
      states.emplace_back(6, by_row ? 1 : width_of(p));
      slopes.push_back(noise<double>(p % 3 == 0 ? 4 : 6, width_of(p), p + count));
      numbers2.push_back(ia::cuda::upload(ctx, numbers[p]));
      states2.push_back(ia::cuda::upload(ctx, states[p]));
      slopes2.push_back(ia::cuda::upload(ctx, slopes[p]));
      auto const cols = width_of(p);
      Rule const rule{0.1 + 0.01 * static_cast<double>(p)};
      here.push_back({numbers[p].data(),
                      slopes[p].data(),
                      {states[p].data()},
                      p % 3 == 0 ? rows.data() : nullptr,
                      slopes[p].size(),
                      cols,
                      rule});
      there.push_back({numbers2[p].data(),
                       slopes2[p].data(),
                       {states2[p].data()},
                       p % 3 == 0 ? rows2.data() : nullptr,
                       slopes[p].size(),
                       cols,
                       rule});
    }
    for (int round = 0; round < 3; ++round) {
      step_parameters(host, std::span<step const>{here});
      step_parameters(ctx, std::span<step const>{there});
    }
    for (std::size_t p = 0; p < count; ++p) {
      CAPTURE(p);
      CHECK(distance(ia::cuda::download(ctx, numbers2[p]), numbers[p]) < 1e-13);
      CHECK(distance(ia::cuda::download(ctx, states2[p]), states[p]) < 1e-13);
    }
  });
}
}  // namespace

TEST_CASE("cuda: a step of very many parameters, some of them by rows") { same_steps<falls, false>(); }
TEST_CASE("cuda: the same where a number is kept for each row") { same_steps<rows_fall, rows_fall::by_row>(); }
