// What nvcc has to take: a graph that the host builds from who met what, beside all that cuda.cuh holds. Compiled,
// never run.
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/reaching_counts.hpp>
#include <intarsia/cpu/weigh_counts.hpp>
#include <intarsia/cuda.cuh>

namespace ia = intarsia;

struct Film : ia::node<"film", 2> {};
struct Song : ia::node<"song", 2> {};
struct Met : ia::verb<"met", ia::symmetric> {};
struct Meetings
    : ia::schema<ia::nodes<Film, Song>, ia::relations<ia::relation<Film, Met, Film>, ia::relation<Film, Met, Song>,
                                                      ia::reverse<ia::relation<Film, Met, Song>>>> {};

ia::cuda::device_graph<Meetings> builds(ia::cuda::context& ctx, ia::cpu::context& host, ia::interactions const& met) {
  return ia::cuda::upload(ctx, ia::co_interaction_graph<Meetings, Met>(host, met));
}
