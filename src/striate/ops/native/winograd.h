// A sweep of a 3x3 kernel by Winograd's F(4x4, 3x3): 36 products for 16 outputs, where the sums themselves take 144.
#pragma once

#include "kernels.h"
#include "sweep.h"

namespace striate {
namespace STRIATE_ISA {

// True if the sweep is one that this way of computing can do, and does faster or is asked to.
bool suits_winograd(const Sweep&);

// `packed` and `bias` are laid out as for the sweep itself: (panel, depth, lanes) and (panel, kPanelLanes).
void run_winograd(const Pool&, const Sweep&, const Incoming&, const float* packed, const float* bias, const Output&);

// The gradients for kernel and, unless null, bias; the sweep is that of the forward pass.
void run_winograd_gradient(const Pool&, const Sweep&, const float* x, const Incoming&, float* kernel, float* bias);

}  // namespace STRIATE_ISA
}  // namespace striate
