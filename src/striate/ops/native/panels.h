// The panels of features of one band of a sweep: tiles of sums, then what follows them.
#pragma once

#include "bands.h"
#include "gathered.h"
#include "kernels.h"
#include "pooled.h"
#include "scratch.h"
#include "tile.h"

namespace striate {
namespace STRIATE_ISA {

constexpr long kNearFloats = 64 << 10;  // 256 KiB of weights: stay in the second-level cache beside a band
constexpr long kFarFloats = 4 << 20;    // 16 MiB of output: nothing of it is in a cache when it is read

struct Work {
  const Sweep& sweep;
  const Incoming& in;
  const Output& output;
  Blocking blocking;
  const float* packed;  // (group, panel, depth, kPanelLanes)
  const float* bias;    // (group, panel, kPanelLanes)
  const Gathered* gathered;  // a copy of the picture for all tasks, or null
};

// Where a band's visits read: by band row and run, the first float of the band's first visit; null where that is padding.
struct Reads {
  const float* const* table;
  long step;  // floats between neighbouring visits
};

// Where the tiles of a panel write: the output itself, or a corner of scratch that is finished afterwards.
struct Target {
  float* data;
  long row_step, col_step;
  const float* addend;  // laid out like data, or null
  bool past_caches;
};

// Some of a band's tiles: of `rows` rows, from the first tile of each.
struct Part {
  long row, rows, tile, tiles;
};

// Whether single pixels are read of a picture that no cache holds: the processor does not foresee that many rows at once.
inline bool comes_from_afar(const Sweep& sweep) {
  const Shape& in = sweep.in;
  return sweep.tap_count == 1 && in.images * in.rows * in.cols * in.channels > kFarFloats / 2;
}

// Whether all weights stay in the second-level cache.
inline bool stay_near(const Sweep& sweep) { return sweep.depth * (sweep.out.channels / sweep.groups) <= kNearFloats; }

inline long chunk_depth(const Sweep& sweep, long chunk) {
  long depth = 0;
  for (long i = sweep.chunks[chunk]; i < sweep.chunks[chunk + 1]; ++i) depth += sweep.segments[i].length;
  return depth;
}

// The weights of one chunk or panel follow those of the one before, so what comes next is asked for while this one is in
// use: for one small picture they are read from memory faster than they are multiplied.
inline void run_panel(const Work& work, const Band& band, const Reads& reads, long panel, const Target& target,
               const Part& part) {
  const Sweep& sweep = work.sweep;
  const long features = least(kPanelLanes, sweep.out.channels / sweep.groups - panel * kPanelLanes);
  const long vectors = divide_up(features, kLanes);
  const long place = band.group * work.blocking.panels + panel;
  const long tiles = divide_up(band.cols, static_cast<long>(kTile));
  TileJob job{};
  job.fetches_inputs = panel == band.panel && comes_from_afar(sweep);
  job.step = reads.step;
  job.out_step = target.col_step;
  job.weights = work.packed + place * sweep.depth * kPanelLanes;
  for (long chunk = 0; chunk < sweep.chunk_count; ++chunk) {
    job.segments = sweep.segments + sweep.chunks[chunk];
    job.count = sweep.chunks[chunk + 1] - sweep.chunks[chunk];
    job.bias = chunk == 0 ? work.bias + place * kPanelLanes : nullptr;
    const bool last = chunk + 1 == sweep.chunk_count;
    job.relu = last && work.output.activation == kRelu;
    job.past_caches = last && target.past_caches;
    const long floats = chunk_depth(sweep, chunk) * vectors * kLanes, jobs = part.rows * part.tiles;
    job.ahead = job.weights + floats;
    job.ahead_floats = stay_near(sweep) ? 0 : divide_up(floats, jobs);
    for (long y = part.row; y < part.row + part.rows; ++y) {
      job.rows = reads.table + y * sweep.run_count;
      for (long t = part.tile; t < part.tile + part.tiles; ++t) {
        const long from = band.cols * t / tiles, to = band.cols * (t + 1) / tiles;
        job.origin = from * job.step;
        const long place = y * target.row_step + from * target.col_step;
        job.out = target.data + place;
        job.addend = last && target.addend ? target.addend + place : nullptr;
        tile_kernel(to - from, vectors)(job);
        job.ahead += job.ahead_floats;
      }
    }
    job.weights += floats;
  }
}

// Copies the features that exist from scratch to the output.
inline void spread(const Band& band, long features, const Target& from, const Target& to) {
  for (long y = 0; y < band.rows; ++y)
    for (long x = 0; x < band.cols; ++x)
      memcpy(to.data + y * to.row_step + x * to.col_step, from.data + y * from.row_step + x * from.col_step,
             static_cast<unsigned long>(features) * 4);
}

inline void pool(const Work& work, const Band& band, long channel, long features, const Target& from) {
  const long rows = work.sweep.rows / 2, cols = work.sweep.cols / 2, channels = work.sweep.out.channels;
  for (long y = 0; y + 1 < band.rows; y += 2) {
    for (long x = 0; x + 1 < band.cols; x += 2) {
      const float* top = from.data + y * from.row_step + x * from.col_step;
      const long pixel = (band.image * rows + (band.row + y) / 2) * cols + (band.col + x) / 2;
      pool_pixel(top, top + from.row_step, from.col_step, features, work.output.data + pixel * channels + channel,
                 work.output.argmax + pixel * channels + channel);
    }
  }
}

// The features of a panel where they belong in the output.
inline Target target_of(const Work& work, const Band& band, long panel) {
  const Sweep& sweep = work.sweep;
  const Shape& out = sweep.out;
  const long row = band.image * out.rows + sweep.out_row + band.row * sweep.out_row_step;
  const long pixel = row * out.cols + sweep.out_col + band.col * sweep.out_col_step;
  const long begin = pixel * out.channels + band.group * (out.channels / sweep.groups) + panel * kPanelLanes;
  Target target{work.output.data + begin, sweep.out_row_step * out.cols * out.channels, sweep.out_col_step * out.channels,
                work.output.addend ? work.output.addend + begin : nullptr, false};
  const bool aligned = reinterpret_cast<uintptr_t>(target.data) % sizeof(Vec) == 0 && out.channels % kLanes == 0;
  target.past_caches = aligned && !target.addend && out.images * out.rows * out.cols * out.channels > kFarFloats;
  return target;
}

// All panels of a tile before the next tile, where all weights stay near: an output that is wider than the input is
// written from its beginning to its end, and not once for each panel.
inline bool goes_by_tiles(const Work& work, const Band& band) {
  const Sweep& sweep = work.sweep;
  const long features = sweep.out.channels / sweep.groups;
  return !work.output.argmax && sweep.chunk_count == 1 && band.panels > 1 && features % kPanelLanes == 0 &&
         stay_near(sweep);
}

inline void run_panels(const Work& work, const Band& band, const Reads& reads, const Part& part) {
  const long all = work.sweep.out.channels / work.sweep.groups;
  for (long panel = band.panel; panel < band.panel + band.panels; ++panel) {
    const long features = least(kPanelLanes, all - panel * kPanelLanes);
    const Target direct = target_of(work, band, panel);
    if (features % kLanes == 0 && !work.output.argmax) {
      run_panel(work, band, reads, panel, direct, part);
      continue;
    }
    const Target aside{scratch(kTileOut, band.rows * band.cols * kPanelLanes), band.cols * kPanelLanes, kPanelLanes,
                       nullptr, false};
    run_panel(work, band, reads, panel, aside, part);
    if (work.output.argmax) pool(work, band, band.group * all + panel * kPanelLanes, features, aside);
    else spread(band, features, aside, direct);
  }
}

}  // namespace STRIATE_ISA
}  // namespace striate
