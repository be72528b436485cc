// Sharing tasks between the threads of XLA's own pool.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>

#include "seats.h"
#include "sweep.h"

namespace striate {

// The calling thread works too, and waits only for helpers that have begun. A helper that the pool starts too late
// finds nothing to do, so a call can not wait for a thread that is itself waiting in another call.
//
// The caller goes from the first task onwards and helpers from the last one backwards until they meet. Tasks are in the
// order of the picture, so what a core has written is what it reads in the next call, from a cache of its own.
class SharedTasks {
 public:
  // `schedule` hands a function to some other thread; `helpers` says how many times to ask, the same at every call.
  template <typename Schedule>
  static void run(long tasks, long helpers, void (*body)(void*, long), void* context, Schedule&& schedule) {
    if (helpers <= 0 || tasks <= 1) {
      for (long i = 0; i < tasks; ++i) body(context, i);
      return;
    }
    auto shared = std::make_shared<SharedTasks>(tasks, body, context);
    for (long i = 0; i < helpers && i + 1 < tasks; ++i)
      if (!Seats<SharedTasks>::offer(shared, helpers)) schedule([shared, helpers] { stay(shared, helpers); });
    long first = 0;
    shared->work([&first] { return first++; });
    shared->wait();
  }

  SharedTasks(long tasks, void (*body)(void*, long), void* context)
      : tasks_(tasks), body_(body), context_(context), last_(tasks) {}

 private:
  // `next` says which task comes next in this thread's direction; there are as many as were claimed.
  template <typename Next>
  void work(const Next& next) noexcept {
    try {
      while (claimed_.fetch_add(1) < tasks_) body_(context_, next());
    } catch (...) {
      claimed_.store(tasks_);
      std::lock_guard<std::mutex> lock(mutex_);
      error_ = std::current_exception();
    }
  }

  // What a thread of the pool does: help, and wait a moment for the next who wants help.
  static void stay(std::shared_ptr<SharedTasks> shared, long helpers) {
    while (shared) {
      auto* seat = shared->help(helpers);
      shared = seat ? Seats<SharedTasks>::wait(seat) : nullptr;
    }
  }

  // The seat is taken before the caller hears that this thread is done, so that its next call finds somebody there.
  Seats<SharedTasks>::Seat* help(long helpers) {
    if (!(state_.fetch_add(1) & kClosed)) work([this] { return last_.fetch_sub(1) - 1; });
    auto* seat = Seats<SharedTasks>::take(helpers);
    if (state_.fetch_sub(1) == kClosed + 1) {
      std::lock_guard<std::mutex> lock(mutex_);
      idle_.notify_all();
    }
    return seat;
  }

  // A helper is done within the time of a task, mostly sooner than the system would wake this thread.
  void wait() {
    state_.fetch_or(kClosed);
    for (Patience patience; state_.load() != kClosed && patience.turn();) {}
    if (state_.load() != kClosed) {
      std::unique_lock<std::mutex> lock(mutex_);
      idle_.wait(lock, [this] { return state_.load() == kClosed; });
    }
    if (error_) std::rethrow_exception(error_);
  }

  static constexpr long kClosed = 1L << 40;

  const long tasks_;
  void (*const body_)(void*, long);
  void* const context_;
  std::atomic<long> claimed_{0}, last_;
  std::atomic<long> state_{0};  // helpers at work, and kClosed once the caller waits for them
  std::mutex mutex_;
  std::condition_variable idle_;
  std::exception_ptr error_;
};

}  // namespace striate
