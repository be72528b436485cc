// Memory that outlives a call: fresh pages cost more than many a kernel, so what was once needed is kept.
#pragma once

namespace striate {

// The first kinds are wanted by whoever calls a kernel, once a call, and can be large: threads take turns with them.
// The others are wanted by every thread that works, and are its own.
enum Scratch : int {
  kPacked, kPartial, kKernelValues,
  kRows, kTileOut, kPixels, kInputValues, kProducts, kHalfValues,
  kScratchCount
};
constexpr int kLentKinds = kKernelValues + 1;

// At least `floats` floats, aligned to 64 bytes, contents undefined, valid until the same thread asks again for `kind`
// or, for the kinds that are lent, gives them back.
float* scratch(Scratch kind, long floats);

// The end of a call: others may have what this thread was lent.
void give_back_scratch();

}  // namespace striate
