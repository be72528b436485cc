"""The table of all layers: what files may name, and rows of examples over which every contract is tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from striate.layers._base import Layer, Shape
from striate.layers.activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from striate.layers.convolution import Conv1D, Conv2D
from striate.layers.dense import Dense
from striate.layers.depthwise import DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D
from striate.layers.elementwise import Bias, ScaledTanh
from striate.layers.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
)
from striate.layers.initializers import HeNormal
from striate.layers.local import LocallyConnected1D, LocallyConnected2D
from striate.layers.margins import Cropping1D, Cropping2D, ZeroPadding1D, ZeroPadding2D
from striate.layers.merging import Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract
from striate.layers.normalization import BatchNormalization, LocalResponseNormalization
from striate.layers.partial import PartialConv2D
from striate.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    L2Pooling1D,
    L2Pooling2D,
    MaxPooling1D,
    MaxPooling2D,
)
from striate.layers.preprocessing import Normalization, Rescaling
from striate.layers.radial_basis import RadialBasis
from striate.layers.regularization import Dropout, GaussianNoise, SpatialDropout1D, SpatialDropout2D
from striate.layers.regularizers import L1L2
from striate.layers.reshaping import Flatten, Identity, Permute, RepeatVector, Reshape
from striate.layers.transposed import Conv1DTranspose, Conv2DTranspose
from striate.layers.upsampling import UpSampling1D, UpSampling2D


@dataclass(frozen=True)
class Row:
    """An example of a layer.

    Args:
        kind: its class.
        inputs: shapes it is put behind.
        arguments: what it is made with.
    """

    kind: type[Layer]
    inputs: tuple[Shape, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def make(self) -> Layer:
        """The layer."""
        return self.kind(**self.arguments)


def _rows(kind: type[Layer], shape: Shape, *options: Mapping[str, Any]) -> tuple[Row, ...]:
    """Rows for one input shape, one for each set of arguments."""
    return tuple(Row(kind, (shape,), arguments) for arguments in options)


_ROW, _IMAGE, _PAIR = (7, 4), (6, 5, 4), ((3, 2, 4), (3, 2, 4))
_C = {"filters": 4, "kernel_size": 3}
_K = {"kernel_size": 3}
_SOME = ((0, 1), (1, 2, 3), (3,))

ROWS: tuple[Row, ...] = (
    *_rows(Conv1D, _ROW, _C, {**_C, "strides": 2, "padding": "same"}),
    *_rows(Conv1D, _ROW, {**_C, "padding": "causal", "dilation_rate": 2}, {**_C, "groups": 2, "padding": 1}),
    *_rows(Conv2D, _IMAGE, _C, {**_C, "strides": 2, "padding": "same", "activation": "relu"}),
    *_rows(Conv2D, _IMAGE, {**_C, "dilation_rate": 2, "use_bias": False}, {**_C, "groups": 2}),
    *_rows(Conv2D, _IMAGE, {**_C, "padding": ((1, 2), (0, 1)), "strides": (1, 2)}),
    *_rows(Conv2D, _IMAGE, {**_C, "kernel_initializer": HeNormal(3), "kernel_regularizer": L1L2(0.1, 0.2)}),
    *_rows(DepthwiseConv1D, _ROW, _K, {**_K, "depth_multiplier": 2, "padding": "same"}),
    *_rows(DepthwiseConv2D, _IMAGE, _K, {**_K, "depth_multiplier": 2, "strides": 2, "padding": "same"}),
    *_rows(DepthwiseConv2D, _IMAGE, {**_K, "dilation_rate": 2, "activation": "tanh", "use_bias": False}),
    *_rows(SeparableConv1D, _ROW, _C, {**_C, "strides": 2, "padding": "same"}),
    *_rows(
        SeparableConv2D, _IMAGE, _C, {**_C, "depth_multiplier": 2, "padding": "same", "activation": "elu"}
    ),
    *_rows(Conv1DTranspose, _ROW, _C, {**_C, "strides": 2, "padding": "same"}),
    *_rows(Conv2DTranspose, _IMAGE, _C, {**_C, "strides": 2, "padding": "same", "activation": "relu"}),
    *_rows(Conv2DTranspose, _IMAGE, {**_C, "strides": 3, "output_padding": 1, "use_bias": False}),
    *_rows(Conv2DTranspose, _IMAGE, {**_C, "dilation_rate": 2, "padding": 1}),
    *_rows(LocallyConnected1D, _ROW, _C, {**_C, "strides": 2, "padding": "same"}),
    *_rows(LocallyConnected2D, _IMAGE, _C, {**_C, "strides": 2, "activation": "relu", "use_bias": False}),
    *_rows(PartialConv2D, _IMAGE, {"connections": _SOME, **_K}),
    *_rows(
        PartialConv2D, _IMAGE, {"connections": _SOME, **_K, "strides": 2, "padding": 1, "activation": "tanh"}
    ),
    *_rows(Dense, (12,), {"units": 3}, {"units": 3, "activation": "softmax", "use_bias": False}),
    *_rows(Dense, _IMAGE, {"units": 3, "activation": "gelu"}),
    *_rows(MaxPooling1D, _ROW, {}, {"pool_size": 3, "strides": 2, "padding": "same"}),
    *_rows(AveragePooling1D, _ROW, {}, {"pool_size": 3, "strides": 2, "padding": "same"}),
    *_rows(L2Pooling1D, _ROW, {}, {"edges": "keep"}),
    *_rows(MaxPooling2D, _IMAGE, {}, {"pool_size": 3, "strides": 2, "padding": "same"}, {"edges": "keep"}),
    *_rows(AveragePooling2D, _IMAGE, {}, {"pool_size": 3, "strides": 1, "padding": 1}, {"edges": "keep"}),
    *_rows(L2Pooling2D, _IMAGE, {}, {"pool_size": (3, 2), "padding": "same"}, {"edges": "keep"}),
    *_rows(GlobalMaxPooling1D, _ROW, {}, {"keepdims": True}),
    *_rows(GlobalAveragePooling1D, _ROW, {}, {"keepdims": True}),
    *_rows(GlobalMaxPooling2D, _IMAGE, {}, {"keepdims": True}),
    *_rows(GlobalAveragePooling2D, _IMAGE, {}, {"keepdims": True}),
    *_rows(Flatten, _IMAGE, {}),
    *_rows(Reshape, _IMAGE, {"target_shape": (5, 24)}, {"target_shape": (2, -1)}),
    *_rows(Permute, _IMAGE, {"dims": (3, 1, 2)}),
    *_rows(RepeatVector, (4,), {"n": 3}),
    *_rows(Identity, _IMAGE, {}),
    *_rows(ZeroPadding1D, _ROW, {}, {"padding": (1, 2)}),
    *_rows(ZeroPadding2D, _IMAGE, {}, {"padding": (1, 2)}, {"padding": ((0, 1), (2, 3))}),
    *_rows(Cropping1D, _ROW, {}, {"cropping": (1, 2)}),
    *_rows(Cropping2D, _IMAGE, {}, {"cropping": (1, 2)}, {"cropping": ((0, 1), (2, 1))}),
    *_rows(UpSampling1D, _ROW, {}, {"size": 3}),
    *_rows(UpSampling2D, _IMAGE, {}, {"size": (2, 3)}, {"size": (2, 3), "interpolation": "bilinear"}),
    *_rows(BatchNormalization, _IMAGE, {}, {"axis": 1, "momentum": 0.5, "epsilon": 1e-2}),
    *_rows(BatchNormalization, _ROW, {"center": False, "scale": False}, {"gamma_regularizer": "l2"}),
    *_rows(LocalResponseNormalization, _IMAGE, {}, {"size": 3, "alpha": 0.1, "beta": 0.5, "k": 1}),
    *_rows(Dropout, _IMAGE, {"rate": 0.5}, {"rate": 0.25, "noise_shape": (None, 1, 5, None), "seed": 3}),
    *_rows(SpatialDropout1D, _ROW, {"rate": 0.5}),
    *_rows(SpatialDropout2D, _IMAGE, {"rate": 0.5}),
    *_rows(GaussianNoise, _IMAGE, {"stddev": 0.1}),
    *_rows(Activation, _IMAGE, {"activation": "relu"}, {"activation": "sigmoid"}, {"activation": "linear"}),
    *_rows(ReLU, _IMAGE, {}, {"max_value": 1, "negative_slope": 0.1, "threshold": 0.2}),
    *_rows(LeakyReLU, _IMAGE, {}, {"negative_slope": 0.1}),
    *_rows(ELU, _IMAGE, {}, {"alpha": 0.5}),
    *_rows(PReLU, _IMAGE, {"alpha_initializer": HeNormal()}, {"shared_axes": (1, 2)}),
    *_rows(ScaledTanh, _IMAGE, {}, {"amplitude": 2, "slope": 0.5}),
    *_rows(Softmax, _IMAGE, {}, {"axis": 1}),
    *_rows(Bias, _IMAGE, {}, {"bias_initializer": HeNormal(3), "bias_regularizer": "l2"}),
    *_rows(RadialBasis, (84,), {"units": 3}, {"units": 10, "codes": "digits"}),
    *(Row(kind, _PAIR) for kind in (Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate)),
    *(Row(kind, (*_PAIR, (1, 1, 4))) for kind in (Add, Multiply, Average, Maximum)),
    Row(Concatenate, ((3, 2, 4), (1, 2, 4), (2, 2, 4)), {"axis": 1}),
    *_rows(Rescaling, _IMAGE, {"scale": 0.5}, {"scale": (1, 2, 3, 4), "offset": -1}),
    *_rows(Normalization, _IMAGE, {"mean": (1, 2, 3, 4), "variance": (4, 3, 2, 1)}),
    *_rows(Normalization, _IMAGE, {"axis": None, "mean": 0.5, "variance": 2, "invert": True}),
)
"""Examples of every layer, several for those with options."""

LAYERS: Mapping[str, type[Layer]] = {row.kind.__name__: row.kind for row in ROWS}
"""Every layer by the name of its class: all that a file may name."""
