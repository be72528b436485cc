"""Names of programs that draw a network as we do but call its parts otherwise; a table for each.

A table only proposes: the names must then be exactly those of the network, or the error names what is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Renames:
    """How one program's names become ours.

    Args:
        title: whose names they are.
        mark: a pattern that some of their names fit and none of ours.
        rename: (a name, all names in the file, all names of the network) -> our name, or the name as it is.
    """

    title: str
    mark: str
    rename: Callable[[str, Sequence[str], Sequence[str]], str]


def renamed(names: Iterable[str], known: Iterable[str]) -> tuple[str, dict[str, str] | None]:
    """Whose names these are, and {name: our name}; None when they are ours already or nobody's.

    Args:
        names: in the file. known: names that the network wants, in its order.

    >>> title, changed = renamed(["bn2b_branch2a/gamma"], ["conv2_block2_1_bn/gamma"])
    >>> title, changed
    ("older Keras' residual networks", {'bn2b_branch2a/gamma': 'conv2_block2_1_bn/gamma'})
    """
    given, wanted = list(names), list(known)
    before = len(set(given) & set(wanted))
    for table in TABLES:
        if not any(re.search(table.mark, name) for name in given):
            continue
        changed = {name: table.rename(name, given, wanted) for name in given}
        if len(set(changed.values())) == len(given) and len(set(changed.values()) & set(wanted)) > before:
            return table.title, changed
    return "", None


def _old_keras_resnet(name: str, names: Sequence[str], known: Sequence[str]) -> str:
    """res2a_branch2b as conv2_block1_2_conv; the paper's authors called their blocks so."""
    name = re.sub(r"^bn_conv1/", "conv1_bn/", re.sub(r"^conv1/", "conv1_conv/", name))
    found = re.fullmatch(r"(res|bn)(\d)([a-z])_branch(1|2a|2b|2c)/(.*)", name)
    if not found:
        return re.sub(r"^fc1000/", "predictions/", name)
    kind, stage, letter, branch, weight = found.groups()
    block, place = ord(letter) - ord("a") + 1, ("1", "2a", "2b", "2c").index(branch)
    return f"conv{stage}_block{block}_{place}_{'conv' if kind == 'res' else 'bn'}/{weight}"


def _keras_vgg(name: str, names: Sequence[str], known: Sequence[str]) -> str:
    """block1_conv2 as features.2: there convolutions, relus and poolings are counted."""
    found = re.fullmatch(r"block(\d)_conv(\d)/(.*)", name)
    if not found:
        heads = {"fc1": "classifier.0", "fc2": "classifier.3", "predictions": "classifier.6"}
        layer, slash, weight = name.partition("/")
        return heads.get(layer, layer) + slash + weight
    block, conv, weight = int(found[1]), int(found[2]), found[3]
    kernels = re.findall(r"block(\d)_conv\d/kernel", "\n".join(names))
    before = sum(2 * kernels.count(str(each)) + 1 for each in range(1, block))
    return f"features.{before + 2 * (conv - 1)}/{weight}"


def _timm_vgg(name: str, names: Sequence[str], known: Sequence[str]) -> str:
    """timm draws VGG's first two dense layers as convolutions."""
    heads = {
        "pre_logits.fc1.": "classifier.0.",
        "pre_logits.fc2.": "classifier.3.",
        "head.fc.": "classifier.6.",
    }
    for theirs, ours in heads.items():
        name = ours + name.removeprefix(theirs) if name.startswith(theirs) else name
    return name


_TIMM_PARTS = (
    {"conv_dw": "0.0", "bn1": "0.1", "conv_pw": "1", "bn2": "2"},
    {"conv_pw": "0.0", "bn1": "0.1", "conv_dw": "1.0", "bn2": "1.1", "conv_pwl": "2", "bn3": "3"},
)
"""Places in torchvision's blocks of MobileNetV2, of those that widen nothing and of the others."""


def _timm_mobilenet_v2(name: str, names: Sequence[str], known: Sequence[str]) -> str:
    """blocks.1.0.conv_pw as features.2.conv.0.0."""
    blocks = _numbered(r"(blocks\.\d+\.\d+)\.", names)
    found = re.fullmatch(r"(blocks\.\d+\.\d+)\.(\w+)\.(\w+)", name)
    if found:
        parts = _TIMM_PARTS[f"{found[1]}.conv_pwl.weight" in names]
        return f"features.{blocks[found[1]] + 1}.conv.{parts.get(found[2], found[2])}.{found[3]}"
    last = len(blocks) + 1
    ends = {
        "conv_stem": "features.0.0",
        "bn1": "features.0.1",
        "conv_head": f"features.{last}.0",
        "bn2": f"features.{last}.1",
        "classifier": "classifier.1",
    }
    layer, dot, weight = name.rpartition(".")
    return ends.get(layer, layer) + dot + weight


def _efficientnet_pytorch(name: str, names: Sequence[str], known: Sequence[str]) -> str:
    """_blocks.1._expand_conv as blocks.1.0.conv_pw: blocks are counted through, and norms from 0."""
    blocks = list(_numbered(r"(blocks\.\d+\.\d+)\.", known))
    found = re.fullmatch(r"_blocks\.(\d+)\._(\w+)\.(\w+)", name)
    if found and int(found[1]) < len(blocks):
        wide = f"_blocks.{found[1]}._expand_conv.weight" in names
        parts = {
            "expand_conv": "conv_pw",
            "depthwise_conv": "conv_dw",
            "project_conv": "conv_pwl" if wide else "conv_pw",
            **{f"bn{place}": f"bn{place + wide}" for place in range(3)},
        }
        return f"{blocks[int(found[1])]}.{parts.get(found[2], found[2])}.{found[3]}"
    ends = {
        "_conv_stem": "conv_stem",
        "_bn0": "bn1",
        "_conv_head": "conv_head",
        "_bn1": "bn2",
        "_fc": "classifier",
    }
    layer, dot, weight = name.rpartition(".")
    return ends.get(layer, layer) + dot + weight


def _numbered(pattern: str, names: Iterable[str]) -> dict[str, int]:
    """What a pattern finds at the beginning of names, each once and in order, with its number."""
    found = (re.match(pattern, name) for name in names)
    return {each: place for place, each in enumerate(dict.fromkeys(match[1] for match in found if match))}


TABLES: tuple[Renames, ...] = (
    Renames("older Keras' residual networks", r"^(res|bn)\d[a-z]_branch", _old_keras_resnet),
    Renames("Keras' VGG", r"^block\d_conv\d/", _keras_vgg),
    Renames("timm's VGG", r"^pre_logits\.fc1\.", _timm_vgg),
    Renames("timm's MobileNetV2", r"^blocks\.\d+\.\d+\.conv_pwl\.", _timm_mobilenet_v2),
    Renames("efficientnet-pytorch", r"^_blocks\.\d+\._", _efficientnet_pytorch),
)
"""Every table; the first whose mark is found and which finds more of the network's names is taken."""
