"""Layers: frozen values that know their shapes, their weights and their arithmetic."""

from striate.layers import initializers, regularizers
from striate.layers._base import Layer, Result, Shape, Weight, Window
from striate.layers.convolution import Conv1D, Conv2D
from striate.layers.dense import Dense
from striate.layers.pooling import MaxPooling2D
from striate.layers.reshaping import Flatten

__all__ = [
    "Conv1D",
    "Conv2D",
    "Dense",
    "Flatten",
    "Layer",
    "MaxPooling2D",
    "Result",
    "Shape",
    "Weight",
    "Window",
    "initializers",
    "regularizers",
]
