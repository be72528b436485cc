// Each direction passes over the pixels twice: for sums a channel, and for values. Pixels are dealt to shares that
// depend on the shape alone, and shares are joined in double precision and in order, so the result does not depend on
// the number of threads. Moments are made of pieces small enough to be read again from the cache: squares are taken
// around the piece's own mean, so that nothing large cancels.
#include "norm.h"

#include "kernels.h"
#include "scratch.h"
#include "simd.h"

namespace striate {
namespace STRIATE_ISA {
namespace {

constexpr long kShares = 32;
constexpr long kShareFloats = 16 << 10;  // fewer would not pay for a thread

struct Shares {
  long count, pixels;

  explicit Shares(const Normalization& n)
      : count(most(1L, least(least(kShares, n.pixels), n.pixels * n.channels / kShareFloats))), pixels(n.pixels) {}
  long begin(long share) const { return pixels * share / count; }
  long size(long share) const { return begin(share + 1) - begin(share); }
};

// Loops over channels are left to the compiler, which knows the width of a vector.
typedef const float* __restrict In;
typedef float* __restrict Out;

constexpr long kPieceFloats = 6 << 10;  // 24 KiB, of a first-level cache of 32
constexpr long kPiecePixels = 64;      // so few rounding errors hardly add up

// The pixels seen so far, a channel: their mean, and the sum of their squared distances from it.
struct Moments {
  double count;
  double *mean, *square;

  // As many pixels more, whose mean is `own` and whose squares around it are `squares`.
  void join(long c, double size, double own, double squares) {
    const double apart = own - mean[c], share = size / (count + size);
    square[c] += squares + apart * apart * count * share;
    mean[c] += apart * share;
  }
};

// Adds some pixels; `memory` has room for three floats a channel.
void add_piece(In x, long pixels, long channels, float* memory, Moments& moments) {
  Out middle = memory, rest = memory + channels, square = memory + 2 * channels;
  memset(memory, 0, static_cast<unsigned long>(3 * channels) * 4);
  const float size = static_cast<float>(pixels);
  for (long p = 0; p < pixels; ++p)
    for (long c = 0; c < channels; ++c) middle[c] += x[p * channels + c];
  for (long c = 0; c < channels; ++c) middle[c] /= size;
  for (long p = 0; p < pixels; ++p) {
    for (long c = 0; c < channels; ++c) {
      const float d = x[p * channels + c] - middle[c];
      rest[c] += d;
      square[c] += d * d;
    }
  }
  for (long c = 0; c < channels; ++c) {
    const double off = double(rest[c]) / size;
    moments.join(c, size, middle[c] + off, square[c] - off * off * size);
  }
  moments.count += size;
}

void add_moments(In x, long pixels, long channels, Moments moments) {
  float* memory = scratch(kPixels, 3 * channels);
  const long most_pixels = most(8L, least(kPiecePixels, kPieceFloats / channels)), pieces = divide_up(pixels, most_pixels);
  for (long i = 0; i < pieces; ++i) {
    const long from = pixels * i / pieces;
    add_piece(x + from * channels, pixels * (i + 1) / pieces - from, channels, memory, moments);
  }
}

// Joins the shares' moments in order.
void join_moments(const Normalization& n, const Shares& shares, double* moments, NormOutput out) {
  Moments all{0, moments, moments + n.channels};
  for (long s = 0; s < shares.count; ++s) {
    const double* own = moments + 2 * s * n.channels;
    const double size = static_cast<double>(shares.size(s));
    for (long c = 0; s && c < n.channels; ++c) all.join(c, size, own[c], own[n.channels + c]);
    all.count += size;
  }
  for (long c = 0; c < n.channels; ++c) {
    const double variance = all.square[c] / all.count;
    out.mean[c] = static_cast<float>(all.mean[c]);
    out.variance[c] = static_cast<float>(variance < 0 ? 0 : variance);  // a NaN stays a NaN
  }
}

void scales_of(const Normalization& n, const float* gamma, const float* variance, float* scale) {
  for (long c = 0; c < n.channels; ++c) scale[c] = gamma[c] / __builtin_sqrtf(variance[c] + n.epsilon);
}

inline float value(float x, float mean, float scale, float beta) { return (x - mean) * scale + beta; }

// The part of a gradient that relu, where there is one, lets through.
inline float let_through(bool relu, float y, float dy) { return relu && !(y > 0.0f) ? 0.0f : dy; }

void normalize(const Normalization& n, In x, In mean, In scale, In beta, long pixels, Out y) {
  for (long p = 0; p < pixels; ++p, x += n.channels, y += n.channels) {
    if (n.relu) {
      for (long c = 0; c < n.channels; ++c) {
        const float v = value(x[c], mean[c], scale[c], beta[c]);
        y[c] = v < 0.0f ? 0.0f : v;  // a NaN stays a NaN
      }
    } else {
      for (long c = 0; c < n.channels; ++c) y[c] = value(x[c], mean[c], scale[c], beta[c]);
    }
  }
}

// Sums of the gradients that relu lets through, and of those times x - mean.
void add_gradients(const Normalization& n, In x, In dy, In mean, In scale, In beta, long pixels, Out sum, Out product) {
  for (long p = 0; p < pixels; ++p, x += n.channels, dy += n.channels) {
    for (long c = 0; c < n.channels; ++c) {
      const float g = let_through(n.relu, value(x[c], mean[c], scale[c], beta[c]), dy[c]);
      sum[c] += g;
      product[c] += g * (x[c] - mean[c]);
    }
  }
}

// dx = scale * g - slope * (x - mean) - shift
void pull_back(const Normalization& n, In x, In dy, In mean, In scale, In beta, In slope, In shift, long pixels, Out dx) {
  for (long p = 0; p < pixels; ++p, x += n.channels, dy += n.channels, dx += n.channels) {
    for (long c = 0; c < n.channels; ++c) {
      const float g = let_through(n.relu, value(x[c], mean[c], scale[c], beta[c]), dy[c]);
      dx[c] = g * scale[c] - (x[c] - mean[c]) * slope[c] - shift[c];
    }
  }
}

// The sums of all shares as gradients of gamma and beta, and the line that every pixel's gradient is moved by.
void join_gradients(const Normalization& n, const Shares& shares, const float* sums, const NormSaved& saved,
                    const NormIncoming& in, const float* scale, const NormGradients& out, float* slope, float* shift) {
  const double pixels = static_cast<double>(n.pixels);
  for (long c = 0; c < n.channels; ++c) {
    double sum = 0, product = 0;
    for (long s = 0; s < shares.count; ++s) {
      sum += sums[2 * s * n.channels + c];
      product += sums[(2 * s + 1) * n.channels + c];
    }
    const double spread = double(saved.variance[c]) + n.epsilon, deviation = __builtin_sqrtf(saved.variance[c] + n.epsilon);
    out.beta[c] = static_cast<float>(sum);
    out.gamma[c] = static_cast<float>(product / deviation);
    slope[c] = static_cast<float>((scale[c] * product / spread - 2 * double(in.variance[c])) / pixels);
    shift[c] = static_cast<float>((scale[c] * sum - in.mean[c]) / pixels);
  }
}

}  // namespace

void run_norm(const Pool& pool, const Normalization& n, const float* x, const float* gamma, const float* beta,
              const NormOutput& out) {
  const Shares shares(n);
  double* moments = reinterpret_cast<double*>(scratch(kPartial, (4 * shares.count + 1) * n.channels));
  float* scale = reinterpret_cast<float*>(moments + 2 * shares.count * n.channels);
  memset(moments, 0, static_cast<unsigned long>(2 * shares.count * n.channels) * sizeof(double));
  pool.each(shares.count, [&](long s) {
    double* own = moments + 2 * s * n.channels;
    add_moments(x + shares.begin(s) * n.channels, shares.size(s), n.channels, {0, own, own + n.channels});
  });
  join_moments(n, shares, moments, out);
  scales_of(n, gamma, out.variance, scale);
  pool.each(shares.count, [&](long s) {
    const long from = shares.begin(s) * n.channels;
    normalize(n, x + from, out.mean, scale, beta, shares.size(s), out.y + from);
  });
}

void run_norm_gradient(const Pool& pool, const Normalization& n, const NormSaved& saved, const NormIncoming& in,
                       const NormGradients& out) {
  const Shares shares(n);
  float* sums = scratch(kPartial, (2 * shares.count + 3) * n.channels);
  float *scale = sums + 2 * shares.count * n.channels, *slope = scale + n.channels, *shift = slope + n.channels;
  memset(sums, 0, static_cast<unsigned long>(2 * shares.count * n.channels) * 4);
  scales_of(n, saved.gamma, saved.variance, scale);
  pool.each(shares.count, [&](long s) {
    const long from = shares.begin(s) * n.channels;
    float* own = sums + 2 * s * n.channels;
    add_gradients(n, saved.x + from, in.y + from, saved.mean, scale, saved.beta, shares.size(s), own, own + n.channels);
  });
  join_gradients(n, shares, sums, saved, in, scale, out, slope, shift);
  pool.each(shares.count, [&](long s) {
    const long from = shares.begin(s) * n.channels;
    pull_back(n, saved.x + from, in.y + from, saved.mean, scale, saved.beta, slope, shift, shares.size(s), out.x + from);
  });
}

}  // namespace STRIATE_ISA
}  // namespace striate
