"""Writes the small golden files of PyTorch in tests/data/golden/foreign, once; needs the peers' environment.

Their numbers depend on nothing but their places (see `numbers` in tests/formats/golden_models.py).
"""

import collections
from pathlib import Path

import torch

FOLDER = Path(__file__).parent.parent / "data" / "golden" / "foreign"


def numbers(*shape):
    count = torch.Size(shape).numel()
    return ((torch.arange(count) * 7 % 19 + 2) / 20).to(torch.float32).reshape(shape)


def state_dict():
    """A convolution and a batch norm, as a module saves them."""
    found = collections.OrderedDict(
        [
            ("conv.weight", numbers(2, 3, 3, 3)),
            ("conv.bias", numbers(2)),
            ("norm.weight", numbers(2)),
            ("norm.running_mean", numbers(2)),
            ("norm.num_batches_tracked", torch.tensor(5)),
        ]
    )
    found._metadata = collections.OrderedDict([("", {"version": 1}), ("norm", {"version": 2})])
    return found


def checkpoint():
    """Nested containers, a shared storage, a parameter, half floats, and values that are no tensors."""
    base = numbers(4, 6)
    return {
        "state_dict": state_dict(),
        "tied": [base, base.t(), base[1:3, ::2]],
        "half": {"f2": numbers(3).half(), "bf": numbers(3).bfloat16(), "truth": numbers(4) > 0.5},
        "parameter": torch.nn.Parameter(numbers(2)),
        "epoch": 3,
        "arch": "small",
        "size": torch.Size([2, 3]),
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    old = {"_use_new_zipfile_serialization": False}
    torch.save(state_dict(), FOLDER / "torch-zip.pth")
    torch.save(state_dict(), FOLDER / "torch-legacy.pth", **old)
    torch.save(checkpoint(), FOLDER / "torch-checkpoint-zip.pth")
    torch.save(checkpoint(), FOLDER / "torch-checkpoint-legacy.pth", **old)
