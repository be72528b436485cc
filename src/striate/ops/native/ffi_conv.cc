// The doors of the convolutions: typed FFI handlers that check shapes and call the kernels.
#include <stdexcept>

#include "conv.h"
#include "doors.h"

namespace striate {
namespace {

struct Options {
  Longs strides, padding, dilation;
  int64_t groups, direct, half;
};

Convolution convolution(const Shape& x, int64_t kernel_rows, int64_t kernel_cols, const Shape& y, const Options& o) {
  Convolution conv{};
  conv.in = x;
  conv.out = y;
  conv.kernel_rows = kernel_rows;
  conv.kernel_cols = kernel_cols;
  conv.stride_rows = o.strides[0];
  conv.stride_cols = o.strides[1];
  conv.dilation_rows = o.dilation[0];
  conv.dilation_cols = o.dilation[1];
  conv.pad_top = o.padding[0];
  conv.pad_left = o.padding[1];
  conv.groups = o.groups;
  conv.way = o.direct ? kInOrder : kFastest;
  conv.precision = o.half ? kBfloat16 : kFloat32;
  return conv;
}

template <typename X, typename K>
Convolution convolution(const X& x, const K& kernel, const Shape& y, const Options& o) {
  const auto k = kernel.dimensions();
  return convolution(shape_of(x), k[0], k[1], y, o);
}

ffi::Error conv_forward(ffi::ThreadPool threads, F32 x, F32 kernel, F32 bias, F32 addend, Out32 y, Out8 argmax, Longs strides,
                        Longs padding, Longs dilation, int64_t groups, int64_t direct, int64_t half, Longs sizes, int64_t relu) {
  return guarded([&] {
    const Convolution conv =
        convolution(x, kernel, {x.dimensions()[0], sizes[0], sizes[1], kernel.dimensions()[3]},
                    {strides, padding, dilation, groups, direct, half});
    const Output output{y->typed_data(), some(*argmax), bias.typed_data(), relu ? kRelu : kLinear, some(addend)};
    convolve(chosen(), pool_of(threads), conv, {x.typed_data(), nullptr, nullptr}, kernel.typed_data(), output);
  });
}

// A convolution of whole windows with a kernel of these dimensions.
Convolution packable(int64_t rows, int64_t cols, int64_t channels, int64_t features, int64_t half, int64_t points) {
  Convolution conv{};
  conv.in = {1, rows, cols, channels};
  conv.out = {1, 1, 1, features};
  conv.kernel_rows = rows;
  conv.kernel_cols = cols;
  conv.stride_rows = conv.stride_cols = conv.dilation_rows = conv.dilation_cols = conv.groups = 1;
  conv.precision = half ? kBfloat16 : kFloat32;
  conv.points = static_cast<int>(points);
  return conv;
}

ffi::Error conv_pack(ffi::ThreadPool threads, F32 kernel, Out32 packed, int64_t half, int64_t points) {
  return guarded([&] {
    const auto k = kernel.dimensions();
    const Convolution conv = packable(k[0], k[1], k[2], k[3], half, points);
    pack_kernel(chosen(), pool_of(threads), conv, kernel.typed_data(), packed->typed_data());
  });
}

// x, addend and y may be of floats or of numbers of sixteen bits, each for itself.
ffi::Error conv_packed(ffi::ThreadPool threads, ffi::AnyBuffer x, F32 packed, F32 bias, ffi::AnyBuffer addend,
                       ffi::Result<ffi::AnyBuffer> y, Out8 argmax, Longs strides, Longs padding, Longs dilation,
                       int64_t groups, int64_t direct, int64_t half, Longs sizes, Longs taps, int64_t points, int64_t relu) {
  return guarded([&] {
    Convolution conv =
        convolution(shape_of(x), taps[0], taps[1], {x.dimensions()[0], sizes[0], sizes[1], bias.dimensions()[0]},
                    {strides, padding, dilation, groups, direct, half});
    conv.points = static_cast<int>(points);
    if (points && !may_pack_points(conv)) throw std::invalid_argument("a kernel packed at points is for other convolutions");
    const Output output{numbers<float>(*y), some(*argmax), bias.typed_data(), relu ? kRelu : kLinear,
                        numbers<float>(addend), numbers<uint16_t>(*y), numbers<uint16_t>(addend)};
    const Incoming incoming{numbers<float>(x), nullptr, nullptr, numbers<uint16_t>(x)};
    const bool written = output.halves || output.half_addend;
    if ((written && output.argmax) || ((written || incoming.halves) && !takes_halves(chosen(), conv)))
      throw std::invalid_argument("numbers of sixteen bits are for products of such numbers");
    convolve(chosen(), pool_of(threads), conv, incoming, packed.typed_data(), output, true);
  });
}

ffi::Error conv_input_gradient(ffi::ThreadPool threads, F32 dy, F32 result, U8 argmax, F32 kernel, Out32 dx,
                               Longs strides, Longs padding, Longs dilation, int64_t groups, int64_t direct,
                               int64_t half, Longs sizes) {
  return guarded([&] {
    const Convolution conv =
        convolution(*dx, kernel, {dy.dimensions()[0], sizes[0], sizes[1], kernel.dimensions()[3]},
                    {strides, padding, dilation, groups, direct, half});
    const Incoming incoming{dy.typed_data(), some(argmax), some(result)};
    input_gradient(chosen(), pool_of(threads), conv, incoming, kernel.typed_data(), dx->typed_data());
  });
}

ffi::Error conv_kernel_gradient(ffi::ThreadPool threads, F32 x, F32 dy, F32 result, U8 argmax, Out32 dkernel,
                                Out32 dbias, Longs strides, Longs padding, Longs dilation, int64_t groups, int64_t direct,
                                int64_t half, Longs sizes) {
  return guarded([&] {
    const Convolution conv =
        convolution(x, *dkernel, {dy.dimensions()[0], sizes[0], sizes[1], dkernel->dimensions()[3]},
                    {strides, padding, dilation, groups, direct, half});
    const Incoming incoming{dy.typed_data(), some(argmax), some(result)};
    kernel_gradient(chosen(), pool_of(threads), conv, x.typed_data(), incoming, dkernel->typed_data(),
                    dbias->typed_data());
  });
}

}  // namespace

#define STRIATE_GEOMETRY                                                                                       \
  .Attr<Longs>("strides").Attr<Longs>("padding").Attr<Longs>("dilation").Attr<int64_t>("groups").Attr<int64_t>( \
      "direct").Attr<int64_t>("half").Attr<Longs>("sizes")

#pragma GCC visibility push(default)

XLA_FFI_DEFINE_HANDLER_SYMBOL(
    striate_conv_forward, conv_forward,
    ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Ret<F32>().Ret<U8>() STRIATE_GEOMETRY
        .Attr<int64_t>("relu"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(striate_conv_pack, conv_pack,
                              ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<F32>().Ret<F32>().Attr<int64_t>("half")
                                  .Attr<int64_t>("points"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(
    striate_conv_packed, conv_packed,
    ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<ffi::AnyBuffer>().Arg<F32>().Arg<F32>().Arg<ffi::AnyBuffer>()
        .Ret<ffi::AnyBuffer>().Ret<U8>() STRIATE_GEOMETRY
        .Attr<Longs>("taps").Attr<int64_t>("points").Attr<int64_t>("relu"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(
    striate_conv_input_gradient, conv_input_gradient,
    ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<F32>().Arg<F32>().Arg<U8>().Arg<F32>().Ret<F32>() STRIATE_GEOMETRY);

XLA_FFI_DEFINE_HANDLER_SYMBOL(
    striate_conv_kernel_gradient, conv_kernel_gradient,
    ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<U8>().Ret<F32>().Ret<F32>()
        STRIATE_GEOMETRY);

extern "C" const char* striate_isa() { return chosen().name; }

extern "C" int64_t striate_halves() { return chosen().half.sweep != nullptr; }

extern "C" int64_t striate_packed_floats(int64_t rows, int64_t cols, int64_t channels, int64_t features, int64_t half,
                                         int64_t points) {
  return packed_floats(chosen(), packable(rows, cols, channels, features, half, points));
}

// For answers of rows x cols pixels by a kernel that moves by single pixels.
extern "C" int64_t striate_points(int64_t rows, int64_t cols, int64_t kernel_rows, int64_t kernel_cols, int64_t channels,
                                  int64_t features) {
  Convolution conv = packable(kernel_rows, kernel_cols, channels, features, 0, 0);
  conv.out.rows = rows;
  conv.out.cols = cols;
  return points_for(conv);
}

#pragma GCC visibility pop

}  // namespace striate
