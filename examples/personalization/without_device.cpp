// What --device cuda is answered by a program that was built without nvcc.
#include "device.hpp"
#include "foundation_training.hpp"
#include "tower_training.hpp"
#include "user_error.hpp"

namespace personalization {
namespace {

[[noreturn]] void refuse() {
  throw user_error{"this program was built without CUDA: install the CUDA toolkit 12 or newer, then build it again"};
}

}  // namespace

void expect_device() { refuse(); }
void train_network_on_device(ia::seed, std::uint64_t, item_encoder&, foundation_task const&) { refuse(); }
void train_towers_on_device(ia::seed, std::uint64_t, towers_of<384>&, tower_task const&) { refuse(); }
void train_towers_on_device(ia::seed, std::uint64_t, towers_of<512>&, tower_task const&) { refuse(); }

}  // namespace personalization
