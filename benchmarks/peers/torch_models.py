"""The networks of the benchmark in PyTorch, layer for layer those of Striate; they give logits."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def mnist() -> nn.Module:
    """32-pool-64-pool-64, dense 64, dense 10: 93,322 weights."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten(),
        nn.Linear(576, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip


def cifar() -> nn.Module:
    """32-32-pool-64-64-pool-64, dense 1024, dense 10, with dropout: 1,162,346 weights."""
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten(),
        nn.Linear(1024, 1024), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1024, 10),
    )  # fmt: skip


class Bottleneck(nn.Module):
    """1x1, 3x3 (with the strides), 1x1 to four times as many channels, beside the shortcut."""

    def __init__(self, channels: int, filters: int, strides: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(channels, filters, 1, bias=False), nn.BatchNorm2d(filters), nn.ReLU(inplace=True),
            nn.Conv2d(filters, filters, 3, strides, 1, bias=False), nn.BatchNorm2d(filters),
            nn.ReLU(inplace=True),
            nn.Conv2d(filters, 4 * filters, 1, bias=False), nn.BatchNorm2d(4 * filters),
        )  # fmt: skip
        self.shortcut = nn.Sequential()
        if strides > 1 or channels != 4 * filters:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels, 4 * filters, 1, strides, bias=False), nn.BatchNorm2d(4 * filters)
            )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.relu(self.main(x) + self.shortcut(x))


def resnet50() -> nn.Module:
    """ResNet-50 of version 1.5: 25,557,032 weights."""
    layers: list[nn.Module] = [
        nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, 1),
    ]  # fmt: skip
    channels = 64
    for stage, blocks in enumerate((3, 4, 6, 3)):
        for index in range(blocks):
            layers.append(Bottleneck(channels, 64 << stage, 2 if stage > 0 and index == 0 else 1))
            channels = 4 * (64 << stage)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


MODELS = {"mnist": mnist, "cifar": cifar, "resnet50": resnet50}


def without_norms(model: nn.Module) -> nn.Module:
    """The same network for inference, every batch norm folded into the convolution before it."""
    for name, part in model.named_children():
        setattr(model, name, without_norms(part))
    if not isinstance(model, nn.Sequential):
        return model
    folded: list[nn.Module] = []
    for part in model:
        if isinstance(part, nn.BatchNorm2d):
            folded[-1] = fuse_conv_bn_eval(folded[-1], part)
        else:
            folded.append(part)
    return nn.Sequential(*folded)
