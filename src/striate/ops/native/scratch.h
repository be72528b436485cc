// Memory that outlives a call: fresh pages cost more than many a kernel, so each thread keeps what it once needed.
#pragma once

namespace striate {

enum Scratch : int {
  kRows, kTileOut, kPacked, kPartial, kPixels, kKernelValues, kInputValues, kProducts, kHalfValues, kScratchCount
};

// At least `floats` floats, aligned to 64 bytes, contents undefined, valid until the same thread asks again for `kind`.
float* scratch(Scratch kind, long floats);

}  // namespace striate
