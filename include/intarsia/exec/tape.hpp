// Reverse-mode differentiation: each op leaves one pullback, backward() runs them last to first.
#pragma once

#include <algorithm>
#include <cstdint>
#include <intarsia/core/arena.hpp>
#include <intarsia/exec/recorder.hpp>
#include <memory>

namespace intarsia::inline v0 {

// The gradients of one loss by the parameters that were watched; lives as long as its tape.
class gradients {
 public:
  struct entry {
    void const* parameter;
    void* gradient;             // laid out like the parameter, or like the rows that took part
    std::size_t count;          // of numbers in the gradient
    std::size_t bytes;          // of one number
    std::uint32_t const* rows;  // (count / cols) the rows of the parameter that took part, ascending; null: all
    std::size_t cols;           // of the parameter
    entry const* next;
  };
  explicit gradients(entry const* first) : first_{first} {}

  // The gradient by the parameter whose numbers begin at `parameter`, laid out like them; null if it took no part, or
  // only with the rows of lookups, which each() gives.
  template <class T>
  [[nodiscard]] T* by(T const* parameter) const {
    for (entry const* e = first_; e; e = e->next) {
      if (e->parameter == parameter) return e->rows ? nullptr : static_cast<T*>(e->gradient);
    }
    return nullptr;
  }
  // f(entry) for each parameter that took part, in the reverse order of the first watch.
  template <class F>
  void each(F&& f) const {
    for (entry const* e = first_; e; e = e->next) f(*e);
  }

 private:
  entry const* first_;
};

// The same with the context they were made on, which is the one to do the optimiser's work.
template <class Context>
class gradients_on : public gradients {
 public:
  gradients_on(entry const* first, Context& ctx) : gradients{first}, context_{&ctx} {}
  [[nodiscard]] Context& backend() const { return *context_; }

 private:
  Context* context_;
};

// Everything recorded lies in the context's arenas and is given back when the tape ends: no allocation once they
// have grown. Tapes on one context end in the reverse order of their beginning. Parameters stay const: their
// gradients live here, so one model may be trained by several threads with a context and a tape each.
template <class Context>
class tape {
 public:
  using context_type = Context;
  static constexpr bool records = true;

  explicit tape(Context& ctx)
      : context_{ctx}, scratch_mark_{ctx.scratch().here()}, notes_mark_{ctx.notes().here()} {}
  tape(tape const&) = delete;
  tape& operator=(tape const&) = delete;
  ~tape() {
    context_.notes().rewind(notes_mark_);
    context_.scratch().rewind(scratch_mark_);
  }

  [[nodiscard]] Context& backend() { return context_; }

  template <axis Rows, axis Cols, class T = float>
  [[nodiscard]] auto fresh(std::size_t rows, std::size_t cols, bool tracked = true) {
    auto made = context_.template fresh<Rows, Cols, T>(rows, cols);
    if (tracked) made.grad = zeros<T>(rows, cols);
    return made;
  }

  // Keeps a pullback: a callable without arguments that adds to the gradients of its op's inputs.
  template <class Pull>
  void record(Pull const& pull) {
    static_assert(std::is_trivially_destructible_v<Pull> && std::is_trivially_copyable_v<Pull>,
                  "a pullback captures vars and numbers by value, nothing that owns memory");
    auto* place = context_.notes().template take<step_of<Pull>>(1);
    last_ = std::construct_at(place, last_, pull);
  }

  template <class Tensor>
    requires lives_with<Tensor, Context>
  [[nodiscard]] auto watch(Tensor const& parameter) {
    using T = typename Tensor::scalar;
    auto v = detail::as_var(parameter.view());
    watched& known = entry_of(parameter);
    if (!known.gradient) {
      known.gradient = zeros<T>(parameter.rows(), parameter.cols()).data;
      known.count = parameter.size();
    }
    v.grad = dense<T, typename Context::space>{static_cast<T*>(known.gradient), parameter.rows(), parameter.cols(),
                                               parameter.cols()};
    return v;
  }
  // Room for the gradient by some rows of a parameter: (count, cols), zeros. Backward sums what belongs to one row, so
  // that time and memory grow with the rows looked up, not with the parameter. The ids live as long as the tape.
  template <class Tensor>
    requires lives_with<Tensor, Context>
  [[nodiscard]] auto watch_rows(Tensor const& parameter, std::uint32_t const* ids, std::size_t count) {
    using T = typename Tensor::scalar;
    watched& known = entry_of(parameter);
    if (!known.lookups) record([this, &known] { merge<T>(known); });
    auto const gradient = zeros<T>(count, parameter.cols());
    auto* const place = context_.notes().template take<lookup>(1);
    known.lookups = std::construct_at(place, lookup{ids, count, gradient.data, known.lookups});
    return gradient;
  }
  template <class Tensor>
    requires lives_with<Tensor, Context>
  [[nodiscard]] auto constant(Tensor const& input) const {
    return context_.constant(input);
  }
  // An input whose gradient is wanted, as in a test: read it from `grad` after backward.
  template <class Tensor>
    requires lives_with<Tensor, Context>
  [[nodiscard]] auto input(Tensor const& x) {
    auto v = context_.constant(x);
    v.grad = zeros<typename Tensor::scalar>(v.rows(), v.cols());
    return v;
  }

  // The gradients of a loss of one row and one column. Called once; the tape only keeps its memory after it.
  template <class Rows, class Cols, class T, class Space>
  gradients_on<Context> backward(var<Rows, Cols, T, Space> loss) {
    expects(loss.rows() == 1 && loss.cols() == 1, "backward starts from a loss: a var of one row and one column");
    if (loss.tracked()) fill(context_, loss.grad, T{1});
    for (step* s = last_; s; s = s->before) s->run(s);
    last_ = nullptr;
    return {watched_, context_};
  }

 private:
  struct step {
    void (*run)(step*);
    step* before;
  };
  template <class Pull>
  struct step_of : step {
    Pull pull;
    step_of(step* previous, Pull const& p) : step{&step_of::call, previous}, pull{p} {}
    static void call(step* self) { static_cast<step_of*>(self)->pull(); }
  };

  // Rows of a parameter that were looked up; those of one parameter are listed last to first.
  struct lookup {
    std::uint32_t const* ids;
    std::size_t count;
    void* gradient;  // (count, cols)
    lookup* before;
  };
  struct watched : gradients::entry {
    lookup* lookups;
  };

  template <class Tensor>
  watched& entry_of(Tensor const& parameter) {
    for (watched* e = watched_; e; e = static_cast<watched*>(const_cast<gradients::entry*>(e->next))) {
      if (e->parameter == parameter.data()) return *e;
    }
    auto* const place = context_.notes().template take<watched>(1);
    gradients::entry const made{parameter.data(), nullptr,          0,       sizeof(typename Tensor::scalar),
                                nullptr,          parameter.cols(), watched_};
    return *(watched_ = std::construct_at(place, watched{made, nullptr}));
  }

  // The gradient by the rows of all lookups of a parameter, which nobody adds to any more: one for each row, in the
  // order of the lookups; or into the gradient by the whole parameter, where that is wanted as well.
  template <class T>
  void merge(watched& found) {
    using matrix = dense<T, typename Context::space>;
    std::size_t const cols = found.cols;
    std::size_t count = 0;
    for (lookup* l = found.lookups; l; l = l->before) count += l->count;
    auto const take = [&](std::size_t rows) {
      return matrix{context_.scratch().template take<T>(rows * cols), rows, cols, cols};
    };
    auto const* ids = found.lookups->ids;
    matrix all{static_cast<T*>(found.lookups->gradient), count, cols, cols};
    if (found.lookups->before) {
      auto* const joined = context_.scratch().template take<std::uint32_t>(count);
      all = take(count);
      std::size_t end = count;
      for (lookup* l = found.lookups; l; l = l->before) {
        end -= l->count;
        copy(context_, dense<std::uint32_t const, typename Context::space>{l->ids, 1, l->count, l->count},
             dense<std::uint32_t, typename Context::space>{joined + end, 1, l->count, l->count});
        copy(context_, matrix{static_cast<T*>(l->gradient), l->count, cols, cols}, all.row_range(end, l->count));
      }
      ids = joined;
    }
    if (found.gradient) {
      std::size_t const rows = found.count / std::max<std::size_t>(1, cols);
      return scatter_rows(context_, all, ids, matrix{static_cast<T*>(found.gradient), rows, cols, cols});
    }
    auto* const rows = context_.scratch().template take<std::uint32_t>(count);
    matrix const sums = take(count);
    found.count = merge_rows(context_, ids, all, rows, sums) * cols;
    found.gradient = sums.data;
    found.rows = rows;
  }

  template <class T>
  auto zeros(std::size_t rows, std::size_t cols) {
    dense<T, typename Context::space> const grad{context_.scratch().template take<T>(rows * cols), rows, cols, cols};
    fill(context_, grad, T{0});
    return grad;
  }

  Context& context_;
  decltype(std::declval<Context&>().scratch().here()) scratch_mark_;
  arena::mark notes_mark_;
  step* last_ = nullptr;
  watched* watched_ = nullptr;
};

}  // namespace intarsia::inline v0
