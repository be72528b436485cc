"""`striate convert`: models and weights from one framework's files into another's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli._terminal import one_line, quantity, show, show_json
from striate.errors import ArgumentError, Problem

if TYPE_CHECKING:
    from striate.tasks.conversion import Conversion

COUNTER = "num_batches_tracked"
"""PyTorch's batch norms keep one each; no computation uses it."""

FEW = 4
"""So many names are shown of a long list."""


def convert(
    source: Annotated[
        str,
        typer.Argument(
            metavar="IN",
            help="A file of PyTorch, Keras, NumPy, Striate, safetensors; a run's or TensorFlow.js' folder.",
        ),
    ],
    target: Annotated[
        str,
        typer.Argument(metavar="OUT", help="Ends with .striate, .onnx, .safetensors, .weights.h5 or .npz."),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            "--model", help="The architecture, where IN holds none: NAME, FILE.json or FILE.py:NAME."
        ),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", help="Names in OUT: striate, torch (for load_state_dict) or keras.")
    ] = None,
    convention: Annotated[
        str | None,
        typer.Option(
            "--convention", help="Names in IN, if they are not recognised: torch, keras, keras3, striate."
        ),
    ] = None,
    group: Annotated[
        str | None, typer.Option("--group", help="Which weights of a checkpoint with several, such as ema.")
    ] = None,
    by_order: Annotated[
        bool, typer.Option("--by-order", help="Match tensors in their order where names differ.")
    ] = False,
    skip_head: Annotated[
        bool, typer.Option("--skip-head", help="Leave the layers that make the outputs at their own start.")
    ] = False,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="PATTERN", help="Names in IN that are not wanted, such as 'aux*'."),
    ] = None,
    input_shape: Annotated[
        str | None, typer.Option("--input-shape", metavar="HxWxC", help="For an architecture of open size.")
    ] = None,
    classes: Annotated[int | None, typer.Option("--classes", help="For a named architecture.")] = None,
    preprocessing: Annotated[
        str | None,
        typer.Option("--preprocessing", metavar="FILE.json", help="How pictures become its input."),
    ] = None,
    class_names: Annotated[
        str | None,
        typer.Option("--class-names", metavar="FILE.json", help="A list of names, in the order of outputs."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Convert a model or its weights, and say what was recognised and checked."""
    from striate.tasks.conversion import convert

    done = convert(
        source,
        target,
        model=model,
        to=to,
        convention=convention,
        group=group,
        by="order" if by_order else "name",
        skip_head=skip_head,
        ignore=tuple(ignore or ()),
        input_shape=None if input_shape is None else _shape(input_shape),
        classes=classes,
        preprocessing=preprocessing,
        class_names=class_names,
    )
    if as_json:
        show_json(done.to_json())
    else:
        _show(done)


def _show(done: Conversion) -> None:
    """A line for each thing there is to say."""
    show(f"{one_line(done.source)}: {done.kind}")
    origin = one_line(done.architecture)
    show(f"network: {one_line(done.network)}, {done.parameters:,} parameters, from {origin}")
    for note in done.notes:
        show(one_line(note))
    if done.ignored:
        show(f"not used: {_some(done.ignored)}")
    size = quantity(Path(done.target).stat().st_size)
    show(f"wrote {one_line(done.target)} ({size}): {done.written}")
    if done.lost:
        show(f"not in it: {', '.join(done.lost)}")
    for check in done.checks:
        show(f"checked: {check}")


def _some(names: tuple[str, ...]) -> str:
    """The first few names and how many there are."""
    counters = [name for name in names if name.endswith(COUNTER)]
    if len(counters) > 1:
        rest = tuple(name for name in names if name not in counters)
        return f"{len(counters)} {COUNTER}" + (f", {_some(rest)}" if rest else "")
    listed = ", ".join(one_line(name) for name in names[:FEW])
    return listed if len(names) <= FEW else f"{listed}, … ({len(names)} in all)"


def _shape(text: str) -> tuple[int, ...]:
    """224x224x3 as three numbers."""
    parts = text.lower().split("x")
    if not all(part.isascii() and part.isdecimal() and 0 < int(part) < 2**31 for part in parts):
        cure = "Write for instance --input-shape 224x224x3."
        raise ArgumentError(Problem("--input-shape", f"got {text!r}", "whole numbers joined by x", cure))
    return tuple(int(part) for part in parts)
