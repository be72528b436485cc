// The doors of batch normalization.
#include "doors.h"
#include "norm.h"

namespace striate {
namespace {

template <typename Buffer>
Normalization normalization(const Buffer& x, float epsilon, int64_t relu) {
  const long channels = x.dimensions().back();
  return {static_cast<long>(x.element_count()) / channels, channels, epsilon, relu != 0};
}

ffi::Error norm_forward(ffi::ThreadPool threads, F32 x, F32 gamma, F32 beta, Out32 y, Out32 mean, Out32 variance,
                        float epsilon, int64_t relu) {
  return guarded([&] {
    chosen().norm(pool_of(threads), normalization(x, epsilon, relu), x.typed_data(), gamma.typed_data(),
                  beta.typed_data(), {y->typed_data(), mean->typed_data(), variance->typed_data()});
  });
}

ffi::Error norm_gradient(ffi::ThreadPool threads, F32 dy, F32 dmean, F32 dvariance, F32 x, F32 gamma, F32 beta,
                         F32 mean, F32 variance, Out32 dx, Out32 dgamma, Out32 dbeta, float epsilon, int64_t relu) {
  return guarded([&] {
    const NormSaved saved{x.typed_data(), gamma.typed_data(), beta.typed_data(), mean.typed_data(),
                          variance.typed_data()};
    chosen().norm_gradient(pool_of(threads), normalization(x, epsilon, relu), saved,
                           {dy.typed_data(), dmean.typed_data(), dvariance.typed_data()},
                           {dx->typed_data(), dgamma->typed_data(), dbeta->typed_data()});
  });
}

}  // namespace

#pragma GCC visibility push(default)

XLA_FFI_DEFINE_HANDLER_SYMBOL(striate_norm_forward, norm_forward,
                              ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<F32>().Arg<F32>().Arg<F32>().Ret<F32>()
                                  .Ret<F32>().Ret<F32>().Attr<float>("epsilon").Attr<int64_t>("relu"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(striate_norm_gradient, norm_gradient,
                              ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>()
                                  .Arg<F32>().Arg<F32>().Arg<F32>().Arg<F32>().Ret<F32>().Ret<F32>().Ret<F32>()
                                  .Attr<float>("epsilon").Attr<int64_t>("relu"));

#pragma GCC visibility pop

}  // namespace striate
