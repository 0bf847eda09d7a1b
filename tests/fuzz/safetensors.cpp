// Any bytes are a safetensors file or give io_error; every tensor lies within the bytes.
#include <cstdint>
#include <intarsia/io/safetensors.hpp>

namespace ia = intarsia;

namespace {
template <class F>
void one_sentence(F&& f) {
  try {
    f();
  } catch (ia::io_error const& wrong) {
    if (std::string_view{wrong.what()}.find('\n') != std::string_view::npos) __builtin_trap();
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const bytes{static_cast<char const*>(static_cast<void const*>(data)), size};
  one_sentence([&] {
    ia::safetensors const file{ia::bytes_of(bytes), "fuzz.safetensors"};
    std::size_t covered = 0;
    for (auto const& entry : file.entries()) {
      covered += entry.end - entry.begin;
      if (file.find(entry.name) != &entry) __builtin_trap();
      one_sentence([&] { static_cast<void>(file.read(entry.name)); });
      one_sentence([&] { static_cast<void>(file.read<ia::dyn, ia::dyn, double>(entry.name)); });
      one_sentence([&] { static_cast<void>(file.read<ia::dyn, ia::dyn, std::uint64_t>(entry.name)); });
    }
    if (covered > bytes.size()) __builtin_trap();
  });
  return 0;
}
