// Every kernel of every instruction set against plain loops in double precision, on random convolutions, norms and
// poolings.
//
//   fuzz <count> <seed>     prints one line for each instruction set; exits with 1 at the first difference
//
// Buffers have exactly the size they need and begin one float off alignment, so that a sanitizer sees every step beyond.
#include "fuzz.h"

#include "conv.h"

using namespace striate;

namespace {

struct Case {
  Convolution conv;
  bool relu, pool, adds;
  long threads, points;
};

// The kind of convolution that has a faster way: whole vectors of channels and a dense 3x3 kernel.
void square_kernel(Convolution& v) {
  v.groups = v.stride_rows = v.stride_cols = v.dilation_rows = v.dilation_cols = 1;
  v.kernel_rows = v.kernel_cols = 3;
  v.in.channels = pick({16, 16, 32, 48, 64});
}

// Pixels side by side, each for itself.
void pixels_alone(Convolution& v) {
  v.groups = v.kernel_rows = v.kernel_cols = v.stride_rows = v.stride_cols = v.dilation_rows = v.dilation_cols = 1;
  v.pad_top = v.pad_left = 0;
  v.in.channels = pick({16, 32, 64, 96});
}

// A filter a channel.
void channels_alone(Convolution& v) { v.groups = v.in.channels = pick({16, 16, 32, 48}); }

Case draw() {
  Case c{};
  Convolution& v = c.conv;
  v.groups = pick({1, 1, 1, 1, 2, 3});
  const long widest = v.groups > 1 ? 6 : 70;
  v.in = {pick({1, 1, 2, 3}), between(1, 20), between(1, 36), v.groups * std::min(widest, pick({1, 1, 2, 3, 4, 8, 13, 16, 33, 65}))};
  v.kernel_rows = pick({1, 1, 2, 3, 3, 5, 7});
  v.kernel_cols = pick({1, 1, 2, 3, 3, 5, 7});
  v.stride_rows = pick({1, 1, 1, 2, 3, 4});
  v.stride_cols = pick({1, 1, 1, 2, 3, 4});
  v.dilation_rows = pick({1, 1, 1, 2, 3});
  v.dilation_cols = pick({1, 1, 1, 2, 3});
  v.pad_top = between(0, 3);
  v.pad_left = between(0, 3);
  const long special = between(0, 6);
  if (special < 2) square_kernel(v);
  if (special == 2) channels_alone(v);
  if (special == 3) pixels_alone(v);
  const long below = special == 3 ? 0 : between(0, 3), behind = special == 3 ? 0 : between(0, 3);
  const long rows = v.in.rows + v.pad_top + below - (v.kernel_rows - 1) * v.dilation_rows - 1;
  const long cols = v.in.cols + v.pad_left + behind - (v.kernel_cols - 1) * v.dilation_cols - 1;
  if (rows < 0 || cols < 0) return draw();
  v.out = {v.in.images, rows / v.stride_rows + 1, cols / v.stride_cols + 1,
           special == 2 ? v.groups : v.groups * std::min(widest, pick({1, 2, 3, 7, 10, 16, 17, 32, 40, 48, 64, 70}))};
  c.relu = randomness() % 2;
  v.way = static_cast<Way>(between(kFastest, kFewest));
  v.precision = special != 2 && randomness() % 2 ? kBfloat16 : kFloat32;  // a filter a channel has floats always
  c.pool = v.out.rows > 1 && v.out.cols > 1 && randomness() % 2;
  c.adds = !c.pool && special != 2 && v.out.channels % 16 == 0 && randomness() % 2;
  c.threads = between(1, 4);
  c.points = pick({0, 4, 4, 6});
  return c;
}

long count(const Shape& s) { return s.images * s.rows * s.cols * s.channels; }

// Calls visit(x index, kernel index, y index) for every product of the convolution.
template <typename F>
void products(const Convolution& v, const F& visit) {
  const long depth = v.in.channels / v.groups, breadth = v.out.channels / v.groups;
  for (long n = 0; n < v.out.images; ++n)
    for (long i = 0; i < v.out.rows; ++i)
      for (long j = 0; j < v.out.cols; ++j)
        for (long u = 0; u < v.kernel_rows; ++u)
          for (long w = 0; w < v.kernel_cols; ++w) {
            const long row = i * v.stride_rows + u * v.dilation_rows - v.pad_top;
            const long col = j * v.stride_cols + w * v.dilation_cols - v.pad_left;
            if (row < 0 || row >= v.in.rows || col < 0 || col >= v.in.cols) continue;
            for (long f = 0; f < v.out.channels; ++f)
              for (long c = 0; c < depth; ++c)
                visit(((n * v.in.rows + row) * v.in.cols + col) * v.in.channels + f / breadth * depth + c,
                      ((u * v.kernel_cols + w) * depth + c) * v.out.channels + f,
                      ((n * v.out.rows + i) * v.out.cols + j) * v.out.channels + f);
          }
}

// The number as the kernels are to multiply it.
double as_multiplied(const Convolution& v, float value) {
  if (v.precision == kFloat32 || value != value) return value;
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
  std::memcpy(&value, &bits, 4);
  return value;
}

// The same by a kernel that was packed before, for pictures of any size.
void convolve_packed(const Kernels& kernels, const Pool& threads, const Case& c, const Incoming& x, Floats& kernel,
                     const Output& y) {
  Convolution answered = c.conv, whole = c.conv;
  whole.in = {1, whole.kernel_rows, whole.kernel_cols, whole.in.channels};
  whole.out = {1, 1, 1, whole.out.channels};
  whole.stride_rows = whole.stride_cols = whole.dilation_rows = whole.dilation_cols = 1;
  whole.pad_top = whole.pad_left = 0;
  answered.points = whole.points = may_pack_points(c.conv) ? static_cast<int>(c.points) : 0;
  Floats packed(packed_floats(kernels, whole));
  pack_kernel(kernels, threads, whole, kernel.data(), packed.data());
  convolve(kernels, threads, answered, x, packed.data(), y, true);
}

uint16_t narrowed(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float widened(uint16_t half) {
  const uint32_t bits = static_cast<uint32_t>(half) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

// The same where x, addend and y are arrays of numbers of sixteen bits, or some of them; `y` is what is wanted.
bool agree_in_halves(const Kernels& kernels, const Pool& threads, const Case& c, Floats& x, Floats& kernel, Floats& bias,
                     Floats& addend, const std::vector<double>& y) {
  Buffer<uint16_t> half_x(x.size), half_addend(addend.size), half_y(static_cast<long>(y.size()));
  for (long i = 0; i < x.size; ++i) half_x[i] = narrowed(x[i]);
  for (long i = 0; i < addend.size; ++i) half_addend[i] = narrowed(addend[i]);
  Floats whole_y(static_cast<long>(y.size()));
  const bool reads = randomness() % 2, adds = randomness() % 2, writes = randomness() % 2;
  const Incoming in{reads ? nullptr : x.data(), nullptr, nullptr, reads ? half_x.data() : nullptr};
  Output out{writes ? nullptr : whole_y.data(), nullptr, bias.data(), c.relu ? kRelu : kLinear, c.adds && !adds ? addend.data() : nullptr};
  out.halves = writes ? half_y.data() : nullptr;
  out.half_addend = c.adds && adds ? half_addend.data() : nullptr;
  convolve_packed(kernels, threads, c, in, kernel, out);
  const long terms = c.conv.kernel_rows * c.conv.kernel_cols * c.conv.in.channels;
  if (!writes) return near("y in halves", whole_y, y, terms);
  for (long i = 0; i < half_y.size; ++i) {
    const double wanted = y[static_cast<size_t>(i)], got = widened(half_y[i]);
    if (std::fabs(got - wanted) < std::fabs(wanted) / 256 + 2e-5 * (1 + std::sqrt(static_cast<double>(terms)))) continue;
    std::printf("y[%ld] written in halves is %g, wanted %g\n", i, got, wanted);
    return false;
  }
  return true;
}

bool agree(const Kernels& kernels, Case c) {
  const Convolution& v = c.conv;
  const long pool = c.pool ? 2 : 1, features = v.out.channels;
  const Shape small = {v.out.images, v.out.rows / pool, v.out.cols / pool, features};
  const long taps = v.kernel_rows * v.kernel_cols * (v.in.channels / v.groups) * features;
  Floats x(count(v.in)), kernel(taps), bias(features), y(count(small)), dy(count(small)), dx(count(v.in)), dk(taps), db(features), addend(count(small));
  Buffer<uint8_t> argmax(count(small));
  fill(x), fill(kernel), fill(bias), fill(dy), fill(addend);
  for (long i = 0; i < addend.size; ++i) addend[i] = widened(narrowed(addend[i]));
  const Pool threads{&c.threads, run_on_threads};

  std::vector<double> z(static_cast<size_t>(count(v.out))), dz(z.size()), wanted(static_cast<size_t>(count(small)));
  for (size_t i = 0; i < z.size(); ++i) z[i] = bias[static_cast<long>(i) % features];
  products(v, [&](long a, long k, long b) { z[static_cast<size_t>(b)] += as_multiplied(v, x[a]) * as_multiplied(v, kernel[k]); });
  if (c.adds)
    for (size_t i = 0; i < z.size(); ++i) z[i] += addend[static_cast<long>(i)];
  if (c.relu)
    for (double& value : z) value = std::max(value, 0.0);

  convolve(kernels, threads, v, {x.data(), nullptr, nullptr}, kernel.data(), {y.data(), c.pool ? argmax.data() : nullptr, bias.data(), c.relu ? kRelu : kLinear,
            c.adds ? addend.data() : nullptr});
  for (long n = 0; n < small.images; ++n)
    for (long i = 0; i < small.rows; ++i)
      for (long j = 0; j < small.cols; ++j)
        for (long f = 0; f < features; ++f) {
          const long place = ((n * small.rows + i) * small.cols + j) * features + f;
          const auto at = [&](long corner) {
            return static_cast<size_t>(((n * v.out.rows + i * pool + corner / 2) * v.out.cols + j * pool + corner % 2) * features + f);
          };
          const long corner = c.pool ? argmax[place] : 0;
          if (corner > 3) return false;
          double best = z[at(0)];
          for (long q = 1; q < pool * pool; ++q) best = std::max(best, z[at(q)]);
          wanted[static_cast<size_t>(place)] = best;
          if (std::fabs(z[at(corner)] - best) > 1e-4 * (1 + std::fabs(best))) return false;
          if (!c.relu || y[place] > 0) dz[at(corner)] = as_multiplied(v, dy[place]);
        }
  const long depth = taps / features, pixels = v.out.images * v.out.rows * v.out.cols;
  if (!near("y", y, wanted, depth)) return false;
  if (v.groups == 1) {
    convolve_packed(kernels, threads, c, {x.data(), nullptr, nullptr}, kernel, {y.data(), c.pool ? argmax.data() : nullptr, bias.data(),
                    c.relu ? kRelu : kLinear, c.adds ? addend.data() : nullptr});
    if (!near("y of a packed kernel", y, wanted, depth)) return false;
    if (takes_halves(kernels, v) && !c.pool && !agree_in_halves(kernels, threads, c, x, kernel, bias, addend, wanted)) return false;
  }

  const Incoming incoming{dy.data(), c.pool ? argmax.data() : nullptr, c.relu ? y.data() : nullptr};
  std::vector<double> wx(static_cast<size_t>(x.size)), wk(static_cast<size_t>(taps)), wb(static_cast<size_t>(features));
  products(v, [&](long a, long k, long b) {
    wx[static_cast<size_t>(a)] += dz[static_cast<size_t>(b)] * as_multiplied(v, kernel[k]);
    wk[static_cast<size_t>(k)] += dz[static_cast<size_t>(b)] * as_multiplied(v, x[a]);
  });
  for (size_t i = 0; i < dz.size(); ++i) wb[i % static_cast<size_t>(features)] += dz[i];
  input_gradient(kernels, threads, v, incoming, kernel.data(), dx.data());
  kernel_gradient(kernels, threads, v, x.data(), incoming, dk.data(), db.data());
  const long painters = v.kernel_rows * v.kernel_cols * features / v.groups;
  return near("dx", dx, wx, painters) && near("dkernel", dk, wk, pixels) && near("dbias", db, wb, pixels);
}

void describe(const Case& c) {
  const Convolution& v = c.conv;
  std::printf("x (%ld, %ld, %ld, %ld) y (%ld, %ld, %ld) kernel %ldx%ld strides %ld,%ld dilation %ld,%ld padding %ld,%ld groups %ld relu %d pool %d threads %ld precision %d adds %d points %ld\n",
              v.in.images, v.in.rows, v.in.cols, v.in.channels, v.out.rows, v.out.cols, v.out.channels, v.kernel_rows,
              v.kernel_cols, v.stride_rows, v.stride_cols, v.dilation_rows, v.dilation_cols, v.pad_top, v.pad_left, v.groups,
              c.relu, c.pool, c.threads, v.precision, c.adds, c.points);
}

}  // namespace

int main(int argc, char** argv) {
  const long cases = argc > 1 ? std::atol(argv[1]) : 200;
  for (const char* name : {"amx", "avx512_bf16", "avx512", "avx2", "neon", "plain"}) {
    const Kernels* kernels = kernels_named(name);
    if (!kernels) continue;
    randomness.seed(argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0);
    worst = 0;
    for (long i = 0; i < cases; ++i) {
      if (i % 4 == 0 && !(norm_agrees(*kernels) && pool_agrees(*kernels))) return 1;
      const Case c = draw();
      if (agree(*kernels, c)) continue;
      std::printf("%s, case %ld: ", name, i);
      describe(c);
      return 1;
    }
    std::printf("%s: %ld cases, largest relative error %.1e\n", name, cases, worst);
  }
  return 0;
}
