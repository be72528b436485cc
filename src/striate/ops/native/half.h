// Numbers of sixteen bits: the upper half of a float, rounded to nearest.
//
// Only for the variants whose processors multiply such numbers; elsewhere floats that hold rounded values do the same
// (round.h).
#pragma once

#include <immintrin.h>

#include "simd.h"

namespace striate {
namespace STRIATE_ISA {

typedef uint16_t Half;

// Products are summed over pairs of these, two pairs of vectors a step.
constexpr long kPair = 2;
constexpr long kStep = 32;  // numbers of the depth that one step sums

inline __mmask16 first_lanes(long count) { return static_cast<__mmask16>(count >= 16 ? 0xffff : (1u << count) - 1); }

inline __m256i narrowed(__m512 values) { return (__m256i)_mm512_cvtneps_pbh(values); }

inline __m512 widened(__m256i values) { return (__m512)_mm512_slli_epi32(_mm512_cvtepu16_epi32(values), 16); }

inline __m512 load_some(const float* p, long count) { return _mm512_maskz_loadu_ps(first_lanes(count), p); }

// `count` floats, rounded, side by side.
inline void narrow(const float* from, long count, Half* to) {
  long i = 0;
  for (; i + 16 <= count; i += 16) _mm256_storeu_si256((__m256i*)(to + i), narrowed(_mm512_loadu_ps(from + i)));
  if (i < count) _mm256_mask_storeu_epi16(to + i, first_lanes(count - i), narrowed(load_some(from + i, count - i)));
}

// Sixteen pairs (a[i], b[i]), one after the other.
inline __m512i paired(__m512 a, __m512 b) {
  const __m512i low = _mm512_cvtepu16_epi32(narrowed(a)), high = _mm512_cvtepu16_epi32(narrowed(b));
  return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

inline __mmask32 first_halves(long count) { return count >= 32 ? 0xffffffffu : (1u << count) - 1; }

inline void clear(Half* p, long count) {
  for (; count > 0; p += 32, count -= 32) _mm512_mask_storeu_epi16(p, first_halves(count), _mm512_setzero_si512());
}

inline void copy(const Half* from, long count, Half* to) {
  for (; count > 0; from += 32, to += 32, count -= 32) {
    const __mmask32 there = first_halves(count);
    _mm512_mask_storeu_epi16(to, there, _mm512_maskz_loadu_epi16(there, from));
  }
}

}  // namespace STRIATE_ISA
}  // namespace striate
