"""`striate explain` and `striate see`: why a model answers so, how a number was made, what the layers see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli._terminal import say, show
from striate.errors import ArgumentError, Problem

if TYPE_CHECKING:
    from striate.pages import Shown


def _methods(wanted: bool) -> None:
    """Print every method of attribution with what its map says, and stop."""
    if not wanted:
        return
    from striate.explain.attribution import METHODS

    widest = max(map(len, METHODS))
    for method in METHODS.values():
        show(f"{method.name:{widest}}  {method.about} ({method.paper})")
    raise typer.Exit


RUN = typer.Argument(metavar="RUN", help="A run's folder or a .striate file.")
IMAGE = typer.Argument(metavar="IMAGE", help="A picture file of any size.")
INVERT = typer.Option("--invert", help="Turn dark into light first, for black ink on white paper.")
OUT = typer.Option("--out", "-o", metavar="FILE", help="Also write a page (.html) or a picture (.png).")


def explain(
    run: Annotated[str, RUN],
    image: Annotated[str, IMAGE],
    method: Annotated[
        str | None,
        typer.Option("--method", "-m", metavar="NAME", help="How to explain the answer; see --methods.",
                     show_default="several that suit the network"),
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option("--layer", "-l", metavar="NAME", help="Where a method looks, or the layer of --view.",
                     show_default="the method's own"),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option("--class", "-c", metavar="CLASS", help="Name or number of the class to explain.",
                     show_default="the likeliest"),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option("--address", "-a", metavar="ADDRESS",
                     help="Take a number apart instead, such as 'conv2/output[0,5,3,7]'."),
    ] = None,
    view: Annotated[
        str | None,
        typer.Option("--view", metavar="VIEW",
                     help="Look at a convolution instead: filter, equation, network, matrix, cost or all."),
    ] = None,
    filter: Annotated[
        int, typer.Option("--filter", help="The output channel that --view shows.")
    ] = 0,
    position: Annotated[
        str | None,
        typer.Option("--position", metavar="ROW,COLUMN", help="The output that --view shows.",
                     show_default="the strongest"),
    ] = None,
    recording: Annotated[
        str | None,
        typer.Option("--recording", metavar="FOLDER", help="What '@step=120' in --address speaks of.",
                     show_default="RUN/recording"),
    ] = None,
    invert: Annotated[bool, INVERT] = False,
    out: Annotated[str | None, OUT] = None,
    methods: Annotated[
        bool,
        typer.Option("--methods", callback=_methods, is_eager=True, help="List all methods and stop."),
    ] = False,
) -> None:  # fmt: skip
    """Say why a picture gets its answer, how a number was made, or what a convolution does."""
    _check(method, address, view, target, layer, position, recording)
    from striate.tasks import explaining

    found = explaining.subject(run, image, invert, address, recording)
    asked = {"method": method, "layer": layer, "target": target, "address": address, "view": view}
    focus = {} if view is None else {"filter": filter, "position": _position(position)}
    _present(explaining.explain(found, **asked, **focus), out, found.notes)


def see(
    run: Annotated[str, RUN],
    image: Annotated[str, IMAGE],
    layer: Annotated[
        list[str] | None,
        typer.Option("--layer", "-l", metavar="NAME", help="A layer; more of them with more --layer.",
                     show_default="the last of each size"),
    ] = None,
    most: Annotated[int, typer.Option("--most", help="Channels of a layer that are drawn.")] = 16,
    invert: Annotated[bool, INVERT] = False,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FILE", help="A page (.html) or a picture (.png).")
    ] = "see.html",
) -> None:  # fmt: skip
    """Draw what the layers answer to a picture: a map for each channel."""
    if most < 1:
        cure = "Give for instance --most 16."
        raise ArgumentError(Problem("--most", f"got {most}", "a whole number from 1", cure))
    from striate.explain import see as look
    from striate.tasks import explaining

    found = explaining.subject(run, image, invert)
    _present(look(found.model, found.x, layer, most=most), out, found.notes)


def _present(shown: Shown, out: str | None, notes: Sequence[str]) -> None:
    """Words on standard output, pictures into the file."""
    for note in notes:
        say(note)
    show(shown.text())
    if out is None:
        say("Pictures come with --out page.html or --out picture.png.")
        return
    say(f"See {shown.save(out)}")


def _check(*given: str | None) -> None:
    """Refuse questions that contradict each other."""
    method, address, view, target, layer, position, recording = given
    kinds = {"--method": method, "--address": address, "--view": view}
    asked = [name for name, value in kinds.items() if value is not None]
    problems = []
    if len(asked) > 1:
        cure = "Ask one question at a time."
        problems.append(Problem(asked[1], f"it stands beside {asked[0]}", f"one of {', '.join(kinds)}", cure))
    if position is not None and view is None:
        cure = "Add for instance --view filter, or leave --position out."
        problems.append(Problem("--position", "it stands alone", "--view beside it", cure))
    if target is not None and view is not None:
        cure = "Leave --class out: a view is of a layer, not of a class."
        problems.append(Problem("--class", "it stands beside --view", "no class", cure))
    if layer is not None and address is not None:
        cure = "Leave --layer out: the address names it."
        problems.append(Problem("--layer", "it stands beside --address", "no layer", cure))
    if recording is not None and "@step" not in (address or ""):
        cure = "Add for instance --address 'conv1/kernel[0,0,0,0]@step=120'."
        problems.append(Problem("--recording", "no step is asked for", "--address with @step=…", cure))
    if problems:
        raise ArgumentError(problems)


def _position(text: str | None) -> tuple[int, ...] | None:
    """Whole numbers with commas between them."""
    if text is None:
        return None
    parts = text.strip("()[] ").split(",")
    if all(part.strip().isdecimal() for part in parts):
        return tuple(map(int, parts))
    cure = "Write for instance --position 5,3."
    raise ArgumentError(Problem("--position", f"got {text!r}", "whole numbers and commas", cure))
