"""The synthetic world that generated documents speak of, each thing worked out from a seed and its number.

Nothing of it is kept but the reference data: an agreement is computed again whenever a document tells of it, so the
world takes the same memory for a thousand claims and for a million.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import combinations
from math import gcd
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LAST_DAY", "Administration", "Agreement", "LifeEvent", "State", "Triple", "World", "day", "en", "number"]

Triple = tuple[str, str, str]
"""Subject, property and object, as prefixed names or, for literals, in N-Quads."""

LAST_DAY = date(2025, 12, 31).toordinal()
TERMS, TERM_YEARS, FIRST_YEAR = 10, 4, 1986
REAL = {"ca": "Canada", "gt": "Guatemala", "hn": "Honduras", "mx": "Mexico", "sv": "El Salvador", "us": "United States"}
"""States of the project's own reference data that take part, so that its questions find generated answers too."""
REAL_TERMS = {"us": {7: "trump-1", 8: "biden", 9: "trump-2"}}
_TAKEN = {*REAL, "ve"}
_SYLLABLES = ("ka", "ro", "vi", "me", "lu", "tan", "dor", "se", "pri", "gal", "no", "ber", "sti", "fa", "ju", "wen")
_FATES = (
    *("proposed",) * 8,
    *("negotiating",) * 14,
    *("abandoned",) * 8,
    *("signed",) * 15,
    *("in force",) * 20,
    *("implemented",) * 15,
    *("idle",) * 5,
    *("suspended",) * 7,
    *("terminated",) * 8,
)
_ENDS = {"suspended": "suspension", "terminated": "termination"}


@dataclass(frozen=True, slots=True)
class Administration:
    """The government of a state in one term; days are proleptic ordinals, the last one None while it runs."""

    iri: str
    head: str
    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class State:
    """A state with its administrations in order and its lasting bodies."""

    iri: str
    code: str
    name: str
    administrations: tuple[Administration, ...]
    bodies: tuple[str, ...]

    def in_office(self, on: int) -> Administration | None:
        """Return the administration of that day, None before the first."""
        return next((each for each in reversed(self.administrations) if each.start <= on), None)


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """One step in the life of an agreement, between two days."""

    iri: str
    label: str
    type: str
    occurrence: str
    actor: str
    counterpart: str
    earliest: int
    latest: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """An agreement of two states with its life up to the last day of the world."""

    iri: str
    label: str
    type: str
    maker: State
    partner: State
    events: tuple[LifeEvent, ...]

    @property
    def in_force(self) -> bool:
        """True where it entered into force, whatever became of it later."""
        return any(event.type == "pv:entry-into-force" for event in self.events)

    @property
    def ended(self) -> bool:
        """True where it was abandoned, suspended or terminated."""
        return self.events[-1].type in ("pv:abandonment", "pv:suspension", "pv:termination")


def en(text: str) -> str:
    """Return an English text as a literal; it must hold neither quotes nor backslashes."""
    return f'"{text}"@en'


def day(ordinal: int) -> str:
    """Return a day as a literal."""
    return f'"{date.fromordinal(ordinal)}"^^<http://www.w3.org/2001/XMLSchema#date>'


def number(value: int) -> str:
    """Return a whole number as a literal."""
    return f'"{value}"^^<http://www.w3.org/2001/XMLSchema#integer>'


class World:
    """States and agreements enough for so many claims."""

    def __init__(self, claims: int, seed: int) -> None:
        self.seed = seed
        count = min(200, max(20, claims // 50))
        rng = Random(f"{seed}:world")
        codes = [a + b for a in "abcdefghijklmnopqrstuvwxyz" for b in "abcdefghijklmnopqrstuvwxyz"]
        codes = [*REAL, *rng.sample([code for code in codes if code not in _TAKEN], count - len(REAL))]
        names = _names(rng, count)
        self.states = [_state(i, code, REAL.get(code, names[i])) for i, code in enumerate(codes)]
        self.media = [f"id:media-{i}" for i in range(min(40, count))]
        self.groups = [f"id:group-{i}" for i in range(count // 4)]
        # A few states deal with everybody, the others with one in three.
        hubs = {"us", *codes[len(REAL) : len(REAL) + count // 20]}
        self.pairs = [
            (one, other)
            for one, other in combinations(self.states, 2)
            if hubs & {one.code, other.code} or rng.random() < 0.33
        ]
        slots = len(self.pairs) * (TERMS - 1)
        self._slots = slots
        self._step = next(step for step in range(slots * 5 // 8, slots) if gcd(step, slots) == 1)
        self.agreement = lru_cache(maxsize=10_000)(self._agreement)

    def reference(self) -> Iterator[Triple]:
        """Yield the reference data: what is said of states, administrations, bodies, media, groups and categories."""
        for state in self.states:
            yield from _described(state)
        for i, iri in enumerate(self.media):
            yield iri, "a", "pact:MediaOrganization"
            yield iri, "skos:prefLabel", en(f"Herald number {i}")
        for i, iri in enumerate(self.groups):
            yield iri, "a", "pact:NonStateGroup"
            yield iri, "skos:prefLabel", en(f"group number {i}")

    def _agreement(self, i: int) -> Agreement:
        """Return agreement number `i`; the first many have no two with the same states and the same maker."""
        rng = Random(f"{self.seed}:agreement:{i}")
        slot = i * self._step % self._slots
        maker, partner = self.pairs[slot // (TERMS - 1)]
        if maker.code in REAL_TERMS or (rng.random() < 0.5 and partner.code not in REAL_TERMS):
            maker, partner = partner, maker
        term = maker.administrations[slot % (TERMS - 1)]
        name = f"{maker.code}-{partner.code}-{i}"
        kind = rng.choice(("asylum-agreement", "safe-third-country-agreement"))
        label = f"{kind.replace('-', ' ')} {i} of {maker.name} and {partner.name}"
        life = _Life(name, label, rng, maker, partner, term)
        return Agreement(f"id:{name}", label, f"pv:{kind}", maker, partner, life.events(rng.choice(_FATES)))


class _Life:
    """Writes the events of one agreement, each strictly after the one before on its axis."""

    def __init__(self, name: str, label: str, rng: Random, maker: State, partner: State, term: Administration) -> None:
        self.name, self.label, self.rng = name, label, rng
        self.maker, self.partner, self.term = maker, partner, term
        self.on = term.start
        self.found: list[LifeEvent] = []

    def events(self, fate: str) -> tuple[LifeEvent, ...]:
        self.add("proposal", self.term.iri, after=(10, 200))
        if fate == "proposed":
            return self.whole()
        going = fate == "negotiating"
        self.add("negotiation", self.term.iri, after=(20, 150), span=(30, 250), occurrence="ongoing" if going else "")
        if going:
            return self.whole()
        if fate == "abandoned":
            self.add("abandonment", self.term.iri, after=(10, 90))
            return self.whole()
        self.add("signature", self.term.iri, after=(5, 90))
        if fate == "signed":
            return self.whole()
        if self.rng.random() < 0.5:
            self.add("ratification", self.maker.iri, after=(30, 400))
        self.add("entry-into-force", "", after=(10, 200))
        if fate == "idle":
            self.add("implementation-start", "", after=(1, 30), span=(300, 900), occurrence="did-not-occur")
        elif fate != "in force":
            self.add("implementation-start", self.maker.iri, after=(1, 300))
        if fate in _ENDS:
            self.add(_ENDS[fate], "", after=(200, 2500), ends=True)
        return self.whole()

    def add(
        self,
        kind: str,
        actor: str,
        *,
        after: tuple[int, int],
        span: tuple[int, int] = (0, 0),
        occurrence: str = "",
        ends: bool = False,
    ) -> None:
        first = self.on + self.rng.randint(*after)
        self.on = first + self.rng.randint(*span)
        if ends:
            side = self.rng.choice((self.maker, self.partner))
            office = side.in_office(first)
            actor = office.iri if office else side.iri
        counterpart = self.partner.iri if kind in ("proposal", "negotiation", "signature") else ""
        iri, label = f"id:ev-{self.name}-{kind}", f"{kind.replace('-', ' ')} of the {self.label}"
        occurrence = f"pv:{occurrence or 'occurred'}"
        self.found.append(LifeEvent(iri, label, f"pv:{kind}", occurrence, actor, counterpart, first, self.on))

    def whole(self) -> tuple[LifeEvent, ...]:
        return tuple(event for event in self.found if event.latest <= LAST_DAY)


def _names(rng: Random, count: int) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4))).capitalize() + "a"] = None
    return list(found)


def _state(i: int, code: str, name: str) -> State:
    first = FIRST_YEAR + (3 if code in REAL_TERMS else i % TERM_YEARS)
    starts = [date(first + TERM_YEARS * term, 1, 20).toordinal() for term in range(TERMS)]
    real = REAL_TERMS.get(code, {})
    administrations = tuple(
        Administration(
            f"id:{real.get(term, f'admin-{code}-{term}')}",
            "" if term in real else f"id:person-{code}-{term}",
            start,
            starts[term + 1] if term + 1 < TERMS else None,
        )
        for term, start in enumerate(starts)
    )
    return State(f"id:{code}", code, name, administrations, (f"id:foreign-{code}", f"id:interior-{code}"))


def _described(state: State) -> Iterator[Triple]:
    if state.code not in REAL:
        yield state.iri, "a", "pact:State"
        yield state.iri, "skos:prefLabel", en(state.name)
        code = state.code.upper()
        yield state.iri, "skos:notation", f'"{code}"^^<https://w3id.org/pactgraph/ontology#iso3166-1-alpha-2>'
    for body, words in zip(state.bodies, ("foreign ministry", "interior ministry"), strict=True):
        yield body, "a", "pact:GovernmentBody"
        yield body, "skos:prefLabel", en(f"{words} of {state.name}")
        yield body, "pact:bodyOf", state.iri
    category = f"id:migrants-from-{state.code}"
    yield category, "a", "pact:PersonCategory"
    yield category, "skos:prefLabel", en(f"migrants from {state.name}")
    for term, each in enumerate(state.administrations):
        if not each.head:
            continue
        yield each.iri, "a", "pact:Administration"
        yield each.iri, "skos:prefLabel", en(f"administration {term + 1} of {state.name}")
        yield each.iri, "pact:administrationOf", state.iri
        yield each.iri, "pact:headedBy", each.head
        yield each.iri, "pact:termStart", day(each.start)
        if each.end:
            yield each.iri, "pact:termEnd", day(each.end)
        yield each.iri, "dcterms:source", "<https://example.org/generated>"
        yield each.head, "a", "pact:Person"
        yield each.head, "skos:prefLabel", en(f"head {term + 1} of {state.name}")
