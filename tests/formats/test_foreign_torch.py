"""PyTorch's files: golden ones that PyTorch wrote, and streams made by hand for what few files have."""

import io
import struct
import zipfile

import numpy as np
import pytest
from golden_models import FOLDER, numbers

from foreign_writing import (
    COUNT,
    WEIGHT,
    Call,
    Name,
    Outside,
    Raw,
    numpy_array,
    stream,
    tensor,
    torch_files,
    torch_legacy,
    torch_zip,
    zipped,
)
from striate.errors import ArgumentError, FormatError
from striate.formats import read_tensors

GOLDEN = FOLDER / "foreign"


@pytest.fixture
def read(tmp_path):
    """A function that reads bytes as a file."""

    def read_bytes(data, **options):
        path = tmp_path / "file"
        path.write_bytes(data)
        return read_tensors(path, **options)

    return read_bytes


@pytest.mark.parametrize("way", ["zip", "legacy"])
def test_a_golden_state_dict_is_what_it_was(way):
    found = read_tensors(GOLDEN / f"torch-{way}.pth")
    assert (found.kind, found.metadata) == ("torch", {"format": way, "other_values": 0, "values": {}})
    expected = {
        "conv.weight": numbers((2, 3, 3, 3)),
        "conv.bias": numbers((2,)),
        "norm.weight": numbers((2,)),
        "norm.running_mean": numbers((2,)),
        "norm.num_batches_tracked": np.array(5),
    }
    assert list(found.tensors) == list(expected)
    for name, array in expected.items():
        assert found.tensors[name].dtype == array.dtype
        np.testing.assert_array_equal(found.tensors[name], array)


@pytest.mark.parametrize("way", ["zip", "legacy"])
def test_a_golden_checkpoint_is_what_it_was(way):
    found = read_tensors(GOLDEN / f"torch-checkpoint-{way}.pth")
    assert found.groups == {"state_dict": 5, "tied": 3, "half": 3, "": 1}
    assert found.metadata["values"] == {"epoch": 3, "arch": "small", "size/0": 2, "size/1": 3}
    tied = numbers((4, 6))
    for name, view in {"tied/0": tied, "tied/1": tied.T, "tied/2": tied[1:3, ::2]}.items():
        np.testing.assert_array_equal(found.tensors[name], view)
    assert np.shares_memory(found.tensors["tied/0"], found.tensors["tied/1"])
    assert found.tensors["half/f2"].dtype == np.float16
    assert str(found.tensors["half/bf"].dtype) == "bfloat16"
    np.testing.assert_array_equal(found.tensors["half/truth"], numbers((4,)) > 0.5)
    assert list(found.under("half").tensors) == ["f2", "bf", "truth"]
    assert found.parameters == 54 + 2 + 2 + 2 + 1 + 24 + 24 + 6 + 3 + 3 + 4 + 2


def test_short_floats_become_float32_only_when_wanted():
    path = GOLDEN / "torch-checkpoint-zip.pth"
    short, wide = (
        read_tensors(path).under("half").tensors,
        read_tensors(path, widen=True).under("half").tensors,
    )
    assert [str(array.dtype) for array in short.values()] == ["float16", "bfloat16", "bool"]
    assert [str(array.dtype) for array in wide.values()] == ["float32", "float32", "bool"]
    np.testing.assert_array_equal(wide["bf"], short["bf"].astype(np.float32))
    np.testing.assert_allclose(wide["bf"], numbers((3,)), rtol=2**-8)


def test_arrays_cannot_be_written_to():
    for way in ("zip", "legacy"):
        for array in read_tensors(GOLDEN / f"torch-checkpoint-{way}.pth").tensors.values():
            assert not array.flags.writeable


def test_an_unknown_group_is_told_with_those_there_are():
    with pytest.raises(ArgumentError) as caught:
        read_tensors(GOLDEN / "torch-checkpoint-zip.pth").under("model")
    assert str(caught.value) == (
        "group: there is no group 'model'; expected one of: state_dict, tied, half.\n"
        "  Look at .groups of these tensors."
    )


@pytest.mark.parametrize("make", [torch_zip, torch_legacy])
def test_files_made_by_hand_are_read(read, make):
    found = read(make()).tensors
    np.testing.assert_array_equal(found["fc.weight"], WEIGHT)
    np.testing.assert_array_equal(found["steps"], COUNT)


def test_deflated_archives_are_read(read):
    np.testing.assert_array_equal(read(zipped(torch_files(), method=8)).tensors["fc.weight"], WEIGHT)


def test_archives_without_checksums_are_read(read):
    """As PyTorch writes them after torch.serialization.set_crc32_options(False)."""
    data = bytearray(torch_zip())
    for mark, offset in ((b"PK\3\4", 14), (b"PK\1\2", 16)):
        place = data.find(mark)
        while place >= 0:
            data[place + offset : place + offset + 4] = bytes(4)
            place = data.find(mark, place + 1)
    np.testing.assert_array_equal(read(bytes(data)).tensors["fc.weight"], WEIGHT)


def test_archives_with_sizes_of_64_bits_are_read(read):
    """The numbers that archives over 4 GiB have, in a small one: in every entry and at the end."""
    data = torch_zip()
    start, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    table, place = b"", start
    while data[place : place + 4] == b"PK\1\2":
        head = bytearray(data[place : place + 46])
        name = int.from_bytes(head[28:30], "little")
        packed, size, header = (int.from_bytes(head[at : at + 4], "little") for at in (20, 24, 42))
        for at in (20, 24, 42):
            head[at : at + 4] = b"\xff" * 4
        head[30:32] = (28).to_bytes(2, "little")
        extra = struct.pack("<2H3Q", 1, 24, size, packed, header)
        table += bytes(head) + data[place + 46 : place + 46 + name] + extra
        place += 46 + name
    count = int.from_bytes(data[end + 10 : end + 12], "little")
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(table), start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, start + len(table), 1)
    last = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    large = data[:start] + table + record + locator + last
    np.testing.assert_array_equal(read(large).tensors["fc.weight"], WEIGHT)
    with zipfile.ZipFile(io.BytesIO(large)) as archive:
        assert archive.testzip() is None


def test_the_other_order_of_bytes(read):
    turned = {"0": WEIGHT.byteswap().tobytes(), "1": COUNT.byteswap().tobytes()}
    new = read(torch_zip(storages=turned, **{"m/byteorder": b"big"}))
    old = read(torch_legacy(storages={"0": (6, turned["0"]), "1": (1, turned["1"])}, little_endian=False))
    for found in (new, old):
        np.testing.assert_array_equal(found.tensors["fc.weight"], WEIGHT)
        np.testing.assert_array_equal(found.tensors["steps"], COUNT)


def test_an_old_file_may_use_a_part_of_a_storage(read):
    kind = Name("torch.FloatStorage")
    part = Outside(("storage", kind, "0", "cpu", 6, ("part", 2, 3)))
    value = {"late": tensor("0", WEIGHT, storage=part, offset=1, shape=(2,), steps=(1,))}
    found = read(torch_legacy(value, {"0": (6, WEIGHT.tobytes())}))
    np.testing.assert_array_equal(found.tensors["late"], WEIGHT.reshape(-1)[3:5])


def test_oldest_and_newest_forms_of_a_tensor(read):
    first = tensor("0", WEIGHT).arguments
    value = {
        "v1": Call("torch._utils._rebuild_tensor", first[:4]),
        "v3": Call("torch._utils._rebuild_tensor_v3", (*first, Name("torch.uint32"))),
        "parameter": Call("torch._utils._rebuild_parameter", (tensor("0", WEIGHT), True, first[5])),
        "no hooks": Call("torch._utils._rebuild_tensor_v2", (*first[:5], None)),
    }
    found = read(torch_zip(value)).tensors
    np.testing.assert_array_equal(found["v3"], WEIGHT.view(np.uint32))
    for name in ("v1", "parameter", "no hooks"):
        np.testing.assert_array_equal(found[name], WEIGHT)


def test_every_opcode_of_plain_values(read):
    short = b"\x8c\x01k"  # a text of one letter
    rows = {
        "tuples": Raw(b")" + b"K\x01\x85" + b"K\x01K\x02\x86" + b"K\x01K\x02K\x03\x87" + b"\x87" + b"\x86"),
        "texts": Raw(b"]U\x02oka" + b"T\1\0\0\0ka" + b"\x8d\1" + b"\0" * 7 + b"ka"),
        "numbers": Raw(b"](K\x02M\x02\x00J\xff\xff\xff\xff\x8a\x01\x05e"),
        "sets": Raw(b"\x8f(K\x01\x90" + b"(K\x02\x91\x86"),
        "bytes": Raw(b"C\x01a" + b"\x8e\1" + b"\0" * 7 + b"b" + b"\x96\1" + b"\0" * 7 + b"c\x87"),
        "memory": Raw(b"]q\x00r\x01\0\0\0\x94h\x00j\x01\0\0\0h\x022K\x00a0000"),
        "one item": Raw(b"}" + short + b"Ns"),
        "dropped": Raw(b"N(NN1(0"),
        "weights": tensor("0", WEIGHT),
    }
    found = read(torch_zip(rows))
    assert list(found.tensors) == ["weights"]
    values = found.metadata["values"]
    assert [values[f"texts/{n}"] for n in range(3)] == ["ok", "k", "k"]
    assert [values[f"numbers/{n}"] for n in range(4)] == [2, 2, -1, 5]
    assert (values["sets/0/0"], values["sets/1/0"]) == (1, 2)


def test_numpy_values_in_a_checkpoint(read):
    value = {"mean": numpy_array(np.arange(3, dtype=">f4")), "fc": tensor("0", WEIGHT)}
    found = read(torch_zip(value)).tensors
    np.testing.assert_array_equal(found["mean"], [0, 1, 2])
    assert found["mean"].dtype == np.dtype("<f4")


def test_the_cap_on_numbers_comes_before_they_are_read(read):
    missing = {"0": WEIGHT.tobytes()}
    assert read(torch_zip({"a": tensor("0", WEIGHT)}), max_parameters=6).parameters == 6
    with pytest.raises(FormatError) as caught:
        read(torch_zip(storages=missing), max_parameters=6)
    assert str(caught.value) == (
        "file: it holds 7 numbers; expected at most 6.\n"
        "  Raise max_parameters if you expect a file of that size."
    )


def test_a_wrong_ending_is_said_in_an_error_alone(tmp_path):
    path = tmp_path / "weights.h5"
    path.write_bytes(torch_zip())
    assert read_tensors(path).kind == "torch"
    path.write_bytes(torch_zip({"a": Name("os.system")}))
    with pytest.raises(FormatError) as caught:
        read_tensors(path)
    assert str(caught.value) == (
        "weights.h5 (a file of PyTorch by its bytes), entry m/data.pkl, byte 21: "
        "it names the code os.system; expected tensors, and containers of tensors and plain values, only.\n"
        "  Nothing of it was run. Ask for a file of weights alone "
        "(PyTorch: torch.save(model.state_dict(), path))."
    )


def test_a_stream_of_arrays_is_no_file_of_pytorch(read):
    found = read(stream({"Conv_0": {"kernel": numpy_array(WEIGHT), "bias": numpy_array(COUNT)}}))
    assert found.kind == "pickled-arrays"
    np.testing.assert_array_equal(found.tensors["Conv_0/kernel"], WEIGHT)
    assert found.tensors["Conv_0/bias"].shape == ()
