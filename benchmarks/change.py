"""What a change costs in a large store beside the same change in a small one."""

from __future__ import annotations

import json
import shutil
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.measure import Measured, timed
from kg import gate, project
from kg.store.stage import copy_of_links

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.stores import Setting

__all__ = ["rows"]

DOCUMENT = "el-salvador-asylum-deal"
"""The shipped document; with 98 claims it is of the size that the goal names."""

LARGEST_GROWTH = 2.0


def rows(setting: Setting) -> Iterator[Measured]:
    """Yield times of adding a document to the generated store and to one of the project's data alone, in turn."""
    files = [
        project.root() / "data" / "documents" / f"{DOCUMENT}.ttl",
        project.root() / "data" / "claims" / f"{DOCUMENT}.trig",
    ]
    small, large = setting.folder / "small", setting.folder / "large"
    gate.build(str(small))
    _copied(setting.stores.ours(setting.claims), large)
    found: dict[Path, list[float]] = {small: [], large: []}
    for _ in range(setting.runs + 1):  # the first warms up
        for place in (small, large):
            gate.remove(str(place), DOCUMENT)
            found[place].append(timed(partial(gate.add, str(place), files)).wall)
    group = "a document of 98 claims, validated and written"
    ours, theirs = found[large][1:], found[small][1:]
    yield Measured(group, "kg add to a store without documents", "s", tuple(theirs))
    yield Measured(group, "kg add to the generated store", "s", tuple(ours), grows="kg add of a document")
    yield Measured.ratio(group, "large : small", ours, theirs, LARGEST_GROWTH)


def _copied(store: Path, place: Path) -> None:
    """Copy a store of `kg` by links, so that the kept one stays as it is."""
    place.mkdir()
    generation = json.loads((store / "current").read_text(encoding="utf-8"))["generation"]
    copy_of_links(store / generation, place / generation)
    shutil.copy2(store / "current", place / "current")
