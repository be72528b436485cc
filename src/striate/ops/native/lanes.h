// The channels of a pixel: vector by vector, and the part of one that is left.
#pragma once

#include "simd.h"

namespace striate {
namespace STRIATE_ISA {

struct Whole {
  Vec take(const float* p) const { return load(p); }
  void put(float* p, Vec v) const { store(p, v); }
  Mask take_bytes(const uint8_t* p) const { return load_bytes(p); }
  void put_bytes(uint8_t* p, Mask values) const { store_bytes(p, values); }
};

// The first `lanes` numbers of a vector; memory behind them is not touched.
struct Part {
  long lanes;

#if defined(__AVX512F__)
  __mmask16 mask() const { return static_cast<__mmask16>((1u << lanes) - 1); }
  Vec take(const float* p) const { return (Vec)_mm512_maskz_loadu_ps(mask(), p); }
  void put(float* p, Vec v) const { _mm512_mask_storeu_ps(p, mask(), (__m512)v); }
  Mask take_bytes(const uint8_t* p) const {
    return (Mask)_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask(), p));
  }
  void put_bytes(uint8_t* p, Mask values) const { _mm512_mask_cvtepi32_storeu_epi8(p, mask(), (__m512i)values); }
#else
  Vec take(const float* p) const {
    Vec v{};
    for (long i = 0; i < lanes; ++i) v[i] = p[i];
    return v;
  }
  void put(float* p, Vec v) const {
    for (long i = 0; i < lanes; ++i) p[i] = v[i];
  }
  Mask take_bytes(const uint8_t* p) const {
    Mask values{};
    for (long i = 0; i < lanes; ++i) values[i] = p[i];
    return values;
  }
  void put_bytes(uint8_t* p, Mask values) const {
    for (long i = 0; i < lanes; ++i) p[i] = static_cast<uint8_t>(values[i]);
  }
#endif
};

// Calls visit(first channel, lanes) for all channels of a pixel, at every `together`th vector.
template <typename F>
inline void over_channels(long channels, long together, const F& visit) {
  long c = 0;
  for (; c + kLanes <= channels; c += together * kLanes) visit(c, Whole{});
  if (c < channels) visit(c, Part{channels - c});
}

}  // namespace STRIATE_ISA
}  // namespace striate
