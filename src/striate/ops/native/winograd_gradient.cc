// The gradient of a 3x3 kernel by Winograd: inputs and incoming gradients of all tiles at the 36 points, one matrix
// product a point with the tiles as its long side, and the sums taken back to nine taps.
//
// Where a set of sums is small, each share of the tiles has its own and runs through in blocks that stay in the
// second-level cache. Where it is large there is one set: threads share a block's tiles, and then its points. Shares
// depend on the shape alone and are added in order, so the result does not depend on the number of threads.
#include "gradient_tile.h"
#include "winograd.h"
#include "winograd_tiles.h"

namespace striate {
namespace STRIATE_ISA {
namespace {

constexpr long kShareFloats = 36 << 12;  // sums of 64 x 64 channels
constexpr long kShares = 16, kFewShares = 4;
constexpr long kShareTiles = 128;        // fewer would not pay for a set of sums
constexpr long kOwnFloats = 160 << 10;   // values of a share's block: 640 KiB
constexpr long kCommonFloats = 4 << 20;  // values of a block that all threads share: 16 MiB
constexpr long kUnitTiles = 64;
constexpr long kStreamTiles = 224;       // as many values as stay in the first-level cache while sums pass over them

struct Work {
  const Tiling& tiling;
  const float* x;
  const Incoming& incoming;
  long channels, features;
  long shares, parts;  // parts of a block that threads share; one of shares and parts is 1
  long block_units;
  long value_step, gradient_step;
  float *values, *gradients;  // (point, tile, channel) and (point, tile, feature) of a block
  float* sums;                // (share, point, channel, feature)
  float* biases;              // (share or part, feature)
};

long sums_of(const Work& w) { return kSquare * w.channels * w.features; }

Work divide(const Tiling& tiling, const float* x, const Incoming& incoming) {
  Work w{tiling, x, incoming, tiling.sweep.in.channels, tiling.sweep.out.channels, 1, 1, 0, 0, 0, nullptr, nullptr, nullptr, nullptr};
  w.shares = least(kShares, tiling.units * tiling.unit_tiles / kShareTiles);
  const bool own = sums_of(w) <= kShareFloats && w.shares >= kFewShares;
  const long tile = kSquare * (w.channels + w.features), room = own ? kOwnFloats : kCommonFloats;
  if (!own) w.shares = 1;
  w.block_units = most(1L, least(divide_up(tiling.units, w.shares), room / tile / tiling.unit_tiles));
  w.parts = own ? 1 : least(kShares, w.block_units);
  // One vector more than needed keeps the 36 streams from meeting in one set of the cache.
  w.value_step = w.block_units * tiling.unit_tiles * w.channels + kLanes;
  w.gradient_step = w.block_units * tiling.unit_tiles * w.features + kLanes;
  return w;
}

void add_bias(const Square<kOutputs>& square, long features, float* bias) {
  for (long f = 0; f < features; f += kLanes) {
    Vec sum = load(bias + f);
    for (int i = 0; i < kOutputs; ++i)
      for (int j = 0; j < kOutputs; ++j) sum += load(square.rows[i] + j * square.pitches[i] + f);
    store(bias + f, sum);
  }
}

// The values of some units' tiles, `tile` of which lie before them in the block.
void transform(const Work& w, long first, long count, long tile, float* bias) {
  if (count <= 0) return;
  transform_inputs<kPoints>(w.tiling, {w.x, nullptr, nullptr}, first, count, w.values + tile * w.channels, w.value_step);
  float* gradients = w.gradients + tile * w.features;
  each_square<kOutputs>(w.tiling, w.incoming, w.tiling.sweep.out, first, count, 0, 0,
                        [&](const Square<kOutputs>& square) {
                          take_to_points<kPoints>(square, w.features, gradients, w.gradient_step, output_gradient_values);
                          add_bias(square, w.features, bias);
                          gradients += w.features;
                        });
}

// Adds a block's products at one point to its sums.
void multiply(const Work& w, long point, long tiles) {
  const long groups = divide_up(w.channels, long(kTile));
  for (long from = 0; from < tiles; from += kStreamTiles) {
    const Stretch stretch{w.values + point * w.value_step + from * w.channels,
                          w.gradients + point * w.gradient_step + from * w.features, least(kStreamTiles, tiles - from)};
    for (long f = 0; f < w.features; f += kPanelLanes) {
      const Stretch panel{stretch.input, stretch.incoming + f, stretch.count};
      const long vectors = least(long(kPanel), (w.features - f) / kLanes);
      for (long g = 0; g < groups; ++g) {
        const long c = w.channels * g / groups, end = w.channels * (g + 1) / groups;
        GradientJob job{&panel, 1, c, 0, w.channels, w.features, nullptr, w.features, 0};
        job.out = w.sums + (point * w.channels + c) * w.features + f;
        gradient_kernel(1, end - c, vectors)(job);
      }
    }
  }
}

Vec whole_sum(const Work& w, long place) {
  Vec sum = load(w.sums + place);
  for (long share = 1; share < w.shares; ++share) sum += load(w.sums + share * sums_of(w) + place);
  return sum;
}

// The nine taps of one input channel.
void finish(const Work& w, long channel, float* kernel) {
  const Sweep& sweep = w.tiling.sweep;
  for (long f = 0; f < w.features; f += kLanes) {
    Vec half[kTaps][kPoints];
    for (int j = 0; j < kPoints; ++j) {
      Vec sum[kPoints], tap[kTaps];
      for (int i = 0; i < kPoints; ++i) sum[i] = whole_sum(w, ((i * kPoints + j) * w.channels + channel) * w.features + f);
      kernel_gradient_from(sum, tap);
      for (int i = 0; i < kTaps; ++i) half[i][j] = tap[i];
    }
    for (int i = 0; i < kTaps; ++i) {
      Vec tap[kTaps];
      kernel_gradient_from(half[i], tap);
      for (int j = 0; j < kTaps; ++j)
        store(kernel + (sweep.tap_index[i * kTaps + j] * w.channels + channel) * w.features + f, tap[j]);
    }
  }
}

void run_share(Work w, long share) {
  w.values = scratch(kInputValues, kSquare * w.value_step);
  w.gradients = scratch(kProducts, kSquare * w.gradient_step);
  w.sums += share * sums_of(w);
  memset(w.sums, 0, static_cast<unsigned long>(sums_of(w)) * 4);
  const long end = w.tiling.units * (share + 1) / w.shares;
  for (long begin = w.tiling.units * share / w.shares; begin < end; begin += w.block_units) {
    const long units = least(w.block_units, end - begin);
    transform(w, begin, units, 0, w.biases + share * w.features);
    for (long point = 0; point < kSquare; ++point) multiply(w, point, tiles_of(w.tiling, begin, units));
  }
}

void run_together(const Pool& pool, Work w) {
  w.values = scratch(kInputValues, kSquare * w.value_step);
  w.gradients = scratch(kProducts, kSquare * w.gradient_step);
  memset(w.sums, 0, static_cast<unsigned long>(sums_of(w)) * 4);
  for (long begin = 0; begin < w.tiling.units; begin += w.block_units) {
    const long units = least(w.block_units, w.tiling.units - begin);
    pool.each(w.parts, [&](long part) {
      const long first = begin + units * part / w.parts, end = begin + units * (part + 1) / w.parts;
      transform(w, first, end - first, tiles_of(w.tiling, begin, first - begin), w.biases + part * w.features);
    });
    const long tiles = tiles_of(w.tiling, begin, units);
    pool.each(kSquare, [&](long point) { multiply(w, point, tiles); });
  }
}

}  // namespace

void run_winograd_gradient(const Pool& pool, const Sweep& sweep, const float* x, const Incoming& incoming,
                           float* kernel, float* bias) {
  const Tiling tiling(sweep, kUnitTiles);
  Work w = divide(tiling, x, incoming);
  const long biases = w.shares * w.parts;
  w.biases = scratch(kKernelValues, w.shares * sums_of(w) + biases * w.features);
  w.sums = w.biases + biases * w.features;
  memset(w.biases, 0, static_cast<unsigned long>(biases * w.features) * 4);
  if (w.parts > 1) run_together(pool, w);
  else pool.each(w.shares, [&](long share) { run_share(w, share); });
  pool.each(w.channels, [&](long channel) { finish(w, channel, kernel); });
  if (!bias) return;
  for (long f = 0; f < w.features; ++f) {
    bias[f] = 0;
    for (long i = 0; i < biases; ++i) bias[f] += w.biases[i * w.features + f];
  }
}

}  // namespace STRIATE_ISA
}  // namespace striate
