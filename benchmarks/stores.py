"""Generated stores of several sizes in one folder, each made where it is first wanted."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from functools import partial
from typing import TYPE_CHECKING

import pyoxigraph as ox

from benchmarks.generate import generated
from benchmarks.load import load
from benchmarks.measure import Measured, resident, timed
from kg.dataset import PartNote, hash_of_parts, part_name, part_notes
from kg.derive import DERIVED
from kg.store.folder import FORMAT, point_to
from kg.store.stage import copy_of_links

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Setting", "Stores", "served"]


class Stores:
    """The generated stores in `folder`, by the number of claims."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def made(self, claims: int) -> Iterator[Measured]:
        """Make the store with so many claims unless it is there, and yield what that took."""
        place = self.raw(claims)
        if place.exists():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        partly = place.with_name(f"{place.name}.part")
        took = timed(partial(load, generated(claims), partly))
        partly.rename(place)
        size = sum(path.stat().st_size for path in place.rglob("*")) / 2**20
        group = "the generated store"
        yield Measured(
            group, "generate, facts view, bulk load, pack", "s", (took.wall,), note=f"{size:,.0f} MB on disk"
        )
        yield Measured(group, "peak memory so far", "MB", (resident(peak=True),))

    def raw(self, claims: int) -> Path:
        """Return the folder of the engine's own files."""
        return self.folder / f"claims-{claims}"

    def quads(self, claims: int) -> int:
        """Return how many quads the dataset has, which is without the facts view; counted once."""
        noted = self.folder / "quads.json"
        known: dict[str, int] = json.loads(noted.read_text()) if noted.exists() else {}
        if str(claims) not in known:
            engine = ox.Store.read_only(str(self.raw(claims)))
            counted = engine.query(f"SELECT (COUNT(*) AS ?n) {{ GRAPH ?g {{ ?s ?p ?o }} FILTER(?g != {DERIVED}) }}")
            assert isinstance(counted, ox.QuerySolutions)
            known[str(claims)] = int(next(counted)["n"].value)
            noted.write_text(json.dumps(known) + "\n")
        return known[str(claims)]

    def ours(self, claims: int) -> Path:
        """Return a store of `kg` with what is noted of its parts, made of links."""
        place = self.folder / f"kg-{claims}"
        if not place.exists():
            partly = place.with_name(f"{place.name}.part")
            _as_ours(self.raw(claims), partly)
            partly.rename(place)
        return place

    def write(self, claims: int, path: Path, *, view: bool) -> Path:
        """Write the dataset to `path` as N-Quads, with its facts view, in no graph, or without."""
        engine = ox.Store.read_only(str(self.raw(claims)))
        if view:
            engine.dump(str(path), ox.RdfFormat.N_QUADS)
        else:
            named = (quad for quad in engine if quad.graph_name not in (ox.DefaultGraph(), DERIVED))
            ox.serialize(named, str(path), format=ox.RdfFormat.N_QUADS)
        return path


@dataclass(frozen=True)
class Setting:
    """What a part is given: the stores, a size, how often to repeat and after how many seconds to give up a step.

    `folder` is empty, for files of the part's own, and lies on the disk of the stores, so that links can be made.
    """

    stores: Stores
    claims: int
    runs: int
    limit: float
    folder: Path
    quick: bool = False

    @property
    def store(self) -> Path:
        """Return the generated store, as the engine's own files."""
        return self.stores.raw(self.claims)

    @property
    def quads(self) -> int:
        """Return how many quads it has without the facts view."""
        return self.stores.quads(self.claims)


def served(engine: Path, place: Path) -> Path:
    """Return the folder `place`, made into a store of `kg` to be read, by a link to a store of the engine."""
    place.mkdir()
    (place / "generation-1").symlink_to(engine, target_is_directory=True)
    (place / "current").write_text(json.dumps({"format": FORMAT, "generation": "generation-1", "dataset": "0" * 64}))
    return place


def _as_ours(store: Path, place: Path) -> None:
    place.mkdir()
    copy_of_links(store, place / "generation-1")
    engine = ox.Store.read_only(str(store))
    graphs: dict[str, list[ox.NamedNode]] = {}
    for graph in engine.named_graphs():
        if isinstance(graph, ox.NamedNode):
            graphs.setdefault(part_name(graph.value), []).append(graph)
    notes: dict[str, PartNote] = {}
    for members in graphs.values():  # one part at a time, so that memory does not grow with the store
        notes |= part_notes(quad for graph in members for quad in engine.quads_for_pattern(None, None, None, graph))
    (place / "generation-1" / "parts.json").write_text(
        json.dumps({name: astuple(note) for name, note in notes.items()})
    )
    point_to(place, "generation-1", hash_of_parts(notes))
