"""Layers: frozen values that know their shapes, their weights and their arithmetic."""

from striate.layers import initializers, regularizers
from striate.layers._base import Layer, Result, Sees, Shape, Weight, Window
from striate.layers._config import from_config, to_config
from striate.layers._input import Input
from striate.layers.activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from striate.layers.convolution import (
    Conv1D,
    Conv2D,
    Convolution1D,
    Convolution2D,
)
from striate.layers.dense import Dense
from striate.layers.depthwise import DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D
from striate.layers.elementwise import Bias, ScaledTanh
from striate.layers.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
)
from striate.layers.local import LocallyConnected1D, LocallyConnected2D
from striate.layers.margins import Cropping1D, Cropping2D, ZeroPadding1D, ZeroPadding2D
from striate.layers.merging import Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract
from striate.layers.normalization import BatchNormalization, LocalResponseNormalization
from striate.layers.partial import PartialConv2D
from striate.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AvgPool1D,
    AvgPool2D,
    L2Pooling1D,
    L2Pooling2D,
    MaxPool1D,
    MaxPool2D,
    MaxPooling1D,
    MaxPooling2D,
)
from striate.layers.preprocessing import Normalization, Rescaling
from striate.layers.radial_basis import RadialBasis
from striate.layers.regularization import Dropout, GaussianNoise, SpatialDropout1D, SpatialDropout2D
from striate.layers.reshaping import Flatten, Identity, Permute, RepeatVector, Reshape
from striate.layers.transposed import Conv1DTranspose, Conv2DTranspose
from striate.layers.upsampling import UpSampling1D, UpSampling2D

__all__ = [
    "ELU",
    "Activation",
    "Add",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNormalization",
    "Bias",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Convolution1D",
    "Convolution2D",
    "Cropping1D",
    "Cropping2D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dropout",
    "Flatten",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "Identity",
    "Input",
    "L2Pooling1D",
    "L2Pooling2D",
    "Layer",
    "LeakyReLU",
    "LocalResponseNormalization",
    "LocallyConnected1D",
    "LocallyConnected2D",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPooling1D",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "PartialConv2D",
    "Permute",
    "RadialBasis",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Result",
    "ScaledTanh",
    "Sees",
    "SeparableConv1D",
    "SeparableConv2D",
    "Shape",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "Subtract",
    "UpSampling1D",
    "UpSampling2D",
    "Weight",
    "Window",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "from_config",
    "initializers",
    "regularizers",
    "to_config",
]
