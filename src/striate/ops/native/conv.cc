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

// A filter a channel, whole vectors of channels (a multiple of 16 is one for every instruction set), and nothing to be
// taken back through.
bool is_depthwise(const Convolution& conv) {
  return conv.groups > 1 && conv.groups == conv.in.channels && conv.groups == conv.out.channels && conv.groups % 16 == 0;
}

bool altered(const Incoming& incoming) { return incoming.argmax || incoming.result; }

}  // namespace

void convolve(const Kernels& kernels, const Pool& pool, const Convolution& conv, const float* x, const float* kernel,
              const Output& y) {
  if (is_depthwise(conv) && !y.argmax) return kernels.depthwise(pool, conv, x, kernel, y);
  const Plan plan = plan_forward(y.argmax ? conv : flatten(conv));
  const Sweep sweep = y.argmax ? pooled(plan.sweep) : plan.sweep;
  const long features = conv.out.channels, channels = conv.in.channels / conv.groups;
  const Weights weights{kernel, channels * features, features, 1, features / conv.groups};
  kernels.sweep(pool, sweep, {x, nullptr, nullptr}, weights, y);
}

void input_gradient(const Kernels& kernels, const Pool& pool, const Convolution& conv, const Incoming& dy,
                    const float* kernel, float* dx) {
  if (is_depthwise(conv) && !altered(dy)) return kernels.depthwise_input(pool, conv, dy.data, kernel, dx);
  const long features = conv.out.channels, channels = conv.in.channels / conv.groups;
  const Weights weights{kernel, channels * features, 1, features, features / conv.groups};
  for (const Plan& plan : plan_input_gradient(dy.argmax ? pooled(conv) : flatten(conv)))
    kernels.sweep(pool, plan.sweep, dy, weights, {dx, nullptr, nullptr, kLinear});
}

void kernel_gradient(const Kernels& kernels, const Pool& pool, const Convolution& conv, const float* x,
                     const Incoming& dy, float* dkernel, float* dbias) {
  if (is_depthwise(conv) && !altered(dy)) return kernels.depthwise_kernel(pool, conv, x, dy.data, dkernel, dbias);
  const Plan plan = plan_forward(dy.argmax ? conv : flatten(conv));
  kernels.kernel_gradient(pool, dy.argmax ? pooled(plan.sweep) : plan.sweep, x, dy, dkernel, dbias);
}

}  // namespace striate
