// The maximum of a 2x2 window and where it was.
#pragma once

#include "simd.h"

namespace striate {
namespace STRIATE_ISA {

// The first maximum in reading order of four floats, a NaN counting as larger than any number. Only the first `count`
// lanes are written.
inline void pool_corners(const Vec (&corners)[4], long count, float* out, uint8_t* argmax) {
  Vec best = corners[0];
  Mask which{};
#pragma GCC unroll 3
  for (int i = 1; i < 4; ++i) {
    const Mask better = ((corners[i] > best) | (corners[i] != corners[i])) & (best == best);
    best = better ? corners[i] : best;
    which = better ? Mask{} + i : which;
  }
  if (count == kLanes) {
    store(out, best);
    store_bytes(argmax, which);
    return;
  }
  for (long i = 0; i < count; ++i) {
    out[i] = best[i];
    argmax[i] = static_cast<uint8_t>(which[i]);
  }
}

// The window whose rows begin at a and b, pixels `step` floats apart.
inline void pool_pixel(const float* a, const float* b, long step, long features, float* out, uint8_t* argmax) {
  for (long f = 0; f < features; f += kLanes) {
    const Vec corners[4] = {load(a + f), load(a + step + f), load(b + f), load(b + step + f)};
    pool_corners(corners, least(kLanes, features - f), out + f, argmax + f);
  }
}

}  // namespace STRIATE_ISA
}  // namespace striate
