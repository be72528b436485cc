"""Captum's side of test_captum.py: the same weights in PyTorch, and what each method says.

Called with the path of the given arrays, the path for the answers, and the name of the network. Weights come
by our names in our layouts; pictures come channels last.
"""

import sys

import numpy as np
import torch
from captum.attr import (
    Deconvolution,
    GuidedBackprop,
    InputXGradient,
    IntegratedGradients,
    LayerGradCam,
    Occlusion,
    Saliency,
)
from torch import nn

RULES = {
    "gauss-legendre": "gausslegendre",
    "trapezoid": "riemann_trapezoid",
    "midpoint": "riemann_middle",
    "left": "riemann_left",
    "right": "riemann_right",
}


class Plain(nn.Module):
    """Two blocks of convolutions and a pooling each, then dense layers; a relu of its own everywhere."""

    def __init__(self, weights):
        super().__init__()
        self.conv1, self.conv2 = conv(weights, "conv1", padding=1), conv(weights, "conv2", padding=1)
        self.conv3, self.conv4 = conv(weights, "conv3", padding=1), conv(weights, "conv4", padding=1)
        self.dense1, self.dense2 = dense(weights, "dense1"), dense(weights, "dense2")
        self.relus, self.pool = nn.ModuleList(nn.ReLU() for _ in range(5)), nn.MaxPool2d(2)
        self.map = self.relus[3]

    def forward(self, x):
        x = self.pool(self.relus[1](self.conv2(self.relus[0](self.conv1(x)))))
        x = self.relus[3](self.conv4(self.relus[2](self.conv3(x))))
        x = self.pool(x).permute(0, 2, 3, 1).flatten(1)  # our order of features
        return self.dense2(self.relus[4](self.dense1(x)))


class Residual(nn.Module):
    """A stem, two residual blocks with batch norm (one of them projecting, stride 2), a global average."""

    def __init__(self, weights):
        super().__init__()
        self.stem, self.stem_norm = conv(weights, "stem", padding=1), norm(weights, "stem_norm")
        for block, stride in (("a", 1), ("b", 2)):
            for index in (1, 2):
                how = {"padding": 1, "stride": stride if index == 1 else 1}
                setattr(self, f"{block}{index}", conv(weights, f"{block}{index}", **how))
                setattr(self, f"{block}{index}_norm", norm(weights, f"{block}{index}_norm"))
        self.short, self.short_norm = conv(weights, "short", stride=2), norm(weights, "short_norm")
        self.relus, self.head = nn.ModuleList(nn.ReLU() for _ in range(5)), dense(weights, "head")
        self.map = self.relus[4]

    def forward(self, x):
        x = self.relus[0](self.stem_norm(self.stem(x)))
        y = self.a2_norm(self.a2(self.relus[1](self.a1_norm(self.a1(x)))))
        x = self.relus[2](x + y)
        y = self.b2_norm(self.b2(self.relus[3](self.b1_norm(self.b1(x)))))
        x = self.relus[4](self.short_norm(self.short(x)) + y)
        return self.head(x.mean((2, 3)))


def conv(weights, name, **how):
    kernel = weights[f"params/{name}/kernel"]
    layer = nn.Conv2d(kernel.shape[2], kernel.shape[3], kernel.shape[:2], **how)
    return filled(layer, kernel.transpose(3, 2, 0, 1), weights[f"params/{name}/bias"])


def dense(weights, name):
    kernel = weights[f"params/{name}/kernel"]
    return filled(nn.Linear(*kernel.shape), kernel.T, weights[f"params/{name}/bias"])


def norm(weights, name):
    layer = nn.BatchNorm2d(len(weights[f"params/{name}/gamma"]), eps=1e-3)
    filled(layer, weights[f"params/{name}/gamma"], weights[f"params/{name}/beta"])
    layer.running_mean = torch.tensor(weights[f"state/{name}/moving_mean"])
    layer.running_var = torch.tensor(weights[f"state/{name}/moving_variance"])
    return layer


def filled(layer, weight, bias):
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        layer.bias.copy_(torch.tensor(bias))
    return layer


def main():
    """Answer."""
    given, answers, name = sys.argv[1:]
    arrays = dict(np.load(given))
    network = {"plain": Plain, "residual": Residual}[name](arrays).eval()
    x = torch.tensor(arrays["x"].transpose(0, 3, 1, 2).copy())
    base = torch.tensor(arrays["base"].transpose(2, 0, 1)[None].copy()).expand_as(x)
    target = torch.tensor(arrays["target"])
    window, stride = (3, *arrays["window"].tolist()), (3, *arrays["stride"].tolist())
    found = {
        "scores": network(x),
        "gradient": Saliency(network).attribute(x, target, abs=False),
        "absolute": Saliency(network).attribute(x, target),
        "input-x-gradient": InputXGradient(network).attribute(x, target),
        "occlusion": Occlusion(network).attribute(x, window, stride, base, target),
        "guided-backpropagation": GuidedBackprop(network).attribute(x, target),
        "deconvnet": Deconvolution(network).attribute(x, target),
        "grad-cam": LayerGradCam(network, network.map).attribute(x, target),
        "grad-cam-relu": LayerGradCam(network, network.map).attribute(x, target, relu_attributions=True),
    }
    for ours, theirs in RULES.items():
        integrated = IntegratedGradients(network)
        found[f"integrated-{ours}"] = integrated.attribute(x, base, target, n_steps=10, method=theirs)
    np.savez(answers, **{key: channels_last(value.detach().numpy()) for key, value in found.items()})


def channels_last(array):
    return array.transpose(0, 2, 3, 1) if array.ndim == 4 else array


if __name__ == "__main__":
    main()
