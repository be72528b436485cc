"""Captum's side of explain_speed.py: cifar10-convnet in PyTorch, asked for one attribution at a time."""

from __future__ import annotations

import copy
import json
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from captum.attr import IntegratedGradients, Occlusion
from torch import nn

RULE = "gausslegendre"


class ChannelsLast(nn.Module):
    """Our order of features behind the last map."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 2, 3, 1).flatten(1)


def network(weights: Mapping[str, np.ndarray]) -> nn.Module:
    """cifar10-convnet up to its scores; dropout does nothing here."""
    conv = {n: weights[f"conv{n}/kernel"].transpose(3, 2, 0, 1) for n in range(1, 6)}
    layers = []
    for n, padding, pooled in ((1, 1, False), (2, 0, True), (3, 1, False), (4, 0, True), (5, 0, False)):
        kernel = conv[n]
        layer = nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, padding=padding)
        fill(layer, kernel, weights[f"conv{n}/bias"])
        layers += [layer, nn.ReLU(), *([nn.MaxPool2d(2)] if pooled else [])]
    layers.append(ChannelsLast())
    for n in (1, 2):
        kernel = weights[f"dense{n}/kernel"].T
        layer = nn.Linear(kernel.shape[1], kernel.shape[0])
        fill(layer, kernel, weights[f"dense{n}/bias"])
        layers += [layer, *([nn.ReLU()] if n == 1 else [])]
    return nn.Sequential(*layers).eval()


def fill(layer: Any, weight: np.ndarray, bias: np.ndarray) -> None:
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(np.ascontiguousarray(weight)))
        layer.bias.copy_(torch.tensor(bias))


def works(model: nn.Module, x: torch.Tensor, target: torch.Tensor) -> dict[str, dict[str, Callable[[], Any]]]:
    """{work: {setting: function}}."""
    made: dict[str, dict[str, Any]] = {"integrated-gradients": {}, "occlusion": {}}
    for name, form in (("plain", torch.contiguous_format), ("channels last", torch.channels_last)):
        net, given = copy.deepcopy(model).to(memory_format=form), x.contiguous(memory_format=form)
        slope = partial(IntegratedGradients(net).attribute, given, target=target, n_steps=64, method=RULE)
        cover = partial(Occlusion(net).attribute, given, (3, 4, 4), (3, 2, 2), target=target)
        for size in (None, 16, 64, 256):
            setting = f"{name}, internal_batch_size={size}"
            made["integrated-gradients"][setting] = partial(slope, internal_batch_size=size)
        for size in (1, 4, 16):
            setting = f"{name}, perturbations_per_eval={size}"
            made["occlusion"][setting] = partial(cover, perturbations_per_eval=size)
    return made


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    values = function()
    return time.perf_counter() - began, values


def main() -> None:
    """Answer each line with seconds; the first answer of a work chooses its setting."""
    folder = Path(sys.argv[1])
    weights = dict(np.load(folder / "given.npz"))
    x = torch.tensor(weights["x"].transpose(0, 3, 1, 2).copy())
    made, best = works(network(weights), x, torch.tensor(weights["target"])), {}
    for line in sys.stdin:
        work = line.strip()
        if work not in best:
            tried = {name: min(timed(f)[0] for _ in range(2)) for name, f in made[work].items()}
            best[work] = min(tried, key=tried.get)
        seconds, values = timed(made[work][best[work]])
        np.save(folder / f"{work}.npy", values.detach().numpy().transpose(0, 2, 3, 1))
        print(json.dumps({"seconds": seconds, "setting": best[work]}), flush=True)


if __name__ == "__main__":
    main()
