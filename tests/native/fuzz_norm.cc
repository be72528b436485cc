#include "fuzz.h"

namespace striate {
namespace {

// A channel's mean, variance and the sums of its gradients, pixel by pixel.
struct Channel {
  double mean = 0, variance = 0, sum = 0, product = 0;
};

}  // namespace

bool norm_agrees(const Kernels& kernels) {
  const long channels = pick({1, 3, 8, 16, 20, 33, 64}), pixels = between(1, pick({3, 40, 3000}));
  const Normalization n{pixels, channels, 1e-3f, randomness() % 2 == 0};
  long threads = between(1, 4);
  const Pool pool{&threads, run_on_threads};
  const long size = pixels * channels;
  Floats x(size), y(size), dy(size), dx(size), gamma(channels), beta(channels), mean(channels), variance(channels);
  Floats dmean(channels), dvariance(channels), dgamma(channels), dbeta(channels);
  fill(x), fill(dy), fill(gamma), fill(beta), fill(dmean), fill(dvariance);
  for (long i = 0; i < size; ++i) x[i] += 3;  // a mean of its own

  kernels.norm(pool, n, x.data(), gamma.data(), beta.data(), {y.data(), mean.data(), variance.data()});
  const NormSaved saved{x.data(), gamma.data(), beta.data(), mean.data(), variance.data()};
  kernels.norm_gradient(pool, n, saved, {dy.data(), dmean.data(), dvariance.data()},
                        {dx.data(), dgamma.data(), dbeta.data()});

  const auto doubles = [](long count) { return std::vector<double>(static_cast<size_t>(count)); };
  std::vector<double> wy = doubles(size), wx = doubles(size), wm = doubles(channels), wv = wm, wg = wm, wb = wm;
  for (long c = 0; c < channels; ++c) {
    Channel own;
    for (long p = 0; p < pixels; ++p) own.mean += double(x[p * channels + c]) / pixels;
    for (long p = 0; p < pixels; ++p) own.variance += std::pow(x[p * channels + c] - own.mean, 2) / pixels;
    const double root = std::sqrt(own.variance + double(n.epsilon)), scale = gamma[c] / root;
    const auto let_through = [&](long p) {
      const double value = (x[p * channels + c] - own.mean) * scale + beta[c];
      // Within rounding of relu's kink the kernel decides.
      const bool open = std::fabs(value) < 1e-4 ? y[p * channels + c] > 0 : value > 0;
      return n.relu && !open ? 0.0 : double(dy[p * channels + c]);
    };
    for (long p = 0; p < pixels; ++p) {
      const double value = (x[p * channels + c] - own.mean) * scale + beta[c];
      wy[static_cast<size_t>(p * channels + c)] = n.relu && value < 0 ? 0 : value;
      own.sum += let_through(p);
      own.product += let_through(p) * (x[p * channels + c] - own.mean) / root;
    }
    for (long p = 0; p < pixels; ++p) {
      const double apart = x[p * channels + c] - own.mean;
      wx[static_cast<size_t>(p * channels + c)] =
          scale * (let_through(p) - own.sum / pixels - apart / root * own.product / pixels) +
          (double(dmean[c]) + 2 * apart * dvariance[c]) / pixels;
    }
    const size_t at = static_cast<size_t>(c);
    wm[at] = own.mean, wv[at] = own.variance, wg[at] = own.product, wb[at] = own.sum;
  }
  // A few pixels may lie close together; then 1 / sqrt(epsilon) = 32 multiplies what nearly cancels.
  const long terms = pixels < 10 ? 16000 : 200;
  const bool same = near("y", y, wy, terms) && near("mean", mean, wm, 1) && near("variance", variance, wv, 1) &&
                    near("dx", dx, wx, terms) && near("dgamma", dgamma, wg, pixels + terms) &&
                    near("dbeta", dbeta, wb, pixels);
  if (!same) std::printf("norm of %ld pixels, %ld channels, relu %d, threads %ld\n", pixels, channels, n.relu, threads);
  return same;
}

}  // namespace striate
