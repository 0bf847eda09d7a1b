// Who runs the work. An executor has one verb, bulk(count, grain, f): call f(begin, end) for the pieces
// [0, grain), [grain, 2 grain), ... of [0, count), in any order, on any thread, and return when all are done.
// Pieces depend on count and grain alone, so sums over pieces are the same for any number of threads.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <intarsia/core/because.hpp>
#include <memory>
#include <type_traits>
#include <utility>

namespace intarsia::inline v0 {

// Requirements, in English: `bulk` as above, exceptions of f arrive at the caller; `threads()` is the number of
// pieces that may run at once.
template <class E>
concept executor = requires(E& e, void (*f)(std::size_t, std::size_t)) {
  e.bulk(std::size_t{}, std::size_t{}, f);
  { e.threads() } -> std::convertible_to<std::size_t>;
} || because<"an executor has bulk(count, grain, f) and threads(): see core/executor.hpp">();

// Runs every piece on the calling thread, in order.
struct inline_executor {
  template <class F>
  void bulk(std::size_t count, std::size_t grain, F&& f) const {
    for (std::size_t begin = 0; begin < count; begin += grain) f(begin, std::min(begin + grain, count));
  }
  [[nodiscard]] static constexpr std::size_t threads() { return 1; }
};

// A reference to a callable of two sizes, for passing work through a boundary without a template or an allocation.
class piece_ref {
 public:
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, piece_ref>)
  piece_ref(F& f)
      : object_{const_cast<void*>(static_cast<void const*>(std::addressof(f)))},
        call_{[](void* o, std::size_t begin, std::size_t end) { (*static_cast<F*>(o))(begin, end); }} {}
  void operator()(std::size_t begin, std::size_t end) const { call_(object_, begin, end); }

 private:
  void* object_;
  void (*call_)(void*, std::size_t, std::size_t);
};

// Any executor, owned; copying shares it. What a context holds, so that kernels are compiled once.
class any_executor {
 public:
  template <class E>
    requires(!std::same_as<std::remove_cvref_t<E>, any_executor>) && executor<std::remove_cvref_t<E>>
  any_executor(E&& e)
      : any_executor{std::make_shared<std::remove_cvref_t<E>>(std::forward<E>(e))} {}
  template <executor E>
  any_executor(std::shared_ptr<E> e)
      : threads_{e->threads()},
        bulk_{[](void* o, std::size_t count, std::size_t grain, piece_ref f) {
          static_cast<E*>(o)->bulk(count, grain, f);
        }},
        object_{std::move(e)} {}

  // f(begin, end) over pieces of `grain` (at least 1).
  template <class F>
  void bulk(std::size_t count, std::size_t grain, F&& f) const {
    grain = std::max<std::size_t>(grain, 1);
    if (count == 0) return;
    if (threads_ == 1 || count <= grain) {
      inline_executor{}.bulk(count, grain, f);
    } else {
      bulk_(object_.get(), count, grain, piece_ref{f});
    }
  }
  [[nodiscard]] std::size_t threads() const { return threads_; }

 private:
  std::size_t threads_;
  void (*bulk_)(void*, std::size_t, std::size_t, piece_ref);
  std::shared_ptr<void> object_;
};

}  // namespace intarsia::inline v0
