// How the output pixels and features of a sweep are divided into tasks.
#pragma once

#include "simd.h"
#include "span.h"
#include "sweep.h"

namespace striate {
namespace STRIATE_ISA {

// How the work is divided. A task is one band of rows and columns of one image, for some panels of features.
struct Blocking {
  long band_rows, bands;
  long band_cols, col_bands;
  long panels;            // of one group
  long panels_per_task, panel_tasks;
  long tasks;
};

constexpr long kBandPixels = 224;     // enough that a chunk of weights is used by 16 tiles
constexpr long kBandFloats = 96 << 10;  // 384 KiB of input: stays in the second-level cache
constexpr long kManyTasks = 16;

// Of the picture that one visit moves on by, how many pixels are read: a single tap leaves out what a stride passes over.
inline long pixels_read(const Sweep& sweep) {
  const Span span = span_of(sweep);
  return least(sweep.row_step, span.bottom - span.top) * least(sweep.col_step, span.right - span.left);
}

// Every band reads all weights, so where they are many, bands are larger.
inline long band_floats(const Sweep& sweep) {
  const long weights = sweep.depth * (sweep.out.channels / sweep.groups);
  return most(kBandFloats, least(2 * kBandFloats, weights / 4));
}

inline Blocking divide(const Sweep& sweep, bool pooled) {
  Blocking b{};
  const long features = sweep.out.channels / sweep.groups;
  b.panels = divide_up(features, kPanelLanes);
  b.col_bands = divide_up(sweep.cols, kBandPixels + kBandPixels / 4);
  b.band_cols = divide_up(sweep.cols, b.col_bands);
  if (pooled) b.band_cols += b.band_cols % 2;
  b.col_bands = divide_up(sweep.cols, b.band_cols);
  const long row_floats = b.band_cols * sweep.in.channels * pixels_read(sweep);
  b.band_rows = most(1L, least(kBandPixels / b.band_cols, band_floats(sweep) / most(row_floats, 1L)));
  b.band_rows = divide_up(sweep.rows, divide_up(sweep.rows, b.band_rows));
  if (pooled) b.band_rows += b.band_rows % 2;
  b.bands = divide_up(sweep.rows, b.band_rows);
  const long places = sweep.in.images * b.bands * b.col_bands * sweep.groups;
  b.panel_tasks = least(b.panels, divide_up(kManyTasks, places));
  b.panels_per_task = divide_up(b.panels, b.panel_tasks);
  b.panel_tasks = divide_up(b.panels, b.panels_per_task);
  b.tasks = places * b.panel_tasks;
  return b;
}

// The place of one task.
struct Band {
  long image, group, row, rows, col, cols, panel, panels;
};

inline Band band_of(const Sweep& sweep, const Blocking& b, long task) {
  Band band{};
  band.panel = task % b.panel_tasks * b.panels_per_task;
  band.panels = least(b.panels_per_task, b.panels - band.panel);
  task /= b.panel_tasks;
  band.group = task % sweep.groups;
  task /= sweep.groups;
  band.col = task % b.col_bands * b.band_cols;
  band.cols = least(b.band_cols, sweep.cols - band.col);
  task /= b.col_bands;
  band.row = task % b.bands * b.band_rows;
  band.rows = least(b.band_rows, sweep.rows - band.row);
  band.image = task / b.bands;
  return band;
}

}  // namespace STRIATE_ISA
}  // namespace striate
