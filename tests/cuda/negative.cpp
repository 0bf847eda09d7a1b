#include <intarsia/cuda/negative.cuh>
#include <intarsia/cuda/neighbor.cuh>

#include "../sampling/graphs.hpp"
#include "schedules.hpp"

namespace ia = intarsia;
using namespace sampling_test;

namespace {

void check(ia::graph<Catalogue> const& g, ia::negative_options options, std::size_t anchor_type, std::size_t type) {
  CAPTURE(static_cast<int>(options.from), static_cast<int>(options.on_collision), anchor_type, type);
  ia::detail::typed_rows<Catalogue> const rows{g};
  ia::detail::negative_plan const plan{rows.all(), {true, true, true, false, true, true}, rows.nodes(), options};
  ia::cuda::context ctx{ia::seed{21}};
  ia::cuda::neighbor_sampler<Catalogue> sampler{ctx, g, {.fanout = {1}}};
  std::vector<ia::csr_view<ia::device>> on_device;
  for (std::size_t r = 0; r < Catalogue::relation_count; ++r) on_device.push_back(sampler.rows(r));
  ia::cuda::negatives const negatives{ctx, plan, on_device};
  CHECK(negatives.each() == plan.each());

  std::vector<std::uint32_t> anchors, positives;
  ia::random dice{ia::seed{2}, 5};
  for (int i = 0; i < 40; ++i) {
    anchors.push_back(dice.below(static_cast<std::uint32_t>(rows.nodes()[anchor_type])));
    positives.push_back(dice.below(static_cast<std::uint32_t>(rows.nodes()[type])));
  }
  auto const given = ia::cuda::upload(ctx, std::span<std::uint32_t const>{anchors});
  std::uint64_t const stream = 99;
  if (options.from == ia::negative_source::in_batch) {
    auto const others = ia::cuda::upload(ctx, std::span<std::uint32_t const>{positives});
    ia::cuda::device_array<std::uint8_t> valid{ctx, anchors.size() * anchors.size()};
    negatives.mark(ctx, anchor_type, type, given.view(), others.view(), valid.data());
    auto const got = ia::cuda::download(ctx, valid.view());
    bool same = true;
    for (std::size_t i = 0; i < anchors.size(); ++i) {
      for (std::size_t j = 0; j < anchors.size(); ++j) {
        bool const expected = i != j && positives[i] != positives[j] &&
                              (options.on_collision == ia::collision::keep ||
                               !plan.collides(static_cast<std::uint32_t>(anchor_type), anchors[i],
                                              static_cast<std::uint32_t>(type), positives[j]));
        same = same && (got[i * anchors.size() + j] != 0) == expected;
      }
    }
    CHECK(same);
    return;
  }
  std::size_t const count = anchors.size() * plan.each();
  ia::cuda::device_array<std::uint32_t> nodes{ctx, count}, types{ctx, count};
  ia::cuda::device_array<std::uint8_t> valid{ctx, count};
  negatives.draw(ctx, stream, anchor_type, type, given.view(), nodes.data(), types.data(), valid.data());
  auto const got = ia::cuda::download(ctx, nodes.view()), of = ia::cuda::download(ctx, types.view());
  auto const holds = ia::cuda::download(ctx, valid.view());
  bool same = true, some_invalid = false;
  for (std::size_t i = 0; i < anchors.size(); ++i) {
    ia::random each{ia::seed{21}, stream, i};
    for (std::size_t j = i * plan.each(); j < (i + 1) * plan.each(); ++j) {
      auto const x =
          plan.draw(each, static_cast<std::uint32_t>(anchor_type), anchors[i], static_cast<std::uint32_t>(type));
      same = same && x.node == got[j] && x.type == of[j] && x.valid == (holds[j] != 0);
      some_invalid = some_invalid || !x.valid;
    }
  }
  CHECK(same);
  if (options.on_collision == ia::collision::mask) CHECK(some_invalid);
}

}  // namespace

TEST_CASE("the device draws the negatives of the CPU") {
  auto const g = make_graph({12, 9, 7, 40, 60, 50, 30});
  auto const any = {ia::negative_source::uniform, ia::negative_source::catalogue, ia::negative_source::by_degree,
                    ia::negative_source::in_batch};
  cuda_test::in_every_order([&] {
    for (auto const from : any) {
      for (auto const how : {ia::collision::keep, ia::collision::mask, ia::collision::resample}) {
        check(g, {.from = from, .each = 6, .alpha = 0.75f, .on_collision = how}, 0, 1);
        check(g, {.from = from, .each = 3, .alpha = 0.5f, .on_collision = how}, 0, 0);
      }
    }
  });
}
