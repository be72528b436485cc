// Whether a kernel that answers many times is better packed as values at Winograd's points, and at how many.
#include "conv.h"

namespace striate {
namespace {

// In products: reading one value that is in no cache near the processor, and taking one channel of a tile to a point or
// back. Fitted by hand so that ResNet-50's shapes go the way that is fastest for one picture: 3x3 on 56x56x64 and
// 28x28x128 by six points a side, on 14x14x256 by four, on 7x7x512 by the taps themselves.
constexpr double kReadCost = 40, kPointCost = 4, kClearGain = 0.9;
constexpr long kTaps = 3, kWidth = 16;

double cost(const Convolution& c, long points) {
  const long side = points - kTaps + 1, rows = (c.out.rows + side - 1) / side, cols = (c.out.cols + side - 1) / side;
  const double tiles = double(rows) * cols, width = double(c.in.channels) * c.out.channels;
  return points * points * ((tiles + kReadCost) * width + tiles * kPointCost * (c.in.channels + c.out.channels));
}

}  // namespace

bool may_pack_points(const Convolution& c) {
  return c.kernel_rows == kTaps && c.kernel_cols == kTaps && c.stride_rows == 1 && c.stride_cols == 1 && c.groups == 1 &&
         c.dilation_rows == 1 && c.dilation_cols == 1 && c.precision == kFloat32 && c.way != kInOrder &&
         c.in.channels % kWidth == 0 && c.out.channels % kWidth == 0;
}

int points_for(const Convolution& c) {
  if (!may_pack_points(c)) return 0;
  const double pixels = double(c.out.rows) * c.out.cols, width = double(c.in.channels) * c.out.channels;
  const double taps = kTaps * kTaps * (pixels + kReadCost) * width, few = cost(c, 4), many = cost(c, 6);
  if (few >= kClearGain * taps && many >= kClearGain * taps) return 0;
  return few < many ? 4 : 6;
}

}  // namespace striate
