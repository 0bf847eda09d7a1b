#include <intarsia/exec/module.hpp>

#include "../catch.hpp"

namespace ia = intarsia;

namespace {

struct Book {
  static constexpr std::string_view name = "book";
};
struct Show {
  static constexpr std::string_view name = "show";
};

struct layer {
  ia::matrix<2, 3> weight;
  ia::channels<3> bias;
  static auto members(auto& self) { return std::tuple{ia::named("weight", self.weight), ia::named("bias", self.bias)}; }
};

struct model {
  ia::typed_map<ia::keys<Book, Show>, layer, ia::matrix<1, 1>> input;
  std::vector<layer> deep = std::vector<layer>(2);
  std::array<ia::channels<4>, 2> gates;
  std::optional<layer> head, tail = layer{};
  static auto members(auto& self) {
    return std::tuple{ia::named("input", self.input), ia::named("deep", self.deep), ia::named("gates", self.gates),
                      ia::named("head", self.head), ia::named("tail", self.tail)};
  }
};

static_assert(ia::module<layer> && ia::module<model const> && !ia::module<int>);

}  // namespace

TEST_CASE("visit names every tensor by its path, in order, through maps, lists and optionals") {
  model m;
  std::vector<std::string> paths;
  ia::visit(m, [&](std::string const& path, auto& x) {
    paths.push_back(path);
    x.data()[0] = static_cast<float>(paths.size());
  });
  CHECK(paths == std::vector<std::string>{"input/book/weight", "input/book/bias", "input/show", "deep/0/weight",
                                          "deep/0/bias", "deep/1/weight", "deep/1/bias", "gates/0", "gates/1",
                                          "tail/weight", "tail/bias"});
  CHECK(m.input[Show{}][0][0] == 3);
  CHECK(m.deep[1].bias[0][0] == 7);

  model const& read = m;
  float sum = 0;
  ia::visit(read, [&](std::string const&, auto& x) {
    static_assert(std::is_const_v<std::remove_reference_t<decltype(x)>>);
    sum += x.data()[0];
  });
  CHECK(sum == 66);
  CHECK(ia::parameter_count(read) == 9 + 1 + 18 + 8 + 9);
  m.head = layer{};
  CHECK(ia::parameter_count(m) == 54);
}
