// The doors of pooling.
#include "doors.h"
#include "windows.h"

namespace striate {
namespace {

struct Options {
  Longs size, strides, padding;
};

// `in` is an array of the picture's shape, `out` one with a number a window.
template <typename In, typename Out>
Pooling pooling(const In& in, const Out& out, const Options& o) {
  return {shape_of(in), shape_of(out), o.size[0], o.size[1], o.strides[0], o.strides[1], o.padding[0], o.padding[1]};
}

ffi::Error pool_max(ffi::ThreadPool threads, F32 x, Out32 y, Out8 place, Longs size, Longs strides, Longs padding) {
  return guarded([&] {
    chosen().pool_max(pool_of(threads), pooling(x, *y, {size, strides, padding}), x.typed_data(), y->typed_data(),
                      some(*place));
  });
}

ffi::Error pool_max_gradient(ffi::ThreadPool threads, U8 place, F32 dy, Out32 dx, Longs size, Longs strides, Longs padding) {
  return guarded([&] {
    chosen().pool_max_gradient(pool_of(threads), pooling(*dx, dy, {size, strides, padding}), dy.typed_data(),
                               place.typed_data(), dx->typed_data());
  });
}

ffi::Error pool_sum(ffi::ThreadPool threads, F32 x, Out32 y, Longs size, Longs strides, Longs padding) {
  return guarded([&] {
    chosen().pool_sum(pool_of(threads), pooling(x, *y, {size, strides, padding}), x.typed_data(), y->typed_data());
  });
}

ffi::Error pool_sum_gradient(ffi::ThreadPool threads, F32 dy, Out32 dx, Longs size, Longs strides, Longs padding) {
  return guarded([&] {
    chosen().pool_sum_gradient(pool_of(threads), pooling(*dx, dy, {size, strides, padding}), dy.typed_data(),
                               dx->typed_data());
  });
}

}  // namespace

#pragma GCC visibility push(default)

#define STRIATE_WINDOWS Attr<Longs>("size").Attr<Longs>("strides").Attr<Longs>("padding")

XLA_FFI_DEFINE_HANDLER_SYMBOL(striate_pool_max, pool_max,
                              ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<F32>().Ret<F32>().Ret<U8>()
                                  .STRIATE_WINDOWS);

XLA_FFI_DEFINE_HANDLER_SYMBOL(striate_pool_max_gradient, pool_max_gradient,
                              ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<U8>().Arg<F32>().Ret<F32>().STRIATE_WINDOWS);

XLA_FFI_DEFINE_HANDLER_SYMBOL(striate_pool_sum, pool_sum,
                              ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<F32>().Ret<F32>().STRIATE_WINDOWS);

XLA_FFI_DEFINE_HANDLER_SYMBOL(striate_pool_sum_gradient, pool_sum_gradient,
                              ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<F32>().Ret<F32>().STRIATE_WINDOWS);

#undef STRIATE_WINDOWS
#pragma GCC visibility pop

}  // namespace striate
