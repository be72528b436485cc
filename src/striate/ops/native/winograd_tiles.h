// The square tiles of a 3x3 sweep's output, and what they read, taken to the points.
#pragma once

#include "rows.h"
#include "scratch.h"
#include "winograd_points.h"

namespace striate {
namespace STRIATE_ISA {

// Tiles in reading order, over all images. A unit is a row of tiles, or a piece of one where rows are long.
struct Tiling {
  const Sweep& sweep;
  long outputs;  // a tile has outputs x outputs
  long rows, cols, pieces;
  long unit_tiles, units;

  // Units of at most `most` tiles.
  Tiling(const Sweep& s, long most, long side = kOutputs)
      : sweep(s), outputs(side), rows(divide_up(s.rows, side)), cols(divide_up(s.cols, side)) {
    unit_tiles = divide_up(cols, divide_up(cols, most));
    pieces = divide_up(cols, unit_tiles);
    units = s.in.images * rows * pieces;
  }
};

// A unit: the first row of its outputs, and their columns.
struct Unit {
  long image, row, from, to;
};

inline Unit unit_at(const Tiling& tiling, long index) {
  const long piece = index % tiling.pieces, row = index / tiling.pieces;
  const long from = piece * tiling.unit_tiles, to = least(tiling.cols, from + tiling.unit_tiles);
  return {row / tiling.rows, row % tiling.rows * tiling.outputs, from * tiling.outputs, to * tiling.outputs};
}

inline long tiles_of(const Tiling& tiling, long first, long count) {
  long tiles = 0;
  for (long u = first; u < first + count; ++u) tiles += (unit_at(tiling, u).to - unit_at(tiling, u).from) / tiling.outputs;
  return tiles;
}

// The `height` x `height` pixels that begin at (top, left) of each tile of some units, as rows; copied only where they
// reach beyond the picture or stand for a gradient that is yet to be spread out.
inline Rows rows_for_tiles(const Tiling& tiling, const Incoming& in, const Shape& shape, long first, long count,
                           long top, long left, long height) {
  const Unit begin = unit_at(tiling, first), end = unit_at(tiling, first + count - 1);
  Rows rows{};
  rows.in = in;
  rows.shape = shape;
  rows.width = shape.channels;
  rows.col = begin.from + left;
  rows.cols = begin.to - begin.from + height - tiling.outputs;
  rows.copied = rows.col < 0 || rows.col + rows.cols > shape.cols || altered(in);
  rows.pitch = shape.channels;
  const bool across = begin.image != end.image;
  const long low = across ? 0 : least(shape.rows - 1, most(0L, begin.row + top));
  const long high = across ? shape.rows - 1 : most(low, least(shape.rows - 1, end.row + top + height - 1));
  rows.hold(begin.image * shape.rows + low, (end.image - begin.image) * shape.rows + high - low + 1);
  return rows;
}

// A square of pixels: where its rows begin, and how far apart their pixels are (0 where all are zeros).
template <int N>
struct Square {
  const float* rows[N];
  long pitches[N];
};

// Calls visit(square) for every tile of some units, in order.
template <int N, typename F>
void each_square(const Tiling& tiling, const Incoming& in, const Shape& shape, long first, long count, long top,
                 long left, const F& visit) {
  Rows rows = rows_for_tiles(tiling, in, shape, first, count, top, left, N);
  float* zeros = scratch(kPixels, shape.channels);
  memset(zeros, 0, static_cast<unsigned long>(shape.channels) * 4);
  for (long u = first; u < first + count; ++u) {
    const Unit unit = unit_at(tiling, u);
    const float* from[N];
    for (int i = 0; i < N; ++i) from[i] = rows.at(unit.image, unit.row + top + i);
    for (long col = unit.from; col < unit.to; col += tiling.outputs) {
      Square<N> square;
      for (int i = 0; i < N; ++i) {
        square.rows[i] = from[i] ? from[i] + (col + left) * rows.pitch : zeros;
        square.pitches[i] = from[i] ? rows.pitch : 0;
      }
      visit(square);
    }
  }
}

// N x N vectors of pixels at P x P points, by `transform` along columns and then along rows; the values of a point lie
// `step` floats apart.
template <int P, int N, typename F>
inline __attribute__((always_inline)) void take_to_points(const Square<N>& square, long channels, float* values,
                                                          long step, const F& transform) {
  for (long c = 0; c < channels; c += kLanes) {
    Vec half[P][N];
#pragma GCC unroll 6
    for (int j = 0; j < N; ++j) {
      Vec pixels[N], value[P];
#pragma GCC unroll 6
      for (int i = 0; i < N; ++i) pixels[i] = load(square.rows[i] + j * square.pitches[i] + c);
      transform(pixels, value);
#pragma GCC unroll 6
      for (int i = 0; i < P; ++i) half[i][j] = value[i];
    }
#pragma GCC unroll 6
    for (int i = 0; i < P; ++i) {
      Vec value[P];
      transform(half[i], value);
#pragma GCC unroll 6
      for (int j = 0; j < P; ++j) store(values + (i * P + j) * step + c, value[j]);
    }
  }
}

// The inputs of some units' tiles at P x P points: (point, tile, channel).
template <int P>
void transform_inputs(const Tiling& tiling, const Incoming& in, long first, long count, float* values, long step) {
  const Sweep& sweep = tiling.sweep;
  const long channels = sweep.in.channels;
  const auto at_points = [](const Vec(&pixels)[P], Vec(&value)[P]) { input_values(pixels, value); };
  each_square<P>(tiling, in, sweep.in, first, count, sweep.runs[0].row, sweep.runs[0].col, [&](const Square<P>& square) {
    take_to_points<P>(square, channels, values, step, at_points);
    values += channels;
  });
}

}  // namespace STRIATE_ISA
}  // namespace striate
