"""`image_folder`: from the path of a folder to a description whose pixels lie decoded in the cache."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from striate.datasets.folders._asking import Asked, check_arguments
from striate.datasets.folders._joining import check_parts, look_alikes, members, without
from striate.datasets.folders._saying import (
    BrokenPictures,
    duplicate_notes,
    lost_notes,
    split_sentence,
    tiny_notes,
)
from striate.datasets.folders.decoding import Means, Progress, Surveyed, decode, survey
from striate.datasets.folders.description import PictureFolder
from striate.datasets.folders.labels import TargetKind, Targets, make_targets, strata
from striate.datasets.folders.layout import Listing, list_classes
from striate.datasets.folders.sizes import choose
from striate.datasets.folders.splitting import deal, ranks
from striate.datasets.folders.store import Recipe, Store
from striate.datasets.folders.tables import list_table
from striate.datasets.folders.walking import Broken, walk
from striate.images._recipe_rules import Fit
from striate.images.preprocessing import Preprocessing


def image_folder(
    path: str | os.PathLike[str],
    *,
    table: str | os.PathLike[str] | None = None,
    file_column: str | None = None,
    label_column: str | Sequence[str] | None = None,
    target: TargetKind | None = None,
    size: int | tuple[int, int] | None = None,
    fit: Fit | None = None,
    channels: int | None = None,
    preprocessing: Preprocessing | None = None,
    seed: int = 0,
    skip_broken: bool = False,
    validation: float = 0.1,
    test: float = 0.1,
    workers: int | None = None,
    memory: int = 2**30,
    progress: Progress | None = None,
) -> PictureFolder:
    """Your own pictures, ready to train on: found, checked, decoded and split.

    Args:
        path: a folder with a folder of pictures for each class, or with train/, val/ and test/ that hold
            these; with `table` any folder.
        table: a CSV or JSON-lines file that says for each picture its label, its labels separated by "|", or
            its number. A column `split` may say train, validation or test.
        file_column: the column of file names. label_column: the column of the answers, or several.
        target: "binary", "multinomial", "multilabel", "continuous" or "count"; by default guessed.
        size: (H, W) or one side, in pixels; by default chosen from the pictures' own sizes.
        fit: "stretch", "crop" or "pad"; likewise. channels: 1 or 3; by default 1 when all are grey.
        preprocessing: all three at once, as a model brings it; a folder to test it on may be of one class.
        seed: decides the split. validation: the share that watches training. test: the share kept for the
            end. Both are drawn only where the folder or the table brings no such part.
        skip_broken: leave out pictures that cannot be read, instead of stopping.
        workers: decoding programs; by default one a core, or none for a few pictures.
        memory: bytes that decoding may hold at once, and up to which a part is given as an array.
        progress: called with (what is being done, pictures done, pictures in all).

    Raises:
        ArgumentError: arguments that cannot be, all at once.
        DataError: the folder or the table is not usable; pictures are broken (all are listed).

    Keras' `image_dataset_from_directory` gives batches; here a description comes first, its pixels at
    `.split("train").x` and its batches at `.split("train").batches(128)`.
    """
    asked = Asked(
        None if table is None else Path(table),
        file_column,
        label_column,
        target,
        size,
        fit,
        channels,
        preprocessing,
        seed,
        skip_broken,
        validation,
        test,
        workers,
        memory,
        progress,
    )
    check_arguments(asked)
    root = Path(path)
    listing = _listed(root, asked)
    _targets(listing, asked)  # to complain before the long work
    means = Means(workers, memory, progress)
    total = len(listing.files) + len(listing.refused)
    with means.crew(len(listing.files)) as crew:
        surveyed = survey(root, listing.files, crew, means)
        broken = sorted([*listing.refused, *surveyed.broken], key=_name)
        if not surveyed.files:
            raise BrokenPictures(root, broken, total)
        recipe, reason = _recipe(surveyed, asked)
        store = Store(Recipe(recipe.size or (0, 0), recipe.channels, recipe.fit))
        broken = sorted([*broken, *decode(root, surveyed, store, crew, means)], key=_name)
    if broken and (not skip_broken or len(broken) == total):
        raise BrokenPictures(root, broken, total)
    return _described(root, asked, listing, surveyed, store, broken, recipe, reason)


def _listed(root: Path, asked: Asked) -> Listing:
    """The pictures and their answers, from a table or from class folders."""
    found = walk(root)
    if asked.table is None:
        return list_classes(root, found)
    return list_table(root, found, asked.table, asked.file_column, asked.label_column)


def _targets(listing: Listing, asked: Asked) -> Targets:
    """The targets; who brings a model's preprocessing has a model to test."""
    testing = asked.preprocessing is not None
    return make_targets(listing.files, listing.answers, listing.columns, asked.target, testing)


def _recipe(surveyed: Surveyed, asked: Asked) -> tuple[Preprocessing, str]:
    """How pictures become the input, and why in this way."""
    if asked.preprocessing is not None:
        height, width = asked.preprocessing.size or (0, 0)
        said = f"The pictures become {height} x {width} (height x width), as the given preprocessing says."
        return asked.preprocessing, said
    choice = choose(surveyed.sizes, asked.size, asked.fit)
    all_grey = bool(surveyed.grey.all())
    count = asked.channels or (1 if all_grey else 3)
    colour = "in grey" if count == 1 else "in colour"
    why = "as asked" if asked.channels else "for all of them are" if all_grey else "for not all are grey"
    return Preprocessing(
        choice.size, count, fit=choice.fit
    ), f"{choice.reason} They are read {colour}, {why}."


def _described(
    root: Path,
    asked: Asked,
    listing: Listing,
    surveyed: Surveyed,
    store: Store,
    broken: Sequence[Broken],
    recipe: Preprocessing,
    reason: str,
) -> PictureFolder:
    """Join what is known, and deal the pictures to their parts."""
    good = without(listing, {each.file for each in broken})
    targets = _targets(good, asked)
    left_out = {each.file for each in broken}
    sha256 = surveyed.sha256[[name not in left_out for name in surveyed.files]]
    facts, pixels = store.facts(sha256), store.rows(sha256)
    groups = look_alikes(sha256, facts["look"], pixels, store.recipe.folder)
    given = np.array(good.given, np.int8)
    order = ranks(sha256, asked.seed)
    parts = deal(strata(targets), groups, order, given, asked.validation, asked.test)
    check_parts(root, parts, asked.validation, asked.test)
    together = members(groups)
    notes = [*listing.notes, *lost_notes(root, listing, good)]
    notes += duplicate_notes(root, good.files, together, targets, given, parts)
    notes += tiny_notes(root, targets, parts)
    return PictureFolder(
        path=root,
        files=good.files,
        sha256=sha256,
        sizes=np.stack([facts["height"], facts["width"]], axis=1),
        targets=targets.values,
        target_kind=targets.kind,
        target_reason=targets.reason,
        class_names=targets.class_names,
        target_names=targets.names,
        parts=parts,
        split_reason=split_sentence(given, parts, asked.seed),
        preprocessing=recipe,
        size_reason=reason,
        groups=together,
        broken=tuple(broken),
        notes=tuple(notes),
        seed=asked.seed,
        memory=asked.memory,
        pixels=pixels,
    )


def _name(broken: Broken) -> str:
    """By which broken pictures are listed."""
    return broken.file
