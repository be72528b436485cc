// A sweep whose products are of numbers of sixteen bits and whose sums are floats.
//
// Weights are packed once. A task is a band of output pixels for some panels of features: the band of the picture is
// rounded into planes (half_planes.h), the sums of 32 pixels x 32 features are made at a time, and bias, relu and the
// 2x2 maximum happen on the band in the cache.
#include "half_planes.h"
#include "pooled.h"
#include "scratch.h"

namespace striate {
namespace STRIATE_ISA {
namespace {

constexpr long kBandSlots = 512;  // their sums are 64 KiB
constexpr long kManyTasks = 16;

struct Work {
  const Sweep& sweep;
  const Incoming& in;
  const Output& output;
  Depth depth;
  HalfBands bands;
  long panels, panels_per_task, panel_tasks;
  const Half* packed;
  const Planes* gathered;  // of every band, where several tasks read the same; else null
};

Work divide(const Sweep& sweep, const Incoming& in, const Output& output) {
  const Depth depth = depth_of(sweep);
  Work w{sweep, in, output, depth, divide_bands(sweep, depth, output.argmax != nullptr, kBandSlots), 0, 0, 0, nullptr, nullptr};
  w.panels = divide_up(sweep.out.channels, kHalfPanel);
  w.panel_tasks = least(w.panels, divide_up(kManyTasks, w.bands.count));
  w.panels_per_task = divide_up(w.panels, w.panel_tasks);
  w.panel_tasks = divide_up(w.panels, w.panels_per_task);
  return w;
}

__m512 bias_at(const Work& work, long feature) {
  return work.output.bias ? load_some(work.output.bias + feature, work.sweep.out.channels - feature) : _mm512_setzero_ps();
}

__m512 finished(const Work& work, const float* sums, __m512 bias, const float* addend = nullptr) {
  __m512 value = _mm512_add_ps(_mm512_loadu_ps(sums), bias);
  if (addend) value = _mm512_add_ps(value, _mm512_loadu_ps(addend));
  if (work.output.activation != kRelu) return value;
  return _mm512_mask_mov_ps(value, _mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_LT_OQ), _mm512_setzero_ps());
}

// Bias and activation, from the sums of one row to where the output is.
void write_row(const Work& work, const HalfBand& band, long image, long y, long feature, const float* sums) {
  const Sweep& sweep = work.sweep;
  const Shape& out = sweep.out;
  const long row = image * out.rows + sweep.out_row + (band.row + y) * sweep.out_row_step;
  const long step = sweep.out_col_step * out.channels;
  const long begin = (row * out.cols + sweep.out_col + band.col * sweep.out_col_step) * out.channels + feature;
  for (long f = 0; f < least(kHalfPanel, out.channels - feature); f += 16) {
    const __mmask16 lanes = first_lanes(out.channels - feature - f);
    const __m512 bias = bias_at(work, feature + f);
    for (long x = 0; x < band.cols; ++x) {
      const long place = begin + x * step + f;
      const float* addend = work.output.addend ? work.output.addend + place : nullptr;
      _mm512_mask_storeu_ps(work.output.data + place, lanes, finished(work, sums + x * kHalfPanel + f, bias, addend));
    }
  }
}

// The same for a row of 2x2 maxima, from the sums of two rows.
void pool_rows(const Work& work, const HalfBand& band, long image, long y, long feature, const float* top, long width) {
  const long rows = work.sweep.rows / 2, cols = work.sweep.cols / 2, channels = work.sweep.out.channels;
  long place = ((image * rows + (band.row + y) / 2) * cols + band.col / 2) * channels + feature;
  const float* bottom = top + width * kHalfPanel;
  for (long f = 0; f < least(kHalfPanel, channels - feature); f += 16) {
    const __m512 bias = bias_at(work, feature + f);
    const long count = least(16L, channels - feature - f);
    for (long x = 0; x + 1 < band.cols; x += 2) {
      const long at = x * kHalfPanel + f, next = at + kHalfPanel, to = place + x / 2 * channels + f;
      const Vec corners[4] = {(Vec)finished(work, top + at, bias), (Vec)finished(work, top + next, bias),
                              (Vec)finished(work, bottom + at, bias), (Vec)finished(work, bottom + next, bias)};
      pool_corners(corners, count, work.output.data + to, work.output.argmax + to);
    }
  }
}

void finish(const Work& work, const HalfBand& band, const Planes& planes, long feature, const float* sums) {
  const bool pooled = work.output.argmax != nullptr;
  for (long i = 0; i < band.images; ++i) {
    for (long y = 0; y + pooled < band.rows; y += 1 + pooled) {
      const float* row = sums + (i * planes.height + y) * planes.width * kHalfPanel;
      if (pooled) pool_rows(work, band, band.image + i, y, feature, row, planes.width);
      else write_row(work, band, band.image + i, y, feature, row);
    }
  }
}

void run_task(const Work& work, long task) {
  const long place = task / work.panel_tasks;
  const HalfBand band = band_at(work.sweep, work.bands, place);
  const Planes planes = work.gathered ? work.gathered[place] : gather(work.sweep, work.in, work.depth, band);
  const long slots = slots_of(planes, band), first = task % work.panel_tasks * work.panels_per_task;
  float* sums = scratch(kTileOut, (slots + kHalfRows) * kHalfPanel);
  const Tiles tiles;
  for (long panel = first; panel < least(first + work.panels_per_task, work.panels); ++panel) {
    const long feature = panel * kHalfPanel;
    const Half* weights = work.packed + panel * panel_halves(work.depth.taps, work.depth.steps);
    half_sums({planes.data, planes.pitch, planes.offsets, work.depth.taps, work.depth.steps, weights, sums}, slots,
              work.sweep.out.channels - feature);
    finish(work, band, planes, feature, sums);
  }
}

// Where the features of a band are several tasks, its picture is rounded once for all of them.
const Planes* gather_all(const Pool& pool, const Work& work) {
  if (work.panel_tasks == 1) return nullptr;
  const long each = gathered_floats(work.sweep, work.depth, band_at(work.sweep, work.bands, 0));
  const long table = divide_up(work.bands.count * static_cast<long>(sizeof(Planes)) / 4, 16) * 16;
  float* memory = scratch(kPartial, table + work.bands.count * each);
  Planes* planes = reinterpret_cast<Planes*>(memory);
  pool.each(work.bands.count, [&](long i) {
    const HalfBand band = band_at(work.sweep, work.bands, i);
    planes[i] = gather(work.sweep, work.in, work.depth, band, memory + table + i * each);
  });
  return planes;
}

}  // namespace

long half_packed_floats(const Sweep& sweep) {
  const Depth depth = depth_of(sweep);
  return divide_up(sweep.out.channels, kHalfPanel) * panel_halves(depth.taps, depth.steps) / 2;
}

void run_half_pack(const Pool& pool, const Sweep& sweep, const Weights& weights, float* packed) {
  const Depth depth = depth_of(sweep);
  pool.each(pack_tasks(sweep, depth), [&](long task) { pack(sweep, weights, depth, task, reinterpret_cast<Half*>(packed)); });
}

void run_half_sweep(const Pool& pool, const Sweep& sweep, const Incoming& in, const Weights& weights, const Output& output) {
  if (sweep.rows <= 0 || sweep.cols <= 0 || sweep.in.images <= 0) return;
  Work work = divide(sweep, in, output);
  const float* packed = weights.data;
  if (!weights.packed) {
    float* own = scratch(kPacked, half_packed_floats(sweep));
    run_half_pack(pool, sweep, weights, own);
    packed = own;
  }
  work.packed = reinterpret_cast<const Half*>(packed);
  work.gathered = gather_all(pool, work);
  pool.each(work.bands.count * work.panel_tasks, [&](long task) { run_task(work, task); });
}

}  // namespace STRIATE_ISA
}  // namespace striate
