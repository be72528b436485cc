// A vector of floats as wide as the instruction set allows, and nothing from the standard library.
//
// Every kernel is compiled once for each instruction set, in a namespace of its own (STRIATE_ISA). No inline function
// of a system header may be used there: the linker keeps one copy of such a function, and it could be the AVX-512 one.
#pragma once

#include <stdint.h>
#include <string.h>

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

template <typename T>
inline T least(T a, T b) { return a < b ? a : b; }
template <typename T>
inline T most(T a, T b) { return a > b ? a : b; }
inline long divide_up(long a, long b) { return (a + b - 1) / b; }

}  // namespace STRIATE_ISA
}  // namespace striate
