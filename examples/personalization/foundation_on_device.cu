#include "foundation_training.hpp"
#include "on_device.cuh"

namespace personalization {

void train_network_on_device(ia::seed seed, std::uint64_t streams, item_encoder& network, foundation_task const& task) {
  work_on_device(seed, streams, [&](on_device const& place) { train_network(place, network, task); });
}

}  // namespace personalization
