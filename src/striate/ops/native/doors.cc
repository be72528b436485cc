#include "doors.h"

#include <cstdlib>

#include "pool.h"

namespace striate {
namespace {

// STRIATE_THREADS, else OMP_NUM_THREADS, caps the threads of a call; the pool itself is XLA's.
long thread_limit() {
  static const long limit = [] {
    for (const char* name : {"STRIATE_THREADS", "OMP_NUM_THREADS"})
      if (const char* text = std::getenv(name))
        if (const long n = std::atol(text); n > 0) return n;
    return 1L << 20;
  }();
  return limit;
}

void run_on_xla(void* state, long tasks, void (*body)(void*, long), void* context) {
  auto& threads = *static_cast<ffi::ThreadPool*>(state);
  const long most = std::min<long>(threads.num_threads(), thread_limit());
  SharedTasks::run(tasks, most - 1, body, context, [&](auto&& task) { threads.Schedule(std::move(task)); });
}

}  // namespace

const Kernels& chosen() {
  static const Kernels* table = [] {
    const char* name = std::getenv("STRIATE_ISA");
    const Kernels* named = name ? kernels_named(name) : nullptr;
    return named ? named : &kernels();
  }();
  return *table;
}

Pool pool_of(ffi::ThreadPool& threads) { return {&threads, run_on_xla}; }

}  // namespace striate
