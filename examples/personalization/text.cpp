#include "text.hpp"

#include <algorithm>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/io/checkpoint.hpp>

#include "catalogue_types.hpp"

namespace personalization {
namespace {

// The width that the types of the schema have.
std::size_t text_width() {
  std::size_t width = 0;
  Catalogue::each_node([&](auto n) { width = std::max(width, n.width); });
  return width;
}

std::size_t raw_width(catalogue const& of) {
  std::size_t width = 0;
  for (auto const& file : of.vectors) width += file.cols();
  return width;
}

// A row that was zeros before the transform is an item without text, not one far from the middle.
void clear_textless(numbers const& raw, numbers& whitened) {
  for (std::size_t row = 0; row < raw.rows(); ++row) {
    if (std::all_of(raw[row].begin(), raw[row].end(), [](float x) { return x == 0; }))
      std::ranges::fill(whitened[row], 0.0F);
  }
}

std::string file_in(std::filesystem::path const& folder) { return (folder / "text.safetensors").string(); }

}  // namespace

whitened_text whiten_text(ia::cpu::context& ctx, catalogue const& of) {
  std::vector<ia::dense<float const>> files;
  for (auto const& file : of.vectors) files.emplace_back(file.view());
  auto const raw = ia::join_unit_rows(files);
  auto transform = ia::whitening::fit(ctx, raw.view(), text_width());
  auto vectors = transform(ctx, raw.view());
  clear_textless(raw, vectors);
  return {std::move(transform), std::move(vectors)};
}

numbers whiten_new(ia::cpu::context& ctx, catalogue const& of, ia::whitening const& transform,
                   std::span<float const> vector) {
  std::vector<ia::dense<float const>> parts;
  std::size_t left = 0;
  for (auto const& file : of.vectors) {
    parts.push_back({vector.data() + left, 1, file.cols(), file.cols()});
    left += file.cols();
  }
  ia::expects(left == vector.size(), "whiten_new: the vector is as wide as all vector files side by side");
  auto const raw = ia::join_unit_rows(parts);
  auto out = transform(ctx, raw.view());
  clear_textless(raw, out);
  return out;
}

void save_transform(std::filesystem::path const& folder, ia::whitening const& transform) {
  std::filesystem::create_directories(folder);
  ia::save(file_in(folder), {}, ia::named("text", transform));
}

ia::whitening load_transform(std::filesystem::path const& folder, catalogue const& of) {
  ia::whitening transform{raw_width(of), text_width()};
  ia::load(file_in(folder), ia::named("text", transform));
  return transform;
}

}  // namespace personalization
