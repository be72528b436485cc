#include "conv.h"

#include <cstdint>
#include <cstring>
#include <vector>

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

// Few channels a pixel and several taps: see thin.cc.
bool is_thin(const Convolution& conv) {
  return conv.groups == 1 && conv.in.channels < 16 && conv.kernel_rows * conv.kernel_cols > 1 &&
         conv.dilation_cols == 1 && conv.way != kInOrder;
}

bool altered(const Incoming& incoming) { return incoming.argmax || incoming.result; }

bool is_half(const Kernels& kernels, const Convolution& conv) {
  return conv.precision == kBfloat16 && conv.groups == 1 && kernels.half.sweep;
}

const Products& products_of(const Kernels& kernels, const Convolution& conv) {
  return is_half(kernels, conv) ? kernels.half : kernels.floats;
}

// Whether floats must be rounded, because no kernel does it.
bool must_round(const Kernels& kernels, const Convolution& conv) {
  return conv.precision == kBfloat16 && !is_half(kernels, conv);
}

// Numbers rounded to sixteen bits, as floats: their products are the same ones, where no kernel is made for them.
class Rounded {
 public:
  Rounded(bool wanted, const float* from, long count) : data(from) {
    if (!wanted) return;
    values_.resize(static_cast<size_t>(count));
    for (long i = 0; i < count; ++i) values_[static_cast<size_t>(i)] = rounded(from[i]);
    data = values_.data();
  }

  const float* data;

 private:
  // To the nearest, and of two equally near ones to the even one; what is no number stays none.
  static float rounded(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    bits = value != value ? bits | 1u << 22 : bits + 0x7fff + (bits >> 16 & 1);
    bits &= 0xffff0000u;
    std::memcpy(&value, &bits, 4);
    return value;
  }

  std::vector<float> values_;
};

long size_of(const Shape& shape) { return shape.images * shape.rows * shape.cols * shape.channels; }

long kernel_size(const Convolution& conv) {
  return conv.kernel_rows * conv.kernel_cols * conv.in.channels / conv.groups * conv.out.channels;
}

// What comes in has the output's shape, or that of its 2x2 maxima.
long size_of(const Convolution& conv, const Incoming& dy) {
  const long halved = dy.argmax ? 1 : 0;
  return conv.out.images * (conv.out.rows >> halved) * (conv.out.cols >> halved) * conv.out.channels;
}

}  // namespace

bool takes_halves(const Kernels& kernels, const Convolution& conv) {
  return is_half(kernels, conv) && conv.in.channels >= 16;
}

void convolve(const Kernels& kernels, const Pool& pool, const Convolution& conv, const Incoming& x, const float* kernel,
              const Output& y, bool packed) {
  if (is_depthwise(conv) && !y.argmax) return kernels.depthwise(pool, conv, x.data, kernel, y);
  const Plan plan = plan_forward(y.argmax ? conv : flatten(conv));
  const Sweep sweep = y.argmax ? pooled(plan.sweep) : plan.sweep;
  const long features = conv.out.channels, channels = conv.in.channels / conv.groups;
  const bool rounds = must_round(kernels, conv);
  const Rounded input(rounds, x.data, size_of(conv.in)), taps(rounds && !packed, kernel, kernel_size(conv));
  const Weights weights{taps.data, channels * features, features, 1, features / conv.groups, packed};
  products_of(kernels, conv).sweep(pool, sweep, {input.data, nullptr, nullptr, x.halves}, weights, y);
}

long packed_floats(const Kernels& kernels, const Convolution& conv) {
  return products_of(kernels, conv).packed_floats(plan_forward(conv).sweep);
}

void pack_kernel(const Kernels& kernels, const Pool& pool, const Convolution& conv, const float* kernel, float* packed) {
  const long features = conv.out.channels, channels = conv.in.channels;
  const Plan plan = plan_forward(conv);
  const Rounded taps(must_round(kernels, conv), kernel, kernel_size(conv));
  const Weights weights{taps.data, channels * features, features, 1, features, false};
  products_of(kernels, conv).pack(pool, plan.sweep, weights, packed);
}

void input_gradient(const Kernels& kernels, const Pool& pool, const Convolution& conv, const Incoming& dy,
                    const float* kernel, float* dx) {
  if (is_depthwise(conv) && !altered(dy)) return kernels.depthwise_input(pool, conv, dy.data, kernel, dx);
  const long features = conv.out.channels, channels = conv.in.channels / conv.groups;
  const bool rounds = must_round(kernels, conv);
  const Rounded incoming(rounds, dy.data, size_of(conv, dy)), taps(rounds, kernel, kernel_size(conv));
  const Incoming given{incoming.data, dy.argmax, dy.result};
  if (is_thin(conv) && !is_half(kernels, conv))
    return kernels.thin_input(pool, dy.argmax ? pooled(conv) : conv, given, taps.data, dx);
  const Weights weights{taps.data, channels * features, 1, features, features / conv.groups, false};
  for (const Plan& plan : plan_input_gradient(dy.argmax ? pooled(conv) : flatten(conv))) {
    // A phase that no tap reaches is zeros, which the kernels for floats write.
    const auto sweep = plan.sweep.tap_count ? products_of(kernels, conv).sweep : kernels.floats.sweep;
    sweep(pool, plan.sweep, given, weights, {dx, nullptr, nullptr, kLinear, nullptr});
  }
}

void kernel_gradient(const Kernels& kernels, const Pool& pool, const Convolution& conv, const float* x,
                     const Incoming& dy, float* dkernel, float* dbias) {
  if (is_depthwise(conv) && !altered(dy)) return kernels.depthwise_kernel(pool, conv, x, dy.data, dkernel, dbias);
  const Plan plan = plan_forward(dy.argmax ? conv : flatten(conv));
  const Sweep sweep = dy.argmax ? pooled(plan.sweep) : plan.sweep;
  const bool rounds = must_round(kernels, conv);
  const Rounded input(rounds, x, size_of(conv.in)), incoming(rounds, dy.data, size_of(conv, dy));
  products_of(kernels, conv).kernel_gradient(pool, sweep, input.data, {incoming.data, dy.argmax, dy.result}, dkernel, dbias);
}

}  // namespace striate
