"""Make the manual's table of architectures; every number but the papers' is counted from the networks.

python docs/make_architectures.py
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import striate.applications as applications
from striate.applications._comparison import MIB, sees
from striate.applications._published import PUBLISHED, Published
from striate.network import Network

TARGET = Path(__file__).parent / "architectures.md"

INTRODUCTION = """# Architectures

`st.applications` holds landmark networks, each a readable file: `st.applications.resnet50(classes=10)` gives
a model that can be compiled and trained at once, `striate summary resnet152` shows one without allocating a
weight, and `st.applications.compare().save("compare.html")` draws accuracy against cost.
`python docs/make_architectures.py` writes this page.

Errors are the papers' own, on ImageNet's validation pictures, for one network (no ensemble); how many crops
of each picture it looked at makes a point or two of difference. Everything else is counted from our networks
at the size shown, for one picture:

- **weights**: trainable ones. "Layers of" says whose network it is: the paper's own, torchvision's or timm's.
- **MACs**: multiply-accumulates of all layers, one for each number in a batch norm included.
- **activations**: the input and every layer's output in float32. A relu inside a convolution costs no map of
  its own; one behind a batch norm does.
- **sees**: the receptive field of the last map, and how far apart the fields of neighbours are.
"""

FRAMEWORKS = """
`alexnet` and `googlenet` are the frameworks' versions; their errors are those of torchvision's weights.
"""

CONVENTIONS = """
## Whose count is it?

Frameworks and papers count the same name differently: trainable weights, and what is kept beside them
(running means and variances, which torchvision leaves out of its counts and Keras includes).
"""

VARIANTS = (
    ("ResNet-50, torchvision: no biases before batch norm", "resnet50", {}),
    ("ResNet-50, Keras: biases in every convolution", "resnet50", {"convention": "keras"}),
    ("ResNet-101, Keras", "resnet101", {"convention": "keras"}),
    ("ResNet-152, Keras", "resnet152", {"convention": "keras"}),
    ("VGG-16, paper, Keras and torchvision", "vgg16", {}),
    ("VGG-16 with batch norm, torchvision", "vgg16", {"batch_norm": True}),
    ("GoogLeNet, torchvision: batch norm, no biases", "googlenet", {}),
    ("GoogLeNet, torchvision, with auxiliary heads", "googlenet", {"auxiliary_heads": True}),
    ("GoogLeNet, paper: biases, local response normalization", "googlenet-2014", {}),
    ("GoogLeNet, paper, with auxiliary heads", "googlenet-2014", {"auxiliary_heads": True}),
    ("AlexNet, two towers (paper, 2012)", "alexnet-2012", {}),
    ("AlexNet, one tower (2014, torchvision)", "alexnet", {}),
    ("LeNet-5 of 1998: 60,000 trainable, the digits' codes fixed", "lenet5-1998", {}),
    ("LeNet-5 with today's parts", "lenet5", {}),
)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], words: Sequence[str]) -> str:
    """A table in Markdown; numbers stand to the right, columns of `words` to the left."""
    marks = ["---" if name in words else "---:" for name in head]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, marks, *rows))


def costs(network: Network) -> list[str]:
    """Size of the picture, weights, MACs, activations, receptive field."""
    totals = network.totals
    return [
        "x".join(map(str, network.inputs[0].shape or ())),
        f"{totals.trainable:,}",
        f"{totals.macs:,}",
        _memory(totals.activation_bytes),
        sees(network),
    ]


def _memory(size: int) -> str:
    """Bytes as people read them."""
    return f"{size / MIB:.1f} MiB" if size >= MIB else f"{size / 1024:.0f} KiB"


def errors(about: Published) -> list[str]:
    """The paper's errors and how it looked."""
    paper = about.scores[0]
    source = paper.source.replace("of the paper", "").strip()
    return [_percent(paper.top5), _percent(paper.top1), f"{paper.how} ({source})"]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def large(names: Sequence[str]) -> str:
    """Networks for ImageNet."""
    head = ["network", "year", "layers of", "top-5 error %", "top-1 error %", "measured on", "picture"]
    head += ["weights", "MACs", "activations", "sees"]
    rows = []
    for name in names:
        about = PUBLISHED[name]
        network = applications.get(name).network
        rows.append([f"`{name}`", str(about.year), about.layout, *errors(about), *costs(network)])
    return table(head, rows, ("network", "layers of", "measured on", "sees"))


def small(names: Sequence[str]) -> str:
    """Networks for smaller pictures, with what their papers measured."""
    head = ["network", "year", "the paper's result", "picture", "weights", "MACs", "activations", "sees"]
    rows = []
    for name in names:
        about = PUBLISHED[name]
        rows.append(
            [f"`{name}`", str(about.year), about.other or "–", *costs(applications.get(name).network)]
        )
    return table(head, rows, ("network", "the paper's result", "sees"))


def variants() -> str:
    """The same names in several conventions."""
    rows = []
    for words, name, options in VARIANTS:
        totals = applications.get(name, **options).network.totals
        rows.append([words, f"{totals.trainable:,}", f"{totals.non_trainable:,}", f"{totals.params:,}"])
    return table(["network", "trainable", "not trainable", "together"], rows, ("network",))


def papers() -> str:
    """Who wrote what, and where it is here."""
    names: dict[tuple[str, int, str], list[str]] = {}
    for name, about in PUBLISHED.items():
        module = getattr(applications, name.replace("-", "_")).__module__.rpartition(".")[2]
        names.setdefault((about.paper, about.year, module), []).append(f"`{name}`")
    return "\n".join(
        f"- {', '.join(some)}: {paper}, {year} (`applications/{module}.py`)"
        for (paper, year, module), some in names.items()
    )


def page() -> str:
    """The whole page."""
    on_imagenet = [name for name, about in PUBLISHED.items() if about.scores]
    elsewhere = [name for name, about in PUBLISHED.items() if not about.scores]
    parts = [INTRODUCTION, "## ImageNet\n", large(on_imagenet), FRAMEWORKS]
    parts += ["## Smaller pictures\n", small(elsewhere), CONVENTIONS, variants(), "\n## Papers\n", papers()]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
