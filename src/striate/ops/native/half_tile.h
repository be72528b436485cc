// The innermost loops on numbers of sixteen bits: products of rows of pairs with panels of pairs, summed as floats.
//
// One interface, two ways: tiles of the processor's matrix unit (AMX), or vectors that multiply pairs (AVX512-BF16).
#pragma once

#include "half.h"

namespace striate {
namespace STRIATE_ISA {

constexpr long kHalfRows = 32;   // rows of sums that one block makes, in two tiles
constexpr long kTileRows = 16;
constexpr long kHalfPanel = 32;  // features of a panel, in two tiles
constexpr long kTileHalves = kTileRows * kStep;  // numbers of one tile of weights: 16 pairs of 16 features

// out[m][f] = sum over taps t and depth k of a[m * pitch + offsets[t] + k] * b[t][k][f], for 32 rows (or 16) and 32
// features (or 16). Panels b lie as (tap, step, tile of features, pair, feature, one of the pair).
struct HalfJob {
  const Half* a;
  long pitch;
  const long* offsets;
  long taps, steps;
  const Half* b;
  float* out;  // rows of kHalfPanel floats
};

#ifdef STRIATE_AMX

// What the matrix unit is told: every tile has 16 rows of 64 bytes.
struct Tiles {
  Tiles() {
    struct {
      uint8_t palette, start, reserved[14];
      uint16_t bytes[16];
      uint8_t rows[16];
    } config = {1, 0, {}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};
    asm volatile("" ::: "memory");
    _tile_loadconfig(&config);
  }
  ~Tiles() { _tile_release(); }
};

template <bool both, bool wide>
inline void half_block(const HalfJob& job) {
  asm volatile("" ::: "memory");  // what was written before is there when the tiles are loaded
  const long row = job.pitch * static_cast<long>(sizeof(Half));
  _tile_zero(0);
  if (wide) _tile_zero(1);
  if (both) _tile_zero(2);
  if (both && wide) _tile_zero(3);
  const Half* b = job.b;
  for (long t = 0; t < job.taps; ++t) {
    const Half* a = job.a + job.offsets[t];
    for (long s = 0; s < job.steps; ++s, a += kStep, b += 2 * kTileHalves) {
      _tile_loadd(4, a, row);
      _tile_loadd(6, b, 64);
      _tile_dpbf16ps(0, 4, 6);
      if (wide) {
        _tile_loadd(7, b + kTileHalves, 64);
        _tile_dpbf16ps(1, 4, 7);
      }
      if (both) {
        _tile_loadd(5, a + kTileRows * job.pitch, row);
        _tile_dpbf16ps(2, 5, 6);
        if (wide) _tile_dpbf16ps(3, 5, 7);
      }
    }
  }
  const long out = kHalfPanel * 4;
  _tile_stored(0, job.out, out);
  if (wide) _tile_stored(1, job.out + 16, out);
  if (both) _tile_stored(2, job.out + kTileRows * kHalfPanel, out);
  if (both && wide) _tile_stored(3, job.out + kTileRows * kHalfPanel + 16, out);
  asm volatile("" ::: "memory");
}

#else

struct Tiles {
  Tiles() {}
};

// M rows x V vectors of sums in registers; a pair of each row is spread over a vector and multiplied.
template <int M, int V>
inline void half_rows(const HalfJob& job, long first) {
  __m512 sum[M][V];
#pragma GCC unroll 16
  for (int m = 0; m < M; ++m)
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) sum[m][v] = _mm512_setzero_ps();
  const Half* b = job.b;
  for (long t = 0; t < job.taps; ++t) {
    const Half* a = job.a + first * job.pitch + job.offsets[t];
    for (long s = 0; s < job.steps; ++s, b += 2 * kTileHalves, a += kStep) {
      for (long k = 0; k < kStep / kPair; ++k) {
        __m512i panel[V];
#pragma GCC unroll 2
        for (int v = 0; v < V; ++v) panel[v] = _mm512_loadu_si512(b + v * kTileHalves + k * kStep);
#pragma GCC unroll 16
        for (int m = 0; m < M; ++m) {
          int32_t pair;
          memcpy(&pair, a + m * job.pitch + k * kPair, 4);
          const __m512bh spread = (__m512bh)_mm512_set1_epi32(pair);
#pragma GCC unroll 2
          for (int v = 0; v < V; ++v) sum[m][v] = _mm512_dpbf16_ps(sum[m][v], spread, (__m512bh)panel[v]);
        }
      }
    }
  }
#pragma GCC unroll 16
  for (int m = 0; m < M; ++m)
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) _mm512_storeu_ps(job.out + (first + m) * kHalfPanel + v * 16, sum[m][v]);
}

template <bool both, bool wide>
inline void half_block(const HalfJob& job) {
  for (long first = 0; first < (both ? kHalfRows : kTileRows); first += 8) half_rows<8, wide ? 2 : 1>(job, first);
}

#endif

// `rows` rows of sums (whatever lies behind them, up to whole tiles, is written too), of `features` features.
inline void half_sums(HalfJob job, long rows, long features) {
  for (; rows > 0; rows -= kHalfRows, job.a += kHalfRows * job.pitch, job.out += kHalfRows * kHalfPanel) {
    const bool both = rows > kTileRows, wide = features > 16;
    if (both && wide) half_block<true, true>(job);
    else if (both) half_block<true, false>(job);
    else if (wide) half_block<false, true>(job);
    else half_block<false, false>(job);
  }
}

// How many numbers the panels of one feature panel take.
inline long panel_halves(long taps, long steps) { return taps * steps * 2 * kTileHalves; }

}  // namespace STRIATE_ISA
}  // namespace striate
