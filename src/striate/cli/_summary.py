"""`striate summary`: the layers of a network, its totals, and what is wrong or unwise about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli._terminal import results, show_json

if TYPE_CHECKING:
    from striate.network import Network


def summary(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A name, FILE.json, FILE.py:NAME, a run's folder or a .striate file."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show a network before it runs: shapes, parameters, costs, receptive fields, checks."""
    from striate.network.summary import print_summary, summary_dict

    network = _network(model)
    if as_json:
        show_json(summary_dict(network))
    else:
        print_summary(network, results())
    if network.errors():
        raise typer.Exit(2)


def _network(model: str) -> Network:
    """The network of a trained model, or the one that the words mean."""
    from striate.applications import pretrained
    from striate.tasks import find_network
    from striate.tasks.run_folder import model_file

    if model.endswith(".striate") or Path(model).is_dir():
        from striate.formats import load_model

        return load_model(model_file(model)).network
    if "/" in model and pretrained.is_name(model):
        return pretrained.network_of(pretrained.get(model))
    return find_network(model)
