// Tiles of outputs: their inputs are taken to the points, multiplied there as a matrix product a point, and taken back.
//
// With many tiles a task is some of them, in reading order, of one image or several: few enough that their values stay
// in the second-level cache, enough that each matrix product fills its registers. With few, all tiles are taken to the
// points first and a task is a point, so that a kernel's values are read once. Tasks depend on the shape
// alone, so the result does not depend on the number of threads.
#include "winograd.h"

#include "scratch.h"
#include "tile.h"
#include "winograd_outputs.h"

namespace striate {
namespace STRIATE_ISA {
namespace {

constexpr long kCacheFloats = 256 << 10;   // a megabyte of values at points and products
constexpr long kCommonFloats = 512 << 10;  // values that all tasks read: two megabytes
constexpr long kMostTiles = 4 * kTile;
constexpr long kManyTasks = 16;
// In products: for one channel of one tile, and for one weight, whose 36 values are written and then read by every task.
constexpr double kTileCost = 150, kWeightCost = 4400;
constexpr double kClearGain = 0.9;

struct Work {
  const Tiling& tiling;
  const Incoming& in;
  Outputs outputs;
  const float* kernel;  // (panel, point, channel, lanes)
  long channels, panels;
};

struct Product {
  const float* values;  // (tile, channel)
  const float* kernel;  // (channel, lanes)
  const float* ahead;   // of the kernel's values that are wanted next, what this product asks the memory for
  long channels, request;
  float* products;      // (tile, lanes)
};

// M tiles x V vectors of features at one point.
template <int M, int V>
void multiply(const Product& p) {
  Vec sum[M][V];
#pragma GCC unroll 16
  for (int m = 0; m < M; ++m)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sum[m][v] = Vec{};
  const float* ahead = p.ahead;
  for (long c = 0; c < p.channels; c += kBetween, ahead += p.request) {
    for (long i = 0; i < p.request; i += kLineFloats) __builtin_prefetch(ahead + i, 0, 2);
    accumulate<M, V>(sum, p.values + c, p.channels, p.kernel + c * V * kLanes, least(kBetween, p.channels - c));
  }
#pragma GCC unroll 16
  for (int m = 0; m < M; ++m)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) store(p.products + (m * V + v) * kLanes, sum[m][v]);
}

typedef void (*Multiply)(const Product&);

template <int V, int... M>
struct MultiplyRow {
  static constexpr Multiply kernels[] = {multiply<M, V>...};
};

template <int V>
using Multiplies = MultiplyRow<V, STRIATE_HEIGHTS>;

// One vector more than needed keeps the streams of the points from meeting in one set of the cache.
long stream(long tiles, long width) { return tiles * width + kLanes; }

// All tiles at one point, for a panel of features whose kernel begins at `kernel`; `next` is what is wanted next.
void multiply_tiles(const Work& w, long lanes, const float* values, long tiles, const float* kernel, const float* next,
                    float* products) {
  const long groups = divide_up(tiles, long(kTile)), requests = divide_up(w.channels, kBetween);
  const long request = divide_up(divide_up(w.channels * lanes, groups * requests), kLineFloats) * kLineFloats;
  const Multiply* kernels = lanes == kLanes ? Multiplies<1>::kernels : Multiplies<2>::kernels;
  for (long g = 0; g < groups; ++g) {
    const long from = tiles * g / groups, to = tiles * (g + 1) / groups;
    kernels[to - from - 1]({values + from * w.channels, kernel, next + g * requests * request, w.channels, request,
                            products + from * lanes});
  }
}

template <int P>
void run_apart(const Pool& pool, const Work& w) {
  const long units = w.tiling.units, unit = w.tiling.unit_tiles;
  const long sharing = most(divide_up(units, kManyTasks), divide_up(long(kTile), unit));
  const long fitting = kCacheFloats / (P * P * (w.channels + kPanelLanes)) / kTile * kTile;
  const long at_once = most(1L, least(most(long(kTile), least(kMostTiles, fitting)) / unit, sharing));
  pool.each(divide_up(units, at_once), [&](long task) {
    const long first = task * at_once, count = least(at_once, units - first);
    const long step = stream(tiles_of(w.tiling, first, count), w.channels);
    float* values = scratch(kInputValues, P * P * step);
    transform_inputs<P>(w.tiling, w.in, first, count, values, step);
    const long tiles = tiles_of(w.tiling, first, count), product_step = stream(tiles, kPanelLanes);
    float* products = scratch(kProducts, P * P * product_step);
    for (long panel = 0; panel < w.panels; ++panel) {
      const long lanes = lanes_of_panel(w.tiling.sweep, panel), block = w.channels * lanes;
      const float* kernel = w.kernel + panel * panel_floats(w.tiling.sweep, P);
      for (long point = 0; point < P * P; ++point, kernel += block)
        multiply_tiles(w, lanes, values + point * step, tiles, kernel, kernel + block, products + point * product_step);
      finish_panel<P>(w.outputs, first, count, panel, products, product_step);
    }
  });
}

template <int P>
void run_together(const Pool& pool, const Work& w, float* values) {
  const long units = w.tiling.units, step = stream(units * w.tiling.unit_tiles, w.channels);
  pool.each(units, [&](long unit) {
    transform_inputs<P>(w.tiling, w.in, unit, 1, values + tiles_of(w.tiling, 0, unit) * w.channels, step);
  });
  const long tiles = tiles_of(w.tiling, 0, units), product_step = stream(tiles, kPanelLanes);
  float* products = values + P * P * step;
  pool.each(P * P, [&](long point) {
    const float* kernel = w.kernel;
    for (long panel = 0; panel < w.panels; ++panel, kernel += panel_floats(w.tiling.sweep, P)) {
      const long lanes = lanes_of_panel(w.tiling.sweep, panel);
      const float *here = kernel + point * w.channels * lanes, *next = here + panel_floats(w.tiling.sweep, P);
      multiply_tiles(w, lanes, values + point * step, tiles, here, next,
                     products + (panel * P * P + point) * product_step);
    }
  });
  pool.each(units, [&](long unit) {
    for (long panel = 0; panel < w.panels; ++panel) {
      const long lanes = lanes_of_panel(w.tiling.sweep, panel);
      finish_panel<P>(w.outputs, unit, 1, panel,
                      products + panel * P * P * product_step + tiles_of(w.tiling, 0, unit) * lanes, product_step);
    }
  });
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

template <int P>
void run_at_points(const Pool& pool, const Sweep& sweep, const Incoming& in, const float* packed, bool ready,
                   const float* bias, const Output& output) {
  const Tiling tiling(sweep, kMostTiles, P - kTaps + 1);
  Work w{tiling, in, {tiling, output, bias}, packed, sweep.in.channels, panels_of(sweep)};
  const long needed = ready ? 0 : w.panels * panel_floats(sweep, P);
  const long common = P * P * stream(tiling.units * tiling.unit_tiles, w.channels + w.panels * kPanelLanes + kLanes);
  const bool together = common <= kCommonFloats;
  float* kernel = scratch(kKernelValues, needed + (together ? common : 0));
  if (!ready) {
    take_kernel_to_points<P>(pool, sweep, packed, kernel);
    w.kernel = kernel;
  }
  if (together) run_together<P>(pool, w, kernel + needed);
  else run_apart<P>(pool, w);
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

long winograd_floats(const Sweep& sweep) { return panels_of(sweep) * panel_floats(sweep, sweep.points); }

void pack_winograd(const Pool& pool, const Sweep& sweep, const float* packed, float* values) {
  if (sweep.points == kPoints) take_kernel_to_points<kPoints>(pool, sweep, packed, values);
  else take_kernel_to_points<kFewPoints>(pool, sweep, packed, values);
}

void run_winograd(const Pool& pool, const Sweep& sweep, const Incoming& in, const float* packed, const float* bias,
                  const Output& output) {
  const bool ready = sweep.points != 0;
  if (sweep.points == kFewPoints) run_at_points<kFewPoints>(pool, sweep, in, packed, ready, bias, output);
  else run_at_points<kPoints>(pool, sweep, in, packed, ready, bias, output);
}

}  // namespace STRIATE_ISA
}  // namespace striate
