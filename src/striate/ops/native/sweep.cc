// A sweep: weights packed once, then bands of output pixels, each computed in tiles.
#include "gathered.h"
#include "pack.h"
#include "panels.h"
#include "rows.h"
#include "winograd.h"
#include "winograd_kernel.h"

namespace striate {
namespace STRIATE_ISA {
namespace {

// Where a band reads of rows that lie as they are or were copied for it.
Reads point_rows(const Work& work, const Band& band, Rows& rows) {
  const Sweep& sweep = work.sweep;
  const Span span = span_of(sweep);
  const long low = most(0L, band.row * sweep.row_step + span.top);
  const long high = least(sweep.in.rows - 1, (band.row + band.rows - 1) * sweep.row_step + span.bottom - 1);
  rows.hold(band.image * sweep.in.rows + low, most(1L, high - low + 1));
  const float** table = reinterpret_cast<const float**>(scratch(kPixels, 2 * band.rows * sweep.run_count + 2));
  for (long y = 0; y < band.rows; ++y) {
    for (long r = 0; r < sweep.run_count; ++r) {
      const Run& run = sweep.runs[r];
      const float* row = rows.at(band.image, (band.row + y) * sweep.row_step + run.row);
      table[y * sweep.run_count + r] = row ? row + (band.col * sweep.col_step + run.col) * rows.pitch : nullptr;
    }
  }
  return {table, sweep.col_step * rows.pitch};
}

// The same, of a picture that was copied for all.
Reads point_gathered(const Work& work, const Band& band) {
  const Sweep& sweep = work.sweep;
  const float** table = reinterpret_cast<const float**>(scratch(kPixels, 2 * band.rows * sweep.run_count + 2));
  for (long y = 0; y < band.rows; ++y)
    for (long r = 0; r < sweep.run_count; ++r)
      table[y * sweep.run_count + r] = work.gathered->at(sweep, band.image, (band.row + y) * sweep.row_step, band.col, r);
  return {table, sweep.col_step * sweep.in.channels};
}

void run_task(const Work& work, long task) {
  const Sweep& sweep = work.sweep;
  const Band band = band_of(sweep, work.blocking, task);
  const long width = sweep.in.channels / sweep.groups, tiles = divide_up(band.cols, static_cast<long>(kTile));
  Rows rows = rows_for(sweep, work.in, band.col, band.col + band.cols, band.group * width, width);
  const Reads reads = work.gathered ? point_gathered(work, band) : point_rows(work, band, rows);
  if (goes_by_tiles(work, band)) {
    for (long y = 0; y < band.rows; ++y)
      for (long t = 0; t < tiles; ++t) run_panels(work, band, reads, {y, 1, t, 1});
  } else {
    run_panels(work, band, reads, {0, band.rows, 0, tiles});
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
  Work work{sweep, in, output, divide(sweep, output.argmax != nullptr), nullptr, nullptr, nullptr};
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
  const Gathered gathered = gathers(sweep, in, work.blocking) ? gather_picture(pool, sweep, in.data) : Gathered{};
  work.packed = packed;
  work.bias = bias;
  work.gathered = gathered.data ? &gathered : nullptr;
  pool.each(work.blocking.tasks, [&](long task) { run_task(work, task); });
}

}  // namespace STRIATE_ISA
}  // namespace striate
