// The gradient of a kernel from numbers of sixteen bits: products of inputs and incoming gradients, summed over pixels.
//
// The matrix product is features x depth, summed over the pixels of a band. The band's gradients are turned once, so
// that a feature's pixels lie side by side; what each tap meets is laid out in pairs of pixels, which needs no turning.
// Bands are dealt to shares by the shape alone, and shares are added in order.
#include "half_planes.h"
#include "incoming.h"
#include "scratch.h"
#include "transpose.h"

namespace striate {
namespace STRIATE_ISA {
namespace {

constexpr long kBandSlots = 512;
constexpr long kTurned = 256 << 10;  // numbers of turned gradients: half a megabyte
constexpr long kManyTasks = 16;
constexpr long kSharePixels = 1024;
constexpr long kColumns = 64;  // features that are turned at a time

// A block is 32 numbers of the depth: channels of one tap, or numbers of a patch.
struct Work {
  const Sweep& sweep;
  const Incoming in, &incoming;
  Depth depth;
  HalfBands bands;
  long blocks, blocks_per_task, slices, shares, features;
  float* sums;    // (share, block, feature, kHalfPanel)
  float* biases;  // (share, feature)
};

Work divide(const Sweep& sweep, const float* in, const Incoming& incoming) {
  const Depth depth = depth_of(sweep);
  const long slots = most(64L, least(kBandSlots, kTurned / sweep.out.channels));
  Work w{sweep, {in, nullptr, nullptr}, incoming, depth, divide_bands(sweep, depth, false, slots), 0, 0, 0, 0, 0, nullptr, nullptr};
  w.features = sweep.out.channels;
  w.blocks = depth.taps * depth.steps;
  const long pixels = sweep.in.images * sweep.rows * sweep.cols;
  w.shares = least(w.bands.count, least(kManyTasks, most(1L, pixels / kSharePixels)));
  w.blocks_per_task = divide_up(w.blocks, least(w.blocks, divide_up(kManyTasks, w.shares)));
  w.slices = divide_up(w.blocks, w.blocks_per_task);
  return w;
}

// The pixels of a band, one after the other: where each lies in the planes, and its gradients turned.
struct Stream {
  long pixels, padded;  // padded: up to whole steps
  long* at;
  Half* turned;  // (feature, padded)
};

// Sixteen features of sixteen pixels; pixels that are not there are zeros.
void turn_square(const float* from, long pixels, long features, Half* to, long step) {
  float rows[256] __attribute__((aligned(64))), columns[256] __attribute__((aligned(64)));
  for (long p = 0; p < 16; ++p)
    _mm512_store_ps(rows + p * 16, p < pixels ? load_some(from + p * kColumns, features) : _mm512_setzero_ps());
  transpose_square(rows, 16, columns, 16);
  for (long f = 0; f < features; ++f) _mm256_storeu_si256((__m256i*)(to + f * step), narrowed(_mm512_load_ps(columns + f * 16)));
}

void add_biases(const float* columns, long pixels, long features, float* bias) {
  for (long f = 0; f < features; f += 16) {
    __m512 sum = load_some(bias + f, features - f);
    for (long p = 0; p < pixels; ++p) sum = _mm512_add_ps(sum, widened(narrowed(load_some(columns + p * kColumns + f, features - f))));
    _mm512_mask_storeu_ps(bias + f, first_lanes(features - f), sum);
  }
}

// Turns the gradients of a band and, unless `bias` is null, adds them up.
void turn(const Work& w, const HalfBand& band, const Stream& stream, float* bias) {
  float* columns = scratch(kPixels, stream.padded * kColumns);
  for (long first = 0; first < w.features; first += kColumns) {
    const long features = least(kColumns, w.features - first);
    float* target = columns;
    for (long y = 0; y < band.images * band.rows; ++y, target += band.cols * kColumns)
      write_row(w.incoming, w.sweep.out, band.image + y / band.rows, band.row + y % band.rows, band.col,
                band.col + band.cols, first, features, target, kColumns);
    if (bias) add_biases(columns, stream.pixels, features, bias + first);
    for (long p = 0; p < stream.padded; p += 16)
      for (long f = 0; f < features; f += 16)
        turn_square(columns + p * kColumns + f, stream.pixels - p, least(16L, features - f),
                    stream.turned + (first + f) * stream.padded + p, stream.padded);
  }
}

Stream stream_of(const Work& w, const HalfBand& band, const Planes& planes) {
  Stream s{band.images * band.rows * band.cols, 0, nullptr, nullptr};
  s.padded = divide_up(s.pixels, kStep) * kStep;
  float* memory = scratch(kInputValues, s.pixels * 2 + 16 + (w.features + kHalfRows) * s.padded / 2);
  s.at = reinterpret_cast<long*>(memory);
  s.turned = reinterpret_cast<Half*>(memory + divide_up(s.pixels * 2, 16) * 16);
  long* at = s.at;
  for (long i = 0; i < band.images; ++i)
    for (long y = 0; y < band.rows; ++y)
      for (long x = 0; x < band.cols; ++x) *at++ = ((i * planes.height + y) * planes.width + x) * planes.pitch;
  return s;
}

// What one tap meets, 32 numbers of the depth, in pairs of pixels.
void pair_pixels(const Stream& stream, const Half* data, Half* panel) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5,
                                         20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  for (long p = 0; p < stream.padded; p += kPair) {
    const __m512i a = p < stream.pixels ? _mm512_loadu_si512(data + stream.at[p]) : _mm512_setzero_si512();
    const __m512i b = p + 1 < stream.pixels ? _mm512_loadu_si512(data + stream.at[p + 1]) : _mm512_setzero_si512();
    Half* tile = panel + p / kStep * 2 * kTileHalves + p % kStep * 16;
    const __m512i low = _mm512_shuffle_i64x2(a, b, 0x44), high = _mm512_shuffle_i64x2(a, b, 0xee);
    _mm512_storeu_si512(tile, _mm512_permutexvar_epi16(order, low));
    _mm512_storeu_si512(tile + kTileHalves, _mm512_permutexvar_epi16(order, high));
  }
}

void run_band(const Work& w, const HalfBand& band, long share, long slice) {
  const Planes planes = gather(w.sweep, w.in, w.depth, band);
  const Stream stream = stream_of(w, band, planes);
  turn(w, band, stream, slice ? nullptr : w.biases + share * w.features);
  float* memory = scratch(kProducts, stream.padded * kHalfPanel / 2 + (w.features + kHalfRows) * kHalfPanel);
  Half* panel = reinterpret_cast<Half*>(memory);
  float* products = memory + stream.padded * kHalfPanel / 2;
  const long none = 0;
  const Tiles tiles;
  for (long block = slice * w.blocks_per_task; block < least(w.blocks, (slice + 1) * w.blocks_per_task); ++block) {
    const long tap = block / w.depth.steps, step = block % w.depth.steps;
    pair_pixels(stream, planes.data + planes.offsets[tap] + step * kStep, panel);
    half_sums({stream.turned, stream.padded, &none, 1, stream.padded / kStep, panel, products}, w.features, kHalfPanel);
    float* sums = w.sums + (share * w.blocks + block) * w.features * kHalfPanel;
    for (long i = 0; i < w.features * kHalfPanel; i += 16)
      _mm512_storeu_ps(sums + i, _mm512_add_ps(_mm512_loadu_ps(sums + i), _mm512_loadu_ps(products + i)));
  }
}

void run_task(const Work& w, long task) {
  const long share = task / w.slices, slice = task % w.slices, first = slice * w.blocks_per_task;
  const long blocks = least(w.blocks_per_task, w.blocks - first);
  memset(w.sums + (share * w.blocks + first) * w.features * kHalfPanel, 0,
         static_cast<unsigned long>(blocks * w.features * kHalfPanel) * 4);
  if (slice == 0) memset(w.biases + share * w.features, 0, static_cast<unsigned long>(w.features) * 4);
  for (long i = w.bands.count * share / w.shares; i < w.bands.count * (share + 1) / w.shares; ++i)
    run_band(w, band_at(w.sweep, w.bands, i), share, slice);
}

// Adds the shares of a block in order, and turns it into rows of the kernel.
void finish(const Work& w, long block, float* kernel) {
  const long size = w.features * kHalfPanel, channels = w.sweep.in.channels;
  float* total = w.sums + block * size;
  for (long s = 1; s < w.shares; ++s)
    for (long i = 0; i < size; i += 16)
      _mm512_storeu_ps(total + i, _mm512_add_ps(_mm512_loadu_ps(total + i), _mm512_loadu_ps(total + s * w.blocks * size + i)));
  const long from = block % w.depth.steps * kStep;
  if (!w.depth.patches) {
    float* rows = kernel + (w.sweep.tap_index[block / w.depth.steps] * channels + from) * w.features;
    transpose(total, kHalfPanel, w.features, least(kStep, channels - from), rows, w.features);
    return;
  }
  for (long k = from; k < least(from + kStep, w.sweep.depth); ++k) {
    float* row = kernel + (w.sweep.tap_index[k / channels] * channels + k % channels) * w.features;
    for (long f = 0; f < w.features; ++f) row[f] = total[f * kHalfPanel + k - from];
  }
}

}  // namespace

void run_half_gradient(const Pool& pool, const Sweep& sweep, const float* in, const Incoming& incoming, float* kernel,
                       float* bias) {
  Work w = divide(sweep, in, incoming);
  w.sums = scratch(kPartial, w.shares * (w.features + w.blocks * w.features * kHalfPanel));
  w.biases = w.sums + w.shares * w.blocks * w.features * kHalfPanel;
  pool.each(w.shares * w.slices, [&](long task) { run_task(w, task); });
  pool.each(w.blocks, [&](long block) { finish(w, block, kernel); });
  for (long f = 0; bias && f < w.features; ++f) {
    bias[f] = w.biases[f];
    for (long s = 1; s < w.shares; ++s) bias[f] += w.biases[s * w.features + f];
  }
}

}  // namespace STRIATE_ISA
}  // namespace striate
