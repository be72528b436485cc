// A sweep: weights packed once, then bands of output pixels, each computed in tiles.
#include "kernels.h"
#include "pack.h"
#include "pooled.h"
#include "rows.h"
#include "scratch.h"
#include "tile.h"
#include "winograd.h"

namespace striate {
namespace STRIATE_ISA {
namespace {

// How the work is divided. A task is one band of rows and columns of one image, for some panels of features.
struct Blocking {
  long band_rows, bands;
  long band_cols, col_bands;
  long panels;            // of one group
  long panels_per_task, panel_tasks;
  long tasks;
};

struct Work {
  const Sweep& sweep;
  const Incoming& in;
  const Output& output;
  Blocking blocking;
  const float* packed;  // (group, panel, depth, kPanelLanes)
  const float* bias;    // (group, panel, kPanelLanes)
};

constexpr long kBandPixels = 224;     // enough that a chunk of weights is used by 16 tiles
constexpr long kBandFloats = 96 << 10;  // 384 KiB of input: stays in the second-level cache
constexpr long kManyTasks = 16;

Blocking divide(const Sweep& sweep, bool pooled) {
  Blocking b{};
  const long features = sweep.out.channels / sweep.groups;
  b.panels = divide_up(features, kPanelLanes);
  b.col_bands = divide_up(sweep.cols, kBandPixels + kBandPixels / 4);
  b.band_cols = divide_up(sweep.cols, b.col_bands);
  if (pooled) b.band_cols += b.band_cols % 2;
  b.col_bands = divide_up(sweep.cols, b.band_cols);
  const long row_floats = b.band_cols * sweep.col_step * sweep.in.channels * sweep.row_step;
  b.band_rows = most(1L, least(kBandPixels / b.band_cols, kBandFloats / most(row_floats, 1L)));
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

Band band_of(const Work& work, long task) {
  const Blocking& b = work.blocking;
  const Sweep& sweep = work.sweep;
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
};

long chunk_depth(const Sweep& sweep, long chunk) {
  long depth = 0;
  for (long i = sweep.chunks[chunk]; i < sweep.chunks[chunk + 1]; ++i) depth += sweep.segments[i].length;
  return depth;
}

// The weights of one chunk or panel follow those of the one before, so what comes next is asked for while this one is in
// use: for one small picture they are read from memory faster than they are multiplied.
void run_panel(const Work& work, const Band& band, const float** table, long pitch, long panel, const Target& target) {
  const Sweep& sweep = work.sweep;
  const long features = least(kPanelLanes, sweep.out.channels / sweep.groups - panel * kPanelLanes);
  const long vectors = divide_up(features, kLanes);
  const long place = band.group * work.blocking.panels + panel;
  const long tiles = divide_up(band.cols, static_cast<long>(kTile));
  TileJob job{};
  job.step = sweep.col_step * pitch;
  job.out_step = target.col_step;
  job.weights = work.packed + place * sweep.depth * kPanelLanes;
  for (long chunk = 0; chunk < sweep.chunk_count; ++chunk) {
    job.segments = sweep.segments + sweep.chunks[chunk];
    job.count = sweep.chunks[chunk + 1] - sweep.chunks[chunk];
    job.bias = chunk == 0 ? work.bias + place * kPanelLanes : nullptr;
    const bool last = chunk + 1 == sweep.chunk_count;
    job.relu = last && work.output.activation == kRelu;
    const long floats = chunk_depth(sweep, chunk) * vectors * kLanes, jobs = band.rows * tiles;
    job.ahead = job.weights + floats;
    job.ahead_floats = divide_up(floats, jobs);
    for (long y = 0; y < band.rows; ++y) {
      job.rows = table + y * sweep.run_count;
      for (long t = 0; t < tiles; ++t) {
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

void run_task(const Work& work, long task) {
  const Sweep& sweep = work.sweep;
  const Band band = band_of(work, task);
  const long width = sweep.in.channels / sweep.groups, all = sweep.out.channels / sweep.groups;
  Rows rows = rows_for(sweep, work.in, band.col, band.col + band.cols, band.group * width, width);
  const float** table = point_rows(work, band, rows);
  const long pixel = (band.image * sweep.out.rows + sweep.out_row + band.row * sweep.out_row_step) * sweep.out.cols +
                     sweep.out_col + band.col * sweep.out_col_step;
  for (long panel = band.panel; panel < band.panel + band.panels; ++panel) {
    const long channel = band.group * all + panel * kPanelLanes;
    const long features = least(kPanelLanes, all - panel * kPanelLanes);
    const long begin = pixel * sweep.out.channels + channel;
    const Target direct{work.output.data + begin, sweep.out_row_step * sweep.out.cols * sweep.out.channels,
                        sweep.out_col_step * sweep.out.channels,
                        work.output.addend ? work.output.addend + begin : nullptr};
    if (features % kLanes == 0 && !work.output.argmax) {
      run_panel(work, band, table, rows.pitch, panel, direct);
      continue;
    }
    const Target aside{scratch(kTileOut, band.rows * band.cols * kPanelLanes), band.cols * kPanelLanes, kPanelLanes,
                       nullptr};
    run_panel(work, band, table, rows.pitch, panel, aside);
    if (work.output.argmax) pool(work, band, channel, features, aside);
    else spread(band, features, aside, direct);
  }
}

}  // namespace

long sweep_packed_floats(const Sweep& sweep) {
  return sweep.groups * divide_up(sweep.out.channels / sweep.groups, kPanelLanes) * sweep.depth * kPanelLanes;
}

void run_pack(const Pool& pool, const Sweep& sweep, const Weights& weights, float* packed) {
  pool.each(pack_tasks(sweep), [&](long i) { pack(sweep, weights, pack_task(sweep, i), packed); });
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
  if (suits_winograd(sweep)) return run_winograd(pool, sweep, in, packed, bias, output);
  work.packed = packed;
  work.bias = bias;
  pool.each(work.blocking.tasks, [&](long task) { run_task(work, task); });
}

}  // namespace STRIATE_ISA
}  // namespace striate
