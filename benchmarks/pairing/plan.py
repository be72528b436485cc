"""Who does what: works, contenders, and what we aim at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).parents[1] / "peers"
PROGRAMS = {
    "torch": PEERS / "torch_peer.py",
    "keras-tf": PEERS / "keras_tf_peer.py",
    "flax": PEERS / "flax_peer.py",
    "onnxruntime": PEERS / "onnxruntime_peer.py",
    "openvino": PEERS / "openvino_peer.py",
}


@dataclass(frozen=True)
class Contender:
    """A peer, or Striate, in one of its settings."""

    peer: str
    setting: str

    def __str__(self) -> str:
        """Such as "torch channels_last"."""
        return f"{self.peer} {self.setting}".replace("_", " ")


@dataclass(frozen=True)
class Work:
    """What is measured.

    Args:
        name: as `striate bench` knows it. contenders: who does it, in turn.
        quick: who does it in a quick run. quick_words: what they are told then.
    """

    name: str
    contenders: tuple[Contender, ...]
    quick: tuple[Contender, ...] = ()
    quick_words: tuple[str, ...] = ()


OURS, OURS_HALF = Contender("striate", "float32"), Contender("striate", "bfloat16")
EAGER, LAST, HALF = (Contender("torch", name) for name in ("eager", "channels_last", "bf16"))
COMPILED, COMPILED_HALF = Contender("torch", "compile"), Contender("torch", "compile_bf16")
KERAS, KERAS_HALF, KERAS_XLA = (Contender("keras-tf", name) for name in ("float32", "bf16", "xla"))
FLAX, ONNX = Contender("flax", "float32"), Contender("onnxruntime", "float32")
VINO, VINO_HALF = Contender("openvino", "float32"), Contender("openvino", "bf16")

_BOTH, _TORCH = (OURS, OURS_HALF), (EAGER, LAST, HALF, COMPILED, COMPILED_HALF)
_ANSWERS = (*_BOTH, LAST, HALF, COMPILED, COMPILED_HALF, KERAS, FLAX, ONNX, VINO, VINO_HALF)
WORKS = (
    Work("peak", (*_BOTH, EAGER, HALF), (OURS, EAGER)),
    Work(
        "mnist-step",
        (*_BOTH, *_TORCH, KERAS, KERAS_HALF, KERAS_XLA, FLAX),
        (*_BOTH, EAGER, LAST, HALF, KERAS),
    ),
    Work("resnet50-infer", _ANSWERS, (*_BOTH, ONNX, VINO, VINO_HALF), ("--batch", "1")),
    Work("mnist-infer", _ANSWERS, (OURS, ONNX, VINO)),
    Work("cifar-step", (*_BOTH, *_TORCH, KERAS, KERAS_HALF, FLAX), (OURS, LAST)),
    Work("convs", (*_BOTH, EAGER, LAST, HALF), (OURS, LAST)),
    Work(
        "resnet50-train", (*_BOTH, EAGER, LAST, HALF, COMPILED, KERAS, FLAX), (OURS, LAST), ("--repeats", "1")
    ),
    Work("mnist-99", (OURS, LAST, KERAS, FLAX)),
)
"""The most wanted and the quickest first: a quick run leaves out what it has no time for."""


@dataclass(frozen=True)
class Aim:
    """Our milliseconds (or megabytes) as a part of another's.

    Args:
        work: its name. ours, theirs: who; of several others the best counts.
        limit: the most that the ratio may be. batch: of the work, None for any. number: "ms" or "peak_mb".
    """

    work: str
    ours: Contender
    theirs: tuple[Contender, ...]
    limit: float
    batch: int | None = None
    number: str = "ms"


AIMS = (
    Aim("mnist-step", OURS, (EAGER,), 0.27),
    Aim("mnist-step", OURS, (KERAS,), 0.4),
    Aim("mnist-step", OURS_HALF, (HALF,), 0.7),
    Aim("resnet50-train", OURS, (LAST,), 0.9),
    Aim("resnet50-infer", OURS, (ONNX,), 1.05, batch=1),
    Aim("resnet50-infer", OURS_HALF, (VINO_HALF,), 1.1, batch=1),
    Aim("mnist-step", OURS, (EAGER,), 0.7, number="peak_mb"),
)
CONV_EACH, CONV_MEAN, CONV_PEERS = 1.15, 1.0, (EAGER, LAST)
"""Each convolution against torch's better layout, and their geometric mean."""
SECONDS, ACCURACY = 10.0, 0.99
"""A cold training on MNIST: the most seconds, and the least mean accuracy."""
