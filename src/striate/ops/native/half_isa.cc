// The kernels on numbers of sixteen bits of the instruction set this file is compiled for.
#include "kernels.h"
#include "simd.h"

namespace striate {
namespace STRIATE_ISA {

void run_half_sweep(const Pool&, const Sweep&, const Incoming&, const Weights&, const Output&);
void run_half_gradient(const Pool&, const Sweep&, const float*, const Incoming&, float*, float*);
long half_packed_floats(const Sweep&);
void run_half_pack(const Pool&, const Sweep&, const Weights&, float*);

extern const Products table;
const Products table = {half_packed_floats, run_half_pack, run_half_sweep, run_half_gradient};

}  // namespace STRIATE_ISA
}  // namespace striate
