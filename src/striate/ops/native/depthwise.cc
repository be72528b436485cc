// A depthwise convolution: every channel has taps of its own, so vectors hold channels and nothing is summed across.
//
// Work goes along memory: rows, columns, channels. Some neighbouring columns are done together, so that a loaded vector
// of taps serves all of them; where the taps of a column reach beyond the picture, it is done alone. Tasks and shares
// depend on the shape alone, so the result does not depend on the number of threads.
#include "kernels.h"
#include "scratch.h"
#include "simd.h"

namespace striate {
namespace STRIATE_ISA {
namespace {

constexpr int kTogether = 6;
constexpr long kShares = 16, kShareRows = 4;

// Taps [from, to) of one axis that meet the picture at one output.
struct Span {
  long from, to;
};

Span span_of(long output, long stride, long dilation, long pad, long taps, long size) {
  const long first = output * stride - pad;
  const long from = first < 0 ? divide_up(-first, dilation) : 0;
  return {from, most(from, least(taps, size > first ? divide_up(size - first, dilation) : 0L))};
}

// Outputs [from, to) of a row whose every tap meets the picture.
Span inside(const Convolution& v) {
  const long from = divide_up(v.pad_left, v.stride_cols);
  const long room = v.in.cols - 1 - (v.kernel_cols - 1) * v.dilation_cols + v.pad_left;
  return {least(from, v.out.cols), most(least(from, v.out.cols), room < 0 ? 0 : least(v.out.cols, room / v.stride_cols + 1))};
}

// Calls visit(first column, whether kTogether of them, their taps) along a row.
template <typename F>
void along(const Convolution& v, const F& visit) {
  const Span whole = inside(v);
  for (long col = 0; col < v.out.cols;) {
    const bool several = col >= whole.from && col + kTogether <= whole.to;
    const Span taps = span_of(col, v.stride_cols, v.dilation_cols, v.pad_left, v.kernel_cols, v.in.cols);
    visit(col, several, taps);
    col += several ? kTogether : 1;
  }
}

// Q neighbouring outputs: all channels.
template <int Q>
void gather(const Convolution& v, const float* x, const float* kernel, const float* bias, bool relu, long image, long row,
            long col, Span rows, Span cols, float* y) {
  const long channels = v.in.channels, step = v.stride_cols * channels;
  for (long c = 0; c < channels; c += kLanes) {
    Vec sum[Q];
#pragma GCC unroll 8
    for (int q = 0; q < Q; ++q) sum[q] = bias ? load(bias + c) : Vec{};
    for (long i = rows.from; i < rows.to; ++i) {
      const long from = row * v.stride_rows + i * v.dilation_rows - v.pad_top;
      const float* source = x + (image * v.in.rows + from) * v.in.cols * channels + c;
      for (long j = cols.from; j < cols.to; ++j) {
        const Vec tap = load(kernel + (i * v.kernel_cols + j) * channels + c);
        const float* at = source + (col * v.stride_cols + j * v.dilation_cols - v.pad_left) * channels;
#pragma GCC unroll 8
        for (int q = 0; q < Q; ++q) sum[q] += load(at + q * step) * tap;
      }
    }
#pragma GCC unroll 8
    for (int q = 0; q < Q; ++q) {
      if (relu) sum[q] = sum[q] < 0.0f ? Vec{} : sum[q];  // a NaN stays a NaN
      store(y + q * channels + c, sum[q]);
    }
  }
}

void run_row(const Convolution& v, const float* x, const float* kernel, const float* bias, bool relu, long index, float* y) {
  const long image = index / v.out.rows, row = index % v.out.rows;
  const Span rows = span_of(row, v.stride_rows, v.dilation_rows, v.pad_top, v.kernel_rows, v.in.rows);
  float* out = y + index * v.out.cols * v.out.channels;
  along(v, [&](long col, bool several, Span cols) {
    float* to = out + col * v.out.channels;
    if (several) gather<kTogether>(v, x, kernel, bias, relu, image, row, col, rows, cols, to);
    else gather<1>(v, x, kernel, bias, relu, image, row, col, rows, cols, to);
  });
}

// With stride 1 the input's gradient is itself a depthwise convolution, with the taps turned round.
Convolution turned(const Convolution& v) {
  Convolution back = v;
  back.in = v.out;
  back.out = v.in;
  back.pad_top = (v.kernel_rows - 1) * v.dilation_rows - v.pad_top;
  back.pad_left = (v.kernel_cols - 1) * v.dilation_cols - v.pad_left;
  return back;
}

// One image with strides: every output's gradient is added where its taps read.
void scatter(const Convolution& v, const float* dy, const float* kernel, long image, float* dx) {
  const long channels = v.in.channels;
  memset(dx + image * v.in.rows * v.in.cols * channels, 0, static_cast<unsigned long>(v.in.rows * v.in.cols * channels) * 4);
  for (long row = 0; row < v.out.rows; ++row) {
    const Span rows = span_of(row, v.stride_rows, v.dilation_rows, v.pad_top, v.kernel_rows, v.in.rows);
    for (long col = 0; col < v.out.cols; ++col) {
      const Span cols = span_of(col, v.stride_cols, v.dilation_cols, v.pad_left, v.kernel_cols, v.in.cols);
      const float* from = dy + ((image * v.out.rows + row) * v.out.cols + col) * channels;
      for (long i = rows.from; i < rows.to; ++i)
        for (long j = cols.from; j < cols.to; ++j) {
          const long at = (image * v.in.rows + row * v.stride_rows + i * v.dilation_rows - v.pad_top) * v.in.cols +
                          col * v.stride_cols + j * v.dilation_cols - v.pad_left;
          const float* tap = kernel + (i * v.kernel_cols + j) * channels;
          float* to = dx + at * channels;
          for (long c = 0; c < channels; c += kLanes) store(to + c, load(to + c) + load(from + c) * load(tap + c));
        }
    }
  }
}

// Adds what Q neighbouring outputs give to the gradients of taps and bias.
template <int Q>
void add_taps(const Convolution& v, const float* x, const float* dy, long image, long row, long col, Span rows, Span cols,
              float* taps, float* bias) {
  const long channels = v.in.channels, step = v.stride_cols * channels;
  for (long c = 0; c < channels; c += kLanes) {
    Vec g[Q], total = load(bias + c);
#pragma GCC unroll 8
    for (int q = 0; q < Q; ++q) {
      g[q] = load(dy + q * channels + c);
      total += g[q];
    }
    store(bias + c, total);
    for (long i = rows.from; i < rows.to; ++i) {
      const long from = row * v.stride_rows + i * v.dilation_rows - v.pad_top;
      const float* source = x + (image * v.in.rows + from) * v.in.cols * channels + c;
      for (long j = cols.from; j < cols.to; ++j) {
        const float* at = source + (col * v.stride_cols + j * v.dilation_cols - v.pad_left) * channels;
        float* to = taps + (i * v.kernel_cols + j) * channels + c;
        Vec sum = load(to);
#pragma GCC unroll 8
        for (int q = 0; q < Q; ++q) sum += load(at + q * step) * g[q];
        store(to, sum);
      }
    }
  }
}

}  // namespace

void run_depthwise(const Pool& pool, const Convolution& v, const float* x, const float* kernel, const Output& y) {
  pool.each(v.out.images * v.out.rows,
            [&](long index) { run_row(v, x, kernel, y.bias, y.activation == kRelu, index, y.data); });
}

void run_depthwise_input(const Pool& pool, const Convolution& v, const float* dy, const float* kernel, float* dx) {
  if (v.stride_rows > 1 || v.stride_cols > 1) {
    pool.each(v.in.images, [&](long image) { scatter(v, dy, kernel, image, dx); });
    return;
  }
  const long taps = v.kernel_rows * v.kernel_cols, channels = v.in.channels;
  float* round = scratch(kPacked, taps * channels);
  for (long t = 0; t < taps; ++t)
    memcpy(round + t * channels, kernel + (taps - 1 - t) * channels, static_cast<unsigned long>(channels) * 4);
  const Convolution back = turned(v);
  pool.each(back.out.images * back.out.rows,
            [&](long index) { run_row(back, dy, round, nullptr, false, index, dx); });
}

void run_depthwise_kernel(const Pool& pool, const Convolution& v, const float* x, const float* dy, float* dkernel, float* dbias) {
  const long taps = v.kernel_rows * v.kernel_cols, channels = v.in.channels, rows = v.out.images * v.out.rows;
  const long shares = most(1L, least(kShares, rows / kShareRows)), size = (taps + 1) * channels;
  float* sums = scratch(kPartial, shares * size);
  memset(sums, 0, static_cast<unsigned long>(shares * size) * 4);
  pool.each(shares, [&](long share) {
    float *own = sums + share * size, *bias = own + taps * channels;
    for (long index = rows * share / shares; index < rows * (share + 1) / shares; ++index) {
      const long image = index / v.out.rows, row = index % v.out.rows;
      const Span met = span_of(row, v.stride_rows, v.dilation_rows, v.pad_top, v.kernel_rows, v.in.rows);
      along(v, [&](long col, bool several, Span cols) {
        const float* from = dy + (index * v.out.cols + col) * channels;
        if (several) add_taps<kTogether>(v, x, from, image, row, col, met, cols, own, bias);
        else add_taps<1>(v, x, from, image, row, col, met, cols, own, bias);
      });
    }
  });
  for (long i = 0; i < size; i += kLanes) {
    Vec sum = load(sums + i);
    for (long share = 1; share < shares; ++share) sum += load(sums + share * size + i);
    if (i < taps * channels) store(dkernel + i, sum);
    else if (dbias) store(dbias + i - taps * channels, sum);
  }
}

}  // namespace STRIATE_ISA
}  // namespace striate
