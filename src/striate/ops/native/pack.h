// The weights of a sweep, copied into the order in which the inner loops read them: (group, panel, depth, lanes).
#pragma once

#include "kernels.h"
#include "simd.h"
#include "sweep.h"
#include "transpose.h"

namespace striate {
namespace STRIATE_ISA {

// Channels of one tap that are packed together: enough for whole squares, few enough to share the work.
constexpr long kPackRows = 32;

struct PackTask {
  long group, tap, from, to;  // channels [from, to)
};

inline PackTask pack_task(const Sweep& sweep, long task) {
  const long channels = sweep.in.channels / sweep.groups, blocks = divide_up(channels, kPackRows);
  const long from = task % blocks * kPackRows;
  return {task / blocks / sweep.tap_count, task / blocks % sweep.tap_count, from, least(from + kPackRows, channels)};
}

inline long pack_tasks(const Sweep& sweep) {
  return sweep.groups * sweep.tap_count * divide_up(sweep.in.channels / sweep.groups, kPackRows);
}

// Weights are read in the order they lie in, a few rows across all panels, for that is what the processor foresees.
inline void pack(const Sweep& sweep, const Weights& weights, const PackTask& task, float* packed) {
  const long channels = sweep.in.channels / sweep.groups, all = sweep.out.channels / sweep.groups;
  const long panels = divide_up(all, kPanelLanes), row = task.tap * channels + task.from;
  const float* source = weights.data + task.group * weights.group_stride +
                        sweep.tap_index[task.tap] * weights.tap_stride + task.from * weights.k_stride;
  for (long panel = 0; panel < panels; ++panel, source += kPanelLanes * weights.n_stride) {
    const long features = least(kPanelLanes, all - panel * kPanelLanes);
    const long lanes = features <= kLanes ? kLanes : kPanelLanes;
    float* target = packed + (task.group * panels + panel) * sweep.depth * kPanelLanes + row * lanes;
    if (features < lanes) memset(target, 0, static_cast<unsigned long>((task.to - task.from) * lanes) * 4);
    if (weights.n_stride != 1) {
      transpose(source, weights.n_stride, features, task.to - task.from, target, lanes);
    } else if (features == kPanelLanes) {
      for (long k = 0; k < task.to - task.from; ++k)
        for (long v = 0; v < kPanel; ++v)
          store(target + (k * kPanel + v) * kLanes, load(source + k * weights.k_stride + v * kLanes));
    } else {
      for (long k = 0; k < task.to - task.from; ++k)
        memcpy(target + k * lanes, source + k * weights.k_stride, static_cast<unsigned long>(features) * 4);
    }
  }
}

}  // namespace STRIATE_ISA
}  // namespace striate
