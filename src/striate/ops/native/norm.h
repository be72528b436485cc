// Batch normalization while training, perhaps with relu: statistics, values and gradients of (pixels, channels).
#pragma once

#include "sweep.h"

namespace striate {

// y = activation((x - mean) * scale + beta), scale = gamma / sqrt(variance + epsilon), over all pixels of a channel.
struct Normalization {
  long pixels, channels;
  float epsilon;
  bool relu;
};

struct NormOutput {
  float *y, *mean, *variance;
};

struct NormSaved {
  const float *x, *gamma, *beta, *mean, *variance;
};

// What comes in from y, and from the statistics where somebody else used them.
struct NormIncoming {
  const float *y, *mean, *variance;
};

struct NormGradients {
  float *x, *gamma, *beta;
};

}  // namespace striate
