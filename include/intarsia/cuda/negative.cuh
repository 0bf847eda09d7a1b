// Nodes that an anchor is told apart from, drawn on the device: those of sampling/negative.hpp.
#pragma once

#include <intarsia/cuda/memory.cuh>
#include <intarsia/exec/row_draws.hpp>
#include <intarsia/sampling/negative.hpp>
#include <span>
#include <vector>

namespace intarsia::inline v0::cuda {

namespace detail {

// One relation that may join an anchor and a negative; `against`: the anchor is its target.
struct joined_rows {
  std::uint64_t const* offsets;
  std::uint32_t const* columns;
  bool against;

  [[nodiscard]] INTARSIA_FN bool joins(std::uint32_t anchor, std::uint32_t node) const {
    std::uint32_t const row = against ? anchor : node, column = against ? node : anchor;
    auto const count = static_cast<std::size_t>(offsets[row + 1] - offsets[row]);
    std::uint32_t const* const from = columns + offsets[row];
    std::size_t const at = intarsia::detail::lower_place(from, count, column);
    return at < count && from[at] == column;
  }
};

// Everything that the draws for anchors of one type, with positives of one type, read.
struct negative_rules {
  negative_source from;
  collision on_collision;
  std::uint32_t anchor_type, type, types;
  std::uint64_t const* first_of;     // (types + 1): nodes of the types before
  joined_rows const* joined;         // by other type
  std::uint32_t const* joined_from;  // (types + 1): where those of a type begin
  std::uint64_t const* stay;         // (nodes): by_degree
  std::uint32_t const* other;

  struct drawn {
    std::uint32_t type, node;
    bool valid;
  };
  [[nodiscard]] INTARSIA_FN bool collides(std::uint32_t anchor, std::uint32_t of, std::uint32_t node) const {
    if (anchor_type == of && anchor == node) return true;
    for (std::uint32_t i = joined_from[of]; i < joined_from[of + 1]; ++i) {
      if (joined[i].joins(anchor, node)) return true;
    }
    return false;
  }
  // Whether another link's positive may count as a negative of a link.
  [[nodiscard]] INTARSIA_FN bool opposes(std::uint32_t anchor, std::uint32_t positive, std::uint32_t node) const {
    return positive != node && (on_collision == collision::keep || !collides(anchor, type, node));
  }
  [[nodiscard]] INTARSIA_FN drawn draw(random& dice, std::uint32_t anchor) const {
    drawn x = once(dice);
    if (on_collision == collision::keep) return x;
    x.valid = !collides(anchor, x.type, x.node);
    for (int again = 0; on_collision == collision::resample && !x.valid && again < 64; ++again) {
      x = once(dice);
      x.valid = !collides(anchor, x.type, x.node);
    }
    return x;
  }
  [[nodiscard]] INTARSIA_FN drawn once(random& dice) const {
    bool const any = from == negative_source::catalogue;
    auto const count = static_cast<std::uint32_t>(any ? first_of[types] : first_of[type + 1] - first_of[type]);
    std::uint32_t const pick = dice.below(count);
    if (from == negative_source::by_degree) return {type, dice.bits() < stay[pick] ? pick : other[pick], true};
    if (!any) return {type, pick, true};
    auto const of = static_cast<std::uint32_t>(
        intarsia::detail::lower_place(first_of, std::size_t{types} + 1, std::uint64_t{pick} + 1) - 1);
    return {of, static_cast<std::uint32_t>(pick - first_of[of]), true};
  }
};

struct draw_for_link {
  negative_rules rules;
  seed key;
  std::uint64_t stream;
  std::uint32_t const* anchors;
  std::size_t each;
  std::uint32_t* nodes;
  std::uint32_t* types;
  std::uint8_t* valid;
  INTARSIA_FN void operator()(std::size_t i) const {
    random dice{key, stream, i};
    for (std::size_t j = i * each; j < (i + 1) * each; ++j) {
      auto const x = rules.draw(dice, anchors[i]);
      nodes[j] = x.node;
      valid[j] = x.valid ? 1 : 0;
      if (types) types[j] = x.type;
    }
  }
};

struct mark_in_batch {
  negative_rules rules;
  std::uint32_t const* anchors;
  std::uint32_t const* positives;
  std::uint8_t* valid;
  INTARSIA_FN void operator()(std::size_t i, std::size_t j) const {
    valid[i * rows + j] = rules.opposes(anchors[i], positives[i], positives[j]) ? 1 : 0;
  }
  std::size_t rows;
};

}  // namespace detail

// The negatives of a plan, on the device. `rows` has the edges of each relation there, sources rising in every row, and
// they outlive this object: cuda::neighbor_sampler::rows gives them.
class negatives {
 public:
  negatives(context& ctx, intarsia::detail::negative_plan const& plan, std::span<csr_view<device> const> rows)
      : options_{plan.options()}, each_{plan.each()}, types_{plan.nodes().size()} {
    std::vector<std::uint64_t> first{0};
    for (std::size_t const n : plan.nodes()) first.push_back(first.back() + n);
    first_of_ = upload(ctx, std::span<std::uint64_t const>{first});
    std::vector<detail::joined_rows> joined;
    std::vector<std::uint32_t> from;
    for (std::size_t anchor = 0; anchor < types_; ++anchor) {
      for (std::size_t other = 0; other < types_; ++other) {
        from.push_back(static_cast<std::uint32_t>(joined.size()));
        for (auto const& test : plan.tests(anchor, other)) {
          joined.push_back({rows[test.relation].offsets, rows[test.relation].columns, test.against});
        }
      }
    }
    from.push_back(static_cast<std::uint32_t>(joined.size()));
    joined_ = upload(ctx, std::span<detail::joined_rows const>{joined});
    joined_from_ = upload(ctx, std::span<std::uint32_t const>{from});
    for (auto const& table : plan.popular()) {
      stay_.push_back(upload(ctx, table.stay()));
      other_.push_back(upload(ctx, table.other()));
    }
  }

  [[nodiscard]] std::size_t each() const { return each_; }

  // For each link a row of each() negatives: anchors (links), nodes and valid (links, each), types the same or null,
  // where they come from the whole catalogue. Link i draws by (seed of the context, stream, i). Does not block.
  void draw(context& ctx, std::uint64_t stream, std::size_t anchor_type, std::size_t type,
            std::span<std::uint32_t const> anchors, std::uint32_t* nodes, std::uint32_t* types,
            std::uint8_t* valid) const {
    if (each_ == 0) return;
    each_row(ctx, anchors.size(), each_,
             detail::draw_for_link{rules(anchor_type, type), ctx.random_seed(), stream, anchors.data(), each_, nodes,
                                   types, valid});
  }
  // In a batch: valid (links, links), 1 where the positive of link j may count as a negative of link i.
  void mark(context& ctx, std::size_t anchor_type, std::size_t type, std::span<std::uint32_t const> anchors,
            std::span<std::uint32_t const> positives, std::uint8_t* valid) const {
    each_number(
        ctx, anchors.size(), anchors.size(),
        detail::mark_in_batch{rules(anchor_type, type), anchors.data(), positives.data(), valid, anchors.size()});
  }

  // What a kernel of one's own draws by.
  [[nodiscard]] detail::negative_rules rules(std::size_t anchor_type, std::size_t type) const {
    bool const chances = type < stay_.size();
    return {options_.from,
            options_.on_collision,
            static_cast<std::uint32_t>(anchor_type),
            static_cast<std::uint32_t>(type),
            static_cast<std::uint32_t>(types_),
            first_of_.data(),
            joined_.data(),
            joined_from_.data() + anchor_type * types_,
            chances ? stay_[type].data() : nullptr,
            chances ? other_[type].data() : nullptr};
  }

 private:
  negative_options options_;
  std::size_t each_, types_;
  device_array<std::uint64_t> first_of_;
  device_array<detail::joined_rows> joined_;
  device_array<std::uint32_t> joined_from_;
  std::vector<device_array<std::uint64_t>> stay_;
  std::vector<device_array<std::uint32_t>> other_;
};

}  // namespace intarsia::inline v0::cuda
