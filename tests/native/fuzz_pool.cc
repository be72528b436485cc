#include "fuzz.h"

#include <limits>

namespace striate {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

Pooling draw() {
  Pooling p{};
  p.in = {pick({1, 1, 2, 3}), between(1, 20), between(1, 24), pick({1, 1, 3, 6, 8, 16, 17, 33, 64, 70, 130})};
  p.size_rows = between(1, pick({2, 3, 5})), p.size_cols = between(1, pick({2, 3, 7}));
  p.stride_rows = between(1, 4), p.stride_cols = between(1, 4);
  p.pad_top = between(0, p.size_rows - 1), p.pad_left = between(0, p.size_cols - 1);
  const long rows = p.in.rows + p.pad_top + between(0, 4) - p.size_rows;
  const long cols = p.in.cols + p.pad_left + between(0, 4) - p.size_cols;
  if (rows < 0 || cols < 0) return draw();
  p.out = {p.in.images, rows / p.stride_rows + 1, cols / p.stride_cols + 1, p.in.channels};
  return p;
}

// Few different values, so that many are equal, and some that are no numbers.
void spoil(Floats& x) {
  for (long i = 0; i < x.size; ++i) {
    x[i] = std::round(x[i]);
    const long kind = between(0, 40);
    if (kind == 0) x[i] = NAN;
    if (kind < 6 && kind) x[i] = -kInfinity;
  }
}

// Calls visit(x index, y index, place) for every value of every window, in reading order.
template <typename F>
void values(const Pooling& p, const F& visit) {
  for (long n = 0; n < p.out.images; ++n)
    for (long i = 0; i < p.out.rows; ++i)
      for (long j = 0; j < p.out.cols; ++j)
        for (long u = 0; u < p.size_rows; ++u)
          for (long w = 0; w < p.size_cols; ++w) {
            const long row = i * p.stride_rows + u - p.pad_top, col = j * p.stride_cols + w - p.pad_left;
            if (row < 0 || row >= p.in.rows || col < 0 || col >= p.in.cols) continue;
            for (long c = 0; c < p.in.channels; ++c)
              visit(((n * p.in.rows + row) * p.in.cols + col) * p.in.channels + c,
                    ((n * p.out.rows + i) * p.out.cols + j) * p.out.channels + c, u * p.size_cols + w);
          }
}

bool same(float a, float b) { return a == b || (a != a && b != b); }

// Maxima with and without their places: exactly those of the plain loops.
bool maxima_agree(const Kernels& kernels, const Pool& pool, const Pooling& p, Floats& x, Buffer<uint8_t>& place) {
  Floats y(place.size), alone(place.size);
  kernels.pool_max(pool, p, x.data(), y.data(), place.data());
  kernels.pool_max(pool, p, x.data(), alone.data(), nullptr);
  std::vector<float> best(static_cast<size_t>(y.size), -kInfinity);
  std::vector<long> at(best.size());
  values(p, [&](long a, long b, long number) {
    float& largest = best[static_cast<size_t>(b)];
    if (largest != largest || x[a] <= largest) return;
    largest = x[a];
    at[static_cast<size_t>(b)] = number;
  });
  for (long i = 0; i < y.size; ++i) {
    const size_t k = static_cast<size_t>(i);
    if (same(y[i], best[k]) && same(alone[i], best[k]) && place[i] == at[k]) continue;
    std::printf("maximum[%ld] is %g, %g alone, at %d, wanted %g at %ld\n", i, y[i], alone[i], place[i], best[k], at[k]);
    return false;
  }
  return true;
}

}  // namespace

bool pool_agrees(const Kernels& kernels) {
  const Pooling p = draw();
  const long size = p.in.images * p.in.rows * p.in.cols * p.in.channels;
  const long windows = p.out.images * p.out.rows * p.out.cols * p.out.channels;
  long threads = between(1, 4);
  const Pool pool{&threads, run_on_threads};
  Floats x(size), y(windows), dy(windows), dx(size), spread(size);
  Buffer<uint8_t> place(windows);
  fill(x), fill(dy);
  kernels.pool_sum(pool, p, x.data(), y.data());
  std::vector<double> sums(static_cast<size_t>(windows)), wanted(static_cast<size_t>(size)), sent(wanted);
  values(p, [&](long a, long b, long) { sums[static_cast<size_t>(b)] += double(x[a]); });

  spoil(x);
  bool agree = maxima_agree(kernels, pool, p, x, place);
  kernels.pool_max_gradient(pool, p, dy.data(), place.data(), dx.data());
  kernels.pool_sum_gradient(pool, p, dy.data(), spread.data());
  values(p, [&](long a, long b, long number) {
    wanted[static_cast<size_t>(a)] += double(dy[b]);
    if (place[b] == number) sent[static_cast<size_t>(a)] += double(dy[b]);
  });
  const long places = p.size_rows * p.size_cols;
  agree = agree && near("sum", y, sums, places) && near("dmax", dx, sent, places) && near("dsum", spread, wanted, places);
  if (!agree)
    std::printf("pooling of (%ld, %ld, %ld, %ld) to %ldx%ld, size %ldx%ld, strides %ld,%ld, padding %ld,%ld, threads %ld\n",
                p.in.images, p.in.rows, p.in.cols, p.in.channels, p.out.rows, p.out.cols, p.size_rows, p.size_cols,
                p.stride_rows, p.stride_cols, p.pad_top, p.pad_left, threads);
  return agree;
}

}  // namespace striate
