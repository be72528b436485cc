// The largest value and the sum of every window, and their gradients: vectors hold channels.
//
// Forward, every window gathers its values. Back, every pixel gathers from the windows that hold it, so that each number of
// the gradient is written once and nothing has to be cleared. Tasks are rows, dealt out by the shape alone.
#include "windows.h"

#include "kernels.h"
#include "lanes.h"
#include "simd.h"

namespace striate {
namespace STRIATE_ISA {
namespace {

constexpr long kTaskFloats = 16 << 10;  // fewer would not pay for a thread

struct Span {
  long from, to;
};

// Places of a window, along one axis, that are on the picture.
Span present(long window, long stride, long pad, long size, long pixels) {
  const long first = window * stride - pad, from = most(0L, -first);
  return {from, most(from, least(size, pixels - first))};
}

// Windows, along one axis, that hold a pixel. Asked for one pixel after the other it needs no division.
struct Holding {
  long stride, pad, size, windows;
  Span span;

  Span at(long pixel) {
    while (span.to < windows && span.to * stride - pad <= pixel) ++span.to;
    while (span.from < span.to && span.from * stride - pad + size <= pixel) ++span.from;
    return span;
  }
};

// One window: its places on the picture, where its first place is (or would be), and where its output goes.
struct Window {
  Span rows, cols;
  long first, output;
};

// The largest of the values, the first of equals. A NaN is larger than all others, and the first one stays.
template <bool Placed, typename Lanes>
void largest(const Pooling& p, const Window& w, const float* x, Lanes lanes, float* y, uint8_t* place) {
  constexpr int N = Lanes::count;
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
        const Vec value = lanes.take(from, q);
        const Mask better = ~(value <= best[q]) & (best[q] == best[q]);
        best[q] = better ? value : best[q];
        if (Placed) at[q] = better ? number : at[q];
      }
    }
#pragma GCC unroll 4
  for (int q = 0; q < N; ++q) {
    lanes.put(y, q, best[q]);
    if (Placed) lanes.put_bytes(place, q, at[q]);
  }
}

// The sum of the values, in reading order.
template <typename Lanes>
void total(const Pooling& p, const Window& w, const float* x, Lanes lanes, float* y) {
  constexpr int N = Lanes::count;
  Vec sum[N] = {};
  for (long i = w.rows.from; i < w.rows.to; ++i)
    for (long j = w.cols.from; j < w.cols.to; ++j) {
      const float* from = x + (i * p.in.cols + j) * p.in.channels;
#pragma GCC unroll 4
      for (int q = 0; q < N; ++q) sum[q] += lanes.take(from, q);
    }
#pragma GCC unroll 4
  for (int q = 0; q < N; ++q) lanes.put(y, q, sum[q]);
}

// One pixel: the windows that hold it, where it lies behind the padding, its image's first window, and its own address.
struct Pixel {
  Span rows, cols;
  long row, col;
  long windows, address;
};

// What the windows send to a pixel, the last window first: all of their gradient, or only if it was their place.
template <bool Placed, typename Lanes>
void returned(const Pooling& p, const Pixel& pixel, const float* dy, const uint8_t* place, Lanes lanes, float* dx) {
  constexpr int N = Lanes::count;
  Vec sum[N] = {};
  for (long i = pixel.rows.to - 1; i >= pixel.rows.from; --i)
    for (long j = pixel.cols.to - 1; j >= pixel.cols.from; --j) {
      const long from = (i * p.out.cols + j) * p.out.channels;
      const long own = (pixel.row - i * p.stride_rows) * p.size_cols + pixel.col - j * p.stride_cols;
      const Mask number = Mask{} + static_cast<int32_t>(own);
#pragma GCC unroll 4
      for (int q = 0; q < N; ++q) {
        const Vec sent = lanes.take(dy + from, q);
        sum[q] += !Placed || lanes.take_bytes(place + from, q) == number ? sent : Vec{};
      }
    }
#pragma GCC unroll 4
  for (int q = 0; q < N; ++q) lanes.put(dx, q, sum[q]);
}

// Calls visit(row) for every row of all images, several of them a task.
template <typename F>
void each_row(const Pool& pool, const Shape& shape, long row_floats, const F& visit) {
  const long rows = shape.images * shape.rows, together = most(1L, kTaskFloats / row_floats);
  pool.each(divide_up(rows, together), [&](long task) {
    for (long row = task * together; row < least(rows, (task + 1) * together); ++row) visit(row);
  });
}

template <typename F>
void each_window(const Pool& pool, const Pooling& p, const F& visit) {
  const long channels = p.in.channels;
  each_row(pool, p.out, most(1L, p.in.rows * p.in.cols * channels / p.out.rows), [&](long index) {
    const long image = index / p.out.rows, row = index % p.out.rows;
    const Span rows = present(row, p.stride_rows, p.pad_top, p.size_rows, p.in.rows);
    const long first = (image * p.in.rows + row * p.stride_rows - p.pad_top) * p.in.cols;
    for (long col = 0; col < p.out.cols; ++col) {
      const Span cols = present(col, p.stride_cols, p.pad_left, p.size_cols, p.in.cols);
      visit(Window{rows, cols, (first + col * p.stride_cols - p.pad_left) * channels, (index * p.out.cols + col) * channels});
    }
  });
}

template <typename F>
void each_pixel(const Pool& pool, const Pooling& p, const F& visit) {
  const long channels = p.in.channels;
  each_row(pool, p.in, p.in.cols * channels, [&](long index) {
    const long image = index / p.in.rows, row = index % p.in.rows;
    const Span rows = Holding{p.stride_rows, p.pad_top, p.size_rows, p.out.rows, {}}.at(row);
    Holding cols{p.stride_cols, p.pad_left, p.size_cols, p.out.cols, {}};
    for (long col = 0; col < p.in.cols; ++col)
      visit(Pixel{rows, cols.at(col), row + p.pad_top, col + p.pad_left, image * p.out.rows * p.out.cols * channels,
                  (index * p.in.cols + col) * channels});
  });
}

}  // namespace

void run_pool_max(const Pool& pool, const Pooling& p, const float* x, float* y, uint8_t* place) {
  each_window(pool, p, [&](const Window& w) {
    over_channels(p.in.channels, [&](long c, auto lanes) {
      const long to = w.output + c;
      if (place) largest<true>(p, w, x + w.first + c, lanes, y + to, place + to);
      else largest<false>(p, w, x + w.first + c, lanes, y + to, nullptr);
    });
  });
}

void run_pool_max_gradient(const Pool& pool, const Pooling& p, const float* dy, const uint8_t* place, float* dx) {
  each_pixel(pool, p, [&](const Pixel& pixel) {
    over_channels(p.in.channels, [&](long c, auto lanes) {
      const long from = pixel.windows + c;
      returned<true>(p, pixel, dy + from, place + from, lanes, dx + pixel.address + c);
    });
  });
}

void run_pool_sum(const Pool& pool, const Pooling& p, const float* x, float* y) {
  each_window(pool, p, [&](const Window& w) {
    over_channels(p.in.channels,
                  [&](long c, auto lanes) { total(p, w, x + w.first + c, lanes, y + w.output + c); });
  });
}

void run_pool_sum_gradient(const Pool& pool, const Pooling& p, const float* dy, float* dx) {
  each_pixel(pool, p, [&](const Pixel& pixel) {
    over_channels(p.in.channels, [&](long c, auto lanes) {
      returned<false>(p, pixel, dy + pixel.windows + c, nullptr, lanes, dx + pixel.address + c);
    });
  });
}

}  // namespace STRIATE_ISA
}  // namespace striate
