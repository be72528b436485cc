// The part of a picture that a band of output pixels reads, in numbers of sixteen bits.
//
// Columns and rows that agree modulo the stride lie together in a plane, zeros included, so that neighbouring output
// pixels are neighbours here for any stride, the last pixel of a row is followed by the first of the next, and a tap is
// nothing but an offset. What lies between the rows is computed too and thrown away.
#pragma once

#include "half_bands.h"
#include "rows.h"

namespace striate {
namespace STRIATE_ISA {

// Output pixel (i, y, x) of the band finds what tap t meets at offsets[t] + ((i * height + y) * width + x) * pitch.
struct Planes {
  const Half* data;
  long pitch, width, height;
  const long* offsets;
};

inline long slots_of(const Planes& planes, const HalfBand& band) {
  return ((band.images - 1) * planes.height + band.rows - 1) * planes.width + band.cols;
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
  const long begin = ((image * shape.rows + row) * shape.cols + col + from * step) * width;
  if (in.halves) {
    if (pitch == width && step == 1) return copy(in.halves + begin, most(0L, to - from) * width, target + from * pitch);
    for (long i = from; i < to; ++i) {
      copy(in.halves + begin + (i - from) * step * width, width, target + i * pitch);
      clear(target + i * pitch + width, pitch - width);
    }
    return;
  }
  const float* source = nullptr;
  if (altered(in) && from < to) {
    const long first = col + from * step, cols = (to - 1 - from) * step + 1;
    float* spread = scratch(kRows, cols * width);
    write_row(in, shape, image, row, first, first + cols, 0, width, spread, width);
    source = spread;
  } else if (from < to) {
    source = in.data + begin;
  }
  if (pitch == width && step == 1) return narrow(source, (to - from) * width, target + from * pitch);
  for (long i = from; i < to; ++i, source += step * width) {
    narrow(source, width, target + i * pitch);
    if (width < pitch) clear(target + i * pitch + width, pitch - width);
  }
}

// The planes of a band: how many, and how large each is.
struct PlaneSizes {
  Reach reach;
  long height, width, planes, plane;
};

inline PlaneSizes plane_sizes(const Sweep& sweep, const Depth& depth, const HalfBand& band) {
  const Reach reach = reach_of(sweep);
  const long height = band.rows + reach.bottom - reach.top, width = band.cols + reach.right - reach.left;
  return {reach, height, width, sweep.row_step * sweep.col_step, band.images * height * width * depth.pitch};
}

// Floats that hold them.
inline long planes_floats(const Sweep& sweep, const Depth& depth, const HalfBand& band) {
  const PlaneSizes sizes = plane_sizes(sweep, depth, band);
  return sweep.tap_count * 2 + sizes.planes + 32 + (sizes.planes * sizes.plane + (kHalfRows + 1) * depth.pitch) / 2;
}

inline Planes make_planes(const Sweep& sweep, const Incoming& in, const Depth& depth, const HalfBand& band,
                          float* memory) {
  const PlaneSizes sizes = plane_sizes(sweep, depth, band);
  const Reach& reach = sizes.reach;
  const long height = sizes.height, width = sizes.width, planes = sizes.planes, plane = sizes.plane;
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

// The rows of the picture that a band meets, counted over all images: from, and how many.
inline void hold_rows(const Sweep& sweep, const HalfBand& band, Rows& rows) {
  long low = sweep.runs[0].row, high = low;
  for (long r = 1; r < sweep.run_count; ++r) {
    low = least(low, sweep.runs[r].row);
    high = most(high, sweep.runs[r].row);
  }
  low = most(0L, band.row * sweep.row_step + low);
  high = least(sweep.in.rows - 1, (band.row + band.rows - 1) * sweep.row_step + high);
  if (band.images > 1) rows.hold(band.image * sweep.in.rows, band.images * sweep.in.rows);
  else rows.hold(band.image * sweep.in.rows + low, most(1L, high - low + 1));
}

// One run of every pixel of a row: all that the row needs is rounded once, then dealt out.
inline void deal_run(const float* row, const Run& run, const HalfBand& band, long step, Half* rounded, long pitch,
                     Half* target) {
  if (!row) {
    for (long x = 0; x < band.cols; ++x) clear(target + x * pitch, run.length);
    return;
  }
  narrow(row, (band.cols - 1) * step + run.length, rounded);
  if (run.length <= 32) {
    const __mmask32 there = first_halves(run.length);
    for (long x = 0; x < band.cols; ++x)
      _mm512_mask_storeu_epi16(target + x * pitch, there, _mm512_maskz_loadu_epi16(there, rounded + x * step));
    return;
  }
  for (long x = 0; x < band.cols; ++x) copy(rounded + x * step, run.length, target + x * pitch);
}

inline long patch_halves(const Depth& depth, const HalfBand& band) {
  return divide_up((band.images * band.rows * band.cols + kHalfRows) * depth.pitch, 32) * 32;
}

// Floats that hold the patches of a band, and a row of the picture that is rounded before it is dealt out.
inline long patches_floats(const Sweep& sweep, const Depth& depth, const HalfBand& band) {
  const long widest = band.cols * sweep.col_step * sweep.in.channels + sweep.depth;
  return 16 + (patch_halves(depth, band) + widest) / 2 + 16;
}

// What every pixel of a band gathers, side by side: for pictures of few channels.
inline Planes make_patches(const Sweep& sweep, const Incoming& in, const Depth& depth, const HalfBand& band,
                           float* memory) {
  Rows rows = rows_for(sweep, in, band.col, band.col + band.cols, 0, sweep.in.channels);
  hold_rows(sweep, band, rows);
  const long step = sweep.col_step * rows.pitch;
  long* offsets = reinterpret_cast<long*>(memory);
  offsets[0] = 0;
  Half* const data = reinterpret_cast<Half*>(memory + 16);
  Half* const rounded = data + patch_halves(depth, band);
  Half* pixel = data;
  for (long y = 0; y < band.images * band.rows; ++y, pixel += band.cols * depth.pitch) {
    long at = 0;
    for (long r = 0; r < sweep.run_count; ++r) {
      const Run& run = sweep.runs[r];
      const float* row = rows.at(band.image + y / band.rows, (band.row + y % band.rows) * sweep.row_step + run.row);
      if (row) row += (band.col * sweep.col_step + run.col) * rows.pitch;
      deal_run(row, run, band, step, rounded, depth.pitch, pixel + at);
      at += run.length;
    }
    for (long x = 0; x < band.cols; ++x) clear(pixel + x * depth.pitch + at, depth.pitch - at);
  }
  return {data, depth.pitch, band.cols, band.rows, offsets};
}

inline long gathered_floats(const Sweep& sweep, const Depth& depth, const HalfBand& band) {
  const long floats = depth.patches ? patches_floats(sweep, depth, band) : planes_floats(sweep, depth, band);
  return divide_up(floats, 16) * 16;
}

inline Planes gather(const Sweep& sweep, const Incoming& in, const Depth& depth, const HalfBand& band, float* memory) {
  return depth.patches ? make_patches(sweep, in, depth, band, memory) : make_planes(sweep, in, depth, band, memory);
}

// In memory of the thread's own.
inline Planes gather(const Sweep& sweep, const Incoming& in, const Depth& depth, const HalfBand& band) {
  return gather(sweep, in, depth, band, scratch(kHalfValues, gathered_floats(sweep, depth, band)));
}

}  // namespace STRIATE_ISA
}  // namespace striate
