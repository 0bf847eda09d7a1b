// A program of somebody else: two towers, one step of training, and a look at whether it helped.
#include <cstdio>
#include <intarsia/intarsia.hpp>
#include <vector>

namespace ia = intarsia;

struct User : ia::node<"user", 6> {};
struct Book : ia::node<"book", 4> {};

int main() {
  ia::context ctx{ia::thread_pool{2}, ia::seed{7}};
  ia::table<User> users{5};
  ia::table<Book> books{5};
  for (std::size_t i = 0; i < 5; ++i) users[i][i] = books[i][i % 4] = 1;
  std::vector<ia::id<User>> const who{{0}, {1}, {2}, {3}};
  std::vector<ia::id<Book>> const what{{0}, {1}, {2}, {3}};

  ia::two_tower towers{ia::mlp<User::width, 16, 8>{ctx}, ia::mlp<Book::width, 16, 8>{ctx}};
  ia::adam learn{towers, {.rate = 1e-2f}};
  auto const loss_of = [&](auto& on) {
    auto const query = towers.query(on, ia::gather(on, on.constant(users), who));
    auto const item = towers.item(on, ia::gather(on, on.constant(books), what));
    return ia::in_batch_softmax(on, query, item);
  };

  float before = 0;
  {
    ia::tape tape{ctx};
    auto const loss = loss_of(tape);
    before = loss.value[0][0];
    learn.step(tape.backward(loss));
  }
  float const after = loss_of(ctx).value[0][0];
  std::printf("version %d.%d: loss %.4f, after one step %.4f\n", ia::version::major, ia::version::minor,
              static_cast<double>(before), static_cast<double>(after));
  return after < before ? 0 : 1;
}
