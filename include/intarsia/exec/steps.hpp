// The steps of a training, each the same work on other numbers, and the loss of each as a number of the host.
#pragma once

#include <intarsia/exec/module.hpp>
#include <intarsia/exec/recorder.hpp>

namespace intarsia::inline v0 {

namespace detail {
// How a context repeats work: here it just does it. A device captures it once and replays it.
template <class Context>
struct repeating {
  explicit repeating(Context&) {}
  template <class Work>
  void operator()(Work&& work) {
    work();
  }
  void forget() {}
};
}  // namespace detail

// steps_of run{ctx};
// for (...) {
//   links.stage(batch), learn.rate(...);                  // what changes from step to step
//   double const loss = run([&] {                         // what is the same work in each
//     tape tape{ctx};
//     auto const loss = ...;
//     learn.step(tape.backward(loss));
//     run.keep(loss);
//   });
// }
// On the CPU that is a call. On a device the work is replayed as cuda::replay says, and the call waits for its loss.
template <class Context>
class steps_of {
  using space = typename Context::space;
  using number = detail::owned_in<space, float>;

 public:
  explicit steps_of(Context& ctx) : context_{&ctx}, repeat_{ctx}, loss_{number::in(ctx, 1, 1)} {}

  // Does the work and gives the number that it kept. Blocks on a device.
  template <class Work>
  double operator()(Work&& work) {
    repeat_(work);
    return static_cast<double>(number::read(loss_).data()[0]);
  }
  // Within the work: its loss, (1, 1).
  template <class Loss>
  void keep(Loss const& loss) {
    copy(*context_, dense<float const, space>(loss.value), dense<float, space>(loss_.view()));
  }
  // A size of the work has changed.
  void forget() { repeat_.forget(); }

 private:
  Context* context_;
  detail::repeating<Context> repeat_;
  typename number::type loss_;
};

}  // namespace intarsia::inline v0
