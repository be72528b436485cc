// Turning rows into columns, a square of vectors at a time.
#pragma once

#include "simd.h"

namespace striate {
namespace STRIATE_ISA {

// The first (or second) half of a and b, taken in turn: a0 b0 a1 b1 ...
template <bool second>
inline Vec interleave(Vec a, Vec b) {
#if defined(__GNUC__) && !defined(__clang__)
  Mask order{};
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; ++i) order[i] = (second ? kLanes / 2 : 0) + i / 2 + (i % 2 ? kLanes : 0);
  return __builtin_shuffle(a, b, order);
#else
  Vec out{};
#pragma unroll
  for (int i = 0; i < kLanes; ++i) out[i] = (i % 2 ? b : a)[(second ? kLanes / 2 : 0) + i / 2];
  return out;
#endif
}

// A kLanes x kLanes square: after log2(kLanes) shuffles of the rows like a deck of cards, every element has moved to
// its place.
inline void transpose_square(const float* from, long from_step, float* to, long to_step) {
  Vec rows[kLanes], next[kLanes];
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; ++i) rows[i] = load(from + i * from_step);
#pragma GCC unroll 4
  for (long done = 1; done < kLanes; done *= 2) {
#pragma GCC unroll 16
    for (int i = 0; i < kLanes / 2; ++i) {
      next[2 * i] = interleave<false>(rows[i], rows[i + kLanes / 2]);
      next[2 * i + 1] = interleave<true>(rows[i], rows[i + kLanes / 2]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) rows[i] = next[i];
  }
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; ++i) store(to + i * to_step, rows[i]);
}

// to[c * to_step + r] = from[r * from_step + c] for r < rows, c < cols.
inline void transpose(const float* from, long from_step, long rows, long cols, float* to, long to_step) {
  const long whole_rows = rows / kLanes * kLanes, whole_cols = cols / kLanes * kLanes;
  for (long c = 0; c < whole_cols; c += kLanes)
    for (long r = 0; r < whole_rows; r += kLanes)
      transpose_square(from + r * from_step + c, from_step, to + c * to_step + r, to_step);
  for (long r = 0; r < rows; ++r)
    for (long c = r < whole_rows ? whole_cols : 0; c < cols; ++c) to[c * to_step + r] = from[r * from_step + c];
}

}  // namespace STRIATE_ISA
}  // namespace striate
