// w10g two towers with a softmax over the batch, w11g exact search.
#include <intarsia/cuda.cuh>

#include "measure.cuh"

namespace ia = intarsia;

struct User : ia::node<"user", 64> {};
struct Item : ia::node<"item", 64> {};

struct towers {
  ia::table<User, 64> users;
  ia::table<Item, 64> items;
  ia::mlp<64, 128, 64> query, item;
  static auto members(auto& self) {
    return std::tuple{ia::named("users", self.users), ia::named("items", self.items), ia::named("query", self.query),
                      ia::named("item", self.item)};
  }
};

namespace {

std::vector<std::uint32_t> drawn(std::size_t count, std::size_t below, std::uint64_t stream) {
  std::vector<std::uint32_t> ids(count);
  ia::random draw{ia::seed{3}, stream};
  for (auto& id : ids) id = draw.below(static_cast<std::uint32_t>(below));
  return ids;
}
template <class T>
std::span<T const> as_ids(ia::cuda::device_array<std::uint32_t> const& ids) {
  return {static_cast<T const*>(static_cast<void const*>(ids.data())), ids.size()};
}

void two_towers(ia::cuda::context& ctx, std::size_t batch, ia::precision products, char const* name) {
  constexpr std::size_t users = 1000000, items = 250000;
  ctx.products(products);
  towers host{ia::table<User, 64>(users), ia::table<Item, 64>(items), ia::mlp<64, 128, 64>{ctx},
              ia::mlp<64, 128, 64>{ctx}};
  ia::random draw{ia::seed{5}, 1};
  for (std::size_t i = 0; i < host.users.size(); ++i) host.users.data()[i] = 0.1f * (draw.uniform() - 0.5f);
  for (std::size_t i = 0; i < host.items.size(); ++i) host.items.data()[i] = 0.1f * (draw.uniform() - 0.5f);
  auto model = ia::cuda::upload(ctx, host);
  ia::adagrad learn{model, {.rate = 0.05f}};
  auto const who = ia::cuda::upload(ctx, drawn(batch, users, 1)), what = ia::cuda::upload(ctx, drawn(batch, items, 2));
  ia::tensor<ia::dyn, ia::dyn> log_q_here(1, batch);
  auto const log_q = ia::cuda::upload(ctx, log_q_here);
  auto const train = [&] {
    ia::tape tape{ctx};
    auto const loss = model.with(tape, [&](auto& on, auto const& m) {
      auto const u = m.query(on, look_up(on, m.users, as_ids<ia::id<User>>(who)));
      auto const v = m.item(on, look_up(on, m.items, as_ids<ia::id<Item>>(what)));
      return in_batch_softmax(on, u, v, {.temperature = 0.1f, .log_q = {log_q.data(), batch}},
                              ia::same_item{as_ids<ia::id<Item>>(what)});
    });
    learn.step(tape.backward(loss));
  };
  ia::cuda::replay graph{ctx};
  bench::report("ours", "w10g/" + std::to_string(batch) + "/" + name,
                bench::milliseconds(ctx, [&] { graph(train); }), "ms");
  ctx.products(ia::precision::full);
}

void search(ia::cuda::context& ctx, std::size_t items, std::size_t queries) {
  constexpr std::size_t width = 128, k = 100;
  std::vector<float> numbers(items * width);
  ia::random draw{ia::seed{6}, 1};
  for (auto& x : numbers) x = draw.uniform() - 0.5f;
  auto const rows = ia::cuda::upload(ctx, numbers);
  ia::cuda::device_array<ia::scored> best{ctx, queries * k};
  ia::cuda::device_array<std::uint32_t> counts{ctx, queries};
  ia::dense<float const, ia::device> const all{rows.data(), items, width, width},
      asked{rows.data(), queries, width, width};
  double const ms = bench::milliseconds(
      ctx, [&] { ia::cuda::top_k(ctx, asked, all, k, {}, best.data(), counts.data()); });
  bench::report("ours", "w11g/" + std::to_string(items) + "/" + std::to_string(queries),
                static_cast<double>(queries) / ms * 1000, "queries/s");
}

}  // namespace

int main(int count, char** words) {
  bool const large = count > 1 && std::strcmp(words[1], "--large") == 0;
  return bench::run([&](ia::cuda::context& ctx) {
    for (std::size_t const batch : {4096u, 16384u}) {
      two_towers(ctx, batch, ia::precision::full, "f32");
      two_towers(ctx, batch, ia::precision::tf32, "tf32");
      two_towers(ctx, batch, ia::precision::bf16, "bf16");
    }
    for (std::size_t const queries : {1u, 64u, 1024u}) search(ctx, 1000000, queries);
    if (large) search(ctx, 10000000, 1024);
  });
}
