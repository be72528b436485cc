// The input's gradient where a pixel has fewer channels than a vector has lanes, as the pixels of a photograph have.
//
// A sweep over the picture would leave most lanes idle. Here lanes hold (tap, channel): a pixel of the output's gradient
// is multiplied by all taps at once, and the products are added to the rows of the picture that the taps reach.
#include "incoming.h"
#include "kernels.h"
#include "pack.h"
#include "scratch.h"
#include "tile.h"

namespace striate {
namespace STRIATE_ISA {
namespace {

constexpr long kManyTasks = 16;
constexpr long kReaches = 4;  // a task has at least so many times the rows that one pixel reaches: neighbours repeat some

struct Work {
  const Convolution& conv;
  const Incoming& dy;
  float* dx;
  const float* packed;  // (panel, feature, lanes)
  long taps, panels, width;
  long task_rows, tasks_per_image;
};

// The product of the output's gradient with the kernel, as a sweep over single pixels; only for packing.
Sweep products_sweep(const Convolution& conv, long taps, const long* first) {
  Sweep sweep{};
  sweep.in.channels = conv.out.channels;
  sweep.out.channels = taps;
  sweep.groups = sweep.tap_count = 1;
  sweep.depth = conv.out.channels;
  sweep.tap_index = first;
  return sweep;
}

Work divide(const Convolution& conv, const Incoming& dy, float* dx) {
  Work w{conv, dy, dx, nullptr, conv.kernel_rows * conv.kernel_cols * conv.in.channels, 0, 0, 0, 0};
  w.panels = divide_up(w.taps, kPanelLanes);
  w.width = w.panels * kPanelLanes;
  const long reach = (conv.kernel_rows - 1) * conv.dilation_rows + 1;
  const long wanted = divide_up(conv.in.rows, divide_up(kManyTasks, conv.in.images));
  w.task_rows = least(conv.in.rows, most(wanted, kReaches * reach));
  w.tasks_per_image = divide_up(conv.in.rows, w.task_rows);
  return w;
}

const float* incoming_row(const Work& w, long image, long row) {
  const Shape& out = w.conv.out;
  if (!altered(w.dy)) return w.dy.data + (image * out.rows + row) * out.cols * out.channels;
  float* copy = scratch(kRows, out.cols * out.channels);
  write_row(w.dy, out, image, row, 0, out.cols, 0, out.channels, copy, out.channels);
  return copy;
}

// All products of a row: (column, tap).
void multiply(const Work& w, const float* row, float* products) {
  const Vec zeros[kPanel] = {};
  const Segment all{0, 0, w.conv.out.channels};
  const long tiles = divide_up(w.conv.out.cols, static_cast<long>(kTile));
  TileJob job{};
  job.segments = &all;
  job.count = 1;
  job.rows = &row;
  job.step = w.conv.out.channels;
  job.out_step = w.width;
  job.bias = reinterpret_cast<const float*>(zeros);
  for (long panel = 0; panel < w.panels; ++panel) {
    job.weights = job.ahead = w.packed + panel * w.conv.out.channels * kPanelLanes;
    const long vectors = divide_up(least(kPanelLanes, w.taps - panel * kPanelLanes), kLanes);
    for (long t = 0; t < tiles; ++t) {
      const long from = w.conv.out.cols * t / tiles, to = w.conv.out.cols * (t + 1) / tiles;
      job.origin = from * job.step;
      job.out = products + from * w.width + panel * kPanelLanes;
      tile_kernel(to - from, vectors)(job);
    }
  }
}

inline void add(const float* values, long count, float* sums) {
  long i = 0;
  for (; i + kLanes <= count; i += kLanes) store(sums + i, load(sums + i) + load(values + i));
  for (; i < count; ++i) sums[i] += values[i];
}

// Adds the products of row `y` to rows [from, to) of the picture. Kernel rows take turns, so that what is read was not
// written just before.
void scatter(const Work& w, const float* products, long image, long y, long from, long to) {
  const Convolution& v = w.conv;
  const long run = v.kernel_cols * v.in.channels, length = v.in.cols * v.in.channels;
  for (long x = 0; x < v.out.cols; ++x) {
    const long start = (x * v.stride_cols - v.pad_left) * v.in.channels;
    const long first = most(0L, -start), last = least(run, length - start);
    for (long i = 0; i < v.kernel_rows && first < last; ++i) {
      const long row = y * v.stride_rows + i * v.dilation_rows - v.pad_top;
      if (row < from || row >= to) continue;
      add(products + x * w.width + i * run + first, last - first, w.dx + (image * v.in.rows + row) * length + start + first);
    }
  }
}

void run_task(const Work& w, long task) {
  const Convolution& v = w.conv;
  const long image = task / w.tasks_per_image, from = task % w.tasks_per_image * w.task_rows;
  const long to = least(v.in.rows, from + w.task_rows), length = v.in.cols * v.in.channels;
  memset(w.dx + (image * v.in.rows + from) * length, 0, static_cast<unsigned long>((to - from) * length) * 4);
  const long reach = (v.kernel_rows - 1) * v.dilation_rows;
  const long low = most(0L, from + v.pad_top - reach), high = most(0L, to + v.pad_top);
  float* products = scratch(kProducts, v.out.cols * w.width);
  for (long y = divide_up(low, v.stride_rows); y < least(v.out.rows, divide_up(high, v.stride_rows)); ++y) {
    multiply(w, incoming_row(w, image, y), products);
    scatter(w, products, image, y, from, to);
  }
}

}  // namespace

void run_thin_input(const Pool& pool, const Convolution& conv, const Incoming& dy, const float* kernel, float* dx) {
  Work w = divide(conv, dy, dx);
  const long first = 0;
  const Sweep sweep = products_sweep(conv, w.taps, &first);
  float* packed = scratch(kPacked, w.panels * sweep.depth * kPanelLanes);
  const Weights weights{kernel, 0, 1, conv.out.channels, 0, false};
  pool.each(pack_tasks(sweep), [&](long i) { pack(sweep, weights, pack_task(sweep, i), packed); });
  w.packed = packed;
  pool.each(conv.in.images * w.tasks_per_image, [&](long task) { run_task(w, task); });
}

}  // namespace STRIATE_ISA
}  // namespace striate
