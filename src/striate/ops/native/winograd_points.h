// The transforms of Winograd's F(4, 3), four outputs of a three-tap filter from six products instead of twelve, and of
// F(2, 3), two outputs from four products instead of six.
//
// A convolution of one row is a product of polynomials, and a product is known from its values at enough points: here
// 0, 1, -1, 2, -2 and infinity, or 0, 1, -1 and infinity. Each function takes one row (or column) of vectors to its values
// at those points or back; how many points, the length of the row says. S. Winograd, Arithmetic complexity of computations, 1980; Lavin and Gray, Fast algorithms for convolutional
// neural networks, 2016.
#pragma once

#include "simd.h"

namespace striate {
namespace STRIATE_ISA {

constexpr int kTaps = 3;
constexpr int kPoints = 6, kFewPoints = 4;
constexpr int kOutputs = kPoints - kTaps + 1;
constexpr int kSquare = kPoints * kPoints;

// B^T d: six inputs at the six points.
inline void input_values(const Vec (&d)[kPoints], Vec (&v)[kPoints]) {
  const Vec even = d[4] - 4.0f * d[2], odd = d[3] - 4.0f * d[1];
  const Vec far_even = d[4] - d[2], far_odd = 2.0f * (d[3] - d[1]);
  v[0] = 4.0f * (d[0] - d[2]) + far_even;
  v[1] = even + odd;
  v[2] = even - odd;
  v[3] = far_even + far_odd;
  v[4] = far_even - far_odd;
  v[5] = 4.0f * (d[1] - d[3]) + d[5] - d[3];
}

inline void input_values(const Vec (&d)[kFewPoints], Vec (&v)[kFewPoints]) {
  v[0] = d[0] - d[2];
  v[1] = d[1] + d[2];
  v[2] = d[2] - d[1];
  v[3] = d[3] - d[1];
}

// G g: three taps at the six points.
inline void kernel_values(const Vec (&g)[kTaps], Vec (&u)[kPoints]) {
  const Vec outer = (g[0] + g[2]) * (1.0f / 6), middle = g[1] * (1.0f / 6);
  const Vec far = g[0] * (1.0f / 24) + g[2] * (1.0f / 6), far_middle = g[1] * (1.0f / 12);
  u[0] = g[0] * 0.25f;
  u[1] = -outer - middle;
  u[2] = middle - outer;
  u[3] = far + far_middle;
  u[4] = far - far_middle;
  u[5] = g[2];
}

inline void kernel_values(const Vec (&g)[kTaps], Vec (&u)[kFewPoints]) {
  const Vec outer = (g[0] + g[2]) * 0.5f, middle = g[1] * 0.5f;
  u[0] = g[0];
  u[1] = outer + middle;
  u[2] = outer - middle;
  u[3] = g[2];
}

// A^T m: four outputs from the products at the six points.
inline void outputs_from(const Vec (&m)[kPoints], Vec (&y)[kOutputs]) {
  const Vec sum = m[1] + m[2], difference = m[1] - m[2];
  const Vec far_sum = m[3] + m[4], far_difference = m[3] - m[4];
  y[0] = m[0] + sum + far_sum;
  y[1] = difference + 2.0f * far_difference;
  y[2] = sum + 4.0f * far_sum;
  y[3] = difference + 8.0f * far_difference + m[5];
}

inline void outputs_from(const Vec (&m)[kFewPoints], Vec (&y)[kFewPoints - kTaps + 1]) {
  y[0] = m[0] + m[1] + m[2];
  y[1] = m[1] - m[2] + m[3];
}

// A d: the way back through `outputs_from`.
inline void output_gradient_values(const Vec (&d)[kOutputs], Vec (&v)[kPoints]) {
  const Vec even = d[0] + d[2], odd = d[1] + d[3];
  const Vec far_even = d[0] + 4.0f * d[2], far_odd = 2.0f * d[1] + 8.0f * d[3];
  v[0] = d[0];
  v[1] = even + odd;
  v[2] = even - odd;
  v[3] = far_even + far_odd;
  v[4] = far_even - far_odd;
  v[5] = d[3];
}

// G^T s: the way back through `kernel_values`.
inline void kernel_gradient_from(const Vec (&s)[kPoints], Vec (&g)[kTaps]) {
  const Vec sum = (s[1] + s[2]) * (1.0f / 6), difference = (s[2] - s[1]) * (1.0f / 6);
  const Vec far_sum = s[3] + s[4], far_difference = s[3] - s[4];
  g[0] = s[0] * 0.25f - sum + far_sum * (1.0f / 24);
  g[1] = difference + far_difference * (1.0f / 12);
  g[2] = far_sum * (1.0f / 6) - sum + s[5];
}

}  // namespace STRIATE_ISA
}  // namespace striate
