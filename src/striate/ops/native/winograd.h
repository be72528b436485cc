// A sweep of a 3x3 kernel by Winograd's F(4x4, 3x3): 36 products for 16 outputs, where the sums themselves take 144; or,
// where a kernel's values at so many points are slower to read than to multiply, by F(2x2, 3x3): 16 for 4 instead of 36.
#pragma once

#include "kernels.h"
#include "sweep.h"

namespace striate {
namespace STRIATE_ISA {

// True if the sweep is one that this way of computing can do, and does faster or is asked to.
bool suits_winograd(const Sweep&);

// A kernel that is packed as values at `sweep.points`: how many floats, and made from the taps of one that is packed.
long winograd_floats(const Sweep&);
void pack_winograd(const Pool&, const Sweep&, const float* packed, float* values);

// `packed` and `bias` are laid out as for the sweep itself, (panel, depth, lanes) and (panel, kPanelLanes); where the
// sweep says points, `packed` is what `pack_winograd` makes.
void run_winograd(const Pool&, const Sweep&, const Incoming&, const float* packed, const float* bias, const Output&);

// The gradients for kernel and, unless null, bias; the sweep is that of the forward pass.
void run_winograd_gradient(const Pool&, const Sweep&, const float* x, const Incoming&, float* kernel, float* bias);

}  // namespace STRIATE_ISA
}  // namespace striate
