"""What was taken for what, and the pictures behind each number, opened by a link and no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from striate.pages.html import escape, paragraph
from striate.tasks.answers import Scored
from striate.tasks.reporting.thumbnails import Thumbnails

LARGEST = 30
"""Of more classes only the most frequent confusions are listed."""
MOST = 1200
"""Pictures behind all cells together; mistakes come before right answers."""
LISTED = 20


@dataclass(frozen=True)
class Group:
    """Test pictures with the same truth and the same answer.

    Args:
        key: its anchor on the page. title: in words. rows: the surest first. wrong: whether it is a mistake.
    """

    key: str
    title: str
    rows: np.ndarray
    wrong: bool


def groups(scored: Scored, names: Sequence[str]) -> list[Group]:
    """The cells that are not empty; for several labels what was missed and added; none for numbers."""
    if scored.confusion is not None:
        return [_cell(scored, names, i, j) for i, j in np.argwhere(scored.confusion).tolist()]
    if scored.kind != "multilabel":
        return []
    found = []
    for number, name in enumerate(names):
        truth, said = scored.truth[:, number] == 1, scored.said[:, number] == 1
        for key, words, chosen in (
            ("missed", "not found", truth & ~said),
            ("added", "found without being there", said & ~truth),
        ):
            rows = np.flatnonzero(chosen)
            rows = rows[np.argsort(-scored.sureness[rows], kind="stable")]
            if len(rows):
                found.append(Group(f"{key}-{number}", f"{name}: {words}", rows, True))
    return found


def chosen(all_groups: Sequence[Group], most: int = MOST) -> dict[str, np.ndarray]:
    """Which pictures of each group are shown: all of them when there is room, else as many of each."""
    found, left = {}, most
    for wrong in (True, False):
        some = [group for group in all_groups if group.wrong is wrong]
        cap = _cap([len(group.rows) for group in some], left)
        found |= {group.key: group.rows[:cap] for group in some}
        left -= sum(min(cap, len(group.rows)) for group in some)
    return found


def parts(
    scored: Scored,
    names: Sequence[str],
    all_groups: Sequence[Group],
    shown: Mapping[str, np.ndarray],
    thumbnails: Thumbnails,
) -> list[str]:
    """Title, matrix or list, and the opened groups."""
    opened = [_opened(group, shown[group.key], thumbnails) for group in all_groups if len(shown[group.key])]
    legend = "Choose a number to see the pictures behind it."
    if scored.confusion is None:
        rows = [(group.title, group) for group in all_groups]
        return ["Labels missed and added", paragraph(legend, "dim"), _list(rows, shown), *opened]
    title = "What was taken for what"
    if len(names) > LARGEST:
        wrong = sorted((group for group in all_groups if group.wrong), key=lambda group: -len(group.rows))
        rows = [(group.title, group) for group in wrong[:LISTED]]
        legend = f"The most frequent confusions of {len(names)} classes. {legend}"
        return [title, paragraph(legend, "dim"), _list(rows, shown), *opened]
    legend = f"Rows: what it is. Columns: what the model said. {legend}"
    return [title, paragraph(legend, "dim"), _matrix(scored.confusion, names, shown), *opened]


def _cell(scored: Scored, names: Sequence[str], i: int, j: int) -> Group:
    """One cell of the confusion matrix."""
    title = f"{names[i]}, recognised" if i == j else f"{names[i]} taken for {names[j]}"
    return Group(f"cell-{i}-{j}", title, scored.cell(i, j), i != j)


def _cap(counts: Sequence[int], most: int) -> int:
    """The largest number that each may show so that all together show at most `most`."""
    cap = max(counts, default=0)
    if sum(counts) <= most:
        return cap
    low, high = 0, cap
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sum(min(middle, n) for n in counts) <= most else (low, middle - 1)
    return low


def _matrix(matrix: np.ndarray, names: Sequence[str], shown: Mapping[str, np.ndarray]) -> str:
    """A row for each true class."""
    wrong = matrix - np.diag(np.diag(matrix))
    most = max(1, int(wrong.max()))
    head = "".join(_name(name) for name in names)
    rows = []
    for i, name in enumerate(names):
        numbers = "".join(
            _number(int(matrix[i, j]), f"cell-{i}-{j}", i == j, most, shown) for j in range(len(names))
        )
        rows.append(f"<tr>{_name(name)}{numbers}</tr>")
    body = f"<thead><tr><th></th>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f'<div class="wide" id="confusion"><table class="confusion">{body}</table></div>'


def _name(name: str) -> str:
    """A class at the edge of the matrix; a long one is cut, and whole when pointed at."""
    return f'<th title="{escape(name)}"><bdi>{escape(name)}</bdi></th>'


def _number(count: int, key: str, right: bool, most: int, shown: Mapping[str, np.ndarray]) -> str:
    """One count; the redder, the more often this mistake was made."""
    kind = ' class="self"' if right else f' style="background:rgb(220 38 38 / {round(60 * count / most)}%)"'
    return f"<td{kind}>{_link(count, key, shown)}</td>"


def _link(count: int, key: str, shown: Mapping[str, np.ndarray]) -> str:
    """A count that opens its pictures when there are any on the page."""
    if len(shown.get(key, ())):
        return f'<a href="#{key}">{count:,}</a>'
    return f"<span>{f'{count:,}' if count else ''}</span>"


def _list(rows: Sequence[tuple[str, Group]], shown: Mapping[str, np.ndarray]) -> str:
    """Groups in words, with how many pictures each has."""
    lines = "".join(
        f"<tr><td><bdi>{escape(title)}</bdi></td><td>{_link(len(group.rows), group.key, shown)}</td></tr>"
        for title, group in rows
    )
    return f'<div class="wide" id="confusion"><table><tbody>{lines}</tbody></table></div>'


def _opened(group: Group, rows: np.ndarray, thumbnails: Thumbnails) -> str:
    """The pictures of a group, seen only when its link was followed."""
    some, count = len(rows), len(group.rows)
    said = f"all {count:,} shown" if some == count else f"{some:,} of {count:,} shown, the surest first"
    if count == 1:
        said = "one picture"
    pictures = "".join(thumbnails.html(row) for row in rows)
    head = f"<h3><bdi>{escape(group.title)}</bdi></h3>{paragraph(said, 'dim')}"
    close = '<p><a href="#confusion">close</a></p>'
    return f'<div class="cell" id="{group.key}">{head}<div class="thumbs">{pictures}</div>{close}</div>'
