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

__m512 activated(const Work& work, __m512 value) {
  return work.output.activation == kRelu ? _mm512_max_ps(_mm512_setzero_ps(), value) : value;  // a NaN stays a NaN
}

__m512 finished(const Work& work, const float* sums, __m512 bias) {
  return activated(work, _mm512_add_ps(_mm512_loadu_ps(sums), bias));
}

// All features of a panel, as numbers of sixteen bits.
template <bool adds>
void write_halves(const Work& work, long pixel, long step, long count, long feature, const float* sums) {
  const long channels = work.sweep.out.channels, begin = pixel * channels + feature;
  const __m512 bias[2] = {bias_at(work, feature), bias_at(work, feature + 16)};
  for (long x = 0, place = begin; x < count; ++x, place += step * channels, sums += kHalfPanel) {
    __m512 low = _mm512_add_ps(_mm512_loadu_ps(sums), bias[0]), high = _mm512_add_ps(_mm512_loadu_ps(sums + 16), bias[1]);
    if (adds) {
      const __m512i addend = _mm512_loadu_si512(work.output.half_addend + place);
      low = _mm512_add_ps(low, widened(_mm512_castsi512_si256(addend)));
      high = _mm512_add_ps(high, widened(_mm512_extracti64x4_epi64(addend, 1)));
    }
    const __m512bh both = _mm512_cvtne2ps_pbh(activated(work, high), activated(work, low));
    _mm512_storeu_si512(work.output.halves + place, (__m512i)both);
  }
}

// Bias, addend and activation, from the sums of `count` pixels of one row to where the output is.
void write_pixels(const Work& work, long pixel, long step, long count, long feature, const float* sums) {
  const Output& output = work.output;
  const long channels = work.sweep.out.channels;
  if (output.halves && !output.addend && feature + kHalfPanel <= channels) {
    if (output.half_addend) return write_halves<true>(work, pixel, step, count, feature, sums);
    return write_halves<false>(work, pixel, step, count, feature, sums);
  }
  for (long f = feature; f < least(feature + kHalfPanel, channels); f += 16, sums += 16) {
    const __mmask16 lanes = first_lanes(channels - f);
    const __m512 bias = bias_at(work, f);
    for (long x = 0, place = pixel * channels + f; x < count; ++x, place += step * channels) {
      __m512 value = _mm512_add_ps(_mm512_loadu_ps(sums + x * kHalfPanel), bias);
      if (output.addend) value = _mm512_add_ps(value, _mm512_loadu_ps(output.addend + place));
      if (output.half_addend)
        value = _mm512_add_ps(value, widened(_mm256_loadu_si256((const __m256i*)(output.half_addend + place))));
      value = activated(work, value);
      if (output.halves) _mm256_mask_storeu_epi16(output.halves + place, lanes, narrowed(value));
      else _mm512_mask_storeu_ps(output.data + place, lanes, value);
    }
  }
}

void write_row(const Work& work, const HalfBand& band, long image, long y, long feature, const float* sums) {
  const Sweep& sweep = work.sweep;
  const long row = image * sweep.out.rows + sweep.out_row + (band.row + y) * sweep.out_row_step;
  const long pixel = row * sweep.out.cols + sweep.out_col + band.col * sweep.out_col_step;
  write_pixels(work, pixel, sweep.out_col_step, band.cols, feature, sums);
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

// A 1x1 kernel over pixels side by side: the picture is multiplied where it lies.
bool lies_ready(const Sweep& sweep, const Incoming& in, const Depth& depth) {
  return in.halves && sweep.tap_count == 1 && sweep.row_step == 1 && sweep.col_step == 1 && sweep.in.rows == 1 &&
         sweep.in.images == 1 && sweep.runs[0].row == 0 && sweep.runs[0].col == 0 && depth.pitch == sweep.in.channels;
}

// The sums of 32 pixels at a time, finished while they are in the first-level cache. Past the last pixel nothing may be
// read, so the last ones are copied.
void run_pixels(const Work& work, const HalfBand& band, long first, long end) {
  const long pitch = work.depth.pitch, zero = 0, all = work.sweep.in.cols;
  float* sums = scratch(kTileOut, kHalfRows * kHalfPanel);
  const long tail = band.col + (band.cols - 1) / kHalfRows * kHalfRows;
  Half* last = reinterpret_cast<Half*>(scratch(kHalfValues, kHalfRows * pitch / 2));
  if (tail + kHalfRows > all) copy(work.in.halves + tail * pitch, (all - tail) * pitch, last);
  const Tiles tiles;
  for (long panel = first; panel < end; ++panel) {
    const Half* weights = work.packed + panel * panel_halves(work.depth.taps, work.depth.steps);
    const long feature = panel * kHalfPanel;
    for (long col = band.col; col < band.col + band.cols; col += kHalfRows) {
      const long count = least(kHalfRows, band.col + band.cols - col);
      const Half* from = col + kHalfRows > all ? last : work.in.halves + col * pitch;
      half_sums({from, pitch, &zero, 1, work.depth.steps, weights, sums}, count, work.sweep.out.channels - feature);
      write_pixels(work, col, 1, count, feature, sums);
    }
  }
}

void run_task(const Work& work, long task) {
  const long place = task / work.panel_tasks, first = task % work.panel_tasks * work.panels_per_task;
  const long end = least(first + work.panels_per_task, work.panels);
  const HalfBand band = band_at(work.sweep, work.bands, place);
  if (lies_ready(work.sweep, work.in, work.depth)) return run_pixels(work, band, first, end);
  const Planes planes = work.gathered ? work.gathered[place] : gather(work.sweep, work.in, work.depth, band);
  const long slots = slots_of(planes, band);
  float* sums = scratch(kTileOut, (slots + kHalfRows) * kHalfPanel);
  const Tiles tiles;
  for (long panel = first; panel < end; ++panel) {
    const long feature = panel * kHalfPanel;
    const Half* weights = work.packed + panel * panel_halves(work.depth.taps, work.depth.steps);
    half_sums({planes.data, planes.pitch, planes.offsets, work.depth.taps, work.depth.steps, weights, sums}, slots,
              work.sweep.out.channels - feature);
    finish(work, band, planes, feature, sums);
  }
}

// Where the features of a band are several tasks, its picture is rounded once for all of them.
const Planes* gather_all(const Pool& pool, const Work& work) {
  if (work.panel_tasks == 1 || lies_ready(work.sweep, work.in, work.depth)) return nullptr;
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
