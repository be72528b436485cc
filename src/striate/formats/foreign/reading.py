"""The one door to files of other frameworks: what a file is, is decided by its bytes."""

from __future__ import annotations

import os
from io import BufferedReader

from striate.formats._header import LENGTH_BYTES, raise_all
from striate.formats._places import shown
from striate.formats.foreign._arrays_stream import read_arrays_stream
from striate.formats.foreign._limits import MAX_PARAMETERS
from striate.formats.foreign._machine import Machine
from striate.formats.foreign._numpy_names import ARRAYS
from striate.formats.foreign._refusal import refusal, refuse
from striate.formats.foreign._safetensors import read_safetensors_file
from striate.formats.foreign._source import Source
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
    >>> from striate.formats import write_safetensors
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_safetensors(f"{folder}/a.safetensors", {"fc.bias": np.ones(2, np.float32)})
    ...     weights = read_tensors(f"{folder}/a.safetensors")
    >>> weights.kind, weights.tensors
    ('safetensors', {'fc.bias': array([1., 1.], dtype=float32)})
    """
    where = shown(path)
    with opened(path) as file:
        found = _read(file, os.fstat(file.fileno()).st_size, max_parameters, where)
    raise_all(nonfinite_problems(found.tensors, where))
    return found.widened() if widen else found


def _read(file: BufferedReader, size: int, most: int, where: str) -> ForeignTensors:
    """Choose the reader by the first bytes."""
    first = file.read(16)
    file.seek(0)
    length = int.from_bytes(first[:LENGTH_BYTES], "little")
    if first[LENGTH_BYTES : LENGTH_BYTES + 1] == b"{" and length <= min(MAX_BYTES, size):
        return read_safetensors_file(file, most, where)
    if first.startswith(b"PK\3\4"):
        return _read_zip(file, size, most, where)
    if first.startswith(b"\x80"):
        return _read_stream(file, size, most, where)
    for magic, kind in _NOT_READ.items():
        if first.startswith(magic):
            refuse(where, f"it is {kind}", _EXPECTED, _CURE)
    raise refusal(where, "its first bytes are those of no weight file that is read here", _EXPECTED, _CURE)


def _read_zip(file: BufferedReader, size: int, most: int, where: str) -> ForeignTensors:
    """Choose the reader by what is in the archive."""
    archive = ZipArchive(file, size, where)
    folder = torch_folder(archive)
    if folder is not None:
        return read_torch_zip(archive, folder, most, where)
    raise refusal(where, "it is a zip archive without weights that are read here", _EXPECTED, _CURE)


def _read_stream(file: BufferedReader, size: int, most: int, where: str) -> ForeignTensors:
    """PyTorch's old files begin with a stream that holds a magic number alone."""
    source = Source(file, size, where)
    value = Machine(source, ARRAYS).run()
    if type(value) is int and value == MAGIC:
        return read_torch_legacy(source, most)
    return read_arrays_stream(source, value, most)
