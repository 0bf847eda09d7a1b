// w10: one step of two towers over learned rows of a million users and 250,000 items: 64-128-64 on both sides, in-batch
// softmax with the logarithm of how often items are drawn, Adagrad on the rows of the batch alone.
#include "generator.hpp"
#include "program.hpp"

namespace {

using bench::entry, bench::inputs, bench::lazy, bench::options;
namespace ia = intarsia;

struct User : ia::node<"user"> {};
struct Item : ia::node<"item"> {};

struct model {
  ia::embedding<User, 64> users{std::size_t{bench::plans::pairs.sources}};
  ia::embedding<Item, 64> items{std::size_t{bench::plans::pairs.targets}};
  ia::mlp<64, 128, 64> query, answer;

  model() {
    fill(users.rows, 3500, 0.1);
    fill(items.rows, 3501, 0.1);
    std::uint64_t stream = 3510;
    for (auto* const tower : {&query, &answer}) {
      ia::visit(*tower, [&](std::string const& path, auto& x) {
        if (path.find("weight") != std::string::npos) fill(x, stream++, 0.2);
      });
    }
  }
  template <class Tensor>
  static void fill(Tensor& x, std::uint64_t stream, double scale) {
    auto const numbers = bench::uniform_table(stream, x.rows(), x.cols(), scale);
    std::copy(numbers.begin(), numbers.end(), x.data());
  }
  static auto members(auto& self) {
    return std::tuple{ia::named("users", self.users), ia::named("items", self.items), ia::named("query", self.query),
                      ia::named("answer", self.answer)};
  }
};

struct training {
  ia::context ctx;
  std::vector<ia::id<User>> users;
  std::vector<ia::id<Item>> items;
  std::vector<float> log_q, of_batch;
  model towers;
  ia::adagrad<> learn{towers, {.rate = 0.05f, .epsilon = 1e-10f}};
  std::size_t next = 0;
  double before = 0;  // bytes that the process held before its first step: inputs and parameters

  training(options const& o, ia::precision products) : ctx{bench::make_context(o)} {
    ctx.products(products);
    inputs const in{o.data};
    for (std::uint32_t const u : in.list("w10_users")) users.push_back({u});
    for (std::uint32_t const i : in.list("w10_items")) items.push_back({i});
    auto const q = ia::load_npy(in.path("w10_logq"));
    log_q.assign(q.data(), q.data() + q.size());
    before = bench::held_bytes("VmRSS:");
  }
  // read(gradients, rows of the batch's users, rows of its items) comes before the step.
  template <class Read>
  float step(std::size_t size, Read const& read) {
    std::size_t const first = next++ * size % users.size();
    std::span const who{users.data() + first, size};
    std::span const what{items.data() + first, size};
    of_batch.resize(size);
    for (std::size_t i = 0; i < size; ++i) of_batch[i] = log_q[what[i].value];
    ia::tape tape{ctx};
    auto const of_users = towers.users(tape, who);
    auto const of_items = towers.items(tape, what);
    auto const query = ia::normalize_rows(tape, towers.query(tape, of_users));
    auto const answer = ia::normalize_rows(tape, towers.answer(tape, of_items));
    auto const loss = ia::in_batch_softmax(tape, query, answer, {.temperature = 0.05f, .log_q = of_batch});
    auto const slopes = tape.backward(loss);
    read(slopes, of_users, of_items);
    learn.step(slopes);
    return *loss.value.data;
  }
  float step(std::size_t size) {
    return step(size, [](auto const&...) {});
  }
  // The first step of all, whose gradients by the batch's rows and by the weights go to files.
  float first_step(std::size_t size, std::string const& path) {
    return step(size, [&](auto const& slopes, auto const& of_users, auto const& of_items) {
      auto const save = [&](std::string const& name, float const* x, std::size_t rows, std::size_t cols) {
        ia::save_npy<float>(path + "_" + name + ".npy", ia::dense<float const>{x, rows, cols, cols});
      };
      save("by_users", of_users.grad.data, size, 64);
      save("by_items", of_items.grad.data, size, 64);
      std::size_t weight = 0, bias = 4;  // in the order of the peers' towers
      for (auto* const tower : {&towers.query, &towers.answer}) {
        ia::visit(*tower, [&](std::string const& name, auto& x) {
          std::size_t const k = name.find("weight") != std::string::npos ? weight++ : bias++;
          save("by_" + std::to_string(k), slopes.by(x.data()), x.rows(), x.cols());
        });
      }
    });
  }
};

void add_steps(options const& o, std::vector<entry>& entries, std::string const& variant, ia::precision products) {
  auto const made = std::make_shared<lazy<training>>([=] { return std::make_unique<training>(o, products); });
  for (std::size_t const size : {4096u, 16384u, 65536u}) {
    entries.push_back({"w10/B=" + std::to_string(size) + " " + variant,
                       [=](benchmark::State& state) {
                         auto& s = **made;
                         for (auto _ : state) s.step(size);
                         auto const b = static_cast<double>(size);
                         state.counters["pairs"] = b;
                         state.counters["flop"] = 6 * b * b * 64 + 2 * b * 3 * 2 * (64 * 128 + 128 * 64);
                         state.counters["gathered_bytes"] = 2 * b * 64 * 12;
                         state.counters["row_bytes"] = 256;
                         state.counters["bf16"] = products == ia::precision::bf16;
                         state.counters["table_bytes"] = 256e6;
                         state.counters["peak_bytes"] = bench::held_bytes("VmHWM:");
                         state.counters["step_bytes"] = bench::held_bytes("VmHWM:") - s.before;
                       },
                       size > 16384 ? std::function<void(std::string const&)>{} : [=](std::string const& path) {
                         made->drop();
                         auto& s = **made;
                         ia::tensor<ia::dyn, ia::dim<1>> losses{10};
                         losses[0][0] = s.first_step(size, path);
                         for (std::size_t i = 1; i < 10; ++i) losses[i][0] = s.step(size);
                         ia::tensor<ia::dyn, ia::dim<64>> rows{2 * 1000};
                         for (std::size_t i = 0; i < 1000; ++i) {
                           std::copy_n(s.towers.users.rows[s.users[i].value].data(), 64, rows[i].data());
                           std::copy_n(s.towers.items.rows[s.items[i].value].data(), 64, rows[1000 + i].data());
                         }
                         ia::save_npy(path + "_losses.npy", losses);
                         ia::save_npy(path + "_rows.npy", rows);
                       }});
  }
}

void add(options const& o, std::vector<entry>& entries) {
  add_steps(o, entries, "f32/embedding, in_batch_softmax, adagrad", ia::precision::full);
  add_steps(o, entries, "bf16/embedding, in_batch_softmax, adagrad, bf16 products", ia::precision::bf16);
}

}  // namespace

int main(int count, char** words) { return bench::main_of(count, words, &add); }
