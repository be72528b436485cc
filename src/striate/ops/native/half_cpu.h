// What the processor can do with numbers of sixteen bits.
#pragma once

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace striate {

#if defined(__x86_64__) && defined(__linux__)

// Vectors that multiply pairs: leaf 7.1, bit 5 of eax.
inline bool has_bf16() {
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 5 & 1);
}

// The matrix unit (leaf 7.0, bits 22 and 24 of edx), which Linux lends to a process that asks: its registers are large,
// and whoever does not use them need not save them.
inline bool may_use_amx() {
  constexpr long kAsk = 0x1023, kTileData = 18;
  unsigned a, b, c, d;
  const bool there = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1) && (d >> 24 & 1);
  return there && syscall(SYS_arch_prctl, kAsk, kTileData) == 0;
}

#else

inline bool has_bf16() { return false; }
inline bool may_use_amx() { return false; }

#endif

}  // namespace striate
