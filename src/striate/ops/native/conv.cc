#include "conv.h"

#include "plan.h"

namespace striate {
namespace {

// A 1x1 kernel with stride 1 does not care where rows end: all pixels become one row, so that tiles are full.
Convolution flatten(const Convolution& conv) {
  const bool pointwise = conv.kernel_rows == 1 && conv.kernel_cols == 1 && conv.stride_rows == 1 &&
                         conv.stride_cols == 1 && !conv.pad_top && !conv.pad_left && conv.in.rows == conv.out.rows &&
                         conv.in.cols == conv.out.cols;
  if (!pointwise) return conv;
  Convolution flat = conv;
  const long pixels = conv.in.images * conv.in.rows * conv.in.cols;
  flat.in = {1, 1, pixels, conv.in.channels};
  flat.out = {1, 1, pixels, conv.out.channels};
  return flat;
}

// The visits that meet a whole 2x2 window.
Sweep pooled(Sweep sweep) {
  sweep.rows -= sweep.rows % 2;
  sweep.cols -= sweep.cols % 2;
  return sweep;
}

// The same for the way back: rows that no window meets have no gradient, and need not be visited.
Convolution pooled(Convolution conv) {
  conv.out.rows -= conv.out.rows % 2;
  conv.out.cols -= conv.out.cols % 2;
  return conv;
}

}  // namespace

void convolve(const Kernels& kernels, const Pool& pool, const Convolution& conv, const float* x, const float* kernel,
              const Output& y) {
  const Plan plan = plan_forward(y.argmax ? conv : flatten(conv));
  const Sweep sweep = y.argmax ? pooled(plan.sweep) : plan.sweep;
  const long features = conv.out.channels, channels = conv.in.channels / conv.groups;
  const Weights weights{kernel, channels * features, features, 1, features / conv.groups};
  kernels.sweep(pool, sweep, {x, nullptr, nullptr}, weights, y);
}

void input_gradient(const Kernels& kernels, const Pool& pool, const Convolution& conv, const Incoming& dy,
                    const float* kernel, float* dx) {
  const long features = conv.out.channels, channels = conv.in.channels / conv.groups;
  const Weights weights{kernel, channels * features, 1, features, features / conv.groups};
  for (const Plan& plan : plan_input_gradient(dy.argmax ? pooled(conv) : flatten(conv)))
    kernels.sweep(pool, plan.sweep, dy, weights, {dx, nullptr, nullptr, kLinear});
}

void kernel_gradient(const Kernels& kernels, const Pool& pool, const Convolution& conv, const float* x,
                     const Incoming& dy, float* dkernel, float* dbias) {
  const Plan plan = plan_forward(dy.argmax ? conv : flatten(conv));
  kernels.kernel_gradient(pool, dy.argmax ? pooled(plan.sweep) : plan.sweep, x, dy, dkernel, dbias);
}

}  // namespace striate
