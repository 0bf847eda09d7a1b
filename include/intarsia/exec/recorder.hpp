// Hand an op a tape and it learns; hand it a context and it just computes: both are recorders.
#pragma once

#include <concepts>
#include <cstddef>
#include <intarsia/tensor/tensor.hpp>
#include <type_traits>
#include <utility>

namespace intarsia::inline v0 {

// A handle to a matrix in a computation: its numbers, and on a tape the gradient of the loss by them.
// Both lie in the context's scratch memory (or belong to a tensor) and end with the tape or scope they were made in.
template <axis Rows, axis Cols, class T = float, class Space = host>
struct var {
  using row_axis = Rows;
  using col_axis = Cols;
  using scalar = T;
  using space = Space;

  view<Rows, Cols, T, Space> value;  // ops write the value they make and only read the values they are given
  dense<T, Space> grad;              // as large as value; no data: nobody asks for this gradient

  [[nodiscard]] std::size_t rows() const { return value.rows; }
  [[nodiscard]] std::size_t cols() const { return value.cols; }
  // True where a pullback has to add to grad.
  [[nodiscard]] bool tracked() const { return grad.data != nullptr; }
};

namespace detail {
template <class View>
auto as_var(View v) {
  using T = typename View::scalar;
  using Space = typename View::space;
  // A constant is never written: ops write only to what they made with fresh().
  dense<T, Space> const numbers{const_cast<T*>(v.data), v.rows, v.cols, v.stride};
  return var<typename View::row_axis, typename View::col_axis, T, Space>{
      view<typename View::row_axis, typename View::col_axis, T, Space>{numbers}, {}};
}
}  // namespace detail

// Requirements, in English: `backend()` is the context that does the work; `fresh<Rows, Cols, T>(rows, cols,
// tracked)` makes a var with uninitialised value and, on a tape and if tracked, a zero gradient; `record(pull)` keeps
// a pullback; `watch(tensor)` is a parameter; `constant(tensor or view)` is an input without gradient.
template <class R>
concept recorder = requires(R& on, void (*pull)()) {
  typename R::context_type;
  { R::records } -> std::convertible_to<bool>;
  { on.backend() } -> std::same_as<typename R::context_type&>;
  on.record(pull);
} || because<"the first argument of an op is a recorder: a tape to learn, or a context to compute">();

// The base of a context: it is the recorder that records nothing. Context has space, scratch() and notes().
template <class Context>
class computes {
 public:
  using context_type = Context;
  static constexpr bool records = false;

  [[nodiscard]] Context& backend() { return static_cast<Context&>(*this); }

  template <axis Rows, axis Cols, class T = float>
  [[nodiscard]] auto fresh(std::size_t rows, std::size_t cols, bool /*tracked*/ = false) {
    using Space = typename Context::space;
    dense<T, Space> const numbers{backend().scratch().template take<T>(rows * cols), rows, cols, cols};
    return var<Rows, Cols, T, Space>{view<Rows, Cols, T, Space>{numbers}, {}};
  }
  template <class Pull>
  void record(Pull const&) const {}

  template <class Tensor>
    requires lives_with<Tensor, Context>
  [[nodiscard]] auto watch(Tensor const& parameter) const {
    return detail::as_var(parameter.view());
  }
  template <class Tensor>
    requires lives_with<Tensor, Context>
  [[nodiscard]] auto constant(Tensor const& input) const {
    if constexpr (requires { input.view(); }) {
      return detail::as_var(input.view());
    } else {
      return detail::as_var(input);
    }
  }
};

}  // namespace intarsia::inline v0
