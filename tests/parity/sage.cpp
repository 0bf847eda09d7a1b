// Two layers of heterogeneous GraphSAGE against PyTorch Geometric: README.md says where the golden files come from.
#include <cmath>
#include <intarsia/core/thread_pool.hpp>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/exec/tape.hpp>
#include <intarsia/io/npy.hpp>
#include <intarsia/nn/hetero.hpp>
#include <intarsia/ops/sum.hpp>
#include <string>
#include <vector>

#include "../catch.hpp"

namespace {
using namespace intarsia;

struct User : node<"user", 12> {};
struct Item : node<"item", 8> {};
struct Tag : node<"tag", 10> {};
struct Likes : verb<"likes"> {};
struct Near : verb<"near"> {};
struct LikedBy : verb<"liked_by"> {};
struct Marks : verb<"marks"> {};
struct Follows : verb<"follows"> {};
struct Shop : schema<nodes<User, Item, Tag>,
                     relations<relation<User, Likes, Item>, relation<Item, Near, Item>, relation<Item, LikedBy, User>,
                               relation<Tag, Marks, Item>, relation<User, Follows, User>>> {};

using plain = tensor<dyn, dyn>;

std::string golden(std::string const& kind, std::string const& name) {
  return std::string{INTARSIA_SOURCE} + "/tests/parity/golden/" + kind + '/' + name + ".npy";
}
plain numbers(std::string const& kind, std::string const& name) {
  return load_npy<dyn, dyn>(golden(kind, name));
}
// user.likes.item -> user__likes__item
template <class R>
std::string name_of(R r) {
  return std::string{r.source.name} + "__" + std::string{R::verb_type::name} + "__" + std::string{r.target.name};
}
// torch keeps (out, in), and a vector as one column here.
plain turned(plain const& x) {
  plain y(x.cols(), x.rows());
  for (std::size_t i = 0; i < x.rows(); ++i) {
    for (std::size_t j = 0; j < x.cols(); ++j) y[j][i] = x[i][j];
  }
  return y;
}
void add_to(plain& sum, plain const& x) {
  if (sum.size() == 0) sum = plain(x.rows(), x.cols());
  REQUIRE(sum.rows() == x.rows());
  REQUIRE(sum.cols() == x.cols());
  for (std::size_t i = 0; i < x.size(); ++i) sum.data()[i] += x.data()[i];
}
// ||a - b|| / ||b||; ||a|| where b is zero.
double distance(float const* a, plain const& b) {
  double gap = 0, size = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    double const expected = static_cast<double>(b.data()[i]), found = a ? static_cast<double>(a[i]) : 0.0;
    gap += (found - expected) * (found - expected);
    size += expected * expected;
  }
  return std::sqrt(gap) / (size > 0 ? std::sqrt(size) : 1.0);
}
constexpr double close = 1e-5;

csr edges(std::string const& kind, std::string const& name, std::size_t targets, std::size_t sources) {
  auto const ends = load_npy<dyn, dyn, std::int64_t>(golden(kind, "edges." + name));
  csr out{.rows = targets, .cols = sources, .offsets = {}, .columns = {}, .values = {}, .positions = {}};
  out.offsets.assign(1, 0);
  for (std::size_t t = 0; t < targets; ++t) {
    for (std::size_t e = 0; e < ends.cols(); ++e) {
      if (static_cast<std::size_t>(ends[1][e]) == t) out.columns.push_back(static_cast<std::uint32_t>(ends[0][e]));
    }
    out.offsets.push_back(out.columns.size());
  }
  return out;
}

// What PyTorch Geometric has for a parameter of ours, or for its gradient (prefix "gradient."): the matrices and
// biases of relations into one type act as their sum on values, and each alone has the gradient of the sum.
struct counterpart {
  std::string kind, layer;
  // f(golden tensor, shaped like ours) for each
  template <class F>
  void each(std::string const& prefix, std::string const& path, F&& f) const {
    auto const turn = [&](std::string const& name) { f(turned(numbers(kind, prefix + layer + '.' + name))); };
    Shop::each_relation([&](auto r) {
      std::string const target{r.target.name}, ours = "neighbor/" + r.name(), theirs = name_of(r);
      if (path == "self/" + target + "/weight") turn(theirs + ".lin_r.weight");
      if (path == "self/" + target + "/bias") turn(theirs + ".lin_l.bias");
      if (path == ours + "/weight") turn(theirs + ".lin_l.weight");
      if (path == ours + "/square/weight") turn(theirs + ".lin.weight");
      if (path == ours + "/square/bias") turn(theirs + ".lin.bias");
    });
  }
  template <class Layer>
  void load(Layer& into) const {
    visit(into, [&](std::string const& path, auto& x) {
      plain sum;
      each("", path, [&](plain const& theirs) { add_to(sum, theirs); });
      INFO(path);
      // No relation leads into tags: the golden files have zeros for what they become.
      if (path.starts_with("self/tag/")) sum = plain(x.rows(), x.cols());
      REQUIRE(sum.rows() == x.rows());
      REQUIRE(sum.cols() == x.cols());
      std::copy_n(sum.data(), sum.size(), x.data());
    });
  }
  template <class Layer>
  void check(Layer const& of, gradients const& found) const {
    std::size_t compared = 0;
    visit(of, [&](std::string const& path, auto const& x) {
      each("gradient.", path, [&](plain const& theirs) {
        CAPTURE(layer, path);
        CHECK(distance(found.by(x.data()), theirs) <= close);
        ++compared;
      });
    });
    CHECK(compared == Shop::relation_count * (kind == "pool" ? 5 : 3));
  }
};

void compare(std::string const& kind, sage_options how) {
  CAPTURE(kind);
  cpu::context ctx{thread_pool{2}};
  auto const input = Shop::map_nodes([&](auto n) {
    return load_npy<rows_of<decltype(n)>, dim<n.width>>(golden(kind, "input." + std::string{n.name}));
  });
  per_node<Shop, std::size_t> sizes;
  Shop::each_node([&](auto n) { sizes[n] = input[n].rows(); });
  graph<Shop> shop{sizes};
  Shop::each_relation([&](auto r) { shop.set(r, edges(kind, name_of(r), sizes[r.target], sizes[r.source])); });
  CHECK(shop[relation<User, Likes, Item>{}].forward.entries() == 15);

  hetero_options const options{.sage = how, .last = activation::none};
  hetero_layer<Shop, feature_width, 16> first{ctx, options};
  hetero_layer<Shop, 16, 16> second{ctx, options};
  counterpart const one{kind, "layer1"}, two{kind, "layer2"};
  one.load(first);
  two.load(second);

  auto const weights = Shop::map_nodes([&](auto n) {
    return load_npy<rows_of<decltype(n)>, dim<16>>(golden(kind, "loss_weight." + std::string{n.name}));
  });
  tape on{ctx};
  auto const x = Shop::map_nodes([&](auto n) { return on.input(input[n]); });
  auto const middle = first(on, shop.hop(), x);
  auto const z =
      second(on, shop.hop(), Shop::map_nodes([&](auto n) { return activate(on, middle[n], activation::relu); }));
  auto loss = zeros<dim<1>, dim<1>>(on, 1, 1);
  Shop::each_node([&](auto n) {
    std::string const name{n.name};
    CAPTURE(name);
    CHECK(distance(middle[n].value.data, numbers(kind, "layer1.output." + name)) <= close);
    CHECK(distance(z[n].value.data, numbers(kind, "output." + name)) <= close);
    loss = add(on, loss, sum(on, multiply(on, z[n], on.constant(weights[n]))));
  });
  CHECK(distance(loss.value.data, numbers(kind, "loss")) <= close);
  auto const found = on.backward(loss);
  one.check(first, found);
  two.check(second, found);
  Shop::each_node([&](auto n) {
    std::string const name{n.name};
    CAPTURE(name);
    CHECK(distance(x[n].grad.data, numbers(kind, "gradient.input." + name)) <= close);
  });
}
}  // namespace

TEST_CASE("two layers over a schema agree with PyTorch Geometric: mean") {
  compare("mean", {.how = aggregation::mean});
}
TEST_CASE("two layers over a schema agree with PyTorch Geometric: max") {
  compare("max", {.how = aggregation::max});
}
TEST_CASE("two layers over a schema agree with PyTorch Geometric: pool") {
  compare("pool", {.how = aggregation::pool, .project = true});
}
