// A kernel's values at the points: (panel, point, channel, lanes), from taps that are packed as a sweep reads them.
#pragma once

#include "sweep.h"
#include "winograd_points.h"

namespace striate {
namespace STRIATE_ISA {

// Channels that are transformed together: whole lines of the cache, few enough to share the work.
constexpr long kChannelsAtOnce = 16;

inline long lanes_of_panel(const Sweep& sweep, long panel) {
  return sweep.out.channels - panel * kPanelLanes <= kLanes ? kLanes : kPanelLanes;
}

inline long panels_of(const Sweep& sweep) { return divide_up(sweep.out.channels, kPanelLanes); }

// Floats of a panel's values at P x P points.
inline long panel_floats(const Sweep& sweep, long points) { return points * points * sweep.in.channels * kPanelLanes; }

// The nine taps of one input channel, for a panel of features, at all points.
template <int P>
void take_kernel_to_points(const Sweep& sweep, const float* packed, long panel, long channel, float* values) {
  const long lanes = lanes_of_panel(sweep, panel), channels = sweep.in.channels;
  const float* taps = packed + panel * sweep.depth * kPanelLanes + channel * lanes;
  values += panel * panel_floats(sweep, P) + channel * lanes;
  for (long v = 0; v < lanes; v += kLanes) {
    Vec half[P][kTaps];
    for (int j = 0; j < kTaps; ++j) {
      Vec tap[kTaps], value[P];
      for (int i = 0; i < kTaps; ++i) tap[i] = load(taps + (i * kTaps + j) * channels * lanes + v);
      kernel_values(tap, value);
      for (int i = 0; i < P; ++i) half[i][j] = value[i];
    }
    for (int i = 0; i < P; ++i) {
      Vec value[P];
      kernel_values(half[i], value);
      for (int j = 0; j < P; ++j) store(values + (i * P + j) * channels * lanes + v, value[j]);
    }
  }
}

template <int P>
void take_kernel_to_points(const Pool& pool, const Sweep& sweep, const float* packed, float* values) {
  const long channels = sweep.in.channels, blocks = divide_up(channels, kChannelsAtOnce);
  pool.each(panels_of(sweep) * blocks, [&](long i) {
    const long from = i % blocks * kChannelsAtOnce;
    for (long c = from; c < least(channels, from + kChannelsAtOnce); ++c)
      take_kernel_to_points<P>(sweep, packed, i / blocks, c, values);
  });
}

}  // namespace STRIATE_ISA
}  // namespace striate
