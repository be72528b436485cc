// Which table of kernels this machine can run. STRIATE_HAS_* say which ones were built.
#include <cstring>
#include <initializer_list>

#include "kernels.h"

namespace striate {

#define STRIATE_DECLARE(isa) namespace isa { extern const Kernels table; }
#ifdef STRIATE_HAS_AVX512
STRIATE_DECLARE(avx512)
#endif
#ifdef STRIATE_HAS_AVX2
STRIATE_DECLARE(avx2)
#endif
#ifdef STRIATE_HAS_NEON
STRIATE_DECLARE(neon)
#endif
STRIATE_DECLARE(plain)

const Kernels* kernels_named(const char* name) {
#ifdef STRIATE_HAS_AVX512
  if (!std::strcmp(name, "avx512") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return &avx512::table;
#endif
#ifdef STRIATE_HAS_AVX2
  if (!std::strcmp(name, "avx2") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return &avx2::table;
#endif
#ifdef STRIATE_HAS_NEON
  if (!std::strcmp(name, "neon")) return &neon::table;
#endif
  return std::strcmp(name, "plain") ? nullptr : &plain::table;
}

const Kernels& kernels() {
  static const Kernels* best = [] {
    for (const char* name : {"avx512", "avx2", "neon"})
      if (const Kernels* table = kernels_named(name)) return table;
    return kernels_named("plain");
  }();
  return *best;
}

}  // namespace striate
