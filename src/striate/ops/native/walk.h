// The windows of a picture, and its pixels, in the order of memory.
//
// Some are done together, so that the loops over places cost less: the vectors of a pixel where there are enough. Else
// neighbouring windows, or pixels as far apart as these are, which meet the next windows at the same places; at the edges
// each of those is alone. Tasks are rows, dealt out by the shape alone.
#pragma once

#include "lanes.h"
#include "simd.h"
#include "windows.h"

namespace striate {
namespace STRIATE_ISA {

constexpr long kTaskFloats = 16 << 10;  // fewer would not pay for a thread
constexpr int kTogether = 4;

struct Span {
  long from, to;
};

// Places of a window, along one axis, that are on the picture.
inline Span present(long window, long stride, long pad, long size, long pixels) {
  const long first = window * stride - pad, from = most(0L, -first);
  return {from, most(from, least(size, pixels - first))};
}

// Windows, along one axis, that hold a pixel, which is counted from where the padding begins.
inline Span holding(long pixel, long stride, long size, long windows) {
  const long to = least(windows, pixel / stride + 1);
  return {least(to, pixel < size ? 0 : (pixel - size) / stride + 1), to};
}

// The same for a pixel behind the one that `span` is of: dividing for each pixel would cost more than its sum.
inline Span moved(Span span, long pixel, long stride, long size, long windows) {
  while (span.to < windows && span.to * stride <= pixel) ++span.to;
  while (span.from < span.to && span.from * stride + size <= pixel) ++span.from;
  return span;
}

// Floats between the vectors of one kind that are done together.
struct Steps {
  long in, out;
};

// Some windows: the places they have on the picture, where the first place of the first is (or would be), and where
// their outputs go.
struct Group {
  Span rows, cols;
  Steps steps;
  long first, output;
};

// Some pixels: the windows that hold the first one, where it lies behind the padding, the first window of its image, and
// where their numbers go.
struct Pixels {
  Span rows, cols;
  Steps steps;
  long row, col;
  long windows, output;
};

// Calls visit(row) for every row of all images, several of them a task.
template <typename F>
inline void each_row(const Pool& pool, const Shape& shape, long row_floats, const F& visit) {
  const long rows = shape.images * shape.rows, together = most(1L, kTaskFloats / row_floats);
  pool.each(divide_up(rows, together), [&](long task) {
    for (long row = task * together; row < least(rows, (task + 1) * together); ++row) visit(row);
  });
}

// Whether the channels of a pixel are done together.
inline bool wide(const Pooling& p) { return p.in.channels % (kTogether * kLanes) == 0; }

// Whether windows [col, col + kTogether) exist and lie on the picture.
inline bool inside(const Pooling& p, long col) {
  const long first = col * p.stride_cols - p.pad_left, last = first + (kTogether - 1) * p.stride_cols;
  return first >= 0 && col + kTogether <= p.out.cols && last + p.size_cols <= p.in.cols;
}

// Calls visit(whether kTogether of them, windows, lanes) for all windows and channels.
template <typename F>
inline void each_window(const Pool& pool, const Pooling& p, const F& visit) {
  const long channels = p.in.channels;
  each_row(pool, p.out, most(1L, p.in.rows * p.in.cols * channels / p.out.rows), [&](long index) {
    const long image = index / p.out.rows, row = index % p.out.rows;
    const Span rows = present(row, p.stride_rows, p.pad_top, p.size_rows, p.in.rows);
    const long first = (image * p.in.rows + row * p.stride_rows - p.pad_top) * p.in.cols;
    const Steps steps = wide(p) ? Steps{kLanes, kLanes} : Steps{p.stride_cols * channels, channels};
    for (long col = 0; col < p.out.cols;) {
      const bool several = !wide(p) && inside(p, col);
      const Span cols = present(col, p.stride_cols, p.pad_left, p.size_cols, p.in.cols);
      const long start = (first + col * p.stride_cols - p.pad_left) * channels, output = (index * p.out.cols + col) * channels;
      over_channels(channels, wide(p) ? kTogether : 1, [&](long c, auto lanes) {
        visit(several || wide(p), Group{rows, cols, steps, start + c, output + c}, lanes);
      });
      col += several ? kTogether : 1;
    }
  });
}

// Whether pixels [col, col + block) exist, and no window that would hold one is missing.
inline bool whole(const Pooling& p, long col, long block) {
  const long behind = col + p.pad_left;
  return behind >= p.size_cols && behind + block <= p.out.cols * p.stride_cols && col + block <= p.in.cols;
}

// Calls visit(whether kTogether of them, pixels, lanes) for all pixels and channels.
template <typename F>
inline void each_pixel(const Pool& pool, const Pooling& p, const F& visit) {
  const long channels = p.in.channels, block = kTogether * p.stride_cols;
  each_row(pool, p.in, p.in.cols * channels, [&](long index) {
    const long image = index / p.in.rows, row = index % p.in.rows + p.pad_top;
    const long windows = image * p.out.rows * p.out.cols * channels;
    const Span rows = holding(row, p.stride_rows, p.size_rows, p.out.rows);
    const Steps steps = wide(p) ? Steps{kLanes, kLanes} : Steps{channels, p.stride_cols * channels};
    Span cols{};
    for (long col = 0; col < p.in.cols;) {
      const long behind = col + p.pad_left;
      const bool several = !wide(p) && whole(p, col, block);
      for (long next = 0; next < (several ? p.stride_cols : 1); ++next) {
        cols = moved(cols, behind + next, p.stride_cols, p.size_cols, p.out.cols);
        const long output = (index * p.in.cols + col + next) * channels;
        over_channels(channels, wide(p) ? kTogether : 1, [&](long c, auto lanes) {
          visit(several || wide(p), Pixels{rows, cols, steps, row, behind + next, windows + c, output + c}, lanes);
        });
      }
      col += several ? block : 1;
    }
  });
}

}  // namespace STRIATE_ISA
}  // namespace striate
