// The table of kernels that each instruction set fills in, and the choice between the tables.
#pragma once

#include <stdint.h>

#include "norm.h"
#include "sweep.h"
#include "windows.h"

namespace striate {

// Where a sweep's sums go. With `argmax` the output is the 2x2 maximum of them, and argmax (same shape, 0..3 in
// reading order) says which of the four it was. An `addend`, of the output's shape and whole vectors of channels, is
// added before the activation; it does not go together with argmax. Where products are of sixteen bits, output and addend
// may be such numbers too: `halves` and `half_addend` in place of `data` and `addend`, not together with argmax.
struct Output {
  float* data;
  uint8_t* argmax;
  const float* bias;  // (features) or null
  int activation;
  const float* addend;  // or null
  uint16_t* halves = nullptr;
  const uint16_t* half_addend = nullptr;
};

// What a sweep reads: an array as it is, or the gradient of a block's output, to be taken back through the block. An array
// as it is may be of numbers of sixteen bits, of 16 channels or more, where products are: `halves` in place of `data`.
struct Incoming {
  const float* data;
  const uint8_t* argmax;  // of the 2x2 maxima, as in Output; null: not pooled
  const float* result;    // what relu made (after pooling), where a zero stops the gradient; null: no relu
  const uint16_t* halves = nullptr;
};

// Element (tap, k, n) lies at tap * tap_stride + k * k_stride + n * n_stride (+ group * group_stride). One of k_stride
// and n_stride is 1.
struct Weights {
  const float* data;
  long tap_stride, k_stride, n_stride, group_stride;
  bool packed;  // made by a `pack` below before, and the strides count for nothing
};

// The kernels that multiply numbers of one kind.
struct Products {
  long (*packed_floats)(const Sweep&);
  void (*pack)(const Pool&, const Sweep&, const Weights&, float* packed);
  void (*sweep)(const Pool&, const Sweep&, const Incoming& in, const Weights&, const Output&);
  void (*kernel_gradient)(const Pool&, const Sweep&, const float* in, const Incoming&, float* kernel, float* bias);
};

struct Kernels {
  const char* name;
  Products floats;
  Products half;  // of sixteen bits, for one group; null where the processor does not multiply them
  void (*depthwise)(const Pool&, const Convolution&, const float* x, const float* kernel, const Output&);
  void (*depthwise_input)(const Pool&, const Convolution&, const float* dy, const float* kernel, float* dx);
  void (*depthwise_kernel)(const Pool&, const Convolution&, const float* x, const float* dy, float* kernel, float* bias);
  // For pixels of fewer channels than a vector has lanes, and columns of the kernel side by side.
  void (*thin_input)(const Pool&, const Convolution&, const Incoming& dy, const float* kernel, float* dx);
  void (*norm)(const Pool&, const Normalization&, const float* x, const float* gamma, const float* beta, const NormOutput&);
  void (*norm_gradient)(const Pool&, const Normalization&, const NormSaved&, const NormIncoming&, const NormGradients&);
  // `place` says which place of its window each maximum was; null: nobody asks.
  void (*pool_max)(const Pool&, const Pooling&, const float* x, float* y, uint8_t* place);
  void (*pool_max_gradient)(const Pool&, const Pooling&, const float* dy, const uint8_t* place, float* dx);
  void (*pool_sum)(const Pool&, const Pooling&, const float* x, float* y);
  void (*pool_sum_gradient)(const Pool&, const Pooling&, const float* dy, float* dx);
};

const Kernels& kernels();                     // the best this machine can run
const Kernels* kernels_named(const char* name);  // null when it was not built or cannot run here

}  // namespace striate
