"""PyTorch: eager, channels last, bfloat16, and compiled.

    python torch_peer.py mnist-step --setting channels_last

What its guides for speed on a CPU ask for: one thread a core, channels last, autocast to bfloat16,
`zero_grad(set_to_none=True)`, `inference_mode`, denormals flushed, optimizers that update all weights at
once, batch norms folded and weights cast once before inference, warm-up. The data are scaled and in their
layout before the clock starts; a step is forward, backward, update.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable
from typing import Any

import common
import torch
from torch import nn
from torch.nn import functional
from torch_models import MODELS, without_norms

SETTINGS = ("eager", "channels_last", "bf16", "compile", "compile_bf16")
TRAININGS, ANSWERS = ("mnist-step", "cifar-step", "resnet50-train"), ("mnist-infer", "resnet50-infer")
WORKS = (*TRAININGS, *ANSWERS, "convs", "peak", "mnist-99")
PACKAGES = ("torch", "numpy")


Step = Callable[[torch.Tensor, torch.Tensor], None]


class Peer:
    """A setting of PyTorch."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.half = given.setting.endswith("bf16")
        self.precision = "bfloat16" if self.half else "float32"
        self.layout = torch.contiguous_format if given.setting == "eager" else torch.channels_last
        torch.set_num_threads(given.threads)
        torch.set_flush_denormal(True)
        torch.manual_seed(given.seed)
        if given.device == "cuda":
            torch.backends.cudnn.benchmark = True
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True

    def wait(self) -> None:
        """Let the device finish."""
        if self.given.device == "cuda":
            torch.cuda.synchronize()

    def images(self, x: Any) -> torch.Tensor:
        """Pictures (N, H, W, C) of NumPy as (N, C, H, W) in the layout of this setting."""
        moved = torch.from_numpy(x).permute(0, 3, 1, 2).to(self.given.device)
        return moved.contiguous(memory_format=self.layout)

    def model(self) -> nn.Module:
        """The network of this work."""
        return MODELS[self.given.name]().to(self.given.device, memory_format=self.layout)

    def compiled(self, model: nn.Module) -> nn.Module:
        """The network compiled, if that is the setting."""
        return torch.compile(model) if self.given.setting.startswith("compile") else model

    def cast(self) -> contextlib.AbstractContextManager[Any]:
        """Autocast, if that is the setting."""
        return torch.autocast(self.given.device, torch.bfloat16) if self.half else contextlib.nullcontext()

    def stepper(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> Step:
        """One training step as a function of a batch."""
        run = self.compiled(model.train())

        def step(x: torch.Tensor, y: torch.Tensor) -> None:
            optimizer.zero_grad(set_to_none=True)
            with self.cast():
                logits = run(x)
            functional.cross_entropy(logits.float(), y).backward()
            optimizer.step()

        return step


def time_training(peer: Peer) -> None:
    """Steps over prepared batches."""
    given = peer.given
    (size,), count = common.batches(given), common.steps(given)
    x, y = common.examples(given, size * count)
    shape = (size, *x.shape[1:])
    xs = [peer.images(x[start : start + size]) for start in range(0, len(x), size)]
    ys = list(torch.from_numpy(y).to(given.device).split(size))
    del x
    model = peer.model()
    if given.name == "resnet50":
        optimizer: torch.optim.Optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, fused=True)
    else:
        optimizer = torch.optim.RMSprop(model.parameters(), 1e-3, alpha=0.9, eps=1e-7, foreach=True)
    step = peer.stepper(model, optimizer)

    def epoch() -> None:
        for batch in zip(xs, ys, strict=True):
            step(*batch)

    common.mean_of(lambda: step(xs[0], ys[0]), 3, peer.wait)
    times = [common.mean_of(epoch, 1, peer.wait) / count for _ in range(common.samples(given, 5) + 1)]
    common.tell(given, times[1:], shape, peer.precision, PACKAGES, batch=size, steps=count)


def time_inference(peer: Peer) -> None:
    """Answers; weights in bfloat16 are cast once, and a compiled network may freeze them."""
    given, model = peer.given, peer.model().eval()
    if given.setting.startswith("compile"):
        from torch._inductor import config

        config.freezing = True
    elif given.setting != "eager":
        model = without_norms(model).to(memory_format=peer.layout)
    kind = torch.bfloat16 if peer.half else torch.float32
    run = peer.compiled(model.to(kind))
    for size in common.batches(given):
        x, _ = common.examples(given, size)
        images = peer.images(x).to(kind)
        span = common.seconds(given, 0.5)
        with torch.no_grad() if given.setting.startswith("compile") else torch.inference_mode():
            times = common.time_calls(lambda x=images: run(x), common.samples(given, 7), span, peer.wait)
        common.tell(given, times, (size, *x.shape[1:]), peer.precision, PACKAGES, batch=size)


def time_convolutions(peer: Peer) -> None:
    """Each shape, forward and both gradients."""
    given = peer.given
    for shape in common.CONVOLUTIONS:
        for name, call in passes(peer, *shape).items():
            with torch.no_grad():
                span = common.seconds(given, 0.15)
                times = common.time_calls(call, common.samples(given, 7), span, peer.wait)
            common.tell(given, times, shape, peer.precision, PACKAGES, **{"pass": name})


def passes(
    peer: Peer, n: int, side: int, channels: int, filters: int, size: int, strides: int
) -> dict[str, Callable[[], Any]]:
    """Forward, and each gradient by the operation that autograd itself calls."""
    options = {"dtype": torch.bfloat16 if peer.half else torch.float32, "device": peer.given.device}
    layout, pad = {"memory_format": peer.layout}, size // 2
    x = torch.randn(n, channels, side, side, **options).contiguous(**layout)
    kernel = torch.randn(filters, channels, size, size, **options).contiguous(**layout)
    kernel /= size * size * channels
    dy = torch.randn_like(functional.conv2d(x, kernel, None, strides, pad)).contiguous(**layout)
    fixed = (None, [strides] * 2, [pad] * 2, [1, 1], False, [0, 0], 1)
    backward = torch.ops.aten.convolution_backward
    return {
        "forward": lambda: functional.conv2d(x, kernel, None, strides, pad),
        "dW": lambda: backward(dy, x, kernel, *fixed, [False, True, False]),
        "dx": lambda: backward(dy, x, kernel, *fixed, [True, False, False]),
    }


def time_peak(peer: Peer) -> None:
    """A large matrix product."""
    given = peer.given
    size = given.batch or (2048 if given.quick else 4096)
    kind = torch.bfloat16 if peer.half else torch.float32
    one = torch.full((size, size), 0.5, dtype=kind, device=given.device)
    times = common.time_calls(lambda: one @ one, common.samples(given, 7), 0.2, peer.wait)
    common.tell(given, times, (size, size), peer.precision, PACKAGES)


def train_digits(peer: Peer) -> None:
    """A whole training on MNIST with AdamW and one cycle of the learning rate, then the test."""
    given, recipe = peer.given, peer.given.recipe
    x, y, x_test, y_test = common.digits(given)
    images, labels = peer.images(x), torch.from_numpy(y).to(given.device)
    model, size = peer.model(), recipe["batch_size"]
    rate, decay = recipe["learning_rate"], recipe["weight_decay"]
    optimizer = torch.optim.AdamW(model.parameters(), rate, weight_decay=decay, fused=True)
    total = recipe["epochs"] * -(-len(x) // size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total, cycle_momentum=False)
    step = peer.stepper(model, optimizer)
    for epoch in common.permutations(given, len(x), size):
        for rows in epoch:
            chosen = torch.from_numpy(rows).to(given.device)
            step(images[chosen].contiguous(memory_format=peer.layout), labels[chosen])
            schedule.step()
    model.eval()
    with torch.inference_mode(), peer.cast():
        guesses = torch.cat([model(part).argmax(1) for part in peer.images(x_test).split(1000)])
    accuracy = (guesses.cpu() == torch.from_numpy(y_test)).float().mean().item()
    common.tell_training(given, round(accuracy, 4), peer.precision, PACKAGES)


def main() -> None:
    """Measure one work in one setting."""
    peer = Peer(common.arguments("torch", SETTINGS, WORKS))
    special = {"convs": time_convolutions, "peak": time_peak, "mnist-99": train_digits}
    usual = time_inference if peer.given.work.endswith("infer") else time_training
    special.get(peer.given.work, usual)(peer)


if __name__ == "__main__":
    main()
