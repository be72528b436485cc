"""Which nodes each layer becomes: the table of all layers that ONNX can say."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import striate.layers as layers
from striate.formats.onnx import activations, arithmetic, shaping, windows
from striate.formats.onnx.building import Value
from striate.layers import Layer

Emitter = Callable[..., Value]
"""(builder, step, values) -> value: adds the nodes of one layer."""

EMITTERS: Mapping[type[Layer], Emitter] = {
    **dict.fromkeys((layers.Conv1D, layers.Conv2D), windows.conv),
    **dict.fromkeys((layers.DepthwiseConv1D, layers.DepthwiseConv2D), windows.depthwise),
    **dict.fromkeys((layers.SeparableConv1D, layers.SeparableConv2D), windows.separable),
    **dict.fromkeys((layers.Conv1DTranspose, layers.Conv2DTranspose), windows.transposed),
    **dict.fromkeys((layers.LocallyConnected1D, layers.LocallyConnected2D), windows.local),
    layers.PartialConv2D: windows.partial,
    **dict.fromkeys((layers.MaxPooling1D, layers.MaxPooling2D), windows.max_pool),
    **dict.fromkeys((layers.AveragePooling1D, layers.AveragePooling2D), windows.average_pool),
    **dict.fromkeys((layers.L2Pooling1D, layers.L2Pooling2D), windows.l2_pool),
    **dict.fromkeys((layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D), windows.global_max_pool),
    layers.GlobalAveragePooling1D: windows.global_average_pool,
    layers.GlobalAveragePooling2D: windows.global_average_pool,
    layers.Dense: arithmetic.dense,
    layers.BatchNormalization: arithmetic.batch_norm,
    layers.LocalResponseNormalization: arithmetic.local_response_norm,
    layers.Rescaling: arithmetic.rescaling,
    layers.Normalization: arithmetic.normalization,
    layers.RadialBasis: arithmetic.radial_basis,
    layers.Activation: activations.activation,
    layers.ReLU: activations.relu,
    layers.LeakyReLU: activations.leaky_relu,
    layers.ELU: activations.elu,
    layers.PReLU: activations.prelu,
    layers.ScaledTanh: activations.scaled_tanh,
    layers.Softmax: activations.softmax,
    **dict.fromkeys((layers.Dropout, layers.GaussianNoise, layers.Identity), shaping.identity),
    **dict.fromkeys((layers.SpatialDropout1D, layers.SpatialDropout2D), shaping.identity),
    layers.Flatten: shaping.flatten,
    layers.Reshape: shaping.reshape,
    layers.Permute: shaping.permute,
    layers.RepeatVector: shaping.repeat_vector,
    layers.Bias: shaping.bias,
    **dict.fromkeys((layers.ZeroPadding1D, layers.ZeroPadding2D), shaping.zero_padding),
    **dict.fromkeys((layers.Cropping1D, layers.Cropping2D), shaping.cropping),
    **dict.fromkeys((layers.UpSampling1D, layers.UpSampling2D), shaping.upsampling),
    **dict.fromkeys((layers.Add, layers.Subtract, layers.Multiply, layers.Average), shaping.merge),
    **dict.fromkeys((layers.Maximum, layers.Minimum), shaping.merge),
    layers.Concatenate: shaping.concatenate,
}
"""The nodes of every layer, by its class."""
