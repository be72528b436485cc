"""Makes files with torch.save in every way it has, and says what is in them.

Called as: foreign_torch_side.py GIVEN ANSWERS FOLDER. Answers are named "<file>:<tensor>"; types that NumPy
lacks are widened.
"""

import collections
import sys
from pathlib import Path

import numpy as np
import torch

TYPES = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]
TYPES += ["complex64", "complex128", "uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2"]


def drawn(*shape):
    return torch.randn(*shape)


def types():
    """A tensor of every number type."""
    return {
        name: (torch.randn(3, 4) * 5).abs().to(getattr(torch, name))
        if name != "bool"
        else torch.rand(3, 4) > 0.5
        for name in TYPES
    }


def views():
    """Tensors that share a storage, lie across it, begin late, are empty or single numbers."""
    base = drawn(6, 8)
    return {
        "base": base,
        "transposed": base.t(),
        "part": base[2:5, 1::3],
        "diagonal": base[:6, :6].diagonal(),
        "late": base.view(-1)[40:],
        "permuted": drawn(2, 3, 4).permute(2, 0, 1),
        "channels_last": drawn(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "empty": torch.zeros(0, 3),
        "number": torch.tensor(2.5),
        "one": drawn(1, 1, 1)[:, 0],
    }


def checkpoint():
    """What a training program keeps: a trained model, its optimizer, numbers, texts, sets, NumPy's values."""
    model = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3), torch.nn.PReLU())
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(2):
        model(drawn(2, 2, 5, 5)).sum().backward()
        optimizer.step()
    return {
        "state_dict": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "ema": [parameter.detach().clone() for parameter in model.parameters()],
        "parameter": torch.nn.Parameter(drawn(2)),
        "epoch": 7,
        "best": np.float64(0.75),
        "mean": np.arange(3, dtype=np.float32),
        "arch": "small",
        "size": torch.Size([2, 3]),
        "device": torch.device("cpu"),
        "dtype": torch.float32,
        "words": {"a"},
        "nothing": None,
    }


def flat(value, path=()):
    """Names and tensors in nested containers."""
    if isinstance(value, torch.Tensor | np.ndarray):
        yield "/".join(path), value
    elif isinstance(value, dict | list | tuple):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in pairs:
            yield from flat(one, (*path, str(key)))


def as_array(tensor):
    """A NumPy array, of float32 for what NumPy lacks."""
    if isinstance(tensor, np.ndarray):
        return tensor
    tensor = tensor.detach()
    odd = tensor.dtype is torch.bfloat16 or "float8" in str(tensor.dtype)
    return (tensor.float() if odd else tensor).numpy()


def main():
    folder = Path(sys.argv[3])
    values = {
        "types": types(),
        "views": views(),
        "checkpoint": checkpoint(),
        "ordered": collections.OrderedDict(a=drawn(2)),
        "alone": drawn(2, 2),
    }
    answers = {}
    for name, value in values.items():
        ways = {
            "zip": {},
            "zip4": {"pickle_protocol": 4},
            "legacy": {"_use_new_zipfile_serialization": False},
        }
        for way, options in ways.items():
            if name == "types" and way == "legacy":
                value = {key: one for key, one in value.items() if key not in TYPES[12:]}
            torch.save(value, folder / f"{name}-{way}.pth", **options)
            answers |= {f"{name}-{way}:{key or 'tensor'}": as_array(one) for key, one in flat(value)}
    torch.jit.script(torch.nn.Linear(2, 2)).save(folder / "script.pt")
    torch.save(torch.nn.Linear(2, 2), folder / "module.pt")
    torch.save(torch.zeros(2, 2).to_sparse(), folder / "sparse.pt")
    torch.save(torch.zeros(1).expand(1000, 1000), folder / "expanded.pt")
    np.savez(sys.argv[2], **answers)


if __name__ == "__main__":
    main()
