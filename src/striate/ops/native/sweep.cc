// A sweep: weights packed once, then bands of output pixels, each computed in tiles.
#include "bands.h"
#include "kernels.h"
#include "pack.h"
#include "pooled.h"
#include "rows.h"
#include "scratch.h"
#include "tile.h"
#include "winograd.h"
#include "winograd_kernel.h"

namespace striate {
namespace STRIATE_ISA {
namespace {

constexpr long kNearFloats = 64 << 10;  // 256 KiB of weights: stay in the second-level cache beside a band
constexpr long kFarFloats = 4 << 20;    // 16 MiB of output: nothing of it is in a cache when it is read

struct Work {
  const Sweep& sweep;
  const Incoming& in;
  const Output& output;
  Blocking blocking;
  const float* packed;  // (group, panel, depth, kPanelLanes)
  const float* bias;    // (group, panel, kPanelLanes)
};

// Row pointers of a band: (band row, run), each at the run's first float of the band's first column.
const float** point_rows(const Work& work, const Band& band, Rows& rows) {
  const Sweep& sweep = work.sweep;
  long low = 0, high = 0;
  for (long r = 0; r < sweep.run_count; ++r) {
    low = r ? least(low, sweep.runs[r].row) : sweep.runs[r].row;
    high = r ? most(high, sweep.runs[r].row) : sweep.runs[r].row;
  }
  low = most(0L, band.row * sweep.row_step + low);
  high = least(sweep.in.rows - 1, (band.row + band.rows - 1) * sweep.row_step + high);
  rows.hold(band.image * sweep.in.rows + low, most(1L, high - low + 1));
  const float** table = reinterpret_cast<const float**>(scratch(kPixels, 2 * band.rows * sweep.run_count + 2));
  for (long y = 0; y < band.rows; ++y) {
    for (long r = 0; r < sweep.run_count; ++r) {
      const Run& run = sweep.runs[r];
      const float* row = rows.at(band.image, (band.row + y) * sweep.row_step + run.row);
      table[y * sweep.run_count + r] = row ? row + (band.col * sweep.col_step + run.col) * rows.pitch : nullptr;
    }
  }
  return table;
}

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
bool comes_from_afar(const Sweep& sweep) {
  const Shape& in = sweep.in;
  return sweep.tap_count == 1 && in.images * in.rows * in.cols * in.channels > kFarFloats / 2;
}

// Whether all weights stay in the second-level cache.
bool stay_near(const Sweep& sweep) { return sweep.depth * (sweep.out.channels / sweep.groups) <= kNearFloats; }

long chunk_depth(const Sweep& sweep, long chunk) {
  long depth = 0;
  for (long i = sweep.chunks[chunk]; i < sweep.chunks[chunk + 1]; ++i) depth += sweep.segments[i].length;
  return depth;
}

// The weights of one chunk or panel follow those of the one before, so what comes next is asked for while this one is in
// use: for one small picture they are read from memory faster than they are multiplied.
void run_panel(const Work& work, const Band& band, const float** table, long pitch, long panel, const Target& target,
               const Part& part) {
  const Sweep& sweep = work.sweep;
  const long features = least(kPanelLanes, sweep.out.channels / sweep.groups - panel * kPanelLanes);
  const long vectors = divide_up(features, kLanes);
  const long place = band.group * work.blocking.panels + panel;
  const long tiles = divide_up(band.cols, static_cast<long>(kTile));
  TileJob job{};
  job.fetches_inputs = panel == band.panel && comes_from_afar(sweep);
  job.step = sweep.col_step * pitch;
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
      job.rows = table + y * sweep.run_count;
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
void spread(const Band& band, long features, const Target& from, const Target& to) {
  for (long y = 0; y < band.rows; ++y)
    for (long x = 0; x < band.cols; ++x)
      memcpy(to.data + y * to.row_step + x * to.col_step, from.data + y * from.row_step + x * from.col_step,
             static_cast<unsigned long>(features) * 4);
}

void pool(const Work& work, const Band& band, long channel, long features, const Target& from) {
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
Target target_of(const Work& work, const Band& band, long panel) {
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
bool goes_by_tiles(const Work& work, const Band& band) {
  const Sweep& sweep = work.sweep;
  const long features = sweep.out.channels / sweep.groups;
  return !work.output.argmax && sweep.chunk_count == 1 && band.panels > 1 && features % kPanelLanes == 0 &&
         stay_near(sweep);
}

void run_panels(const Work& work, const Band& band, const float** table, long pitch, const Part& part) {
  const long all = work.sweep.out.channels / work.sweep.groups;
  for (long panel = band.panel; panel < band.panel + band.panels; ++panel) {
    const long features = least(kPanelLanes, all - panel * kPanelLanes);
    const Target direct = target_of(work, band, panel);
    if (features % kLanes == 0 && !work.output.argmax) {
      run_panel(work, band, table, pitch, panel, direct, part);
      continue;
    }
    const Target aside{scratch(kTileOut, band.rows * band.cols * kPanelLanes), band.cols * kPanelLanes, kPanelLanes,
                       nullptr, false};
    run_panel(work, band, table, pitch, panel, aside, part);
    if (work.output.argmax) pool(work, band, band.group * all + panel * kPanelLanes, features, aside);
    else spread(band, features, aside, direct);
  }
}

void run_task(const Work& work, long task) {
  const Sweep& sweep = work.sweep;
  const Band band = band_of(sweep, work.blocking, task);
  const long width = sweep.in.channels / sweep.groups, tiles = divide_up(band.cols, static_cast<long>(kTile));
  Rows rows = rows_for(sweep, work.in, band.col, band.col + band.cols, band.group * width, width);
  const float** table = point_rows(work, band, rows);
  if (goes_by_tiles(work, band)) {
    for (long y = 0; y < band.rows; ++y)
      for (long t = 0; t < tiles; ++t) run_panels(work, band, table, rows.pitch, {y, 1, t, 1});
  } else {
    run_panels(work, band, table, rows.pitch, {0, band.rows, 0, tiles});
  }
  settle();
}

}  // namespace

long sweep_packed_floats(const Sweep& sweep) {
  if (sweep.points) return winograd_floats(sweep);
  return sweep.groups * divide_up(sweep.out.channels / sweep.groups, kPanelLanes) * sweep.depth * kPanelLanes;
}

void run_pack(const Pool& pool, const Sweep& sweep, const Weights& weights, float* packed) {
  float* taps = sweep.points ? scratch(kPacked, sweep.depth * panels_of(sweep) * kPanelLanes) : packed;
  pool.each(pack_tasks(sweep), [&](long i) { pack(sweep, weights, pack_task(sweep, i), taps); });
  if (sweep.points) pack_winograd(pool, sweep, taps, packed);
}

void run_sweep(const Pool& pool, const Sweep& sweep, const Incoming& in, const Weights& weights, const Output& output) {
  if (sweep.rows <= 0 || sweep.cols <= 0 || sweep.in.images <= 0) return;
  Work work{sweep, in, output, divide(sweep, output.argmax != nullptr), nullptr, nullptr};
  const long panels = work.blocking.panels, all = sweep.out.channels / sweep.groups;
  const long biases = sweep.groups * panels * kPanelLanes;
  float* bias = scratch(kPacked, biases + (weights.packed ? 0 : sweep_packed_floats(sweep)));
  memset(bias, 0, static_cast<unsigned long>(biases) * 4);
  if (output.bias)
    for (long g = 0; g < sweep.groups; ++g)
      memcpy(bias + g * panels * kPanelLanes, output.bias + g * all, static_cast<unsigned long>(all) * 4);
  if (!weights.packed) run_pack(pool, sweep, weights, bias + biases);
  const float* packed = weights.packed ? weights.data : bias + biases;
  if (sweep.points || suits_winograd(sweep)) return run_winograd(pool, sweep, in, packed, bias, output);
  work.packed = packed;
  work.bias = bias;
  pool.each(work.blocking.tasks, [&](long task) { run_task(work, task); });
}

}  // namespace STRIATE_ISA
}  // namespace striate
