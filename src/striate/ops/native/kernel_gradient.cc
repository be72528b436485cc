// The gradient of a kernel: for every kernel position, the products of inputs and incoming gradients summed over pixels.
//
// It is a matrix product whose long side is the pixels. Tiles of M input floats x V vectors of features stay in
// registers while a band of pixels streams past; bands are short enough that inputs and gradients stay in the
// second-level cache. Pixels are dealt to a number of shares that depends on the shape alone, and the shares are added
// in order, so the result does not depend on the number of threads.
#include "gradient_tile.h"
#include "incoming.h"
#include "kernels.h"
#include "rows.h"
#include "scratch.h"
#include "simd.h"
#include "winograd.h"

namespace striate {
namespace STRIATE_ISA {
namespace {

constexpr long kBandPixels = 224;
constexpr long kSliceChannels = 64;
constexpr long kFewTasks = 16;
constexpr long kSharePixels = 1024;

struct Work {
  const Sweep& sweep;
  const float* in;
  const Incoming& incoming;
  long shares;                  // parts of the pixels
  long slices, slice;           // parts of a group's channels
  long pieces;                  // parts of an output row
  long features, panels, lanes; // of one group; lanes: features filled up to whole vectors
  long channels;                // of one group
  float* sums;                  // (share, group, depth, lanes)
  float* biases;                // (share, group, lanes)
};

long tasks_of(const Work& w) { return w.shares * w.slices * w.sweep.groups; }

Work divide(const Sweep& sweep, const float* in, const Incoming& incoming) {
  Work w{sweep, in, incoming, 1, 1, 0, 1, 0, 0, 0, 0, nullptr, nullptr};
  w.features = sweep.out.channels / sweep.groups;
  w.channels = sweep.in.channels / sweep.groups;
  w.lanes = divide_up(w.features, kLanes) * kLanes;
  w.panels = divide_up(w.features, kPanelLanes);
  w.pieces = divide_up(sweep.cols, kBandPixels + kBandPixels / 4);
  const long pixels = sweep.in.images * sweep.rows * sweep.cols;
  const long most_shares = most(1L, pixels / kSharePixels);
  w.slices = divide_up(w.channels, kSliceChannels);
  if (w.slices * sweep.groups * most_shares < kFewTasks) w.slices = divide_up(w.channels, kSliceChannels / 2);
  w.slice = divide_up(w.channels, w.slices);
  w.slices = divide_up(w.channels, w.slice);
  w.shares = least(most_shares, divide_up(kFewTasks, w.slices * sweep.groups));
  return w;
}

struct Task {
  long share, slice, group;
  long channel, width;  // of the slice, within the group
};

// The pixels that stream past together: `units` pieces of rows, pixels of them side by side in `packed`.
struct Band {
  long first, units, pixels;
};

struct Place {
  long image, row, from, to;
};

Place place_of(const Work& w, long unit) {
  const long piece = unit % w.pieces, row = unit / w.pieces;
  return {row / w.sweep.rows, row % w.sweep.rows, w.sweep.cols * piece / w.pieces, w.sweep.cols * (piece + 1) / w.pieces};
}

const float* incoming_at(const Work& w, const Place& place, long channel) {
  return w.incoming.data +
         ((place.image * w.sweep.out.rows + place.row) * w.sweep.out.cols + place.from) * w.sweep.out.channels + channel;
}

// Copies a panel's gradients side by side, so that a band of them is one short stream without gaps.
void pack(const Work& w, const Band& band, long channel, long features, long lanes, float* target) {
  for (long u = 0; u < band.units; ++u) {
    const Place place = place_of(w, band.first + u);
    if (features < lanes) memset(target, 0, static_cast<unsigned long>((place.to - place.from) * lanes) * 4);
    if (altered(w.incoming)) {
      write_row(w.incoming, w.sweep.out, place.image, place.row, place.from, place.to, channel, features, target, lanes);
      target += (place.to - place.from) * lanes;
      continue;
    }
    const float* source = incoming_at(w, place, channel);
    for (long x = place.from; x < place.to; ++x, source += w.sweep.out.channels, target += lanes) {
      if (features == kPanelLanes) {
        store(target, load(source));
        store(target + kLanes, load(source + kLanes));
        continue;
      }
      memcpy(target, source, static_cast<unsigned long>(features) * 4);
    }
  }
}

// Four sums side by side, for one would wait for itself.
void add_bias(const Stretch* stretches, long count, long step, long vectors, float* bias) {
  constexpr long kSums = 4;
  for (long v = 0; v < vectors; ++v) {
    Vec sum[kSums] = {};
    for (long i = 0; i < count; ++i) {
      const float* from = stretches[i].incoming + v * kLanes;
      long p = 0;
      for (; p + kSums <= stretches[i].count; p += kSums)
        for (long s = 0; s < kSums; ++s) sum[s] += load(from + (p + s) * step);
      for (; p < stretches[i].count; ++p) sum[0] += load(from + p * step);
    }
    store(bias + v * kLanes, load(bias + v * kLanes) + ((sum[0] + sum[1]) + (sum[2] + sum[3])));
  }
}

// All tiles of one panel: for every run of the slice, its floats in tiles of about equal height.
void run_panel(const Work& w, const Task& task, const Band& band, Stretch* stretches, GradientJob job, long vectors,
               float* sums) {
  const Sweep& sweep = w.sweep;
  const bool whole = w.slices == 1;  // else a slice's channels are contiguous for one kernel column only
  const long piece = whole ? sweep.runs[0].length : task.width;
  const long at_once = whole ? runs_at_once(piece, sweep.run_count) : 1;
  const long tiles = divide_up(piece, static_cast<long>(kTile));
  long row = 0;
  for (long r = 0; r < sweep.run_count; r += at_once) {
    for (long col = 0; col < (whole ? 1 : sweep.runs[r].cols); ++col) {
      for (long t = 0; t < tiles; ++t) {
        const long from = piece * t / tiles, to = piece * (t + 1) / tiles;
        job.stretches = stretches + r * band.units;
        job.offset = col * piece + from;
        job.run_rows = piece;
        job.out = sums + (row + (whole ? 0 : task.channel) + from) * job.out_step;
        gradient_kernel(at_once, to - from, vectors)(job);
      }
      row += whole ? piece * at_once : w.channels;
    }
  }
}

// Fills the table (run, unit) of where inputs begin. A tile of several runs wants zeros instead of missing rows.
void point_rows(const Work& w, const Band& band, Rows& rows, const float* zeros, Stretch* stretches) {
  const Sweep& sweep = w.sweep;
  for (long u = 0; u < band.units; ++u) {
    const Place place = place_of(w, band.first + u);
    for (long r = 0; r < sweep.run_count; ++r) {
      const Run& run = sweep.runs[r];
      const float* row = rows.at(place.image, place.row * sweep.row_step + run.row);
      const float* input = row ? row + (place.from * sweep.col_step + run.col) * rows.pitch : zeros;
      stretches[r * band.units + u] = {input, nullptr, place.to - place.from};
    }
  }
}

// The rows of a band, a slice's channels side by side: without gaps that would alias in the cache.
Rows rows_of(const Work& w, const Task& task, const Place& begin) {
  const long from = w.pieces > 1 ? begin.from : 0, to = w.pieces > 1 ? begin.to : w.sweep.cols;
  Rows rows = rows_for(w.sweep, {w.in, nullptr, nullptr}, from, to, task.group * w.channels + task.channel, task.width);
  if (w.slices > 1 && !rows.copied) {
    rows.copied = true;
    rows.pitch = rows.width;
  }
  return rows;
}

void run_band(const Work& w, const Task& task, const Band& band) {
  const Sweep& sweep = w.sweep;
  const long last = band.first + band.units - 1;
  const Place begin = place_of(w, band.first), end = place_of(w, last);
  Rows rows = rows_of(w, task, begin);
  long low = 0, high = 0;
  for (long r = 0; r < sweep.run_count; ++r) {
    low = least(low, sweep.runs[r].row);
    high = most(high, sweep.runs[r].row);
  }
  const long first = begin.image * sweep.in.rows + least(sweep.in.rows - 1, most(0L, begin.row * sweep.row_step + low));
  const long final = end.image * sweep.in.rows + most(0L, least(sweep.in.rows - 1, end.row * sweep.row_step + high));
  const bool across = begin.image != end.image;
  rows.hold(across ? begin.image * sweep.in.rows : first,
            across ? (end.image - begin.image + 1) * sweep.in.rows : final - first + 1);
  const bool several = w.slices == 1 && runs_at_once(sweep.runs[0].length, sweep.run_count) > 1;
  const long zero_floats = several ? kBandPixels * 2 * sweep.col_step * rows.pitch + sweep.runs[0].length : 0;
  const long table_floats = sweep.run_count * band.units * (static_cast<long>(sizeof(Stretch)) / 4);
  float* packed = scratch(kPixels, band.pixels * kPanelLanes + table_floats + zero_floats);
  Stretch* stretches = reinterpret_cast<Stretch*>(packed + band.pixels * kPanelLanes);
  float* zeros = several ? packed + band.pixels * kPanelLanes + table_floats : nullptr;
  memset(static_cast<void*>(zeros ? zeros : packed), 0, static_cast<unsigned long>(zero_floats) * 4);
  point_rows(w, band, rows, zeros, stretches);

  const bool direct = w.features <= 2 * kPanelLanes && w.features % kLanes == 0 && !altered(w.incoming);
  for (long panel = 0; panel < w.panels; ++panel) {
    const long channel = task.group * w.features + panel * kPanelLanes;
    const long features = least(kPanelLanes, w.features - panel * kPanelLanes);
    const long vectors = divide_up(features, kLanes);
    if (!direct) pack(w, band, channel, features, vectors * kLanes, packed);
    const float* side = packed;
    for (long u = 0; u < band.units; ++u) {
      const float* incoming = direct ? incoming_at(w, place_of(w, band.first + u), channel) : side;
      side += stretches[u].count * vectors * kLanes;
      for (long r = 0; r < sweep.run_count; ++r) stretches[r * band.units + u].incoming = incoming;
    }
    GradientJob job{};
    job.count = job.run_step = band.units;
    job.input_step = sweep.col_step * rows.pitch;
    job.incoming_step = direct ? sweep.out.channels : vectors * kLanes;
    job.out_step = w.lanes;
    const long part = task.share * sweep.groups + task.group;
    if (task.slice == 0)
      add_bias(stretches, band.units, job.incoming_step, vectors, w.biases + part * w.lanes + panel * kPanelLanes);
    run_panel(w, task, band, stretches, job, vectors, w.sums + part * sweep.depth * w.lanes + panel * kPanelLanes);
  }
}

void clear(const Work& w, const Task& task) {
  const long part = task.share * w.sweep.groups + task.group;
  float* sums = w.sums + part * w.sweep.depth * w.lanes;
  for (long tap = 0; tap < w.sweep.tap_count; ++tap)
    memset(sums + (tap * w.channels + task.channel) * w.lanes, 0, static_cast<unsigned long>(task.width * w.lanes) * 4);
  if (task.slice == 0) memset(w.biases + part * w.lanes, 0, static_cast<unsigned long>(w.lanes) * 4);
}

void run_task(const Work& w, long index) {
  const Sweep& sweep = w.sweep;
  Task task{};
  task.slice = index % w.slices;
  task.group = index / w.slices % sweep.groups;
  task.share = index / w.slices / sweep.groups;
  task.channel = task.slice * w.slice;
  task.width = least(w.slice, w.channels - task.channel);
  clear(w, task);
  const long units = sweep.in.images * sweep.rows * w.pieces;
  const long unit_pixels = divide_up(sweep.cols, w.pieces);
  const long band_units = most(1L, kBandPixels / unit_pixels);  // 1 wherever rows come in pieces
  const long end = units * (task.share + 1) / w.shares;
  for (long unit = units * task.share / w.shares; unit < end; unit += band_units) {
    Band band{unit, least(band_units, end - unit), 0};
    band.pixels = band.units * unit_pixels;
    run_band(w, task, band);
  }
}

// Adds the shares in order and drops the features that only fill a vector.
void finish(const Work& w, long rows, const float* parts, long group, long row, long tap, float* out) {
  const long share = w.sweep.groups * rows * w.lanes;
  const float* from = parts + (group * rows + row) * w.lanes;
  float* to = out + (tap * w.channels + row % w.channels) * w.sweep.out.channels + group * w.features;
  for (long f = 0; f < w.lanes; f += kLanes) {
    Vec sum = load(from + f);
    for (long s = 1; s < w.shares; ++s) sum += load(from + s * share + f);
    const long count = least(kLanes, w.features - f);
    if (count == kLanes) store(to + f, sum);
    else
      for (long i = 0; i < count; ++i) to[f + i] = sum[i];
  }
}

}  // namespace

void run_kernel_gradient(const Pool& pool, const Sweep& sweep, const float* in, const Incoming& incoming,
                         float* kernel, float* bias) {
  if (suits_winograd(sweep)) return run_winograd_gradient(pool, sweep, in, incoming, kernel, bias);
  Work w = divide(sweep, in, incoming);
  const long parts = w.shares * sweep.groups;
  w.biases = scratch(kPartial, parts * (sweep.depth + 1) * w.lanes);
  w.sums = w.biases + parts * w.lanes;
  pool.each(tasks_of(w), [&](long task) { run_task(w, task); });
  constexpr long kRowsAtOnce = 32;
  const long rows = sweep.groups * sweep.depth;
  pool.each(divide_up(rows, kRowsAtOnce), [&](long block) {
    for (long i = block * kRowsAtOnce; i < least(rows, (block + 1) * kRowsAtOnce); ++i) {
      const long row = i % sweep.depth;
      finish(w, sweep.depth, w.sums, i / sweep.depth, row, sweep.tap_index[row / w.channels], kernel);
    }
  });
  if (bias)
    for (long g = 0; g < sweep.groups; ++g) {
      const float* from = w.biases + g * w.lanes;
      for (long f = 0; f < w.features; ++f) {
        float sum = from[f];
        for (long s = 1; s < w.shares; ++s) sum += from[s * sweep.groups * w.lanes + f];
        bias[g * w.features + f] = sum;
      }
    }
}

}  // namespace STRIATE_ISA
}  // namespace striate
