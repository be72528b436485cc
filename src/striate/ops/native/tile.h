// The innermost loops of a sweep: M pixels x V vectors of features held in registers.
#pragma once

#include "simd.h"
#include "sweep.h"

namespace striate {
namespace STRIATE_ISA {

struct TileJob {
  const Segment* segments;
  long count;
  const float* const* rows;  // by run: where this output row's first visit reads; null where the row is padding
  long origin;               // floats from there to the tile's first pixel
  long step;                 // floats between neighbouring pixels
  const float* weights;      // packed: depth x (V * kLanes)
  const float* ahead;        // weights of the next tiles, which this one asks the memory for
  long ahead_floats;
  float* out;
  long out_step;
  const float* bias;  // what the sums start from; null: continue from `out`
  const float* addend;  // laid out like `out`; null: nothing is added at the end
  bool relu;
  bool fetches_inputs;  // those of the next tile are asked for too
  bool past_caches;     // write whole aligned vectors, and leave nothing in the caches
};

// One pass over k of `length`: every input float is spread over a register and multiplied by V vectors of weights.
// Rows are addressed from every fourth one, with multiples 1, 2 and 3 of the step as index registers: fourteen
// separate pointers would not fit the sixteen general registers.
template <int M, int V>
inline __attribute__((always_inline)) void accumulate(Vec (&sum)[M][V], const float* x, long step, const float* w,
                                                      long length) {
  const long step3 = 3 * step;
  const float* base[(M + 3) / 4];
#pragma GCC unroll 4
  for (int q = 0; q < (M + 3) / 4; ++q) base[q] = x + q * 4 * step;
  for (long k = 0; k < length; ++k) {
    Vec weight[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) weight[v] = load(w + v * kLanes);
#pragma GCC unroll 16
    for (int m = 0; m < M; ++m) {
      const float* row = base[m / 4];
      const float value = m % 4 == 0 ? row[0] : m % 4 == 1 ? row[step] : m % 4 == 2 ? row[2 * step] : row[step3];
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sum[m][v] += value * weight[v];
    }
    w += V * kLanes;
#pragma GCC unroll 4
    for (int q = 0; q < (M + 3) / 4; ++q) {
      ++base[q];
      asm("" : "+r"(base[q]));  // keeps the compiler from turning the few bases back into many pointers
    }
  }
}

// Inputs between two requests for what comes next.
constexpr long kBetween = 32, kLineFloats = 16;

// How much to ask for each time. A little more than is wanted does no harm.
inline long request_floats(const TileJob& job) {
  long requests = 0;
  for (long i = 0; i < job.count; ++i) requests += divide_up(job.segments[i].length, kBetween);
  return divide_up(divide_up(job.ahead_floats, most(1L, requests)), kLineFloats) * kLineFloats;
}

inline void fetch_rows(const float* first, long step, long rows) {
  for (long m = 0; m < rows; ++m, first += step)
    for (long i = 0; i < kBetween; i += kLineFloats) __builtin_prefetch(first + i, 0, 2);
}

template <int M, int V>
void run_tile(const TileJob& job) {
  Vec sum[M][V];
#pragma GCC unroll 16
  for (int m = 0; m < M; ++m)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v)
      sum[m][v] = job.bias ? load(job.bias + v * kLanes) : load(job.out + m * job.out_step + v * kLanes);
  const float *weights = job.weights, *ahead = job.ahead;
  const long request = request_floats(job);
  for (long i = 0; i < job.count; ++i) {
    const Segment& segment = job.segments[i];
    const float* row = job.rows[segment.run];
    const long begin = job.origin + segment.offset;
    for (long k = 0; row && k < segment.length; k += kBetween, ahead += request) {
      for (long i = 0; i < request; i += kLineFloats) __builtin_prefetch(ahead + i, 0, 2);
      if (job.fetches_inputs) fetch_rows(row + begin + k + M * job.step, job.step, M);
      accumulate<M, V>(sum, row + begin + k, job.step, weights + k * V * kLanes, least(kBetween, segment.length - k));
    }
    weights += segment.length * V * kLanes;
  }
  if (job.addend) {
#pragma GCC unroll 16
    for (int m = 0; m < M; ++m)
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sum[m][v] += load(job.addend + m * job.out_step + v * kLanes);
  }
  if (job.relu) {
#pragma GCC unroll 16
    for (int m = 0; m < M; ++m)
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sum[m][v] = sum[m][v] < 0.0f ? Vec{} : sum[m][v];  // a NaN stays a NaN
  }
#pragma GCC unroll 16
  for (int m = 0; m < M; ++m)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      float* place = job.out + m * job.out_step + v * kLanes;
      if (job.past_caches) store_past_caches(place, sum[m][v]);
      else store(place, sum[m][v]);
    }
}

typedef void (*TileKernel)(const TileJob&);

template <int V, int... M>
struct TileRow {
  static constexpr TileKernel kernels[] = {run_tile<M, V>...};
};

template <int V>
using Tiles = TileRow<V, STRIATE_HEIGHTS>;

inline TileKernel tile_kernel(long pixels, long vectors) {
  return vectors == 1 ? Tiles<1>::kernels[pixels - 1] : Tiles<2>::kernels[pixels - 1];
}

}  // namespace STRIATE_ISA
}  // namespace striate
