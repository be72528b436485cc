// The windows of a pooling, and what its kernels are given.
#pragma once

#include "sweep.h"

namespace striate {

// Window i of an axis begins at pixel i * stride - pad and has `size` places, of which those beyond the picture are empty.
// Places are numbered in reading order.
struct Pooling {
  Shape in, out;
  long size_rows, size_cols;
  long stride_rows, stride_cols;
  long pad_top, pad_left;
};

}  // namespace striate
