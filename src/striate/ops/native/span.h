// What the taps of one visit meet.
#pragma once

#include "simd.h"
#include "sweep.h"

namespace striate {
namespace STRIATE_ISA {

// Rows and columns relative to the visit: the first ones, and those behind the last.
struct Span {
  long top, bottom, left, right;
};

inline Span span_of(const Sweep& sweep) {
  if (sweep.run_count == 0) return {0, 0, 0, 0};
  const Run& first = sweep.runs[0];
  Span span{first.row, first.row + 1, first.col, first.col + first.cols};
  for (long r = 1; r < sweep.run_count; ++r) {
    const Run& run = sweep.runs[r];
    span.top = least(span.top, run.row), span.bottom = most(span.bottom, run.row + 1);
    span.left = least(span.left, run.col), span.right = most(span.right, run.col + run.cols);
  }
  return span;
}

}  // namespace STRIATE_ISA
}  // namespace striate
