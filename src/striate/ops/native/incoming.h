// The gradient that comes into a block of convolution, activation and 2x2 maximum, taken back to the convolution.
//
// The pooled gradient is four times smaller than what it stands for, so it is spread out row by row where it is used,
// inside the cache, and the large array never exists.
#pragma once

#include "kernels.h"
#include "simd.h"
#include "sweep.h"

namespace striate {
namespace STRIATE_ISA {

inline bool altered(const Incoming& incoming) { return incoming.argmax || incoming.result; }

// The elements of `source` that the block let through at corner `corner` of their window; zeros elsewhere.
inline Vec let_through(const Incoming& incoming, long place, int corner) {
  Vec value = load(incoming.data + place);
  if (incoming.result) value = load(incoming.result + place) > 0.0f ? value : Vec{};
  if (!incoming.argmax) return value;
  return load_bytes(incoming.argmax + place) == corner ? value : Vec{};
}

inline float let_through_one(const Incoming& incoming, long place, int corner) {
  const bool open = (!incoming.result || incoming.result[place] > 0.0f) &&
                    (!incoming.argmax || incoming.argmax[place] == corner);
  return open ? incoming.data[place] : 0.0f;
}

inline void write_pixel(const Incoming& incoming, long place, int corner, long features, float* target) {
  long f = 0;
  for (; f + kLanes <= features; f += kLanes) store(target + f, let_through(incoming, place + f, corner));
  for (; f < features; ++f) target[f] = let_through_one(incoming, place + f, corner);
}

// Pixels [from, to) of one row of the convolution's gradient, `features` channels of each, `step` floats apart.
// `shape` is that of the convolution's output.
inline void write_row(const Incoming& incoming, const Shape& shape, long image, long row, long from, long to,
                      long channel, long features, float* target, long step) {
  const int halved = incoming.argmax ? 1 : 0;
  const long rows = shape.rows >> halved, cols = shape.cols >> halved;
  const long whole = row >> halved < rows ? least(to, cols << halved) : from;
  const float* const begin = target;
  const long start = ((image * rows + (row >> halved)) * cols) * shape.channels + channel;
  const int corner = halved ? static_cast<int>(row & 1) * 2 : 0;
  for (long col = from; col < whole; ++col, target += step)
    write_pixel(incoming, start + (col >> halved) * shape.channels, corner + (halved ? static_cast<int>(col & 1) : 0),
                features, target);
  for (; target < begin + (to - from) * step; target += step) memset(target, 0, static_cast<unsigned long>(features) * 4);
}

}  // namespace STRIATE_ISA
}  // namespace striate
