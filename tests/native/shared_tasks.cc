// Sharing tasks between threads, for the thread sanitizer: every task runs once, whoever comes late finds nothing, helpers
// stay for the next call, and an error reaches the caller.
#include "pool.h"

#include <cstdio>
#include <thread>
#include <vector>

using namespace striate;

namespace {

struct Threads {
  std::vector<std::thread> all;
  ~Threads() {
    for (std::thread& thread : all) thread.join();
  }
};

void share(Threads& threads, long tasks, long helpers, void (*body)(void*, long), void* context) {
  SharedTasks::run(tasks, helpers, body, context, [&](auto&& task) { threads.all.emplace_back(std::move(task)); });
}

bool every_task_once(long tasks, long helpers) {
  Threads threads;
  std::vector<long> seen(static_cast<size_t>(tasks));
  share(threads, tasks, helpers, [](void* context, long task) { ++static_cast<long*>(context)[task]; }, seen.data());
  for (const long times : seen)
    if (times != 1) return false;
  return true;
}

// Calls that follow each other find the helpers of the one before still awake.
bool helpers_stay(long calls, long helpers) {
  Threads threads;
  std::vector<long> seen(16);
  for (long call = 0; call < calls; ++call)
    share(threads, 16, helpers, [](void* context, long task) { ++static_cast<long*>(context)[task]; }, seen.data());
  for (const long times : seen)
    if (times != calls) return false;
  return threads.all.size() < static_cast<size_t>(calls * helpers);
}

bool error_arrives(long tasks, long helpers) {
  Threads threads;
  try {
    share(threads, tasks, helpers, [](void*, long task) { if (task % 5 == 4) throw task; }, nullptr);
  } catch (const long) {
    return true;
  }
  return tasks < 5;
}

}  // namespace

int main() {
  for (long turn = 0; turn < 2000; ++turn) {
    const long tasks = turn % 37, helpers = turn % 4;
    if (every_task_once(tasks, helpers) && error_arrives(tasks, helpers)) continue;
    std::printf("%ld tasks, %ld helpers: wrong\n", tasks, helpers);
    return 1;
  }
  if (!helpers_stay(500, 1) || !helpers_stay(500, 3)) return 1;
  std::printf("fine\n");
}
