"""Pure functions on arrays, channels last, with their own gradients."""

from striate.ops._native import takes_halves
from striate.ops._norm_native import normalize_batch
from striate.ops._packed import PackedKernel, pack_kernel
from striate.ops._ways import PRECISIONS, half, precision_problem, products_of, sums_in_order
from striate.ops.activations import (
    ACTIVATIONS,
    elu,
    exponential,
    gelu,
    hard_sigmoid,
    hard_silu,
    leaky_relu,
    linear,
    log_softmax,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    tanh,
)
from striate.ops.convolution import conv1d, conv2d, depthwise_conv1d, depthwise_conv2d
from striate.ops.dense import dense
from striate.ops.fused import conv2d_block, conv2d_onto
from striate.ops.geometry import (
    Padding,
    Pads,
    output_size,
    reach,
    resolve_padding,
    resolve_transposed_padding,
    transposed_output_size,
)
from striate.ops.local import locally_connected2d
from striate.ops.losses import (
    binary_crossentropy,
    categorical_crossentropy,
    huber,
    mean_absolute_error,
    mean_squared_error,
    poisson,
    sparse_categorical_crossentropy,
)
from striate.ops.normalization import batch_moments, batch_norm, local_response_norm
from striate.ops.pooling import average_pool, global_average_pool, global_max_pool, l2_pool, max_pool
from striate.ops.random import dropout
from striate.ops.transposed import conv1d_transpose, conv2d_transpose

__all__ = [
    "ACTIVATIONS",
    "PRECISIONS",
    "PackedKernel",
    "Padding",
    "Pads",
    "average_pool",
    "batch_moments",
    "batch_norm",
    "binary_crossentropy",
    "categorical_crossentropy",
    "conv1d",
    "conv1d_transpose",
    "conv2d",
    "conv2d_block",
    "conv2d_onto",
    "conv2d_transpose",
    "dense",
    "depthwise_conv1d",
    "depthwise_conv2d",
    "dropout",
    "elu",
    "exponential",
    "gelu",
    "global_average_pool",
    "global_max_pool",
    "half",
    "hard_sigmoid",
    "hard_silu",
    "huber",
    "l2_pool",
    "leaky_relu",
    "linear",
    "local_response_norm",
    "locally_connected2d",
    "log_softmax",
    "max_pool",
    "mean_absolute_error",
    "mean_squared_error",
    "mish",
    "normalize_batch",
    "output_size",
    "pack_kernel",
    "poisson",
    "precision_problem",
    "products_of",
    "reach",
    "relu",
    "relu6",
    "resolve_padding",
    "resolve_transposed_padding",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "sparse_categorical_crossentropy",
    "sums_in_order",
    "takes_halves",
    "tanh",
    "transposed_output_size",
]
