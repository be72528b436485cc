#include "scratch.h"

#include <cstdlib>
#include <new>

namespace striate {
namespace {

struct Block {
  float* data = nullptr;
  long floats = 0;
  ~Block() { std::free(data); }
};

thread_local Block blocks[kScratchCount];

}  // namespace

float* scratch(Scratch kind, long floats) {
  Block& block = blocks[kind];
  if (floats <= block.floats) return block.data;
  std::free(block.data);
  block.floats = (floats + floats / 4 + 63) / 64 * 64;
  block.data = static_cast<float*>(std::aligned_alloc(64, block.floats * sizeof(float)));
  if (!block.data) throw std::bad_alloc();
  return block.data;
}

}  // namespace striate
