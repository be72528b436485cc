// How the output pixels of a sweep on numbers of sixteen bits are divided, and what their taps reach.
#pragma once

#include "half_pack.h"

namespace striate {
namespace STRIATE_ISA {

// Output pixels: some rows of one image, or several whole images.
struct HalfBand {
  long image, images, row, rows, col, cols;
};

inline long floor_divide(long a, long b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

// Rows and columns of planes that taps reach, in steps of the stride.
struct Reach {
  long top, bottom, left, right;
};

// Calls visit(tap, row, col, row phase, col phase) for the taps in the order of their runs.
template <typename F>
inline void each_tap(const Sweep& sweep, const F& visit) {
  long tap = 0;
  for (long r = 0; r < sweep.run_count; ++r) {
    const Run& run = sweep.runs[r];
    for (long j = 0; j < run.cols; ++j, ++tap) {
      const long row = floor_divide(run.row, sweep.row_step), col = floor_divide(run.col + j, sweep.col_step);
      visit(tap, row, col, run.row - row * sweep.row_step, run.col + j - col * sweep.col_step);
    }
  }
}

inline Reach reach_of(const Sweep& sweep) {
  Reach reach{1L << 40, -(1L << 40), 1L << 40, -(1L << 40)};
  each_tap(sweep, [&](long, long row, long col, long, long) {
    reach.top = least(reach.top, row), reach.bottom = most(reach.bottom, row);
    reach.left = least(reach.left, col), reach.right = most(reach.right, col);
  });
  return reach;
}

// How output pixels are divided into bands: small enough for the cache, large enough to fill tiles.
struct HalfBands {
  long rows, row_bands, cols, col_bands, images, image_bands, count;
};

constexpr long kBandHalves = 128 << 10;  // 256 KiB of picture: stays in the second-level cache

inline HalfBands divide_bands(const Sweep& sweep, const Depth& depth, bool pooled, long slots) {
  HalfBands b{};
  b.col_bands = divide_up(sweep.cols, slots);
  b.cols = divide_up(sweep.cols, b.col_bands);
  if (pooled) b.cols += b.cols % 2;
  b.col_bands = divide_up(sweep.cols, b.cols);
  const Reach reach = reach_of(sweep);
  const long width = b.cols + (depth.patches ? 0 : reach.right - reach.left);
  const long row = width * depth.pitch * (depth.patches ? 1 : sweep.row_step * sweep.col_step);
  const long most_rows = most(1L, least(slots / width, kBandHalves / row));
  b.row_bands = divide_up(sweep.rows, most_rows);
  b.rows = divide_up(sweep.rows, b.row_bands);
  if (pooled) b.rows += b.rows % 2;
  b.row_bands = divide_up(sweep.rows, b.rows);
  const bool whole = b.row_bands == 1 && b.col_bands == 1;
  const long height = b.rows + (depth.patches ? 0 : reach.bottom - reach.top);
  const long fitting = whole ? least(slots / (height * width), kBandHalves / (height * row)) : 1;
  b.images = most(1L, least(sweep.in.images, fitting));
  b.image_bands = divide_up(sweep.in.images, b.images);
  b.count = b.image_bands * b.row_bands * b.col_bands;
  return b;
}

inline HalfBand band_at(const Sweep& sweep, const HalfBands& b, long place) {
  const long col = place % b.col_bands * b.cols, row = place / b.col_bands % b.row_bands * b.rows;
  const long image = place / b.col_bands / b.row_bands * b.images;
  return {image, least(b.images, sweep.in.images - image), row, least(b.rows, sweep.rows - row), col,
          least(b.cols, sweep.cols - col)};
}

}  // namespace STRIATE_ISA
}  // namespace striate
