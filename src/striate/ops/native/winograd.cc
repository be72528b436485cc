// Tiles of 4x4 outputs: their inputs are taken to 36 points, multiplied there as 36 matrix products, and taken back.
//
// A task is some tiles, in reading order, of one image or several: few enough that their values stay in the
// second-level cache, enough that each matrix product fills its registers. Tasks depend on the shape alone, so the
// result does not depend on the number of threads.
#include "winograd.h"

#include "pooled.h"
#include "scratch.h"
#include "tile.h"
#include "winograd_tiles.h"

namespace striate {
namespace STRIATE_ISA {
namespace {

constexpr long kCacheFloats = 256 << 10;  // a megabyte of values at points and products
constexpr long kMostTiles = 4 * kTile;
constexpr long kManyTasks = 16;
// In products: for one channel of one tile, and for one weight, whose 36 values are written and then read by every task.
constexpr double kTileCost = 150, kWeightCost = 4400;
constexpr double kClearGain = 0.9;

struct Work {
  const Tiling& tiling;
  const Incoming& in;
  const Output& output;
  const float* bias;
  long channels, features, panels, units_per_task;
  float* kernel;  // (panel, point, channel, lanes)
  long panel_step;
};

long lanes_of(const Work& w, long panel) { return w.features - panel * kPanelLanes <= kLanes ? kLanes : kPanelLanes; }

long most_tiles(const Sweep& sweep) {
  const long fitting = kCacheFloats / (kSquare * (sweep.in.channels + kPanelLanes)) / kTile * kTile;
  return most(long(kTile), least(kMostTiles, fitting));
}

Work divide(const Tiling& tiling, const Incoming& in, const Output& output, const float* bias) {
  Work w{tiling, in, output, bias, tiling.sweep.in.channels, tiling.sweep.out.channels, 0, 0, nullptr, 0};
  w.panels = divide_up(w.features, kPanelLanes);
  const long sharing = most(divide_up(tiling.units, kManyTasks), divide_up(long(kTile), tiling.unit_tiles));
  w.units_per_task = most(1L, least(most_tiles(tiling.sweep) / tiling.unit_tiles, sharing));
  w.panel_step = kSquare * w.channels * kPanelLanes;
  return w;
}

// The nine taps of one input channel, for a panel of features, at all points.
void transform_kernel(const Work& w, const float* packed, long panel, long channel) {
  const long lanes = lanes_of(w, panel);
  const float* taps = packed + panel * w.tiling.sweep.depth * kPanelLanes + channel * lanes;
  float* values = w.kernel + panel * w.panel_step + channel * lanes;
  for (long v = 0; v < lanes; v += kLanes) {
    Vec half[kPoints][kTaps];
    for (int j = 0; j < kTaps; ++j) {
      Vec tap[kTaps], value[kPoints];
      for (int i = 0; i < kTaps; ++i) tap[i] = load(taps + (i * kTaps + j) * w.channels * lanes + v);
      kernel_values(tap, value);
      for (int i = 0; i < kPoints; ++i) half[i][j] = value[i];
    }
    for (int i = 0; i < kPoints; ++i) {
      Vec value[kPoints];
      kernel_values(half[i], value);
      for (int j = 0; j < kPoints; ++j) store(values + (i * kPoints + j) * w.channels * lanes + v, value[j]);
    }
  }
}

// M tiles x V vectors of features at one point.
template <int M, int V>
void multiply(const float* values, long channels, const float* kernel, float* products) {
  Vec sum[M][V];
#pragma GCC unroll 16
  for (int m = 0; m < M; ++m)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sum[m][v] = Vec{};
  accumulate<M, V>(sum, values, channels, kernel, channels);
#pragma GCC unroll 16
  for (int m = 0; m < M; ++m)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) store(products + (m * V + v) * kLanes, sum[m][v]);
}

typedef void (*Multiply)(const float*, long, const float*, float*);

template <int V, int... M>
struct MultiplyRow {
  static constexpr Multiply kernels[] = {multiply<M, V>...};
};

template <int V>
using Multiplies = MultiplyRow<V, STRIATE_HEIGHTS>;

void multiply_panel(const Work& w, long panel, const float* values, long step, long tiles, float* products,
                    long product_step) {
  const long lanes = lanes_of(w, panel), groups = divide_up(tiles, long(kTile));
  const Multiply* kernels = lanes == kLanes ? Multiplies<1>::kernels : Multiplies<2>::kernels;
  for (int point = 0; point < kSquare; ++point) {
    const float* kernel = w.kernel + panel * w.panel_step + point * w.channels * lanes;
    for (long g = 0; g < groups; ++g) {
      const long from = tiles * g / groups, to = tiles * (g + 1) / groups;
      kernels[to - from - 1](values + point * step + from * w.channels, w.channels, kernel,
                             products + point * product_step + from * lanes);
    }
  }
}

// A vector of features of one tile: products at all points back to outputs, with bias and activation.
inline void finish_outputs(const float* products, long step, Vec bias, bool relu, Vec (&y)[kOutputs][kOutputs]) {
  Vec half[kOutputs][kPoints];
#pragma GCC unroll 6
  for (int j = 0; j < kPoints; ++j) {
    Vec m[kPoints], column[kOutputs];
#pragma GCC unroll 6
    for (int i = 0; i < kPoints; ++i) m[i] = load(products + (i * kPoints + j) * step);
    outputs_from(m, column);
#pragma GCC unroll 4
    for (int i = 0; i < kOutputs; ++i) half[i][j] = column[i];
  }
#pragma GCC unroll 4
  for (int i = 0; i < kOutputs; ++i) {
    outputs_from(half[i], y[i]);
#pragma GCC unroll 4
    for (int j = 0; j < kOutputs; ++j) {
      y[i][j] += bias;
      if (relu) y[i][j] = y[i][j] < 0.0f ? Vec{} : y[i][j];  // a NaN stays a NaN
    }
  }
}

void write_outputs(const Work& w, const Unit& unit, long col, long feature, const Vec (&y)[kOutputs][kOutputs]) {
  const Sweep& sweep = w.tiling.sweep;
  const Shape& out = sweep.out;
  const long rows = least(long(kOutputs), sweep.rows - unit.row), cols = least(long(kOutputs), sweep.cols - col);
  const long begin = ((unit.image * out.rows + unit.row) * out.cols + col) * out.channels + feature;
  for (long i = 0; i < rows; ++i) {
    for (long j = 0; j < cols; ++j) {
      const long place = begin + (i * out.cols + j) * out.channels;
      Vec value = y[i][j];
      if (w.output.addend) {
        value += load(w.output.addend + place);
        if (w.output.activation == kRelu) value = value < 0.0f ? Vec{} : value;
      }
      store(w.output.data + place, value);
    }
  }
}

void write_pooled(const Work& w, const Unit& unit, long col, long feature, const Vec (&y)[kOutputs][kOutputs]) {
  const long rows = w.tiling.sweep.rows / 2, cols = w.tiling.sweep.cols / 2;
  for (long i = 0; i < kOutputs / 2 && unit.row / 2 + i < rows; ++i)
    for (long j = 0; j < kOutputs / 2 && col / 2 + j < cols; ++j) {
      const Vec corners[4] = {y[2 * i][2 * j], y[2 * i][2 * j + 1], y[2 * i + 1][2 * j], y[2 * i + 1][2 * j + 1]};
      const long pixel = (unit.image * rows + unit.row / 2 + i) * cols + col / 2 + j;
      const long place = pixel * w.features + feature;
      pool_corners(corners, kLanes, w.output.data + place, w.output.argmax + place);
    }
}

void finish_panel(const Work& w, long first, long count, long panel, const float* products, long step) {
  const long lanes = lanes_of(w, panel);
  const bool relu = w.output.activation == kRelu && !w.output.addend;
  for (long u = first; u < first + count; ++u) {
    const Unit unit = unit_at(w.tiling, u);
    for (long col = unit.from; col < unit.to; col += kOutputs, products += lanes) {
      for (long v = 0; v < lanes; v += kLanes) {
        const long feature = panel * kPanelLanes + v;
        Vec y[kOutputs][kOutputs];
        finish_outputs(products + v, step, load(w.bias + feature), relu, y);
        if (w.output.argmax) write_pooled(w, unit, col, feature, y);
        else write_outputs(w, unit, col, feature, y);
      }
    }
  }
}

void run_task(const Work& w, long task) {
  const long first = task * w.units_per_task, count = least(w.units_per_task, w.tiling.units - first);
  const long tiles = tiles_of(w.tiling, first, count);
  // One vector more than needed keeps the 36 streams from meeting in one set of the cache.
  const long step = tiles * w.channels + kLanes, product_step = tiles * kPanelLanes + kLanes;
  float* values = scratch(kInputValues, kSquare * step);
  float* products = scratch(kProducts, kSquare * product_step);
  transform_inputs(w.tiling, w.in, first, count, values, step);
  for (long panel = 0; panel < w.panels; ++panel) {
    multiply_panel(w, panel, values, step, tiles, products, product_step);
    finish_panel(w, first, count, panel, products, product_step);
  }
}

// A dense 3x3 kernel with stride 1, over whole vectors of channels.
bool is_square(const Sweep& s) {
  if (s.groups != 1 || s.tap_count != kTaps * kTaps || s.run_count != kTaps) return false;
  if (s.row_step != 1 || s.col_step != 1 || s.out_row_step != 1 || s.out_col_step != 1) return false;
  if (s.in.channels % kLanes || s.out.channels % kLanes) return false;
  for (long r = 0; r < kTaps; ++r)
    if (s.runs[r].cols != kTaps || s.runs[r].row != s.runs[0].row + r || s.runs[r].col != s.runs[0].col) return false;
  return true;
}

}  // namespace

bool suits_winograd(const Sweep& s) {
  if (s.way == kInOrder || !is_square(s)) return false;
  const Tiling tiling(s, kMostTiles);
  const double tiles = double(s.in.images) * tiling.rows * tiling.cols;
  const double pixels = double(s.in.images) * s.rows * s.cols, width = double(s.in.channels) * s.out.channels;
  const double transforms = tiles * (s.in.channels + s.out.channels) * kTileCost + width * kWeightCost;
  return s.way == kFewest || tiles * kSquare * width + transforms < kClearGain * pixels * s.tap_count * width;
}

void run_winograd(const Pool& pool, const Sweep& sweep, const Incoming& in, const float* packed, const float* bias,
                  const Output& output) {
  const Tiling tiling(sweep, most_tiles(sweep));
  Work w = divide(tiling, in, output, bias);
  w.kernel = scratch(kKernelValues, w.panels * w.panel_step);
  constexpr long kChannelsAtOnce = 16;
  const long blocks = divide_up(w.channels, kChannelsAtOnce);
  pool.each(w.panels * blocks, [&](long i) {
    const long from = i % blocks * kChannelsAtOnce;
    for (long c = from; c < least(w.channels, from + kChannelsAtOnce); ++c) transform_kernel(w, packed, i / blocks, c);
  });
  pool.each(divide_up(tiling.units, w.units_per_task), [&](long task) { run_task(w, task); });
}

}  // namespace STRIATE_ISA
}  // namespace striate
