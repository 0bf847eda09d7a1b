#include <array>
#include <cstring>
#include <intarsia/io/checkpoint.hpp>
#include <intarsia/schema/schema.hpp>

#include "scratch.hpp"

namespace ia = intarsia;

namespace {
struct Book : ia::node<"book", 3> {};
struct Show : ia::node<"show", 2> {};
struct Near : ia::verb<"near"> {};
struct Catalogue : ia::schema<ia::nodes<Book, Show>, ia::relations<ia::relation<Book, Near, Show>>> {};

struct linear {
  ia::matrix<2, 3> weight;
  ia::channels<3> bias;
  static auto members(auto& self) { return std::tuple{ia::named("weight", self.weight), ia::named("bias", self.bias)}; }
};
struct model {
  ia::per_node<Catalogue, linear> first;
  ia::per_relation<Catalogue, linear> second;
  std::vector<linear> more{2};
  std::array<ia::tensor<ia::dyn, ia::dyn, double>, 1> wide{ia::tensor<ia::dyn, ia::dyn, double>(2, 2)};
  ia::tensor<ia::dyn, ia::dim<4>> empty{0};
  std::optional<linear> absent;
  static auto members(auto& self) {
    return std::tuple{ia::named("first", self.first), ia::named("second", self.second), ia::named("more", self.more),
                      ia::named("wide", self.wide),   ia::named("empty", self.empty),   ia::named("absent", self.absent)};
  }
};

void number(model& m, double from) {
  ia::visit(m, [&](std::string const&, auto& x) {
    for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<std::remove_cvref_t<decltype(x.data()[0])>>(from += 0.25);
  });
}
bool equal(model const& a, model const& b) {
  std::vector<double> numbers;
  ia::visit(a, [&](std::string const&, auto const& x) {
    for (std::size_t i = 0; i < x.size(); ++i) numbers.push_back(static_cast<double>(x.data()[i]));
  });
  std::size_t at = 0;
  bool same = true;
  ia::visit(b, [&](std::string const&, auto const& x) {
    for (std::size_t i = 0; i < x.size(); ++i) same = same && numbers[at++] == static_cast<double>(x.data()[i]);
  });
  return same && at == numbers.size() && at > 40;
}
}  // namespace

TEST_CASE("a model is saved and loaded by paths", "[io]") {
  scratch_folder const folder;
  model m, back;
  number(m, 1);
  REQUIRE_FALSE(equal(m, back));
  ia::metadata const texts{{"step", "400"}, {"note", "tab\t, line\n, \"quoted\", back\\slash, ō, \x01"}, {"", ""}};
  ia::save(folder / "m.safetensors", m, texts);
  CHECK(ia::load(folder / "m.safetensors", back) == texts);
  CHECK(equal(m, back));
  CHECK(folder.files() == 1);

  auto const file = ia::load_safetensors(folder / "m.safetensors");
  CHECK(file.find("second/book.near.show/weight") != nullptr);
  CHECK(file.find("more/1/bias") != nullptr);
  REQUIRE(file.find("empty") != nullptr);
  CHECK(file.find("empty")->shape == std::vector<std::size_t>{0, 4});
  CHECK(file.find("absent/weight") == nullptr);
}

TEST_CASE("several parts share a file, and each may be loaded without the others", "[io]") {
  scratch_folder const folder;
  model m, back;
  number(m, 5);
  ia::tensor<ia::dim<1>, ia::dim<2>, std::uint64_t> state, state_back;
  state[0][0] = 0xFFFF'FFFF'FFFF'FFFFu;
  std::string const path = folder / "all.safetensors";
  ia::save(path, {{"step", "7"}}, ia::named("model", m), ia::named("state", state));
  CHECK(ia::load(path, ia::named("model", back)).at("step") == "7");
  CHECK(equal(m, back));
  ia::load(path, ia::named("state", state_back), ia::named("model", back));
  CHECK(state_back[0][0] == state[0][0]);

  linear other;
  check_io_error([&] { ia::load(path, other); }, path, "the file lacks \"weight\", \"bias\" and has");
  check_io_error([&] { ia::load(path, ia::named("mod", other)); }, path, "the file lacks \"mod/weight\", \"mod/bias\";");
  m.more.resize(5);
  check_io_error([&] { ia::load(path, ia::named("model", m)); }, path, "and 3 more; load it into the model");
  m.more.resize(1);
  check_io_error([&] { ia::load(path, ia::named("model", m)); }, path,
                 "the file has \"model/more/1/weight\", \"model/more/1/bias\", which the model lacks");
}

TEST_CASE("two parts of one name are refused before anything is written", "[io]") {
  scratch_folder const folder;
  linear a, b;
  CHECK_THROWS_AS(ia::save(folder / "x", {}, ia::named("a", a), ia::named("a", b)), ia::io_error);
  CHECK(folder.files() == 0);
}

TEST_CASE("a checkpoint that does not fit changes nothing", "[io]") {
  scratch_folder const folder;
  model m;
  number(m, 3);
  ia::save(folder / "m", m);
  model other;
  other.wide[0] = ia::tensor<ia::dyn, ia::dyn, double>(3, 2);
  check_io_error([&] { ia::load(folder / "m", other); }, folder / "m", "\"wide/0\": has the shape 2 x 2 where 3 x 2 is needed");
  ia::visit(other, [](std::string const&, auto const& x) {
    for (std::size_t i = 0; i < x.size(); ++i) CHECK(static_cast<double>(x.data()[i]) == 0.0);
  });
}

TEST_CASE("every scalar type keeps its bits; narrow real types widen", "[io]") {
  scratch_folder const folder;
  auto const trip = [&](auto sample) {
    using T = decltype(sample);
    ia::tensor<ia::dyn, ia::dyn, T> x(2, 3), y(2, 3);
    for (std::size_t i = 0; i < 6; ++i) x.data()[i] = T(static_cast<float>(i));
    ia::save(folder / "x", x);
    ia::load(folder / "x", y);
    CHECK(std::memcmp(x.data(), y.data(), 6 * sizeof(T)) == 0);
  };
  trip(ia::f16{});
  trip(ia::bf16{});
  trip(float{});
  trip(double{});
  trip(std::int32_t{});
  trip(std::int64_t{});
  trip(std::uint8_t{});
  trip(std::uint32_t{});
  trip(std::uint64_t{});

  ia::safetensors_writer writer;
  ia::tensor<ia::dyn, ia::dyn, ia::bf16> brief(1, 1);
  ia::tensor<ia::dyn, ia::dyn, ia::f16> half(1, 1);
  brief[0][0] = ia::bf16{1.5f};
  half[0][0] = ia::f16{-2.25f};
  writer.add("brief", brief);
  writer.add("half", half);
  writer.save(folder / "narrow");
  auto const file = ia::load_safetensors(folder / "narrow");
  CHECK(file.read("brief")[0][0] == 1.5f);
  CHECK((file.read<ia::dyn, ia::dyn, double>("half")[0][0]) == -2.25);
}

TEST_CASE("one dimension reads as a row, a single number as one by one", "[io]") {
  std::string header = R"({"bias":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"x":{"dtype":"F32","shape":[],)"
                       R"("data_offsets":[12,16]},"\u014d\ud83d\ude00":{"dtype":"F32","shape":[0,2],"data_offsets":[16,16]}}  )";
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  bytes += header;
  float const numbers[] = {1, 2, 3, 4};
  bytes.append(static_cast<char const*>(static_cast<void const*>(numbers)), sizeof numbers);
  ia::safetensors const file{ia::bytes_of(bytes), "memory"};
  CHECK(file.read<ia::dim<1>, ia::dim<3>>("bias")[0][2] == 3.0f);
  CHECK(file.read("x")[0][0] == 4.0f);
  CHECK(file.read("ō😀").cols() == 2);
  CHECK(file.entries().size() == 3);
}

TEST_CASE("a file without tensors", "[io]") {
  scratch_folder const folder;
  ia::safetensors_writer writer;
  writer.save(folder / "x");
  auto const file = ia::load_safetensors(folder / "x");
  CHECK(file.entries().empty());
  CHECK(file.metadata().empty());
  std::vector<linear> none;
  ia::save(folder / "y", none);
  ia::load(folder / "y", none);
}
