// What the fuzz drivers share: randomness, buffers that a sanitizer watches, and what counts as near.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <random>
#include <thread>
#include <vector>

#include "kernels.h"
#include "pool.h"

namespace striate {

inline std::mt19937_64 randomness;

inline long pick(std::initializer_list<long> values) { return values.begin()[randomness() % values.size()]; }
inline long between(long low, long high) {
  return low + static_cast<long>(randomness() % static_cast<unsigned long>(high - low + 1));
}

// Floats that begin four bytes off a 64-byte boundary and end where the allocation ends.
template <typename T>
struct Buffer {
  explicit Buffer(long n) : size(n), block(new char[static_cast<size_t>(n) * sizeof(T) + sizeof(T)]) {}
  ~Buffer() { delete[] block; }
  Buffer(const Buffer&) = delete;
  T* data() { return reinterpret_cast<T*>(block + sizeof(T)); }
  T& operator[](long i) { return data()[i]; }
  long size;
  char* block;
};

using Floats = Buffer<float>;

inline void fill(Floats& buffer) {
  std::normal_distribution<float> normal;
  for (long i = 0; i < buffer.size; ++i) buffer[i] = normal(randomness);
}

inline double worst;

// `terms` normal numbers are summed for each element: partial sums grow with the root of that, however much the whole
// cancels, and rounding is relative to them.
inline bool near(const char* what, Floats& got, const std::vector<double>& wanted, long terms) {
  double scale = 0.5 + std::sqrt(static_cast<double>(terms)) / 4;
  for (double value : wanted) scale = std::max(scale, std::fabs(value));
  for (long i = 0; i < got.size; ++i) {
    const double error = std::fabs(got[i] - wanted[static_cast<size_t>(i)]) / scale;
    worst = std::max(worst, error);
    if (!(error < 2e-5)) {
      std::printf("%s[%ld] is %g, wanted %g\n", what, i, got[i], wanted[static_cast<size_t>(i)]);
      return false;
    }
  }
  return true;
}

inline void run_on_threads(void* state, long tasks, void (*body)(void*, long), void* context) {
  std::vector<std::thread> helpers;
  SharedTasks::run(tasks, *static_cast<long*>(state) - 1, body, context,
                   [&](auto task) { helpers.emplace_back(task); });
  for (std::thread& helper : helpers) helper.join();
}

// Batch normalization and its gradients against plain loops, once.
bool norm_agrees(const Kernels& kernels);

// Maxima and sums of windows and their gradients against plain loops, once.
bool pool_agrees(const Kernels& kernels);

}  // namespace striate
