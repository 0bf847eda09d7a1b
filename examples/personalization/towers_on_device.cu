#include "device.hpp"
#include "on_device.cuh"

namespace personalization {

void train_towers_on_device(ia::seed seed, std::uint64_t streams, towers_of<384>& towers, tower_task const& task) {
  work_on_device(seed, streams, [&](on_device const& place) { train_towers_in(place, towers, task); });
}
void train_towers_on_device(ia::seed seed, std::uint64_t streams, towers_of<512>& towers, tower_task const& task) {
  work_on_device(seed, streams, [&](on_device const& place) { train_towers_in(place, towers, task); });
}

void expect_device() {
  work_on_device({}, 0, [](on_device const& place) { place.ctx.wait(); });
}

}  // namespace personalization
