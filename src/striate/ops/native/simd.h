// A vector of floats as wide as the instruction set allows, and nothing from the standard library.
//
// Every kernel is compiled once for each instruction set, in a namespace of its own (STRIATE_ISA). No inline function
// of a system header may be used there: the linker keeps one copy of such a function, and it could be the AVX-512 one.
#pragma once

#include <stdint.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define STRIATE_VECTOR_BYTES 64
#define STRIATE_REGISTERS 32
#elif defined(__AVX2__)
#define STRIATE_VECTOR_BYTES 32
#define STRIATE_REGISTERS 16
#elif defined(__aarch64__)
#define STRIATE_VECTOR_BYTES 16
#define STRIATE_REGISTERS 32
#else
#define STRIATE_VECTOR_BYTES 16
#define STRIATE_REGISTERS 16
#endif

namespace striate {
namespace STRIATE_ISA {

typedef float Vec __attribute__((vector_size(STRIATE_VECTOR_BYTES), aligned(STRIATE_VECTOR_BYTES), may_alias));
typedef float LooseVec __attribute__((vector_size(STRIATE_VECTOR_BYTES), aligned(4), may_alias));
typedef int32_t Mask __attribute__((vector_size(STRIATE_VECTOR_BYTES)));

constexpr long kLanes = STRIATE_VECTOR_BYTES / 4;

// A tile holds kTile x kPanel vectors of sums. Two vectors of weights and one spare register beside them must fit:
// 14 x 2 + 3 = 31 of 32 registers, or 6 x 2 + 3 = 15 of 16. Either way each loaded weight vector is used by every
// row of the tile and each loaded input by both vectors, so loads stay below multiplications.
constexpr int kPanel = 2;
constexpr int kTile = STRIATE_REGISTERS == 32 ? 14 : 6;
constexpr long kPanelLanes = kPanel * kLanes;

// Every height of a tile, for tables with a kernel for each.
#if STRIATE_REGISTERS == 32
#define STRIATE_HEIGHTS 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
#else
#define STRIATE_HEIGHTS 1, 2, 3, 4, 5, 6
#endif

inline Vec load(const float* p) { return *reinterpret_cast<const LooseVec*>(p); }
inline void store(float* p, Vec v) { *reinterpret_cast<LooseVec*>(p) = v; }

// For an aligned vector of something so large that it is out of the caches before it is read: an ordinary store would first
// read what it overwrites. `settle` before another thread may look.
inline void store_past_caches(float* p, Vec v) {
#if defined(__AVX512F__)
  _mm512_stream_ps(p, (__m512)v);
#elif defined(__AVX2__)
  _mm256_stream_ps(p, (__m256)v);
#else
  store(p, v);
#endif
}

inline void settle() {
#if defined(__AVX2__)
  _mm_sfence();
#endif
}

// As many bytes as a vector has lanes, as numbers of its lanes, and back. Compilers take a general conversion apart byte
// by byte.
inline Mask load_bytes(const uint8_t* p) {
#if defined(__AVX512F__)
  return (Mask)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i*)p));
#elif defined(__AVX2__)
  return (Mask)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)p));
#else
  typedef uint8_t Bytes __attribute__((vector_size(kLanes), aligned(1), may_alias));
  return __builtin_convertvector(*reinterpret_cast<const Bytes*>(p), Mask);
#endif
}

inline void store_bytes(uint8_t* p, Mask values) {
#if defined(__AVX512F__)
  _mm_storeu_si128((__m128i*)p, _mm512_cvtepi32_epi8((__m512i)values));
#elif defined(__AVX2__)
  const __m128i low = _mm256_castsi256_si128((__m256i)values), high = _mm256_extracti128_si256((__m256i)values, 1);
  const __m128i words = _mm_packus_epi32(low, high);
  _mm_storel_epi64((__m128i*)p, _mm_packus_epi16(words, words));
#else
  typedef uint8_t Bytes __attribute__((vector_size(kLanes), aligned(1), may_alias));
  *reinterpret_cast<Bytes*>(p) = __builtin_convertvector(values, Bytes);
#endif
}

template <typename T>
inline T least(T a, T b) { return a < b ? a : b; }
template <typename T>
inline T most(T a, T b) { return a > b ? a : b; }
inline long divide_up(long a, long b) { return (a + b - 1) / b; }

}  // namespace STRIATE_ISA
}  // namespace striate
