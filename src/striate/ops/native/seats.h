// Where a thread of the pool waits awake, for a moment, for whoever next wants help.
//
// A pool that is asked for help wakes a sleeping thread even while another one is awake, and that makes three threads
// for two cores: the one that asks is then pushed aside for long moments, or off to the other core, away from what its
// caches hold. So helpers that are done take a seat, and the next call hands its work to who sits there.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>

namespace striate {

// Turns of a loop that waits: gently to the other half of the core, and giving way to whoever wants this one.
class Patience {
 public:
  // False once a moment has passed, which is longer than what lies between two kernels of a network.
  bool turn() {
    for (int i = 0; i < kPauses; ++i) pause();
    std::this_thread::yield();
    return std::chrono::steady_clock::now() - began_ < kMoment;
  }

 private:
  static void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  static constexpr int kPauses = 16;
  static constexpr std::chrono::microseconds kMoment{100};
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

// Seats for helpers with work of type T.
template <typename T>
class Seats {
 public:
  using Seat = std::atomic<uintptr_t>;

  // Hands work to somebody who sits on one of the first `count` seats; false if nobody does.
  static bool offer(const std::shared_ptr<T>& work, long count) {
    for (long i = 0; i < bounded(count); ++i) {
      Seat& seat = all()[static_cast<size_t>(i)];
      if (seat.load(std::memory_order_relaxed) != kWaiting) continue;
      auto parcel = std::make_unique<std::shared_ptr<T>>(work);
      uintptr_t expected = kWaiting;
      if (!seat.compare_exchange_strong(expected, reinterpret_cast<uintptr_t>(parcel.get()))) continue;
      parcel.release();
      return true;
    }
    return false;
  }

  // Takes one of the first `count` seats; null if all are taken.
  static Seat* take(long count) {
    for (long i = 0; i < bounded(count); ++i) {
      uintptr_t expected = kEmpty;
      if (all()[static_cast<size_t>(i)].compare_exchange_strong(expected, kWaiting)) return &all()[static_cast<size_t>(i)];
    }
    return nullptr;
  }

  // Waits for work, gives up the seat, and returns what was offered; null if nothing was.
  static std::shared_ptr<T> wait(Seat* seat) {
    Patience patience;
    while (seat->load(std::memory_order_relaxed) == kWaiting && patience.turn()) {}
    const uintptr_t found = seat->exchange(kEmpty);
    if (found == kWaiting) return nullptr;
    std::unique_ptr<std::shared_ptr<T>> parcel(reinterpret_cast<std::shared_ptr<T>*>(found));
    return *parcel;
  }

 private:
  static constexpr uintptr_t kEmpty = 0, kWaiting = 1;
  static constexpr long kMost = 64;

  static long bounded(long count) { return count < kMost ? count : kMost; }

  static std::array<Seat, kMost>& all() {
    static std::array<Seat, kMost> seats{};
    return seats;
  }
};

}  // namespace striate
