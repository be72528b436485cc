"""What a stream of PyTorch may name: number types, storages, and the functions that put tensors together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from striate.formats.foreign._numpy_names import NUMPY_NAMES
from striate.formats.foreign._refusal import Misfit
from striate.formats.foreign._torch_values import DTYPES, STORAGES, Storage, Tensor, checked_tensor
from striate.formats.foreign._values import (
    Builder,
    Named,
    Ordered,
    Table,
    checked,
    list_of_set,
    ordered_dict,
    told,
    tuple_of_sizes,
)

MEANT = "tensors, and containers of tensors and plain values, only"


def storage_outside(reference: Any) -> Storage:
    """The storage that a reference means: ("storage", class, key, device, count), and a part in old files."""
    if type(reference) is not tuple or len(reference) not in (5, 6) or reference[0] != "storage":
        raise Misfit("a reference out of the stream is no storage", "the numbers of a tensor")
    _, kind, key, device, count = reference[:5]
    if not isinstance(kind, Named) or kind.name not in STORAGES:
        raise Misfit(f"the class of a storage is {told(kind)}", "a storage class of PyTorch")
    if not isinstance(key, str) or not isinstance(device, str) or type(count) is not int or count < 0:
        raise Misfit("a storage has no proper key, device and number of numbers", "two texts and a number")
    return Storage(key, STORAGES[kind.name], count, *_part(reference[5:], count))


def _part(view: tuple[Any, ...], count: int) -> tuple[int, int]:
    """The part of a storage that a tensor may use: all, or (key, first number, how many) in old files."""
    if not view or view[0] is None:
        return 0, count
    part = view[0] if type(view[0]) is tuple and len(view[0]) == 3 else (None, -1, -1)
    _, first, length = part
    if type(first) is not int or type(length) is not int or not 0 <= first <= first + length <= count:
        raise Misfit("a part of a storage does not lie in it", "a key, a first number and how many")
    return first, first + length


def _tensor_v1(arguments: tuple[Any, ...]) -> Tensor:
    """The oldest form: storage, offset, shape, strides."""
    storage, *rest = checked(arguments, "_rebuild_tensor", Storage, int, tuple, tuple)
    return checked_tensor(storage, storage.dtype, *rest)


def _tensor_v2(arguments: tuple[Any, ...]) -> Tensor:
    """Storage, offset, shape, strides, requires_grad, hooks and perhaps metadata."""
    _refuse_hooks(arguments, 5)
    storage, *rest = checked(arguments[:4], "_rebuild_tensor_v2", Storage, int, tuple, tuple)
    return checked_tensor(storage, storage.dtype, *rest)


def _tensor_v3(arguments: tuple[Any, ...]) -> Tensor:
    """As the second form, with a number type behind the hooks."""
    _refuse_hooks(arguments, 5)
    if len(arguments) < 7 or not isinstance(arguments[6], Named) or arguments[6].name not in DTYPES:
        raise Misfit("a tensor is of an unknown number type", "a number type of PyTorch")
    storage, *rest = checked(arguments[:4], "_rebuild_tensor_v3", Storage, int, tuple, tuple)
    return checked_tensor(storage, DTYPES[arguments[6].name], *rest)


def _parameter(arguments: tuple[Any, ...]) -> Tensor:
    """A trainable tensor: the tensor, requires_grad, hooks."""
    _refuse_hooks(arguments, 2)
    (tensor,) = checked(arguments[:1], "_rebuild_parameter", Tensor)
    return tensor


def _refuse_hooks(arguments: tuple[Any, ...], place: int) -> None:
    """Hooks are functions; a sound file has an empty dictionary or nothing there."""
    hooks = arguments[place] if len(arguments) > place else ()
    if hooks is not None and not (isinstance(hooks, Ordered) and not hooks):
        raise Misfit("a tensor brings hooks along", "a tensor without hooks")


def _device(arguments: tuple[Any, ...]) -> str:
    """A torch.device as its text."""
    (name,) = checked(arguments[:1], "torch.device", str)
    return name


TORCH_NAMES: Mapping[str, Builder | None] = {
    **dict.fromkeys((*STORAGES, *DTYPES), None),
    "collections.OrderedDict": ordered_dict,
    "torch._utils._rebuild_tensor": _tensor_v1,
    "torch._utils._rebuild_tensor_v2": _tensor_v2,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": _parameter,
    "torch.Size": tuple_of_sizes,
    "torch.device": _device,
    "__builtin__.set": list_of_set,
    "builtins.set": list_of_set,
    **NUMPY_NAMES,
}


class Seen:
    """The storages that a stream points to, in the order of their first mention."""

    def __init__(self) -> None:
        """None yet."""
        self.storages: dict[str, Storage] = {}

    def table(self) -> Table:
        """The table for a stream whose storages are kept here."""
        return Table(TORCH_NAMES, self._outside, MEANT)

    def _outside(self, reference: Any) -> Storage:
        """One more mention of a storage; two of one key must agree."""
        storage = storage_outside(reference)
        known = self.storages.setdefault(storage.key, storage)
        if (known.dtype, known.count) != (storage.dtype, storage.count):
            raise Misfit(f"the storage {told(storage.key)} has two sizes or number types", "one of each")
        return storage
