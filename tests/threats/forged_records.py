"""Files whose outside is right and whose inside is wrong: record, architecture, set of tensors, numbers."""

import json
import struct

from forging import Forge, canonical

FORGERIES = {}


def changed(name, **changes):
    """Enter a file in whose record these fields are changed; ... removes a field."""

    def make():
        forge = Forge()
        forge.record.update(changes)
        forge.record = {key: value for key, value in forge.record.items() if value is not ...}
        return forge.file()

    FORGERIES[name] = make


def text(name, record_text):
    """Enter a file whose record is this text."""

    def make():
        forge = Forge()
        forge.make_metadata(record_text)
        return forge.file()

    FORGERIES[name] = make


def metadata(name, value):
    """Enter a file with these metadata."""

    def make():
        forge = Forge()
        forge.metadata = value
        return forge.file()

    FORGERIES[name] = make


def built(name):
    """Enter a function that changes a forge."""

    def enter(change):
        def make():
            forge = Forge()
            change(forge)
            return forge.file()

        FORGERIES[name] = make
        return change

    return enter


def preprocessing(name, **changes):
    """Enter a file in whose preprocessing these fields are changed; ... removes a field."""

    @built(name)
    def change(forge):
        fields = {**forge.record["preprocessing"], **changes}
        forge.record["preprocessing"] = {key: value for key, value in fields.items() if value is not ...}


metadata("metadata-missing", {})
metadata("metadata-is-a-list", [])
metadata("metadata-of-another-library", {"format": "pt"})
metadata("metadata-with-a-number", {"striate": 1})
metadata("metadata-with-more-than-the-record", {"striate": "{}", "loader": "os.system"})
metadata("checkpoint-instead-of-a-model", {"striate_checkpoint": "{}"})

text("record-is-no-json", "format_version: 1")
text("record-is-a-list", "[1]")
text("record-is-null", "null")
text("record-with-nan", '{"format_version":1,"training":NaN}')
text("record-with-a-field-twice", '{"format_version":1,"format_version":1}')
text("record-nested-too-deep", '{"a":' * 65 + "1" + "}" * 65)
text("record-with-half-a-surrogate-pair", '{"\\udead":1}')

changed("version-missing", format_version=...)
changed("version-zero", format_version=0)
changed("version-true", format_version=True)
changed("version-as-a-text", format_version="1")
changed("version-newer", format_version=2)
changed("field-missing", training=...)
changed("field-unknown", loader="pickle")
changed("architecture-is-null", architecture=None)
changed("architecture-hash-wrong", architecture_sha256="0" * 64)
changed("sum-wrong", sha256="0" * 64)
changed("sum-too-short", sha256="abc")
changed("sum-is-a-number", sha256=7)
changed("class-names-as-a-text", class_names="no, yes")
changed("class-names-empty", class_names=[])
changed("class-names-with-a-number", class_names=["no", 1])
changed("class-name-empty", class_names=["no", ""])
changed("class-name-of-a-megabyte", class_names=["no", "y" * 2**20])
changed("class-names-too-many", class_names=["no", "yes", "perhaps"])
changed("training-is-a-list", training=[1])
changed("preprocessing-is-a-text", preprocessing="divide by 255")
changed("four-fields-wrong-at-once", sha256="", class_names=3, training=1, preprocessing=[])
preprocessing("preprocessing-field-missing", scale=...)
preprocessing("preprocessing-field-unknown", code="lambda x: x")
preprocessing("preprocessing-std-zero", std=[0.0])
preprocessing("preprocessing-size-of-a-bomb", size=[10**9, 10**9])
preprocessing("preprocessing-of-another-size", size=[5, 5])
preprocessing("preprocessing-of-another-colour", channels=3)


def layer(forge, name):
    """What the architecture says of a layer."""
    return next(node for node in forge.architecture()["nodes"] if node["name"] == name)


@built("architecture-edited-behind-its-hash")
def _(forge):
    forge.record = forge.make_record()
    layer(forge, "out")["name"] = "exit"


@built("architecture-of-another-version")
def _(forge):
    forge.architecture()["version"] = 2


@built("architecture-with-an-unknown-field")
def _(forge):
    forge.architecture()["hooks"] = ["os.system"]


@built("architecture-without-outputs")
def _(forge):
    forge.architecture()["outputs"] = []


@built("architecture-with-a-cycle")
def _(forge):
    layer(forge, "conv")["inputs"] = ["out"]


@built("architecture-with-two-layers-of-one-name")
def _(forge):
    layer(forge, "norm")["name"] = "conv"


@built("architecture-reading-what-is-not-there")
def _(forge):
    layer(forge, "out")["inputs"] = ["nothing"]


@built("architecture-with-a-hostile-layer-name")
def _(forge):
    layer(forge, "out")["name"] = "../../out"
    forge.architecture()["outputs"] = ["../../out"]


@built("layer-of-an-unknown-class")
def _(forge):
    layer(forge, "out")["layer"]["class_name"] = "Lambda"


@built("layer-named-as-a-module")
def _(forge):
    layer(forge, "out")["layer"]["class_name"] = "os.system"


@built("layer-with-an-unknown-field")
def _(forge):
    layer(forge, "out")["layer"]["function"] = "__import__('os').system('id')"


@built("layer-with-an-unknown-activation")
def _(forge):
    layer(forge, "out")["layer"]["activation"] = "builtins.exec"


@built("layer-with-a-negative-kernel")
def _(forge):
    layer(forge, "conv")["layer"]["kernel_size"] = [-3, 3]


@built("layer-with-weights-of-nobody")
def _(forge):
    layer(forge, "out").pop("layer")
    layer(forge, "out")["weights"] = "ghost"


@built("kernel-larger-than-the-image")
def _(forge):
    layer(forge, "conv")["layer"]["kernel_size"] = [5, 5]


@built("parameter-bomb")
def _(forge):
    layer(forge, "out")["layer"]["units"] = 10**15


@built("parameter-bomb-of-many-digits")
def _(forge):
    up = {"class_name": "UpSampling2D", "size": [2**40, 2**40]}
    nodes = forge.architecture()["nodes"]
    before = "input1" if "input1" in json.dumps(nodes[0]["inputs"]) else nodes[0]["inputs"][0]
    chain = []
    for number in range(200):
        chain.append({"name": f"up{number}", "inputs": [before], "layer": dict(up)})
        before = f"up{number}"
    nodes[0]["inputs"] = [before]
    forge.architecture()["nodes"] = chain + nodes


@built("network-that-unrolls-for-ever")
def _(forge):
    def doubled(depth):
        if depth == 0:
            inner = [{"name": "a", "inputs": ["x"], "layer": {"class_name": "Flatten"}}]
            return {"name": None, "inputs": [{"name": "x", "shape": None}], "nodes": inner, "outputs": ["a"]}
        nodes = [{"name": "n0", "inputs": ["x"], "network": doubled(depth - 1)}]
        nodes += [{"name": f"n{i}", "inputs": [f"n{i - 1}"], "weights": "n0"} for i in range(1, 12)]
        return {"name": None, "inputs": [{"name": "x", "shape": None}], "nodes": nodes, "outputs": ["n11"]}

    nodes = forge.architecture()["nodes"]
    nodes.insert(0, {"name": "bomb", "inputs": nodes[0]["inputs"], "network": doubled(10)})


@built("networks-nested-too-deep")
def _(forge):
    inner = {"name": None, "inputs": [{"name": "x", "shape": None}], "nodes": [], "outputs": ["x"]}
    for _ in range(13):
        node = {"name": "n", "inputs": ["x"], "network": inner}
        inner = {"name": None, "inputs": [{"name": "x", "shape": None}], "nodes": [node], "outputs": ["n"]}
    nodes = forge.architecture()["nodes"]
    nodes.insert(0, {"name": "deep", "inputs": nodes[0]["inputs"], "network": inner})


@built("input-without-a-shape")
def _(forge):
    forge.architecture()["inputs"][0]["shape"] = None


@built("tensor-missing")
def _(forge):
    del forge.tensors["params/out/bias"]


@built("tensor-extra")
def _(forge):
    forge.tensors["params/out/mask"] = ["F32", [1], struct.pack("<f", 1)]


@built("tensor-transposed")
def _(forge):
    forge.tensors["params/out/kernel"][1] = [2, 8]


@built("tensor-of-half-precision")
def _(forge):
    forge.tensors["params/out/bias"] = ["F16", [2], b"\0" * 4]


@built("tensor-of-whole-numbers")
def _(forge):
    forge.tensors["params/out/bias"][0] = "I32"


@built("tensor-in-the-wrong-section")
def _(forge):
    forge.tensors["params/norm/moving_mean"] = forge.tensors.pop("state/norm/moving_mean")


@built("no-tensors")
def _(forge):
    forge.tensors = {}


@built("weights-of-another-architecture")
def _(forge):
    forge.tensors = {
        "params/dense/kernel": ["F32", [1, 2], b"\0" * 8],
        "params/out/bias": ["F32", [3], b"\0" * 12],
    }


def patched(forge, tensor, raw):
    """Change the first number of a tensor."""
    forge.tensors[tensor][2] = raw + forge.tensors[tensor][2][len(raw) :]


@built("weight-is-nan")
def _(forge):
    patched(forge, "params/conv/kernel", struct.pack("<f", float("nan")))


@built("weight-is-infinite")
def _(forge):
    patched(forge, "state/norm/moving_variance", struct.pack("<ff", float("inf"), float("-inf")))


@built("weight-with-a-flipped-bit")
def _(forge):
    forge.record = forge.make_record()
    patched(forge, "params/conv/kernel", b"\x01")


@built("record-that-fills-the-header")
def _(forge):
    forge.record["training"] = {"log": "x" * 2**23}


@built("honest-record-with-unsorted-keys-and-nan")
def _(forge):
    forge.make_metadata(canonical(forge.make_record()).decode().replace("[0.5,0.25]", "[NaN]"))
