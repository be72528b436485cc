// Convolution and its gradients on whole arrays: what the FFI calls and the fuzz driver share.
#pragma once

#include "kernels.h"
#include "sweep.h"

namespace striate {

// y = activation(conv(x, kernel) + bias); with `argmax`, the 2x2 maxima of that. A kernel may be `packed` before.
void convolve(const Kernels&, const Pool&, const Convolution&, const Incoming& x, const float* kernel, const Output& y,
              bool packed = false);

// Whether products of sixteen bits have kernels of their own, which read and write such numbers too.
bool takes_halves(const Kernels&, const Convolution&);

// For a packed kernel's `points`: whether it may have some, and how many serve best for a picture of this size, or 0.
bool may_pack_points(const Convolution&);
int points_for(const Convolution&);

// A kernel of one group as `convolve` reads it, for pictures of any size, and how many floats that takes.
long packed_floats(const Kernels&, const Convolution&);
void pack_kernel(const Kernels&, const Pool&, const Convolution&, const float* kernel, float* packed);

// dx from dy: every element of dx is written.
void input_gradient(const Kernels&, const Pool&, const Convolution&, const Incoming& dy, const float* kernel, float* dx);

// dkernel and, unless null, dbias from x and dy.
void kernel_gradient(const Kernels&, const Pool&, const Convolution&, const float* x, const Incoming& dy,
                     float* dkernel, float* dbias);

}  // namespace striate
