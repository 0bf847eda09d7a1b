// Linear maps one after another, relu between them and nothing after the last.
#pragma once

#include <array>
#include <intarsia/nn/linear.hpp>
#include <string_view>
#include <tuple>
#include <utility>

namespace intarsia::inline v0 {

// basic_mlp<float, 64, 256, 32>: 64 columns -> relu of 256 -> 32 columns. At most ten maps.
template <class T, std::size_t... Widths>
class basic_mlp {
  static_assert(sizeof...(Widths) >= 2 && sizeof...(Widths) <= 11,
                "an mlp has an input width, an output width, and at most nine between");
  static constexpr std::array<std::size_t, sizeof...(Widths)> widths{Widths...};
  static constexpr std::size_t count = sizeof...(Widths) - 1;

  template <class Indices>
  struct stack;
  template <std::size_t... I>
  struct stack<std::index_sequence<I...>> {
    using type = std::tuple<linear<widths[I], widths[I + 1], T>...>;
  };

 public:
  static constexpr std::size_t in = widths[0], out = widths[count];
  using scalar = T;

  // Zeros, to be loaded.
  basic_mlp() = default;
  explicit basic_mlp(auto& ctx)
    requires requires { ctx.next_stream(); }
  {
    std::apply([&](auto&... layer) { ((layer = std::remove_reference_t<decltype(layer)>(ctx)), ...); }, layers_);
  }

  // (n, in) -> (n, out)
  template <axis R, axis C, class S>
    requires same_axis<C, dim<in>>
  [[nodiscard]] auto operator()(recorder auto& on, var<R, C, T, S> x) const {
    return run<0>(on, x);
  }

  // The parts are called 0, 1, ...
  static auto members(auto& self) { return listed(self, std::make_index_sequence<count>{}); }

 private:
  template <std::size_t I>
  [[nodiscard]] auto run(recorder auto& on, auto x) const {
    auto const y = std::get<I>(layers_)(on, x, I + 1 < count ? activation::relu : activation::none);
    if constexpr (I + 1 < count) {
      return run<I + 1>(on, y);
    } else {
      return y;
    }
  }
  template <std::size_t... I>
  static auto listed(auto& self, std::index_sequence<I...>) {
    return std::tuple{named(std::string_view{"0123456789"}.substr(I, 1), std::get<I>(self.layers_))...};
  }

  typename stack<std::make_index_sequence<count>>::type layers_;
};

template <std::size_t... Widths>
using mlp = basic_mlp<float, Widths...>;

}  // namespace intarsia::inline v0
