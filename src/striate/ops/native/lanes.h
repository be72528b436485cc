// The channels of a pixel in steps of some vectors, of one vector, and of the part of one that is left.
#pragma once

#include "simd.h"

namespace striate {
namespace STRIATE_ISA {

// N vectors side by side. Vector q is numbers [q * kLanes, (q + 1) * kLanes).
template <int N>
struct Whole {
  static constexpr int count = N;

  Vec take(const float* p, int q) const { return load(p + q * kLanes); }
  void put(float* p, int q, Vec v) const { store(p + q * kLanes, v); }
  Mask take_bytes(const uint8_t* p, int q) const { return load_bytes(p + q * kLanes); }
  void put_bytes(uint8_t* p, int q, Mask values) const { store_bytes(p + q * kLanes, values); }
};

// The first `lanes` numbers of a vector; memory behind them is not touched.
struct Part {
  static constexpr int count = 1;
  long lanes;

#if defined(__AVX512F__)
  __mmask16 mask() const { return static_cast<__mmask16>((1u << lanes) - 1); }
  Vec take(const float* p, int) const { return (Vec)_mm512_maskz_loadu_ps(mask(), p); }
  void put(float* p, int, Vec v) const { _mm512_mask_storeu_ps(p, mask(), (__m512)v); }
  Mask take_bytes(const uint8_t* p, int) const {
    return (Mask)_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask(), p));
  }
  void put_bytes(uint8_t* p, int, Mask values) const { _mm512_mask_cvtepi32_storeu_epi8(p, mask(), (__m512i)values); }
#else
  Vec take(const float* p, int) const {
    Vec v{};
    for (long i = 0; i < lanes; ++i) v[i] = p[i];
    return v;
  }
  void put(float* p, int, Vec v) const {
    for (long i = 0; i < lanes; ++i) p[i] = v[i];
  }
  Mask take_bytes(const uint8_t* p, int) const {
    Mask values{};
    for (long i = 0; i < lanes; ++i) values[i] = p[i];
    return values;
  }
  void put_bytes(uint8_t* p, int, Mask values) const {
    for (long i = 0; i < lanes; ++i) p[i] = static_cast<uint8_t>(values[i]);
  }
#endif
};

// Calls visit(first channel, lanes) for all channels of a pixel.
template <typename F>
inline void over_channels(long channels, const F& visit) {
  constexpr long kSome = 4;
  long c = 0;
  for (; c + kSome * kLanes <= channels; c += kSome * kLanes) visit(c, Whole<kSome>{});
  for (; c + kLanes <= channels; c += kLanes) visit(c, Whole<1>{});
  if (c < channels) visit(c, Part{channels - c});
}

}  // namespace STRIATE_ISA
}  // namespace striate
