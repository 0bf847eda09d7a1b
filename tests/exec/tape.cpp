#include <intarsia/core/thread_pool.hpp>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/exec/scope.hpp>
#include <intarsia/exec/tape.hpp>

#include "../catch.hpp"

namespace ia = intarsia;

namespace {

using row = ia::tensor<ia::dim<1>, ia::dyn, double>;

row of(std::initializer_list<double> numbers) {
  row x(numbers.size());
  std::copy(numbers.begin(), numbers.end(), x.data());
  return x;
}

// The sum of x * y, channel by channel: an op of the least kind.
template <class X, class Y>
auto inner(ia::recorder auto& on, X x, Y y) {
  auto out = on.template fresh<ia::dim<1>, ia::dim<1>, double>(1, 1, x.tracked() || y.tracked());
  out.value[0][0] = 0;
  for (std::size_t c = 0; c < x.cols(); ++c) out.value[0][0] += x.value[0][c] * y.value[0][c];
  if (out.tracked()) {
    on.record([=] {
      for (std::size_t c = 0; c < x.cols(); ++c) {
        if (x.tracked()) x.grad[0][c] += out.grad[0][0] * y.value[0][c];
        if (y.tracked()) y.grad[0][c] += out.grad[0][0] * x.value[0][c];
      }
    });
  }
  return out;
}

static_assert(ia::recorder<ia::cpu::context> && ia::recorder<ia::tape<ia::cpu::context>> && !ia::recorder<int>);
static_assert(ia::backend<ia::cpu::context> && !ia::backend<ia::tape<ia::cpu::context>>);
static_assert(!ia::cpu::context::records && ia::tape<ia::cpu::context>::records);
static_assert(!std::is_copy_constructible_v<ia::cpu::context> && std::is_move_constructible_v<ia::cpu::context>);

}  // namespace

TEST_CASE("a context computes and keeps no gradient") {
  ia::cpu::context ctx;
  row const x = of({1, 2, 3}), y = of({4, 5, 6});
  auto const out = inner(ctx, ctx.watch(x), ctx.constant(y));
  CHECK(out.value[0][0] == 32);
  CHECK_FALSE(out.tracked());
  CHECK(ctx.notes().here().used == 0);
}

TEST_CASE("a tape: gradients of parameters and inputs, none of constants") {
  ia::cpu::context ctx;
  row const w = of({1, 2, 3}), x = of({4, 5, 6}), c = of({7, 8, 9}), unused = of({1});
  ia::tape tape{ctx};
  auto const input = tape.input(x);
  auto const constant = tape.constant(c);
  CHECK_FALSE(constant.tracked());
  auto const a = inner(tape, tape.watch(w), input);     // w . x = 32
  auto const b = inner(tape, tape.watch(w), constant);  // w . c = 50
  auto const loss = inner(tape, a, b);
  CHECK(loss.value[0][0] == 1600);
  auto const grads = tape.backward(loss);
  double const* const dw = grads.by(w.data());
  REQUIRE(dw);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(dw[i] == 50 * x[0][i] + 32 * c[0][i]);  // watched twice, added up
    CHECK(input.grad[0][i] == 50 * w[0][i]);
  }
  CHECK(grads.by(unused.data()) == nullptr);
  CHECK(grads.by(c.data()) == nullptr);
  std::size_t entries = 0;
  grads.each([&](auto const& e) { entries += e.parameter == w.data() && e.count == 3 && e.bytes == sizeof(double); });
  CHECK(entries == 1);
  CHECK(&grads.backend() == &ctx);
}

TEST_CASE("a tape refuses a loss of more than one number; a constant loss has no gradients") {
  ia::cpu::context ctx;
  row const x = of({1, 2});
  ia::tape tape{ctx};
  CHECK_THROWS_AS(tape.backward(tape.input(x)), ia::shape_error);
  auto const loss = inner(tape, tape.constant(x), tape.constant(x));
  CHECK_FALSE(loss.tracked());
  std::size_t entries = 0;
  tape.backward(loss).each([&](auto const&) { ++entries; });
  CHECK(entries == 0);
}

TEST_CASE("tapes and scopes give memory back, and steps stop taking new") {
  ia::cpu::context ctx{ia::thread_pool{2}};
  row const w(500);
  std::size_t settled = 0;
  for (int step = 0; step < 30; ++step) {
    {
      ia::tape tape{ctx};
      auto x = inner(tape, tape.watch(w), tape.watch(w));
      for (int i = 0; i < 400; ++i) x = inner(tape, x, x);
      {
        ia::scope const inside{ctx};
        static_cast<void>(ctx.scratch().take<double>(10'000));
      }
      tape.backward(x);
    }
    CHECK(ctx.scratch().here().used == 0);
    CHECK(ctx.notes().here().used == 0);
    auto const capacity = ctx.scratch().capacity() + ctx.notes().capacity();
    if (step == 2) settled = capacity;
    if (step > 2) CHECK(capacity == settled);
  }
  CHECK(settled > 0);
}

TEST_CASE("own: a result that outlives its scope, alone and in a map") {
  ia::cpu::context ctx;
  row kept(0);
  {
    ia::scope const inside{ctx};
    auto const x = ctx.fresh<ia::dim<1>, ia::dyn, double>(1, 4);
    fill(ctx, ia::dense<double>{x.value}, 2.5);
    kept = ia::own(x);
    auto const both = ia::own(ia::map_keys(ia::keys<int, char>{}, [&](auto) { return x; }));
    CHECK(both[char{}][0][3] == 2.5);
  }
  fill(ctx, ia::dense<double>{ctx.scratch().take<double>(4), 1, 4, 4}, 0.0);
  CHECK(kept.cols() == 4);
  CHECK(kept[0][3] == 2.5);
}

TEST_CASE("a context hands out streams once and can be set back") {
  ia::cpu::context ctx{ia::inline_executor{}, ia::seed{5}};
  CHECK(ctx.random_seed().value == 5);
  auto const first = ctx.next_stream(), second = ctx.next_stream();
  CHECK(first != second);
  ctx.streams(first);
  CHECK(ctx.next_stream() == first);
  CHECK(ia::cpu::context{ia::inline_executor{}, {}, ia::instruction_set::portable}.instructions() ==
        ia::instruction_set::portable);
}
