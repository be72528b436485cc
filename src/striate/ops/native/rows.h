// The rows of a picture as the inner loops want to read them.
//
// A row is read where it lies whenever it can be. It is copied, with zeros on its left and right, only where a visit
// reaches beyond the picture, or where only a slice of its channels is wanted side by side. Rows above and below the
// picture are never made: their runs are skipped.
#pragma once

#include "incoming.h"
#include "scratch.h"
#include "simd.h"
#include "span.h"
#include "sweep.h"

namespace striate {
namespace STRIATE_ISA {

struct Rows {
  Incoming in;
  Shape shape;
  long channel, width;   // the channels wanted
  long col, cols;        // the columns wanted; may begin before 0 and end after the picture
  bool copied;
  long pitch;            // floats between pixels
  long first, count;     // rows held, counted over all images
  float* store;
  uint8_t* filled;

  // Says which rows will be wanted next; forgets the copies made before.
  void hold(long first_row, long row_count) {
    if (!copied) return;
    first = first_row;
    count = row_count;
    store = scratch(kRows, count * cols * width + divide_up(count, 4));
    filled = reinterpret_cast<uint8_t*>(store + count * cols * width);
    memset(filled, 0, static_cast<unsigned long>(count));
  }

  // Where column 0 of a row would be; null above and below the picture.
  const float* at(long image, long row) {
    if (row < 0 || row >= shape.rows) return nullptr;
    const long index = image * shape.rows + row;
    if (!copied) return in.data + index * shape.cols * shape.channels + channel;
    float* slot = store + (index - first) * cols * width;
    if (!filled[index - first]) fill(image, row, slot);
    filled[index - first] = 1;
    return slot - col * width;
  }

  void fill(long image, long row, float* slot) const {
    const long from = least(most(col, 0L), col + cols), to = most(from, least(col + cols, shape.cols));
    memset(slot, 0, static_cast<unsigned long>((from - col) * width) * 4);
    memset(slot + (to - col) * width, 0, static_cast<unsigned long>((col + cols - to) * width) * 4);
    float* target = slot + (from - col) * width;
    if (altered(in)) {
      write_row(in, shape, image, row, from, to, channel, width, target, width);
      return;
    }
    const float* source = in.data + ((image * shape.rows + row) * shape.cols + from) * shape.channels + channel;
    if (width == shape.channels) {
      memcpy(target, source, static_cast<unsigned long>((to - from) * width) * 4);
      return;
    }
    for (long c = from; c < to; ++c, source += shape.channels, target += width)
      memcpy(target, source, static_cast<unsigned long>(width) * 4);
  }
};

// The rows that visits to columns [from, to) of a sweep need.
inline Rows rows_for(const Sweep& sweep, const Incoming& in, long from, long to, long channel, long width) {
  const Span span = span_of(sweep);
  Rows rows{};
  rows.in = in;
  rows.shape = sweep.in;
  rows.channel = channel;
  rows.width = width;
  rows.col = from * sweep.col_step + span.left;
  rows.cols = (to - 1 - from) * sweep.col_step + span.right - span.left;
  rows.copied = rows.col < 0 || rows.col + rows.cols > sweep.in.cols || altered(in);
  rows.pitch = rows.copied ? width : sweep.in.channels;
  return rows;
}

}  // namespace STRIATE_ISA
}  // namespace striate
