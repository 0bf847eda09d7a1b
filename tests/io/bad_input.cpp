// Files that are wrong in one way each: every one gives a sentence, and leaves nothing behind.
#include <sys/stat.h>

#include <cstring>
#include <functional>
#include <intarsia/io/checkpoint.hpp>
#include <intarsia/io/id_index.hpp>
#include <intarsia/io/load.hpp>
#include <intarsia/io/npy.hpp>
#include <intarsia/io/tsv.hpp>
#include <vector>

#include "scratch.hpp"

namespace ia = intarsia;

namespace {

struct bad_file {
  std::string name;
  std::string bytes;
  std::string phrase;
  std::function<void(std::string const&)> read;
};

void check_all(std::vector<bad_file> const& files) {
  for (auto const& bad : files) {
    DYNAMIC_SECTION(bad.name << ": " << bad.phrase) {
      scratch_folder const folder;
      std::string const path = folder.put(bad.name, bad.bytes);
      check_io_error([&] { bad.read(path); }, path, bad.phrase);
      CHECK(folder.files() == 1);
      CHECK(folder.get(bad.name) == bad.bytes);
    }
  }
}

std::string npy(std::string const& header, std::size_t payload, char version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += version;
  bytes += '\0';
  bytes += static_cast<char>(header.size());
  bytes.append(version == 1 ? 1 : 3, '\0');
  return bytes + header + std::string(payload, '\1');
}
std::string npy_of(std::string const& type, std::string const& shape, std::size_t payload) {
  return npy("{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }", payload);
}

std::string safe(std::string const& header, std::size_t payload) {
  std::uint64_t const length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(payload, '\1');
}
std::string safe_of(std::string const& type, std::string const& shape, std::string const& offsets, std::size_t payload) {
  return safe(R"({"w":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}", payload);
}

struct linear {
  ia::matrix<2, 3> weight;
  ia::channels<3> bias;
  static auto members(auto& self) { return std::tuple{ia::named("weight", self.weight), ia::named("bias", self.bias)}; }
};

std::string linear_file(std::string const& weight, std::string const& bias) {
  return R"({"weight":{"dtype":)" + weight + R"(,"data_offsets":[0,24]},"bias":{"dtype":)" + bias +
         R"(,"data_offsets":[24,36]}})";
}

}  // namespace

TEST_CASE("bad npy files", "[io][bad]") {
  auto const table = [](std::string const& path) { static_cast<void>(ia::load_npy<ia::dyn, ia::dim<3>>(path)); };
  auto const whole = [](std::string const& path) {
    static_cast<void>(ia::load_npy<ia::dyn, ia::dyn, std::uint32_t>(path));
  };
  auto const rows = [](std::string const& path) { static_cast<void>(ia::load_npy<ia::dim<2>, ia::dyn>(path)); };
  std::string const good = npy_of("<f4", "(2, 3)", 24);
  std::string broken_version = good, longer = good;
  broken_version[6] = 9;
  longer[8] = '\xFF';
  longer[9] = '\xFF';
  std::string const negative(4, '\xFF');
  check_all({
      {"a.npy", "", "byte 0: the file is empty", table},
      {"a.npy", "PK\3\4 not an array at all", "byte 0: the file does not begin as", table},
      {"a.npy", "\x93NUMPY", "ends within its header", table},
      {"a.npy", good.substr(0, 9), "ends within its header", table},
      {"a.npy", broken_version, "byte 6: version 9", table},
      {"a.npy", longer, "byte 8: the file ends within its header of 65535 bytes", table},
      {"a.npy", std::string{"\x93NUMPY\2\0\xFF\xFF\xFF\xFF{", 13}, "header of 4294967295 bytes", table},
      {"a.npy", good.substr(0, 40), "ends within its header", table},
      {"a.npy", good.substr(0, good.size() - 1), "the file is truncated", table},
      {"a.npy", good + "x", "the header is wrong", table},
      {"a.npy", npy_of("<f4", "(2000000, 3)", 24), "needs 24000000 bytes of numbers and the file has 24", table},
      {"a.npy", npy_of("<f4", "(4611686018427387904, 8)", 24), "too large for any memory", table},
      {"a.npy", npy_of("<f4", "(99999999999999999999999, 3)", 24), "a number too large for any file", table},
      {"a.npy", npy_of("<f4", "(-2, 3)", 24), "\"-\" where a whole number belongs", table},
      {"a.npy", npy_of(">f4", "(2, 3)", 24), "header field 'descr': numbers of type \">f4\" have their bytes", table},
      {"a.npy", npy_of("<c8", "(2, 3)", 48), "numbers of type \"<c8\" cannot be read", table},
      {"a.npy", npy_of("|O", "(2, 3)", 48), "numbers of type \"|O\" cannot be read", table},
      {"a.npy", npy_of("<U12", "(2, 3)", 288), "numbers of type \"<U12\" cannot be read", table},
      {"a.npy", npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", 8), "named columns", table},
      {"a.npy", npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", 24), "stored by columns", table},
      {"a.npy", npy("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2, 3), }", 24), "neither True nor False", table},
      {"a.npy", npy("{'descr': '<f4', 'shape': (2, 3), }", 24), "the field 'fortran_order' is missing", table},
      {"a.npy", npy("{'descr': '<f4', 'fortran_order': False, }", 24), "the field 'shape' is missing", table},
      {"a.npy", npy("{'descr': '<f4', 'descr': '<f4', }", 24), "the field \"descr\" twice", table},
      {"a.npy", npy("{'color': 'red', }", 24), "unknown field \"color\"", table},
      {"a.npy", npy("{'descr': '<f4", 24), "ends within a name", table},
      {"a.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } more", 24), "goes on after its end", table},
      {"a.npy", npy("not a dictionary", 24), "where '{' belongs", table},
      {"a.npy", npy_of("<f4", "(2, 3, 1)", 24), "has 3 dimensions where 1 or 2 can be read", table},
      {"a.npy", npy_of("<f4", "()", 4), "has 0 dimensions", table},
      {"a.npy", npy_of("<f4", "(2, 4)", 32), "has 4 columns where 3 are needed", table},
      {"a.npy", npy_of("<f4", "(3, 4)", 48), "has 3 rows where 2 are needed", rows},
      {"a.npy", npy_of("<f4", "(6,)", 24), "has 1 columns where 3 are needed", table},
      {"a.npy", npy_of("<i8", "(2, 3)", 48), "whole numbers where real ones are needed", table},
      {"a.npy", npy_of("<f4", "(2, 3)", 24), "real numbers where whole ones are needed", whole},
      {"a.npy", npy_of("<i4", "(2, 1)", 4) + negative, "row 1, column 0: the number -1 is outside 0 to", whole},
      {"a.npy", npy_of("<i8", "(1, 2)", 16), "the number 72340172838076673 is outside", whole},
  });
}

TEST_CASE("bad tsv files", "[io][bad]") {
  auto const read = [](std::string const& path) { static_cast<void>(ia::load_tsv(path)); };
  auto const stars = [](std::string const& path) {
    auto const table = ia::load_tsv(path);
    static_cast<void>(table["stars"].numbers<int>());
  };
  auto const score = [](std::string const& path) {
    auto const table = ia::load_tsv(path);
    static_cast<void>(table["stars"].numbers<float>());
  };
  auto const ids = [](std::string const& path) {
    auto const table = ia::load_tsv(path);
    ia::id_index const index{table["id"]};
  };
  auto const known = [](std::string const& path) {
    auto const table = ia::load_tsv(path);
    ia::id_index items;
    items.add("a");
    for (std::size_t row = 0; row < table.rows(); ++row) static_cast<void>(items.at(table["id"], row, "items.tsv"));
  };
  check_all({
      {"t.tsv", "", "line 1: the file is empty", read},
      {"t.tsv", "\xEF\xBB\xBF", "line 1: the file is empty", read},
      {"t.tsv", "id\tstars\na\t1\nb\n", "line 3, column \"id\": there are 1 cell where the header has 2 columns", read},
      {"t.tsv", "id\ttext\na\tone\ttwo\n", "remove tabs that are part of a text", read},
      {"t.tsv", "id\tstars\na\t1\n\nb\t2\n", "line 3: the line is empty", read},
      {"t.tsv", "id\tstars\r\na\t1\r\n\r\n", "line 3: the line is empty", read},
      {"t.tsv", "id\tid\n", "line 1: the column \"id\" is there twice", read},
      {"t.tsv", "id\t\tstars\n", "line 1: column 2 has no name", read},
      {"t.tsv", "\n\n", "line 1: column 1 has no name", read},
      {"t.tsv", "id\tstars\na\rb\t1\n", "line 2, byte 10: a carriage return stands within the line", read},
      {"t.tsv", std::string{"id\tstars\na\0\t1\n", 14}, "line 2, byte 10: a zero byte stands within the line", read},
      {"t.tsv", "id\tscore\na\t1\n", "the column \"stars\" is missing, there are id, score", stars},
      {"t.tsv", "id,stars\na,1\n", "the column \"stars\" is missing", stars},
      {"t.tsv", "id\tstars\na\tthree\n", "line 2, column \"stars\": \"three\" is not a whole number", stars},
      {"t.tsv", "id\tstars\na\t3.5\n", "\"3.5\" is not a whole number", stars},
      {"t.tsv", "id\tstars\na\t\n", "\"\" is not a whole number", stars},
      {"t.tsv", "id\tstars\na\t 3\n", "\" 3\" is not a whole number", stars},
      {"t.tsv", "id\tstars\na\t1\nb\t99999999999\n", "line 3, column \"stars\": \"99999999999\" is too large", stars},
      {"t.tsv", "id\tstars\na\t\"3\"\n", "\"\"3\"\" is not a whole number", stars},
      {"t.tsv", "id\tstars\na\tnan\n", "\"nan\" is not a finite number", score},
      {"t.tsv", "id\tstars\na\t1e999\n", "\"1e999\" is too large", score},
      {"t.tsv", "id\tstars\na\t1,5\n", "\"1,5\" is not a number", score},
      {"t.tsv", "id\tstars\na\t" + std::string(300, 'x') + "\n", "\"" + std::string(40, 'x') + "...\" is not", score},
      {"t.tsv", "id\tstars\nb\t1\na\t1\nb\t2\n", "line 4, column \"id\": \"b\" is there twice, first in line 2", ids},
      {"t.tsv", "id\tstars\n\t1\n", "line 2, column \"id\": \"\" is no id", ids},
      {"t.tsv", "id\tstars\na\t1\nz\t1\n", "line 3, column \"id\": \"z\" is an unknown id; add it to items.tsv", known},
      {"t.tsv", "id\tstars\n\x1B[2J\t1\n", "\"?[2J\" is an unknown id", known},
  });
}

TEST_CASE("bad safetensors files", "[io][bad]") {
  auto const read = [](std::string const& path) { static_cast<void>(ia::load_safetensors(path)); };
  auto const matrix = [](std::string const& path) {
    static_cast<void>(ia::load_safetensors(path).read<ia::dim<2>, ia::dim<3>>("w"));
  };
  auto const model = [](std::string const& path) {
    linear layer;
    std::fill_n(layer.weight.data(), 6, 7.0f);
    std::fill_n(layer.bias.data(), 3, 7.0f);
    try {
      ia::load(path, layer);
    } catch (ia::io_error const&) {
      CHECK(std::all_of(layer.weight.data(), layer.weight.data() + 6, [](float x) { return x == 7.0f; }));
      CHECK(std::all_of(layer.bias.data(), layer.bias.data() + 3, [](float x) { return x == 7.0f; }));
      throw;
    }
  };
  std::string const entry = R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  std::string const second = R"({"dtype":"F32","shape":[1],"data_offsets":)";
  auto const two = [&](std::string const& name, std::string const& offsets) {
    return R"({"w":)" + entry + ",\"" + name + "\":" + second + offsets + "}}";
  };
  std::string huge(16, '{');
  std::memset(huge.data(), 0xFF, 8);
  check_all({
      {"m.safetensors", "", "too short", read},
      {"m.safetensors", "1234567", "too short", read},
      {"m.safetensors", huge, "a header of 18446744073709551615 bytes is longer than the format allows", read},
      {"m.safetensors", safe(two("v", "[4,8]"), 8).substr(0, 60), "ends within its header", read},
      {"m.safetensors", safe("", 0), "does not begin with '{'", read},
      {"m.safetensors", safe(" {}", 0), "does not begin with '{'", read},
      {"m.safetensors", safe("{", 0), "where '\"' belongs", read},
      {"m.safetensors", safe("{} x", 0), "goes on after its end", read},
      {"m.safetensors", safe("{\"w\":" + entry + ",}", 4), "where '\"' belongs", read},
      {"m.safetensors", safe("{\"w\":[1,2]}", 4), "where '{' belongs", read},
      {"m.safetensors", safe("{\"w", 4), "ends within a text", read},
      {"m.safetensors", safe("{\"w\\q\":" + entry + "}", 4), "unknown sign behind a backslash", read},
      {"m.safetensors", safe("{\"w\\u12\":" + entry + "}", 4), "without four hexadecimal digits", read},
      {"m.safetensors", safe("{\"w\\ud800\":" + entry + "}", 4), "the first half of a character", read},
      {"m.safetensors", safe("{\"w\\udc00\":" + entry + "}", 4), "the second half of a character", read},
      {"m.safetensors", safe("{\"w\n\":" + entry + "}", 4), "a control character", read},
      {"m.safetensors", safe_of("F32", "[01]", "[0,4]", 4), "a number that begins with 0", read},
      {"m.safetensors", safe_of("F32", "[-1]", "[0,4]", 4), "where a whole number belongs", read},
      {"m.safetensors", safe_of("F32", "[1.0]", "[0,4]", 4), "where ']' belongs", read},
      {"m.safetensors", safe("{\"w\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4), "lacks the field 'data_offsets'", read},
      {"m.safetensors", safe("{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 4), "field of the tensor \"w\" twice", read},
      {"m.safetensors", safe("{\"w\":{\"color\":\"red\"}}", 4), "unknown field \"color\"", read},
      {"m.safetensors", safe("{\"__metadata__\":{\"a\":1}}", 0), "where '\"' belongs", read},
      {"m.safetensors", safe("{\"__metadata__\":{},\"__metadata__\":{}}", 0), "'__metadata__' twice", read},
      {"m.safetensors", safe("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0), "the name \"a\" twice", read},
      {"m.safetensors", safe_of("F77", "[1]", "[0,4]", 4), "the type \"F77\" is not one of the format", read},
      {"m.safetensors", safe_of("F32", "[4611686018427387904,8]", "[0,4]", 4), "too large for any memory", read},
      {"m.safetensors", safe_of("F32", "[2]", "[0,4]", 4), "bytes 0 to 4 are not the 8 that its shape needs", read},
      {"m.safetensors", safe_of("F32", "[1]", "[4,0]", 4), "bytes 4 to 0 are not", read},
      {"m.safetensors", safe_of("F32", "[2]", "[0,8]", 7), "beyond the end of the file at 7", read},
      {"m.safetensors", safe_of("F32", "[1]", "[0,4]", 5), "1 bytes belong to no tensor", read},
      {"m.safetensors", safe_of("F32", "[1]", "[4,8]", 8), "leave a gap", read},
      {"m.safetensors", safe(two("v", "[2,6]"), 8), "tensor \"v\": its bytes 2 to 6 overlap", read},
      {"m.safetensors", safe(two("v", "[0,4]"), 8), "overlap", read},
      {"m.safetensors", safe(two("v", "[8,12]"), 12), "leave a gap", read},
      {"m.safetensors", safe(two("w", "[4,8]"), 8), "tensor \"w\": the name is there twice", read},
      {"m.safetensors", safe(two("v", "[4,8]"), 8), "has the shape 1 where 2 x 3 is needed", matrix},
      {"m.safetensors", safe_of("F32", "[1,2,3]", "[0,24]", 24), "has the shape 1 x 2 x 3 where", matrix},
      {"m.safetensors", safe_of("I32", "[2,3]", "[0,24]", 24), "has the type \"I32\" where F32 is needed", matrix},
      {"m.safetensors", safe_of("BOOL", "[2,3]", "[0,6]", 6), "has the type \"BOOL\"", matrix},
      {"m.safetensors", safe("{}", 0), "tensor \"w\": there is none of that name", matrix},
      {"m.safetensors", safe_of("F32", "[2,3]", "[0,24]", 24), "the file lacks \"weight\", \"bias\" and has \"w\"", model},
      {"m.safetensors", safe(linear_file(R"("F32","shape":[2,3])", R"("I32","shape":[3])"), 36), "the type \"I32\"", model},
      {"m.safetensors", safe(linear_file(R"("F32","shape":[3,2])", R"("F32","shape":[3])"), 36), "3 x 2 where 2 x 3", model},
  });
}

TEST_CASE("paths that cannot be read", "[io][bad]") {
  scratch_folder const folder;
  std::string const missing = folder / "missing.npy";
  check_io_error([&] { static_cast<void>(ia::load_npy(missing)); }, missing, "cannot be opened (No such file");
  check_io_error([&] { static_cast<void>(ia::load_tsv(missing)); }, missing, "cannot be opened");
  check_io_error([&] { static_cast<void>(ia::load_safetensors(missing)); }, missing, "cannot be opened");
  check_io_error([&] { static_cast<void>(ia::load_tsv(folder.path())); }, folder.path(), "is a folder");
  std::string const pipe = folder / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  check_io_error([&] { static_cast<void>(ia::load_tsv(pipe)); }, pipe, "is not a regular file");
  check_io_error([&] { static_cast<void>(ia::load_tsv(folder / "a\nb")); }, "a?b", "cannot be opened");
  CHECK(folder.files() == 1);
}
