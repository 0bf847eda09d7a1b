// Link prediction over a schema: both ends of a link close, negatives far, whatever the types (arXiv 2403.05185, Eq.
// 4).
#pragma once

#include <intarsia/loss/contrast_rows.hpp>
#include <intarsia/loss/info_nce.hpp>
#include <intarsia/loss/max_margin.hpp>
#include <intarsia/ops/gather.hpp>
#include <intarsia/ops/stack.hpp>
#include <intarsia/sampling/links.hpp>

namespace intarsia::inline v0 {

// softmax: info_nce with the temperature. margin: max_margin with the margin.
enum class contrast_kind { softmax, margin };

struct link_contrastive_options {
  contrast_kind kind = contrast_kind::softmax;
  float temperature = 0.1f;
  float margin = 0.3f;
};

// All ends as rows of a matrix in which the rows of type n begin at begin[n], in the context's scratch memory.
template <schema_type S, class Context>
[[nodiscard]] link_ends<host> ends_of(Context& ctx, link_set<S> const& links,
                                      std::array<std::uint32_t, S::node_count> const& begin) {
  auto& scratch = ctx.scratch();
  std::size_t count = 0, wrong = 0;
  for (auto const& of : links.data()) {
    count += of.anchors.size();
    wrong += of.negatives.size();
  }
  std::size_t const each = count == 0 ? 0 : wrong / count;
  auto* const anchors = scratch.template take<slot<void>>(count);
  auto* const positives = scratch.template take<slot<void>>(count);
  auto* const negatives = scratch.template take<slot<void>>(count * each);
  auto* const valid = scratch.template take<std::uint8_t>(count * each);
  std::size_t i = 0, j = 0;
  S::each_relation([&](auto r) {
    auto const& of = links.data()[S::template relation_index<decltype(r)>];
    std::uint32_t const source = begin[S::template node_index<typename decltype(r)::source_type>];
    std::uint32_t const target = begin[S::template node_index<typename decltype(r)::target_type>];
    for (std::size_t l = 0; l < of.anchors.size(); ++l, ++i) {
      anchors[i] = {source + of.anchors[l]};
      positives[i] = {target + of.positives[l]};
    }
    for (std::size_t l = 0; l < of.negatives.size(); ++l, ++j) {
      negatives[j] = {(of.types.size() > 0 ? begin[of.types[l]] : target) + of.negatives[l]};
      valid[j] = of.valid[l];
    }
  });
  return {{anchors, count}, {positives, count}, {negatives, count * each}, {valid, count * each}};
}

// Links lie where the context computes.
template <class Links, class On>
concept links_for =
    std::same_as<typename Links::space, typename On::context_type::space> ||
    because<"these links lie in another memory than the context: on a device, sample them by cuda::sample_links">();

// z: per node type a var (nodes, m); links: slots into z, of a link_set, or on a device of cuda::device_links. The mean
// over the links of all relations -> (1, 1).
// Throws shape_error where the links have no negatives of their own (those of in_batch go by in_batch_softmax).
template <class Z, class Links, recorder On>
  requires links_for<Links, On>
[[nodiscard]] auto link_contrastive(On& on, Z const& z, Links const& links,
                                    link_contrastive_options const& options = {}) {
  using S = typename Links::schema;
  auto const all = stack(on, z);
  std::array<std::uint32_t, S::node_count> begin{};
  std::uint32_t rows = 0;
  S::each_node([&](auto n) {
    begin[S::template node_index<decltype(n)>] = rows;
    rows += static_cast<std::uint32_t>(z[n].rows());
  });
  auto const ends = ends_of(on.backend(), links, begin);
  expects(ends.anchors.empty() || ends.negatives.size() >= ends.anchors.size(),
          "link_contrastive: ask the sampler for negatives of each link, as in {.each = 20}");
  if constexpr (std::same_as<typename Links::space, host>) {
    using T = typename std::remove_cvref_t<decltype(all)>::scalar;
    return options.kind == contrast_kind::softmax
               ? detail::contrast_rows(on, all, ends,
                                       detail::info_nce_row<T>{{options.temperature}, ends.anchors.size()})
               : detail::contrast_rows(
                     on, all, ends,
                     detail::max_margin_row<T>{on.backend(), {options.margin, ends.valid}, ends.negatives.size()});
  } else {
    auto const a = gather(on, all, ends.anchors);
    auto const p = gather(on, all, ends.positives);
    auto const n = gather(on, all, ends.negatives);
    return options.kind == contrast_kind::softmax ? info_nce(on, a, p, n, {options.temperature, ends.valid})
                                                  : max_margin(on, a, p, n, {options.margin, ends.valid});
  }
}

}  // namespace intarsia::inline v0
