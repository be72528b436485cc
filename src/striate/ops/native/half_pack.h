// The weights of a sweep as panels of pairs, in the order in which half_tile.h reads them.
#pragma once

#include "half_tile.h"
#include "kernels.h"
#include "transpose.h"

namespace striate {
namespace STRIATE_ISA {

// How the depth of a sweep is cut into steps. Pictures with many channels are read where they lie, tap by tap; with few
// channels, what a pixel gathers is laid side by side first ("patches"), and all taps are one.
struct Depth {
  bool patches;
  long taps, steps;
  long pitch;  // numbers of one pixel: whole steps, filled up with zeros
};

constexpr long kFewChannels = 16;

inline Depth depth_of(const Sweep& sweep) {
  const bool patches = sweep.in.channels < kFewChannels;
  const long numbers = patches ? sweep.depth : sweep.in.channels, steps = divide_up(numbers, kStep);
  return {patches, patches ? 1 : sweep.tap_count, steps, steps * kStep};
}

// Rows [from, from + kStep) of the depth of one tap, 16 features of each; zeros where there are none.
inline void fetch(const Sweep& sweep, const Weights& weights, const Depth& depth, long tap, long from, long feature,
                  float* rows) {
  const long features = least(16L, sweep.out.channels - feature), channels = sweep.in.channels;
  memset(rows, 0, static_cast<unsigned long>(kStep * 16) * 4);
  const float* source = weights.data + feature * weights.n_stride;
  const long end = least(kStep, (depth.patches ? sweep.depth : channels) - from);
  if (weights.n_stride != 1 && !depth.patches) {
    transpose(source + sweep.tap_index[tap] * weights.tap_stride + from, weights.n_stride, features, end, rows, 16);
    return;
  }
  for (long k = 0; k < end; ++k) {
    const long place = depth.patches ? (from + k) / channels : tap, channel = depth.patches ? (from + k) % channels : from + k;
    const float* row = source + sweep.tap_index[place] * weights.tap_stride + channel * weights.k_stride;
    for (long f = 0; f < features; ++f) rows[k * 16 + f] = row[f * weights.n_stride];
  }
}

// One tile of weights: the step `step` of one tap, for 16 features.
inline void pack_tile(const Sweep& sweep, const Weights& weights, const Depth& depth, long tap, long step, long feature,
                      Half* tile) {
  float rows[kStep * 16] __attribute__((aligned(64)));
  if (feature >= sweep.out.channels) return clear(tile, kTileHalves);
  fetch(sweep, weights, depth, tap, step * kStep, feature, rows);
  for (long pair = 0; pair < kStep / kPair; ++pair) {
    const float* row = rows + pair * kPair * 16;
    _mm512_storeu_si512(tile + pair * 32, paired(_mm512_load_ps(row), _mm512_load_ps(row + 16)));
  }
}

inline long pack_tasks(const Sweep& sweep, const Depth& depth) {
  return divide_up(sweep.out.channels, kHalfPanel) * depth.taps;
}

inline void pack(const Sweep& sweep, const Weights& weights, const Depth& depth, long task, Half* packed) {
  const long panel = task / depth.taps, tap = task % depth.taps;
  Half* tile = packed + (task * depth.steps) * 2 * kTileHalves;
  for (long step = 0; step < depth.steps; ++step)
    for (long v = 0; v < 2; ++v, tile += kTileHalves)
      pack_tile(sweep, weights, depth, tap, step, panel * kHalfPanel + v * 16, tile);
}

}  // namespace STRIATE_ISA
}  // namespace striate
