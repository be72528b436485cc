// The innermost loops of a kernel's gradient: R x M input floats x V vectors of features held in registers.
#pragma once

#include "simd.h"

namespace striate {
namespace STRIATE_ISA {

// A stretch of one output row: its pixels are evenly spaced in the input and in the gradient.
struct Stretch {
  const float* input;  // at the tile's first run; null where that is padding
  const float* incoming;
  long count;
};

struct GradientJob {
  const Stretch* stretches;
  long count;
  long offset;         // floats from `input` to the tile's first
  long run_step;       // stretches between the entries of neighbouring runs, when a tile spans several
  long input_step, incoming_step;
  float* out;          // tile row m of run r: out + (r * run_rows + m) * out_step
  long out_step, run_rows;
};

// R runs x M floats x V vectors. R is more than one only where a run is so short that it would leave registers idle.
template <int R, int M, int V>
void gradient_tile(const GradientJob& job) {
  Vec sum[R * M][V];
#pragma GCC unroll 16
  for (int m = 0; m < R * M; ++m)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sum[m][v] = Vec{};
  for (long i = 0; i < job.count; ++i) {
    const float* input[R];
    bool here = true;
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      input[r] = job.stretches[i + r * job.run_step].input;
      here = here && input[r];
      input[r] += job.offset;
    }
    if (!here) continue;
    const float* incoming = job.stretches[i].incoming;
    for (long p = 0; p < job.stretches[i].count; ++p) {
      Vec gradient[V];
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) gradient[v] = load(incoming + v * kLanes);
#pragma GCC unroll 16
      for (int m = 0; m < R * M; ++m) {
        const float value = input[m / M][m % M];
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) sum[m][v] += value * gradient[v];
      }
      incoming += job.incoming_step;
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) input[r] += job.input_step;
    }
  }
#pragma GCC unroll 16
  for (int m = 0; m < R * M; ++m) {
    float* out = job.out + ((m / M) * job.run_rows + m % M) * job.out_step;
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) store(out + v * kLanes, load(out + v * kLanes) + sum[m][v]);
  }
}

typedef void (*GradientKernel)(const GradientJob&);

template <int V, int... M>
struct GradientRow {
  static constexpr GradientKernel kernels[] = {gradient_tile<1, M, V>...};
};

template <int V>
using GradientTiles = GradientRow<V, STRIATE_HEIGHTS>;

// How many runs of `length` floats one tile takes at once.
inline long runs_at_once(long length, long runs) {
  if (kTile < 14) return 1;
  if (length == 3 && runs % 3 == 0) return 3;
  if (length == 5 && runs % 2 == 0) return 2;
  return 1;
}

inline GradientKernel gradient_kernel(long runs, long length, long vectors) {
  if (runs == 3) return vectors == 1 ? gradient_tile<3, 3, 1> : gradient_tile<3, 3, 2>;
  if (runs == 2) return vectors == 1 ? gradient_tile<2, 5, 1> : gradient_tile<2, 5, 2>;
  return vectors == 1 ? GradientTiles<1>::kernels[length - 1] : GradientTiles<2>::kernels[length - 1];
}

}  // namespace STRIATE_ISA
}  // namespace striate
