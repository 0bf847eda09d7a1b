// Reverse-mode differentiation: each op leaves one pullback, backward() runs them last to first.
#pragma once

#include <intarsia/core/arena.hpp>
#include <intarsia/exec/recorder.hpp>
#include <memory>

namespace intarsia::inline v0 {

// The gradients of one loss by the parameters that were watched; lives as long as its tape.
class gradients {
 public:
  struct entry {
    void const* parameter;
    void* gradient;       // laid out like the parameter
    std::size_t count;    // of numbers
    std::size_t bytes;    // of one number
    entry const* next;
  };
  explicit gradients(entry const* first) : first_{first} {}

  // The gradient by the parameter whose numbers begin at `parameter`, laid out like them; null if it took no part.
  template <class T>
  [[nodiscard]] T* by(T const* parameter) const {
    for (entry const* e = first_; e; e = e->next) {
      if (e->parameter == parameter) return static_cast<T*>(e->gradient);
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
    v.grad = dense<T, typename Context::space>{gradients{watched_}.template by<T>(parameter.data()), parameter.rows(),
                                               parameter.cols(), parameter.cols()};
    if (!v.grad.data) {
      v.grad = zeros<T>(parameter.rows(), parameter.cols());
      auto* place = context_.notes().template take<gradients::entry>(1);
      watched_ = std::construct_at(
          place, gradients::entry{parameter.data(), v.grad.data, parameter.size(), sizeof(T), watched_});
    }
    return v;
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
  gradients::entry const* watched_ = nullptr;
};

}  // namespace intarsia::inline v0
