// Sharing tasks between the threads of XLA's own pool.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>

#include "sweep.h"

namespace striate {

// The calling thread works too, and waits only for helpers that have begun. A helper that the pool starts too late
// finds nothing to do, so a call can not wait for a thread that is itself waiting in another call.
class SharedTasks {
 public:
  // `schedule` hands a function to some other thread; `helpers` says how many times to ask.
  template <typename Schedule>
  static void run(long tasks, long helpers, void (*body)(void*, long), void* context, Schedule&& schedule) {
    if (helpers <= 0 || tasks <= 1) {
      for (long i = 0; i < tasks; ++i) body(context, i);
      return;
    }
    auto shared = std::make_shared<SharedTasks>(tasks, body, context);
    for (long i = 0; i < helpers && i + 1 < tasks; ++i) schedule([shared] { shared->help(); });
    shared->work();
    shared->wait();
  }

  SharedTasks(long tasks, void (*body)(void*, long), void* context) : tasks_(tasks), body_(body), context_(context) {}

 private:
  void work() noexcept {
    try {
      for (long i; (i = next_.fetch_add(1)) < tasks_;) body_(context_, i);
    } catch (...) {
      next_.store(tasks_);
      std::lock_guard<std::mutex> lock(mutex_);
      error_ = std::current_exception();
    }
  }

  void help() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (closed_) return;
      ++busy_;
    }
    work();
    std::lock_guard<std::mutex> lock(mutex_);
    if (--busy_ == 0) idle_.notify_all();
  }

  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    closed_ = true;
    idle_.wait(lock, [this] { return busy_ == 0; });
    if (error_) std::rethrow_exception(error_);
  }

  const long tasks_;
  void (*const body_)(void*, long);
  void* const context_;
  std::atomic<long> next_{0};
  std::mutex mutex_;
  std::condition_variable idle_;
  long busy_ = 0;
  bool closed_ = false;
  std::exception_ptr error_;
};

}  // namespace striate
