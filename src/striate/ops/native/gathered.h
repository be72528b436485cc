// A picture copied once for all tasks of a sweep, with the zeros that visits read on its left and right.
#pragma once

#include "bands.h"
#include "kernels.h"
#include "scratch.h"

namespace striate {
namespace STRIATE_ISA {

struct Gathered {
  const float* data;
  long low, cols;  // its first column, counted in the picture, and how many it has

  // Where run `r` of the visit at input row `row`, output column `col` reads; null above and below the picture.
  const float* at(const Sweep& sweep, long image, long row, long col, long r) const {
    const Run& run = sweep.runs[r];
    row += run.row;
    if (row < 0 || row >= sweep.in.rows) return nullptr;
    return data + ((image * sweep.in.rows + row) * cols + col * sweep.col_step + run.col - low) * sweep.in.channels;
  }
};

// True where several tasks would each copy the same rows.
inline bool gathers(const Sweep& sweep, const Incoming& in, const Blocking& blocking) {
  if (sweep.groups != 1 || in.argmax || in.result || sweep.run_count == 0 || blocking.panel_tasks == 1) return false;
  const Span span = span_of(sweep);
  return span.left < 0 || (sweep.cols - 1) * sweep.col_step + span.right > sweep.in.cols;
}

inline Gathered gather_picture(const Pool& pool, const Sweep& sweep, const float* x) {
  const Span span = span_of(sweep);
  const long channels = sweep.in.channels, low = span.left, cols = (sweep.cols - 1) * sweep.col_step + span.right - low;
  float* copy = scratch(kPartial, sweep.in.images * sweep.in.rows * cols * channels);
  const long from = least(cols, most(0L, -low)), to = most(from, least(cols, sweep.in.cols - low));
  pool.each(sweep.in.images * sweep.in.rows, [&](long row) {
    float* target = copy + row * cols * channels;
    memset(target, 0, static_cast<unsigned long>(from * channels) * 4);
    memcpy(target + from * channels, x + (row * sweep.in.cols + low + from) * channels,
           static_cast<unsigned long>((to - from) * channels) * 4);
    memset(target + to * channels, 0, static_cast<unsigned long>((cols - to) * channels) * 4);
  });
  return {copy, low, cols};
}

}  // namespace STRIATE_ISA
}  // namespace striate
