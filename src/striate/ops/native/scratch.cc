#include "scratch.h"

#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace striate {
namespace {

struct Block {
  float* data = nullptr;
  long floats = 0;

  Block() = default;
  Block(Block&& other) noexcept : data(std::exchange(other.data, nullptr)), floats(std::exchange(other.floats, 0)) {}
  Block& operator=(Block&& other) noexcept {
    std::swap(data, other.data);
    std::swap(floats, other.floats);
    return *this;
  }
  ~Block() { std::free(data); }
};

thread_local Block blocks[kScratchCount];

// Blocks that nobody uses: as many of a kind as were ever lent at once.
struct Store {
  std::mutex mutex;
  std::vector<Block> blocks[kLentKinds];
};

// Never destroyed: a thread of XLA's may outlive everything else.
Store& store() {
  static Store* const all = new Store;
  return *all;
}

void borrow(Block& block, int kind) {
  Store& from = store();
  std::lock_guard<std::mutex> lock(from.mutex);
  if (from.blocks[kind].empty()) return;
  block = std::move(from.blocks[kind].back());
  from.blocks[kind].pop_back();
}

}  // namespace

float* scratch(Scratch kind, long floats) {
  Block& block = blocks[kind];
  if (!block.data && kind < kLentKinds) borrow(block, kind);
  if (floats <= block.floats) return block.data;
  std::free(std::exchange(block.data, nullptr));
  block.floats = (floats + floats / 4 + 63) / 64 * 64;
  block.data = static_cast<float*>(std::aligned_alloc(64, block.floats * sizeof(float)));
  if (block.data) return block.data;
  block.floats = 0;
  throw std::bad_alloc();
}

void give_back_scratch() {
  Store& to = store();
  std::lock_guard<std::mutex> lock(to.mutex);
  for (int kind = 0; kind < kLentKinds; ++kind)
    if (blocks[kind].data) to.blocks[kind].push_back(std::move(blocks[kind]));
}

}  // namespace striate
