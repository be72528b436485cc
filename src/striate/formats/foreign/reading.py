"""The one door to files of other frameworks: what a file is, is decided by its bytes."""

from __future__ import annotations

import os
from io import BufferedReader
from pathlib import Path

from striate.formats._header import LENGTH_BYTES, raise_all
from striate.formats._places import shown
from striate.formats.foreign._arrays_stream import read_arrays_stream
from striate.formats.foreign._hdf5_file import MAGIC as HDF5
from striate.formats.foreign._hdf5_room import Room
from striate.formats.foreign._keras_h5 import read_keras_h5
from striate.formats.foreign._keras_zip import is_keras, read_keras_zip
from striate.formats.foreign._limits import MAX_PARAMETERS, refuse_odd_truths
from striate.formats.foreign._machine import Machine
from striate.formats.foreign._numpy_files import is_numpy, read_npy, read_npz
from striate.formats.foreign._numpy_header import MAGIC as NUMPY
from striate.formats.foreign._numpy_names import ARRAYS
from striate.formats.foreign._refusal import refusal, refuse
from striate.formats.foreign._safetensors import read_safetensors_file
from striate.formats.foreign._source import Source
from striate.formats.foreign._tfjs import MODEL, read_tfjs
from striate.formats.foreign._torch_legacy import MAGIC, read_torch_legacy
from striate.formats.foreign._torch_zip import read_torch_zip, torch_folder
from striate.formats.foreign._zip_archive import ZipArchive
from striate.formats.foreign.tensors import ForeignTensors
from striate.formats.safetensors_file import nonfinite_problems, opened
from striate.network._strict_json import MAX_BYTES

_NOT_READ = {
    b"GGUF": "a GGUF file",
    b"\x1f\x8b": "a gzip archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x08": "an ONNX or TensorFlow graph",
    b"PK\5\6": "an empty zip archive",
}
_ENDINGS = {
    "torch": (".pth", ".pt"),
    "safetensors": (".safetensors",),
    "keras-h5": (".h5", ".hdf5"),
    "keras-zip": (".keras",),
    "tfjs": (".json",),
    "numpy": (".npz", ".npy"),
}
_KIND_WORDS = {
    "torch": "a file of PyTorch",
    "safetensors": "a safetensors file",
    "keras-h5": "an HDF5 file",
    "keras-zip": "an archive of Keras",
    "tfjs": "a model of TensorFlow.js",
    "numpy": "a file of NumPy",
}
_EXPECTED = "a weight file of PyTorch, Keras, TensorFlow.js (model.json), NumPy or JAX, or safetensors"
_CURE = "Convert it in the program that made it, for instance to safetensors."


def read_tensors(
    path: str | os.PathLike[str], *, max_parameters: int = MAX_PARAMETERS, widen: bool = False
) -> ForeignTensors:
    """Read a weight file of another framework: names and arrays, nothing else.

    The file is data: nothing of it is run, nothing is imported by a name in it, and nothing is written. Its
    bytes decide what it is, never its ending.

    Args:
        path: the file, or the folder of a TensorFlow.js model.
        max_parameters: a file with more numbers is refused before any is read.
        widen: whether float16, bfloat16 and float8 become float32.

    Returns:
        The arrays by name, in the order of the file.

    Raises:
        FormatError: no such file, a damaged one, one that wants more than data or has non-finite numbers.

    >>> import tempfile
    >>> import numpy as np
    >>> from striate.formats import write_safetensors
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_safetensors(f"{folder}/a.safetensors", {"fc.bias": np.ones(2, np.float32)})
    ...     weights = read_tensors(f"{folder}/a.safetensors")
    >>> weights.kind, weights.tensors
    ('safetensors', {'fc.bias': array([1., 1.], dtype=float32)})
    """
    where = shown(path)
    inside = Path(path) / MODEL if os.path.isdir(path) else Path(path)
    if inside != Path(path) and not inside.exists():
        refuse(where, f"it is a folder without a {MODEL}", _EXPECTED, "Give the name of a file in it.")
    with opened(inside) as file:
        found = _read(file, inside.parent, max_parameters, where)
    if not found.tensors:
        refuse(where, "it holds no tensors", "at least one")
    raise_all(nonfinite_problems(found.tensors, where))
    refuse_odd_truths(found.tensors, where)
    return found.widened() if widen else found


def _read(file: BufferedReader, folder: Path, most: int, where: str) -> ForeignTensors:
    """Choose the reader by the first bytes."""
    size, first = os.fstat(file.fileno()).st_size, file.read(512)
    file.seek(0)
    length = int.from_bytes(first[:LENGTH_BYTES], "little")
    if first[LENGTH_BYTES : LENGTH_BYTES + 1] == b"{" and length <= min(MAX_BYTES, size):
        return read_safetensors_file(file, most, _named(where, "safetensors"))
    if first.startswith(b"PK\3\4"):
        return _read_zip(file, size, most, where)
    if first.startswith(HDF5):
        return read_keras_h5(Room(file, 0, size), most, _named(where, "keras-h5"))
    if first.startswith(b"\x80"):
        return _read_stream(file, size, most, where)
    if first.startswith(NUMPY):
        return read_npy(file, size, most, _named(where, "numpy"))
    if first.lstrip(b" \t\r\n").startswith(b"{"):
        return read_tfjs(file, folder, most, _named(where, "tfjs"))
    if not size:
        refuse(where, "the file is empty", _EXPECTED)
    if first[257:262] == b"ustar":
        refuse(where, "it is a tar archive, such as the oldest PyTorch wrote", _EXPECTED, _CURE)
    for magic, kind in _NOT_READ.items():
        if first.startswith(magic):
            refuse(where, f"it is {kind}", _EXPECTED, _CURE)
    raise refusal(where, "its first bytes are those of no weight file that is read here", _EXPECTED, _CURE)


def _read_zip(file: BufferedReader, size: int, most: int, where: str) -> ForeignTensors:
    """Choose the reader by what is in the archive."""
    archive = ZipArchive(file, size, where)
    folder = torch_folder(archive)
    if folder is not None:
        archive.where = _named(where, "torch")
        return read_torch_zip(archive, folder, most)
    if is_keras(archive):
        archive.where = _named(where, "keras-zip")
        return read_keras_zip(archive, most)
    if is_numpy(archive):
        archive.where = _named(where, "numpy")
        return read_npz(archive, most)
    raise refusal(where, "it is a zip archive without weights that are read here", _EXPECTED, _CURE)


def _read_stream(file: BufferedReader, size: int, most: int, where: str) -> ForeignTensors:
    """PyTorch's old files begin with a stream that holds a magic number alone."""
    source = Source(file, size, where)
    value = Machine(source, ARRAYS).run()
    if type(value) is int and value == MAGIC:
        source.where = _named(where, "torch")
        return read_torch_legacy(source, most)
    return read_arrays_stream(source, value, most)


def _named(where: str, kind: str) -> str:
    """What an error calls the file: with its kind, if its ending is that of another."""
    ending = Path(where).suffix.lower()
    others = {one for endings in _ENDINGS.values() for one in endings} - set(_ENDINGS[kind])
    return f"{where} ({_KIND_WORDS[kind]} by its bytes)" if ending in others else where
