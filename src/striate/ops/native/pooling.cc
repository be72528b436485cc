// The largest value and the sum of every window, and their gradients: vectors hold channels.
//
// Forward, every window gathers its values. Back, every pixel gathers from the windows that hold it, so that each number of
// the gradient is written once and nothing has to be cleared.
#include "kernels.h"
#include "lanes.h"
#include "simd.h"
#include "walk.h"

namespace striate {
namespace STRIATE_ISA {
namespace {

// The largest of the values, the first of equals. A NaN is larger than all others, and the first one stays.
template <bool Placed, int N, typename Lanes>
void largest(const Pooling& p, const Group& w, const float* x, Lanes lanes, float* y, uint8_t* place) {
  Vec best[N];
  Mask at[N];
#pragma GCC unroll 4
  for (int q = 0; q < N; ++q) best[q] = Vec{} - __builtin_inff(), at[q] = Mask{};
  for (long i = w.rows.from; i < w.rows.to; ++i)
    for (long j = w.cols.from; j < w.cols.to; ++j) {
      const float* from = x + (i * p.in.cols + j) * p.in.channels;
      const Mask number = Mask{} + static_cast<int32_t>(i * p.size_cols + j);
#pragma GCC unroll 4
      for (int q = 0; q < N; ++q) {
        const Vec value = lanes.take(from + q * w.steps.in);
        const Mask better = ~(value <= best[q]) & (best[q] == best[q]);
        best[q] = better ? value : best[q];
        if (Placed) at[q] = better ? number : at[q];
      }
    }
#pragma GCC unroll 4
  for (int q = 0; q < N; ++q) {
    lanes.put(y + q * w.steps.out, best[q]);
    if (Placed) lanes.put_bytes(place + q * w.steps.out, at[q]);
  }
}

// The sum of the values, in reading order.
template <int N, typename Lanes>
void total(const Pooling& p, const Group& w, const float* x, Lanes lanes, float* y) {
  Vec sum[N] = {};
  for (long i = w.rows.from; i < w.rows.to; ++i)
    for (long j = w.cols.from; j < w.cols.to; ++j) {
      const float* from = x + (i * p.in.cols + j) * p.in.channels;
#pragma GCC unroll 4
      for (int q = 0; q < N; ++q) sum[q] += lanes.take(from + q * w.steps.in);
    }
#pragma GCC unroll 4
  for (int q = 0; q < N; ++q) lanes.put(y + q * w.steps.out, sum[q]);
}

// What the windows send to a pixel, the last window first: all of their gradient, or only if it was their place.
template <bool Placed, int N, typename Lanes>
void returned(const Pooling& p, const Pixels& pixels, const float* dy, const uint8_t* place, Lanes lanes, float* dx) {
  Vec sum[N] = {};
  for (long i = pixels.rows.to - 1; i >= pixels.rows.from; --i)
    for (long j = pixels.cols.to - 1; j >= pixels.cols.from; --j) {
      const long from = (i * p.out.cols + j) * p.out.channels;
      const long own = (pixels.row - i * p.stride_rows) * p.size_cols + pixels.col - j * p.stride_cols;
      const Mask number = Mask{} + static_cast<int32_t>(own);
#pragma GCC unroll 4
      for (int q = 0; q < N; ++q) {
        const Vec sent = lanes.take(dy + from + q * pixels.steps.in);
        if (Placed) sum[q] += lanes.take_bytes(place + from + q * pixels.steps.in) == number ? sent : Vec{};
        else sum[q] += sent;
      }
    }
#pragma GCC unroll 4
  for (int q = 0; q < N; ++q) lanes.put(dx + q * pixels.steps.out, sum[q]);
}

}  // namespace

void run_pool_max(const Pool& pool, const Pooling& p, const float* x, float* y, uint8_t* place) {
  each_window(pool, p, [&](bool several, const Group& w, auto lanes) {
    const float* from = x + w.first;
    float* to = y + w.output;
    if (place && several) largest<true, kTogether>(p, w, from, lanes, to, place + w.output);
    else if (place) largest<true, 1>(p, w, from, lanes, to, place + w.output);
    else if (several) largest<false, kTogether>(p, w, from, lanes, to, nullptr);
    else largest<false, 1>(p, w, from, lanes, to, nullptr);
  });
}

void run_pool_max_gradient(const Pool& pool, const Pooling& p, const float* dy, const uint8_t* place, float* dx) {
  each_pixel(pool, p, [&](bool several, const Pixels& pixels, auto lanes) {
    const float* from = dy + pixels.windows;
    if (several) returned<true, kTogether>(p, pixels, from, place + pixels.windows, lanes, dx + pixels.output);
    else returned<true, 1>(p, pixels, from, place + pixels.windows, lanes, dx + pixels.output);
  });
}

void run_pool_sum(const Pool& pool, const Pooling& p, const float* x, float* y) {
  each_window(pool, p, [&](bool several, const Group& w, auto lanes) {
    if (several) total<kTogether>(p, w, x + w.first, lanes, y + w.output);
    else total<1>(p, w, x + w.first, lanes, y + w.output);
  });
}

void run_pool_sum_gradient(const Pool& pool, const Pooling& p, const float* dy, float* dx) {
  each_pixel(pool, p, [&](bool several, const Pixels& pixels, auto lanes) {
    if (several) returned<false, kTogether>(p, pixels, dy + pixels.windows, nullptr, lanes, dx + pixels.output);
    else returned<false, 1>(p, pixels, dy + pixels.windows, nullptr, lanes, dx + pixels.output);
  });
}

}  // namespace STRIATE_ISA
}  // namespace striate
