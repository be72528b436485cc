// The table of the instruction set this file is compiled for.
#include "kernels.h"
#include "simd.h"

namespace striate {
namespace STRIATE_ISA {

void run_sweep(const Pool&, const Sweep&, const Incoming&, const Weights&, const Output&);
long sweep_packed_floats(const Sweep&);
void run_pack(const Pool&, const Sweep&, const Weights&, float*);
void run_kernel_gradient(const Pool&, const Sweep&, const float*, const Incoming&, float*, float*);
void run_depthwise(const Pool&, const Convolution&, const float*, const float*, const Output&);
void run_depthwise_input(const Pool&, const Convolution&, const float*, const float*, float*);
void run_depthwise_kernel(const Pool&, const Convolution&, const float*, const float*, float*, float*);
void run_thin_input(const Pool&, const Convolution&, const Incoming&, const float*, float*);
void run_norm(const Pool&, const Normalization&, const float*, const float*, const float*, const NormOutput&);
void run_norm_gradient(const Pool&, const Normalization&, const NormSaved&, const NormIncoming&, const NormGradients&);
void run_pool_max(const Pool&, const Pooling&, const float*, float*, uint8_t*);
void run_pool_max_gradient(const Pool&, const Pooling&, const float*, const uint8_t*, float*);
void run_pool_sum(const Pool&, const Pooling&, const float*, float*);
void run_pool_sum_gradient(const Pool&, const Pooling&, const float*, float*);

#define STRIATE_TEXT(x) #x
#define STRIATE_NAME(x) STRIATE_TEXT(x)
extern const Kernels table;
const Kernels table = {STRIATE_NAME(STRIATE_ISA),
                       {sweep_packed_floats, run_pack, run_sweep, run_kernel_gradient},
                       {},
                       run_depthwise,
                       run_depthwise_input,
                       run_depthwise_kernel,
                       run_thin_input,
                       run_norm,
                       run_norm_gradient,
                       run_pool_max,
                       run_pool_max_gradient,
                       run_pool_sum,
                       run_pool_sum_gradient};

}  // namespace STRIATE_ISA
}  // namespace striate
