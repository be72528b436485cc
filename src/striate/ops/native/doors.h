// What every door for XLA needs: the kernels in use, XLA's threads, and errors that do not cross the border.
#pragma once

#include <exception>
#include <string>

#include "kernels.h"
#include "scratch.h"
#include "xla/ffi/api/ffi.h"

namespace striate {

namespace ffi = xla::ffi;
using F32 = ffi::Buffer<ffi::F32>;
using U8 = ffi::Buffer<ffi::U8>;
using Out32 = ffi::ResultBuffer<ffi::F32>;
using Out8 = ffi::ResultBuffer<ffi::U8>;
using Longs = ffi::Span<const int64_t>;

// The table of kernels in use: the best of this machine, or the one STRIATE_ISA names.
const Kernels& chosen();

// Shares tasks between XLA's threads, as many as STRIATE_THREADS or OMP_NUM_THREADS allow.
Pool pool_of(ffi::ThreadPool& threads);

// The data of a buffer; null for an empty one, which stands for "there is none".
template <typename Buffer>
auto some(Buffer& buffer) {
  return buffer.element_count() ? buffer.typed_data() : nullptr;
}

// The data of a buffer of numbers of this kind; null where it is empty or of others.
template <typename T>
T* numbers(ffi::AnyBuffer& buffer) {
  const auto kind = sizeof(T) == 4 ? ffi::DataType::F32 : ffi::DataType::BF16;
  return buffer.element_count() && buffer.element_type() == kind ? reinterpret_cast<T*>(buffer.untyped_data()) : nullptr;
}

template <typename Buffer>
Shape shape_of(const Buffer& buffer) {
  const auto d = buffer.dimensions();
  return {d[0], d[1], d[2], d[3]};
}

struct GiveBack {
  ~GiveBack() { give_back_scratch(); }
};

template <typename F>
ffi::Error guarded(const F& body) {
  const GiveBack at_the_end;
  try {
    body();
    return ffi::Error::Success();
  } catch (const std::exception& error) {
    return ffi::Error::Internal(std::string("striate: ") + error.what());
  }
}

}  // namespace striate
