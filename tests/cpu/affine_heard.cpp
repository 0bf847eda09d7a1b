#include "cases.hpp"

using namespace cases;

namespace {

// c = own W0 + (scaled sums of far) W1 + (weighted sums of near) W2 + bias, relu or not; `rows` targets.
template <class T>
void agree(std::size_t rows, std::size_t width, std::size_t out, bool relu, double tolerance) {
  ia::csr const a = sparse(rows, 90, false, 5), b = sparse(rows, 40, true, 6);
  auto const own = matrix<T>::random(rows, 17, 1), far = matrix<T>::random(90, width, 2);
  auto const near = matrix<T>::random(40, width, 3), bias = matrix<T>::random(1, out, 4);
  std::vector<matrix<T>> weights;
  for (std::size_t const in : {std::size_t{17}, width, width}) weights.push_back(matrix<T>::random(in, out, 7 + in));
  std::vector<T> scale;
  ia::random draw{ia::seed{3}, 7};
  for (std::size_t i = 0; i < rows; ++i) scale.push_back(static_cast<T>(draw.uniform()));

  std::vector<ia::heard_term<T>> const terms{{own.view(), {}, nullptr, weights[0].view()},
                                             {far.view(), a.view(), scale.data(), weights[1].view()},
                                             {near.view(), b.view(), nullptr, weights[2].view()}};
  matrix<double> expected(rows, out);
  for (std::size_t i = 0; i < rows; ++i) {
    std::vector<double> heard(17 + 2 * width);
    for (std::size_t c = 0; c < 17; ++c) heard[c] = static_cast<double>(own(i, c));
    for (std::size_t c = 0; c < width; ++c) {
      for (auto e = a.offsets[i]; e < a.offsets[i + 1]; ++e) {
        heard[17 + c] += static_cast<double>(scale[i]) * static_cast<double>(far(a.columns[e], c));
      }
      for (auto e = b.offsets[i]; e < b.offsets[i + 1]; ++e) {
        heard[17 + width + c] += static_cast<double>(b.values[e]) * static_cast<double>(near(b.columns[e], c));
      }
    }
    for (std::size_t j = 0; j < out; ++j) {
      double sum = static_cast<double>(bias(0, j));
      for (std::size_t c = 0; c < heard.size(); ++c) {
        std::size_t const k = c < 17 ? 0 : c < 17 + width ? 1 : 2;
        sum += heard[c] * static_cast<double>(weights[k](c - (k == 0 ? 0 : k == 1 ? 17 : 17 + width), j));
      }
      expected(i, j) = relu ? std::max(0.0, sum) : sum;
    }
  }
  for (auto set : instruction_sets()) {
    INFO("rows " << rows << ", width " << width << ", out " << out << ", set " << static_cast<int>(set));
    auto const c = on_all_threads(set, matrix<T>(rows, out), [&](auto& ctx, auto& to) {
      affine_heard<T>(ctx, terms, bias.view(), relu, to.view());
    });
    CHECK(difference(c, expected) < tolerance);
  }
}

}  // namespace

TEST_CASE("affine_heard agrees with a plain loop: widths, heights, terms with and without values") {
  for (std::size_t width : widths) {
    for (std::size_t out : {1u, 17u, 128u}) agree<float>(61, width, out, width % 2 == 0, 1e-3);
    agree<double>(35, width, 33, true, 1e-11);
  }
  for (std::size_t rows = 1; rows < 30; ++rows) agree<float>(rows, 8, 32, false, 1e-4);
  agree<float>(1500, 20, 40, true, 1e-4);
}

TEST_CASE("affine_heard of no rows, and without a bias") {
  matrix<float> const x = matrix<float>::random(5, 4, 1), w = matrix<float>::random(4, 3, 2);
  matrix<float> none(0, 3), c(5, 3), product(5, 3);
  auto ctx = context(ia::instruction_set::portable);
  std::vector<ia::heard_term<float>> const terms{{x.view(), {}, nullptr, w.view()}};
  affine_heard<float>(ctx, terms, {}, false, none.view());
  affine_heard<float>(ctx, terms, {}, false, c.view());
  gemm(ctx, ia::product::plain, x.view(), w.view(), product.view(), false);
  CHECK(same_bits(c, product));
}
