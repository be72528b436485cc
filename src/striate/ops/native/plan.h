// From a convolution to its sweeps: one for the forward pass, one for each phase of the input's gradient.
#pragma once

#include <vector>

#include "sweep.h"

namespace striate {

// A sweep that owns its runs.
struct Plan {
  Sweep sweep;
  std::vector<Run> runs;
  std::vector<Segment> segments;
  std::vector<long> chunks;
  std::vector<long> tap_index;

  Plan() = default;
  Plan(Plan&& other) noexcept { *this = static_cast<Plan&&>(other); }
  Plan& operator=(Plan&& other) noexcept;
};

Plan plan_forward(const Convolution& conv);

// Gradient with respect to the input. With a stride s, input pixels whose coordinates agree modulo s meet the same
// kernel positions, so each of the s x s phases is a plain convolution of the output's gradient with stride 1.
std::vector<Plan> plan_input_gradient(const Convolution& conv);

}  // namespace striate
