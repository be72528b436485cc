// The part of a picture that a band of output pixels reads, in numbers of sixteen bits.
//
// Columns and rows that agree modulo the stride lie together in a plane, zeros included, so that neighbouring output
// pixels are neighbours here for any stride, the last pixel of a row is followed by the first of the next, and a tap is
// nothing but an offset. What lies between the rows is computed too and thrown away.
#pragma once

#include "half_pack.h"
#include "rows.h"

namespace striate {
namespace STRIATE_ISA {

// Output pixels: some rows of one image, or several whole images.
struct HalfBand {
  long image, images, row, rows, col, cols;
};

// Output pixel (i, y, x) of the band finds what tap t meets at offsets[t] + ((i * height + y) * width + x) * pitch.
struct Planes {
  const Half* data;
  long pitch, width, height;
  const long* offsets;
};

inline long slots_of(const Planes& planes, const HalfBand& band) {
  return ((band.images - 1) * planes.height + band.rows - 1) * planes.width + band.cols;
}

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

// One row of a plane: every `step`th pixel of a row of the picture, from `col` on, zeros beyond its borders.
inline void fill_row(const Incoming& in, const Shape& shape, long image, long row, long col, long step, long count,
                     long pitch, Half* target) {
  const long width = shape.channels;
  const bool outside = row < 0 || row >= shape.rows;
  const long from = outside ? count : least(count, col >= 0 ? 0 : divide_up(-col, step));
  const long to = outside ? count : most(from, least(count, floor_divide(shape.cols - 1 - col, step) + 1));
  clear(target, from * pitch);
  clear(target + to * pitch, (count - to) * pitch);
  const float* source = nullptr;
  if (altered(in) && from < to) {
    const long first = col + from * step, cols = (to - 1 - from) * step + 1;
    float* spread = scratch(kRows, cols * width);
    write_row(in, shape, image, row, first, first + cols, 0, width, spread, width);
    source = spread;
  } else if (from < to) {
    source = in.data + ((image * shape.rows + row) * shape.cols + col + from * step) * width;
  }
  if (pitch == width && step == 1) return narrow(source, (to - from) * width, target + from * pitch);
  for (long i = from; i < to; ++i, source += step * width) {
    narrow(source, width, target + i * pitch);
    if (width < pitch) clear(target + i * pitch + width, pitch - width);
  }
}

inline Planes make_planes(const Sweep& sweep, const Incoming& in, const Depth& depth, const HalfBand& band) {
  const Reach reach = reach_of(sweep);
  const long height = band.rows + reach.bottom - reach.top, width = band.cols + reach.right - reach.left;
  const long planes = sweep.row_step * sweep.col_step, plane = band.images * height * width * depth.pitch;
  const long table = sweep.tap_count * 2 + planes + 64;
  float* memory = scratch(kHalfValues, table + (planes * plane + (kHalfRows + 1) * depth.pitch) / 2);
  long* offsets = reinterpret_cast<long*>(memory);
  bool* wanted = reinterpret_cast<bool*>(memory + sweep.tap_count * 2);
  Half* data = reinterpret_cast<Half*>(memory + divide_up(sweep.tap_count * 2 + planes, 16) * 16);
  for (long p = 0; p < planes; ++p) wanted[p] = false;
  each_tap(sweep, [&](long tap, long row, long col, long row_phase, long col_phase) {
    const long which = row_phase * sweep.col_step + col_phase;
    wanted[which] = true;
    offsets[tap] = which * plane + ((row - reach.top) * width + col - reach.left) * depth.pitch;
  });
  for (long p = 0; p < planes; ++p) {
    if (!wanted[p]) continue;
    const long row_phase = p / sweep.col_step, col_phase = p % sweep.col_step;
    const long col = (band.col + reach.left) * sweep.col_step + col_phase;
    for (long y = 0; y < band.images * height; ++y) {
      const long row = (band.row + y % height + reach.top) * sweep.row_step + row_phase;
      fill_row(in, sweep.in, band.image + y / height, row, col, sweep.col_step, width, depth.pitch,
               data + p * plane + y * width * depth.pitch);
    }
  }
  return {data, depth.pitch, width, height, offsets};
}

// What every pixel of a band gathers, side by side: for pictures of few channels.
inline Planes make_patches(const Sweep& sweep, const Incoming& in, const Depth& depth, const HalfBand& band) {
  Rows rows = rows_for(sweep, in, band.col, band.col + band.cols, 0, sweep.in.channels);
  long low = sweep.runs[0].row, high = low;
  for (long r = 1; r < sweep.run_count; ++r) {
    low = least(low, sweep.runs[r].row);
    high = most(high, sweep.runs[r].row);
  }
  low = most(0L, band.row * sweep.row_step + low);
  high = least(sweep.in.rows - 1, (band.row + band.rows - 1) * sweep.row_step + high);
  if (band.images > 1) rows.hold(band.image * sweep.in.rows, band.images * sweep.in.rows);
  else rows.hold(band.image * sweep.in.rows + low, most(1L, high - low + 1));
  const long numbers = (band.images * band.rows * band.cols + kHalfRows) * depth.pitch;
  float* memory = scratch(kHalfValues, 16 + numbers / 2 + 16);
  long* offsets = reinterpret_cast<long*>(memory);
  offsets[0] = 0;
  Half* const data = reinterpret_cast<Half*>(memory + 16);
  Half* pixel = data;
  for (long y = 0; y < band.images * band.rows; ++y, pixel += band.cols * depth.pitch) {
    long at = 0;
    for (long r = 0; r < sweep.run_count; ++r) {
      const Run& run = sweep.runs[r];
      const float* row = rows.at(band.image + y / band.rows, (band.row + y % band.rows) * sweep.row_step + run.row);
      if (row) row += (band.col * sweep.col_step + run.col) * rows.pitch;
      for (long x = 0; x < band.cols; ++x) {
        if (row) narrow(row + x * sweep.col_step * rows.pitch, run.length, pixel + x * depth.pitch + at);
        else clear(pixel + x * depth.pitch + at, run.length);
      }
      at += run.length;
    }
    for (long x = 0; x < band.cols; ++x) clear(pixel + x * depth.pitch + at, depth.pitch - at);
  }
  return {data, depth.pitch, band.cols, band.rows, offsets};
}

inline Planes gather(const Sweep& sweep, const Incoming& in, const Depth& depth, const HalfBand& band) {
  return depth.patches ? make_patches(sweep, in, depth, band) : make_planes(sweep, in, depth, band);
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
