// Where the networks are trained.
#pragma once

namespace personalization {

enum class device { cpu, cuda };

// Throws user_error, with the remedy, where the program was built without CUDA or finds no device.
void expect_device();

}  // namespace personalization
