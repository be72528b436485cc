// The products of a tile at its points, taken back to outputs, with bias, activation and maximum.
#pragma once

#include "kernels.h"
#include "pooled.h"
#include "winograd_kernel.h"
#include "winograd_tiles.h"

namespace striate {
namespace STRIATE_ISA {

// Where the outputs of a tiling go.
struct Outputs {
  const Tiling& tiling;
  const Output& output;
  const float* bias;  // (panel, kPanelLanes)
};

// P x P products back to outputs; N of them on a side.
template <int P, int N>
inline void finish_outputs(const float* products, long step, Vec bias, bool relu, Vec (&y)[N][N]) {
  Vec half[N][P];
#pragma GCC unroll 6
  for (int j = 0; j < P; ++j) {
    Vec m[P], column[N];
#pragma GCC unroll 6
    for (int i = 0; i < P; ++i) m[i] = load(products + (i * P + j) * step);
    outputs_from(m, column);
#pragma GCC unroll 4
    for (int i = 0; i < N; ++i) half[i][j] = column[i];
  }
#pragma GCC unroll 4
  for (int i = 0; i < N; ++i) {
    outputs_from(half[i], y[i]);
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) {
      y[i][j] += bias;
      if (relu) y[i][j] = y[i][j] < 0.0f ? Vec{} : y[i][j];  // a NaN stays a NaN
    }
  }
}

template <int N>
void write_outputs(const Outputs& w, const Unit& unit, long col, long feature, const Vec (&y)[N][N]) {
  const Sweep& sweep = w.tiling.sweep;
  const Shape& out = sweep.out;
  const long rows = least(long(N), sweep.rows - unit.row), cols = least(long(N), sweep.cols - col);
  const long begin = ((unit.image * out.rows + unit.row) * out.cols + col) * out.channels + feature;
  for (long i = 0; i < rows; ++i) {
    for (long j = 0; j < cols; ++j) {
      const long place = begin + (i * out.cols + j) * out.channels;
      Vec value = y[i][j];
      if (w.output.addend) {
        value += load(w.output.addend + place);
        if (w.output.activation == kRelu) value = value < 0.0f ? Vec{} : value;
      }
      store(w.output.data + place, value);
    }
  }
}

template <int N>
void write_pooled(const Outputs& w, const Unit& unit, long col, long feature, const Vec (&y)[N][N]) {
  const long rows = w.tiling.sweep.rows / 2, cols = w.tiling.sweep.cols / 2, features = w.tiling.sweep.out.channels;
  for (long i = 0; i < N / 2 && unit.row / 2 + i < rows; ++i)
    for (long j = 0; j < N / 2 && col / 2 + j < cols; ++j) {
      const Vec corners[4] = {y[2 * i][2 * j], y[2 * i][2 * j + 1], y[2 * i + 1][2 * j], y[2 * i + 1][2 * j + 1]};
      const long pixel = (unit.image * rows + unit.row / 2 + i) * cols + col / 2 + j;
      const long place = pixel * features + feature;
      pool_corners(corners, kLanes, w.output.data + place, w.output.argmax + place);
    }
}

// The tiles of some units, for a panel of features; the products of a point lie `step` floats apart.
template <int P>
void finish_panel(const Outputs& w, long first, long count, long panel, const float* products, long step) {
  constexpr int kSide = P - kTaps + 1;
  const long lanes = lanes_of_panel(w.tiling.sweep, panel);
  const bool relu = w.output.activation == kRelu && !w.output.addend;
  for (long u = first; u < first + count; ++u) {
    const Unit unit = unit_at(w.tiling, u);
    for (long col = unit.from; col < unit.to; col += kSide, products += lanes) {
      for (long v = 0; v < lanes; v += kLanes) {
        const long feature = panel * kPanelLanes + v;
        Vec y[kSide][kSide];
        finish_outputs<P>(products + v, step, load(w.bias + feature), relu, y);
        if (w.output.argmax) write_pooled(w, unit, col, feature, y);
        else write_outputs(w, unit, col, feature, y);
      }
    }
  }
}

}  // namespace STRIATE_ISA
}  // namespace striate
