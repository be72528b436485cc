// Each direction passes over the pixels twice: for sums a channel, and for values. Pixels are dealt to shares that
// depend on the shape alone; sums within a share are floats around the share's first pixel, and shares are joined in
// double precision and in order, so the result does not depend on the number of threads.
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

// Sums and sums of squares of x - x[0] over some pixels.
void add_moments(In x, long pixels, long channels, Out sum, Out square) {
  for (long p = 1; p < pixels; ++p) {
    In row = x + p * channels;
    for (long c = 0; c < channels; ++c) {
      const float d = row[c] - x[c];
      sum[c] += d;
      square[c] += d * d;
    }
  }
}

// Joins the shares' moments: means weigh by pixels, and squares gain what lies between the means.
void join_moments(const Normalization& n, const Shares& shares, const float* x, const float* sums, NormOutput out) {
  for (long c = 0; c < n.channels; ++c) {
    double count = 0, mean = 0, square = 0;
    for (long s = 0; s < shares.count; ++s) {
      const double size = static_cast<double>(shares.size(s)), sum = sums[2 * s * n.channels + c];
      const double own = x[shares.begin(s) * n.channels + c] + sum / size, apart = own - mean;
      square += sums[(2 * s + 1) * n.channels + c] - sum * sum / size + apart * apart * count * size / (count + size);
      mean += apart * size / (count + size);
      count += size;
    }
    out.mean[c] = static_cast<float>(mean);
    const double variance = square / count;
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
  float* sums = scratch(kPartial, (2 * shares.count + 1) * n.channels);
  float* scale = sums + 2 * shares.count * n.channels;
  memset(sums, 0, static_cast<unsigned long>(2 * shares.count * n.channels) * 4);
  pool.each(shares.count, [&](long s) {
    float* own = sums + 2 * s * n.channels;
    add_moments(x + shares.begin(s) * n.channels, shares.size(s), n.channels, own, own + n.channels);
  });
  join_moments(n, shares, x, sums, out);
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
