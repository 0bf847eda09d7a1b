// Scratch memory by scope, and keeping a result beyond it.
#pragma once

#include <intarsia/core/arena.hpp>
#include <intarsia/exec/recorder.hpp>
#include <intarsia/schema/typed_map.hpp>

namespace intarsia::inline v0 {

// Gives back, at its end, everything that ops took from the context's scratch memory since its beginning.
template <class Context>
class scope {
 public:
  explicit scope(Context& ctx) : context_{ctx}, scratch_{ctx.scratch().here()}, notes_{ctx.notes().here()} {}
  scope(scope const&) = delete;
  scope& operator=(scope const&) = delete;
  ~scope() {
    context_.notes().rewind(notes_);
    context_.scratch().rewind(scratch_);
  }

 private:
  Context& context_;
  decltype(std::declval<Context&>().scratch().here()) scratch_;
  arena::mark notes_;
};

// A copy that owns its numbers.
template <class Rows, class Cols, class T>
[[nodiscard]] tensor<Rows, Cols, T> own(var<Rows, Cols, T, host> x) {
  tensor<Rows, Cols, T> copy(x.rows(), x.cols());
  for (std::size_t row = 0; row < x.rows(); ++row) std::copy_n(x.value[row].data(), x.cols(), copy[row].data());
  return copy;
}
template <class... Keys, class... Values>
[[nodiscard]] auto own(typed_map<keys<Keys...>, Values...> const& x) {
  return map_keys(keys<Keys...>{}, [&](auto key) { return own(x[key]); });
}

}  // namespace intarsia::inline v0
