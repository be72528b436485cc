"""From the records of all rounds to rows that can be compared, and to what we aimed at."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from pairing.plan import (
    ACCURACY,
    AIMS,
    CONV_EACH,
    CONV_MEAN,
    CONV_PEERS,
    OURS,
    OURS_HALF,
    SECONDS,
    Aim,
    Contender,
)

Record = dict[str, Any]
Row = dict[str, Any]


def rows(records: Iterable[Record]) -> list[Row]:
    """A row for each work, pass, shape and contender: medians and minima over the rounds.

    Every row has `ratio`: Striate's number, in the same precision, as a part of the row's own.
    """
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for record in records:
        groups.setdefault((*_key(record), record["peer"], record["setting"]), []).append(record)
    made = [_row(group) for group in groups.values()]
    ours = {(*_key(row), row["precision"]): row for row in made if row["peer"] == "striate"}
    limits = peaks(made)
    for row in made:
        mine = ours.get((*_key(row), row["precision"]))
        _compare(row, mine, limits)
    return made


def peaks(found: Iterable[Row]) -> dict[str, float]:
    """The machine's measured limit for each precision, 10^9 operations a second: the best large product."""
    best: dict[str, float] = {}
    for row in found:
        if row["work"] == "peak":
            rate = 1000 * 2e-9 * math.prod(row["shape"]) * row["shape"][0] / row["min"]
            best[row["precision"]] = max(rate, best.get(row["precision"], 0.0))
    return best


def aims(found: Sequence[Row]) -> list[Record]:
    """What we aimed at, and what came: text, value, limit, met."""
    told = [met for aim in AIMS if (met := _met(aim, found)) is not None]
    return told + _convolutions(found) + _cold(found)


def _key(record: Record) -> tuple[Any, ...]:
    return record["work"], record.get("pass"), tuple(record["shape"])


def _row(group: Sequence[Record]) -> Row:
    """Several rounds as one row."""
    first = group[0]
    kept = {name: first[name] for name in ("work", "peer", "setting", "precision", "shape")}
    kept |= {name: first[name] for name in ("pass", "batch", "gflop") if name in first}
    if "acc" in first:
        kept["s"] = round(statistics.mean(each["s"] for each in group), 3)
        kept["acc"] = round(statistics.mean(each["acc"] for each in group), 5)
        kept["parts"] = first.get("parts")
    else:
        kept["ms"] = statistics.median(each["ms"] for each in group)
        kept["min"] = min(each["min"] for each in group)
    peaks_mb = [each["peak_mb"] for each in group if each["peak_mb"]]
    kept["peak_mb"] = statistics.median(peaks_mb) if peaks_mb else None
    shares = [each["others"] for each in group if each.get("others") is not None]
    return {**kept, "others": max(shares, default=None), "rounds": len(group)}


def _compare(row: Row, mine: Row | None, limits: dict[str, float]) -> None:
    """Add to a row what only others know: our ratio, operations, the fraction of the machine's peak."""
    number = "s" if "s" in row else "ms"
    row["ratio"] = None if mine is None else round(mine[number] / row[number], 4)
    gflop = row.get("gflop") or (mine or {}).get("gflop")
    limit = limits.get(row["precision"])
    if gflop and number == "ms":
        row["gflops"] = round(1000 * gflop / row["ms"], 2)
        row["fraction"] = round(row["gflops"] / limit, 4) if limit else None


def _of(found: Sequence[Row], work: str, contender: Contender, batch: int | None = None) -> list[Row]:
    """The rows of a contender at a work."""
    return [
        row
        for row in found
        if (row["work"], row["peer"], row["setting"]) == (work, contender.peer, contender.setting)
        and (batch is None or row.get("batch") == batch)
    ]


def _met(aim: Aim, found: Sequence[Row]) -> Record | None:
    """An aim beside what was measured; None when one side is missing."""
    mine = _of(found, aim.work, aim.ours, aim.batch)
    theirs = [row for each in aim.theirs for row in _of(found, aim.work, each, aim.batch)]
    if not mine or not theirs:
        return None
    value = mine[0][aim.number] / min(row[aim.number] for row in theirs)
    size = "" if aim.batch is None else f", batch {aim.batch}"
    what = "memory" if aim.number == "peak_mb" else "time"
    text = f"{what} of {aim.work}{size}: {aim.ours} / {' or '.join(map(str, aim.theirs))}"
    return _told(text, value, aim.limit)


def _convolutions(found: Sequence[Row]) -> list[Record]:
    """The worst convolution and the geometric mean of all, against torch's better layout."""
    theirs: dict[tuple[Any, ...], float] = {}
    for row in (row for each in CONV_PEERS for row in _of(found, "convs", each)):
        theirs[_key(row)] = min(row["ms"], theirs.get(_key(row), math.inf))
    ratios = {
        _key(row): row["ms"] / theirs[_key(row)] for row in _of(found, "convs", OURS) if _key(row) in theirs
    }
    if not ratios:
        return []
    worst = max(ratios, key=lambda key: ratios[key])
    mean = math.exp(statistics.mean(map(math.log, ratios.values())))
    text = f"worst of {len(ratios)} convolutions: {worst[1]} {'x'.join(map(str, worst[2]))}"
    every = "geometric mean of the convolutions"
    return [_told(text, ratios[worst], CONV_EACH), _told(every, mean, CONV_MEAN)]


def _told(text: str, value: float, limit: float) -> Record:
    """An aim and what came of it."""
    return {"text": text, "value": round(value, 3), "limit": limit, "met": value <= limit}


def _cold(found: Sequence[Row]) -> list[Record]:
    """Seconds and accuracy of our cold training."""
    told = []
    for row in [*_of(found, "mnist-99", OURS), *_of(found, "mnist-99", OURS_HALF)]:
        met = row["s"] <= SECONDS and row["acc"] >= ACCURACY
        kept = ", its programs kept by an earlier run" if row.get("pass") == "again" else ""
        text = f"seconds to {100 * row['acc']:.2f} % on MNIST, mean of {row['rounds']}{kept}"
        told.append({"text": text, "value": row["s"], "limit": SECONDS, "met": met})
    return told
