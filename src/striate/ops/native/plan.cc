#include "plan.h"

#include <algorithm>

namespace striate {
namespace {

struct Tap {
  long row, col, index;
};

long floor_mod(long a, long b) { return ((a % b) + b) % b; }

// Depth of a chunk: 192 rows of 32 weights are 24 KiB, which leaves a quarter of a 32 KiB cache to the inputs. A
// chunk costs one more pass of the sums through memory, so a depth that is only a little larger is left whole.
constexpr long kChunk = 192, kWhole = 384;

void cut(Plan& plan) {
  Sweep& sweep = plan.sweep;
  const long parts = sweep.depth <= kWhole ? 1 : (sweep.depth + kChunk - 1) / kChunk;
  const long limit = std::max(1L, (sweep.depth + parts - 1) / parts);
  plan.chunks.push_back(0);
  long room = limit;
  for (long run = 0; run < sweep.run_count; ++run) {
    for (long offset = 0; offset < plan.runs[run].length;) {
      const long length = std::min(room, plan.runs[run].length - offset);
      plan.segments.push_back({run, offset, length});
      offset += length;
      room -= length;
      if (room == 0) {
        plan.chunks.push_back(static_cast<long>(plan.segments.size()));
        room = limit;
      }
    }
  }
  const long end = static_cast<long>(plan.segments.size());
  if (plan.chunks.back() != end || end == 0) plan.chunks.push_back(end);  // no taps at all: one empty chunk
}

void point(Plan& plan) {
  plan.sweep.runs = plan.runs.data();
  plan.sweep.segments = plan.segments.data();
  plan.sweep.chunks = plan.chunks.data();
  plan.sweep.chunk_count = static_cast<long>(plan.chunks.size()) - 1;
  plan.sweep.tap_index = plan.tap_index.data();
}

// Sorts taps by place in the picture and joins neighbours whose floats lie side by side.
void gather(Plan& plan, std::vector<Tap> taps) {
  std::sort(taps.begin(), taps.end(),
            [](const Tap& a, const Tap& b) { return a.row != b.row ? a.row < b.row : a.col < b.col; });
  Sweep& sweep = plan.sweep;
  const long channels = sweep.in.channels / sweep.groups;
  for (const Tap& tap : taps) {
    plan.tap_index.push_back(tap.index);
    if (!plan.runs.empty() && sweep.groups == 1) {
      Run& last = plan.runs.back();
      if (last.row == tap.row && last.col + last.cols == tap.col) {
        last.cols += 1;
        last.length += channels;
        continue;
      }
    }
    plan.runs.push_back({tap.row, tap.col, 1, channels});
  }
  sweep.run_count = static_cast<long>(plan.runs.size());
  sweep.tap_count = static_cast<long>(taps.size());
  sweep.depth = sweep.tap_count * channels;
  cut(plan);
  point(plan);
}

// The taps that reach input pixels congruent to (row, col) modulo the stride.
std::vector<Tap> taps_of_phase(const Convolution& conv, long row, long col) {
  std::vector<Tap> taps;
  for (long i = 0; i < conv.kernel_rows; ++i) {
    const long y = row + conv.pad_top - i * conv.dilation_rows;
    if (floor_mod(y, conv.stride_rows)) continue;
    for (long j = 0; j < conv.kernel_cols; ++j) {
      const long x = col + conv.pad_left - j * conv.dilation_cols;
      if (floor_mod(x, conv.stride_cols)) continue;
      taps.push_back({y / conv.stride_rows, x / conv.stride_cols, i * conv.kernel_cols + j});
    }
  }
  return taps;
}

Plan plan_phase(const Convolution& conv, long row, long col) {
  Plan plan;
  Sweep& sweep = plan.sweep;
  sweep = Sweep{};
  sweep.in = conv.out;
  sweep.out = conv.in;
  sweep.rows = (conv.in.rows - row + conv.stride_rows - 1) / conv.stride_rows;
  sweep.cols = (conv.in.cols - col + conv.stride_cols - 1) / conv.stride_cols;
  sweep.row_step = sweep.col_step = 1;
  sweep.out_row = row;
  sweep.out_col = col;
  sweep.out_row_step = conv.stride_rows;
  sweep.out_col_step = conv.stride_cols;
  sweep.groups = conv.groups;
  sweep.way = conv.way;
  sweep.points = 0;
  gather(plan, taps_of_phase(conv, row, col));
  return plan;
}

}  // namespace

Plan& Plan::operator=(Plan&& other) noexcept {
  sweep = other.sweep;
  runs = std::move(other.runs);
  segments = std::move(other.segments);
  chunks = std::move(other.chunks);
  tap_index = std::move(other.tap_index);
  point(*this);
  return *this;
}

Plan plan_forward(const Convolution& conv) {
  Plan plan;
  Sweep& sweep = plan.sweep;
  sweep = Sweep{};
  sweep.in = conv.in;
  sweep.out = conv.out;
  sweep.rows = conv.out.rows;
  sweep.cols = conv.out.cols;
  sweep.row_step = conv.stride_rows;
  sweep.col_step = conv.stride_cols;
  sweep.out_row_step = sweep.out_col_step = 1;
  sweep.groups = conv.groups;
  sweep.way = conv.way;
  sweep.points = conv.points;
  std::vector<Tap> taps;
  for (long i = 0; i < conv.kernel_rows; ++i)
    for (long j = 0; j < conv.kernel_cols; ++j)
      taps.push_back({i * conv.dilation_rows - conv.pad_top, j * conv.dilation_cols - conv.pad_left,
                      i * conv.kernel_cols + j});
  gather(plan, std::move(taps));
  return plan;
}

std::vector<Plan> plan_input_gradient(const Convolution& conv) {
  std::vector<Plan> phases;
  for (long row = 0; row < std::min(conv.stride_rows, conv.in.rows); ++row)
    for (long col = 0; col < std::min(conv.stride_cols, conv.in.cols); ++col)
      phases.push_back(plan_phase(conv, row, col));
  return phases;
}

}  // namespace striate
