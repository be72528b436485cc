// Which table of kernels this machine can run. STRIATE_HAS_* say which ones were built.
#include <cstring>
#include <initializer_list>

#include "half_cpu.h"
#include "kernels.h"

namespace striate {

#define STRIATE_DECLARE(isa) namespace isa { extern const Kernels table; }
#ifdef STRIATE_HAS_AVX512
STRIATE_DECLARE(avx512)
#endif
#ifdef STRIATE_HAS_AMX
namespace avx512_bf16 { extern const Products table; }
namespace amx { extern const Products table; }
#endif
#ifdef STRIATE_HAS_AVX2
STRIATE_DECLARE(avx2)
#endif
#ifdef STRIATE_HAS_NEON
STRIATE_DECLARE(neon)
#endif
STRIATE_DECLARE(plain)

#ifdef STRIATE_HAS_AVX512
namespace {

bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}

}  // namespace
#endif

#ifdef STRIATE_HAS_AMX
namespace {

// The AVX-512 kernels, with others for numbers of sixteen bits.
Kernels joined(const char* name, const Products& half) {
  Kernels kernels = avx512::table;
  kernels.name = name;
  kernels.half = half;
  return kernels;
}

const Kernels* half_kernels_named(const char* name) {
  static const Kernels with_amx = joined("amx", amx::table), with_bf16 = joined("avx512_bf16", avx512_bf16::table);
  if (!std::strcmp(name, "amx") && has_avx512() && has_bf16() && may_use_amx()) return &with_amx;
  if (!std::strcmp(name, "avx512_bf16") && has_avx512() && has_bf16()) return &with_bf16;
  return nullptr;
}

}  // namespace
#endif

const Kernels* kernels_named(const char* name) {
#ifdef STRIATE_HAS_AMX
  if (const Kernels* table = half_kernels_named(name)) return table;
#endif
#ifdef STRIATE_HAS_AVX512
  if (!std::strcmp(name, "avx512") && has_avx512()) return &avx512::table;
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
    for (const char* name : {"amx", "avx512_bf16", "avx512", "avx2", "neon"})
      if (const Kernels* table = kernels_named(name)) return table;
    return kernels_named("plain");
  }();
  return *best;
}

}  // namespace striate
