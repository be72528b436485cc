// The shape of a convolution, reduced to what the inner loops need.
//
// Both the forward pass and the gradient of the input are one thing, a sweep: every output pixel gathers runs of
// contiguous floats from the rows of a picture and multiplies them by a matrix of weights.
#pragma once

namespace striate {

enum Activation : int { kLinear = 0, kRelu = 1 };

// How outputs come about: as fast as can be, as the sums of their products in order, or with the fewest products that
// there is a way for, even where that is slower.
enum Way : int { kFastest = 0, kInOrder = 1, kFewest = 2 };

// The numbers that are multiplied; sums are floats always.
enum Precision : int { kFloat32 = 0, kBfloat16 = 1 };

struct Shape {
  long images, rows, cols, channels;
};

// What a person asked for: channels last, kernel (kernel_rows, kernel_cols, channels / groups, features).
struct Convolution {
  Shape in, out;
  long kernel_rows, kernel_cols;
  long stride_rows, stride_cols;
  long dilation_rows, dilation_cols;
  long pad_top, pad_left;
  long groups;
  Way way;
  Precision precision;
  int points;  // on a side, at which a packed kernel's values are; 0: it is packed as taps
};

// `length` contiguous floats of one input row, `cols` pixels of it, starting at (row, col) relative to the pixel at
// (output row * row_step, output col * col_step). Neighbouring kernel columns are merged into one run, so that a
// 7x7 kernel on three channels has inner loops of 21 and not of 3.
struct Run {
  long row, col, cols, length;
};

// A piece of a run. Runs are cut into chunks whose weights stay in the first-level cache while every tile of a band
// passes over them.
struct Segment {
  long run, offset, length;  // offset: floats from where the run starts
};

struct Sweep {
  Shape in, out;
  long rows, cols;            // output pixels visited: all of them, or one phase of a strided gradient
  long row_step, col_step;    // input pixels between neighbouring visits
  long out_row, out_row_step; // where visit (y, x) is written
  long out_col, out_col_step;
  long groups;
  Way way;
  int points;
  const Run* runs;
  long run_count;
  long depth;                 // floats gathered for a pixel: the sum of the lengths
  const Segment* segments;
  const long* chunks;         // chunk i is segments [chunks[i], chunks[i + 1])
  long chunk_count;
  const long* tap_index;      // for each kernel position in gathering order, its place in the kernel
  long tap_count;
};

// Runs `body(context, i)` for every i below `tasks`, on as many threads as the pool has.
struct Pool {
  void* state;
  void (*run)(void* state, long tasks, void (*body)(void* context, long task), void* context);

  template <typename F>
  void each(long tasks, const F& body) const {
    run(state, tasks, [](void* context, long task) { (*static_cast<const F*>(context))(task); },
        const_cast<void*>(static_cast<const void*>(&body)));
  }
};

}  // namespace striate
