"""What generated documents tell: the life of an agreement and smaller matters, each as drafts of claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.world import Agreement, LifeEvent, State, Triple, World, day, en

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

__all__ = ["PUBLISHER", "SOURCE", "Draft", "new_agreement", "retold", "small_matter"]

PUBLISHER, SOURCE = "publisher", "source"
"""Speakers that only the document knows: itself, and its unnamed source."""

_HEDGES = {
    "pv:conditional": ("would", "if it comes about"),
    "pv:expected": ("is expected to", ""),
    "pv:possible": ("could", ""),
}


@dataclass(slots=True)
class Draft:
    """A claim before its document gives it a number: what it says, who says it, and how it is put.

    `names` are the labels of things that it brings up first; `conflict` is an earlier draft of the same document that
    cannot hold beside it, where a curator has recorded that.
    """

    statement: str
    content: list[Triple]
    names: list[tuple[str, str]]
    speaker: str = PUBLISHER
    modality: str = "pv:factual"
    certainty: str = "pv:certain"
    basis: str = "pv:explicit"
    polarity: str = "pv:affirmed"
    review: str = "pv:accepted"
    on: str = ""
    conflict: Draft | None = None
    latest: int = 0

    @property
    def hedge(self) -> str:
        """The word that weakens the claim, empty for a fact."""
        return _HEDGES.get(self.modality, ("", ""))[0]

    @property
    def condition(self) -> str:
        """The condition of a conditional claim, else empty."""
        return _HEDGES.get(self.modality, ("", ""))[1]


def new_agreement(world: World, i: int, rng: Random) -> list[Draft]:
    """Return everything that a document says of agreement `i`, which no document before it told of."""
    agreement = world.agreement(i)
    named = [(agreement.iri, agreement.label)]
    first = [
        (agreement.iri, "a", "pact:Agreement"),
        (agreement.iri, "pact:instrumentType", agreement.type),
        (agreement.iri, "pact:party", agreement.maker.iri),
        (agreement.iri, "pact:party", agreement.partner.iri),
    ]
    parties = f"{agreement.maker.name} and {agreement.partner.name}"
    drafts = [Draft(f"{agreement.label} is one between {parties}.", first, named)]
    drafts += [_step(event, agreement, rng, new=True) for event in agreement.events]
    drafts += _provisions(agreement, rng)
    if rng.random() < 0.3:
        drafts.append(_open_question(agreement))
    if rng.random() < 0.3:
        drafts.append(_status_period(agreement, drafts[-1].latest))
    if rng.random() < 0.3:
        drafts += _policy(agreement, rng)
    if i > 20 and rng.random() < 0.15:
        drafts += _revival(agreement, world.agreement(rng.randrange(i)))
    if rng.random() < 0.04:
        drafts += _contradiction(agreement, recorded=rng.random() < 0.6)
    return drafts


def _step(event: LifeEvent, agreement: Agreement, rng: Random, *, new: bool) -> Draft:
    """Return the claim that one event took place, is under way, or did not take place."""
    content = [
        (event.iri, "a", "pact:LifecycleEvent"),
        (event.iri, "pact:eventOf", agreement.iri),
        (event.iri, "pact:eventType", event.type),
        (event.iri, "pact:occurrence", event.occurrence),
        (event.iri, "pact:earliestDate", day(event.earliest)),
        (event.iri, "pact:latestDate", day(event.latest)),
    ]
    if event.actor:
        content.append((event.iri, "pact:performedBy", event.actor))
    if event.counterpart:
        content.append((event.iri, "pact:counterpart", event.counterpart))
    verb = {"pv:occurred": "took place", "pv:ongoing": "is under way"}.get(event.occurrence, "did not take place")
    draft = Draft(f"The {event.label} {verb}.", content, [(event.iri, event.label)] if new else [], latest=event.latest)
    if rng.random() < 0.25:
        draft.speaker = rng.choice(agreement.maker.bodies)
    return draft


def _provisions(agreement: Agreement, rng: Random) -> Iterator[Draft]:
    one, other = agreement.maker, agreement.partner
    people = rng.choice(("id:asylum-seekers", "id:migrants", f"id:migrants-from-{one.code}"))
    kinds: list[tuple[str, str, list[Triple]]] = [
        ("transfer", f"{one.name} may send people to {other.name}", _transfer(one, other, people)),
        ("bar", f"people sent away may not ask {one.name} for asylum", _bar(one, people)),
        ("duty", f"{other.name} has to take people in", _duty(other, people)),
    ]
    for name, says, rule in kinds[: rng.randint(1, 3)]:
        iri = f"id:prov-{agreement.iri[3:]}-{name}"
        content = [(iri, "a", "pact:Provision"), (iri, "pact:provisionOf", agreement.iri)]
        content += [(iri, property_, value) for _, property_, value in rule]
        draft = Draft(f"Under the {agreement.label} {says}.", content, [(iri, f"{name} in the {agreement.label}")])
        if not agreement.in_force:
            draft.modality, draft.on = "pv:conditional", agreement.iri
        yield draft


def _transfer(one: State, other: State, people: str) -> list[Triple]:
    return [
        ("", "pact:deonticMode", "pv:permission"),
        ("", "pact:bearer", one.iri),
        ("", "pact:action", "pv:transfer-person"),
        ("", "pact:affects", people),
        ("", "pact:fromState", one.iri),
        ("", "pact:toState", other.iri),
    ]


def _bar(state: State, people: str) -> list[Triple]:
    return [
        ("", "pact:deonticMode", "pv:prohibition"),
        ("", "pact:bearer", people),
        ("", "pact:action", "pv:seek-asylum"),
        ("", "pact:inState", state.iri),
    ]


def _duty(state: State, people: str) -> list[Triple]:
    return [
        ("", "pact:deonticMode", "pv:obligation"),
        ("", "pact:bearer", state.iri),
        ("", "pact:action", "pv:receive-person"),
        ("", "pact:affects", people),
    ]


def _open_question(agreement: Agreement) -> Draft:
    iri, words = f"id:oq-{agreement.iri[3:]}", f"How will the {agreement.label} be carried out?"
    content = [
        (iri, "a", "pact:OpenQuestion"),
        (iri, "pact:questionText", en(words)),
        (iri, "pact:concerns", agreement.iri),
        (iri, "pact:concerns", agreement.partner.iri),
        (iri, "pact:questionStatus", "pv:open"),
    ]
    statement = f"It is not known how the {agreement.label} will be carried out."
    return Draft(statement, content, [(iri, words)], modality="pv:question", certainty="pv:unspecified")


def _status_period(agreement: Agreement, latest: int) -> Draft:
    iri, label = f"id:sp-{agreement.iri[3:]}", f"practice of the {agreement.label}"
    status = "pv:status-implemented" if agreement.in_force else "pv:status-not-implemented"
    content = [
        (iri, "a", "pact:StatusPeriod"),
        (iri, "pact:statusOf", agreement.iri),
        (iri, "pact:axis", "pv:operational"),
        (iri, "pact:status", status),
    ]
    words = "is applied" if agreement.in_force else "is not applied"
    return Draft(f"The {agreement.label} {words}.", content, [(iri, label)], basis="pv:inferred", latest=latest)


def _policy(agreement: Agreement, rng: Random) -> Iterator[Draft]:
    issuer = agreement.maker.in_office(agreement.events[-1].latest)
    if issuer is None:
        return
    iri, label = f"id:policy-{agreement.iri[3:]}", f"rule that carries out the {agreement.label}"
    content = [
        (iri, "a", "pact:Policy"),
        (iri, "pact:instrumentType", "pv:rule"),
        (iri, "pact:issuedBy", issuer.iri),
        (iri, "pact:targets", rng.choice(("id:asylum-seekers", f"id:migrants-from-{agreement.partner.code}"))),
        (iri, "pact:implements", agreement.iri),
    ]
    yield Draft(f"A rule of {agreement.maker.name} carries out the {agreement.label}.", content, [(iri, label)])
    event = f"id:ev-policy-{agreement.iri[3:]}-adoption"
    adoption = [
        (event, "a", "pact:LifecycleEvent"),
        (event, "pact:eventOf", iri),
        (event, "pact:eventType", "pv:adoption"),
        (event, "pact:occurrence", "pv:occurred"),
        (event, "pact:performedBy", issuer.iri),
    ]
    yield Draft(f"The {label} was adopted.", adoption, [(event, f"adoption of the {label}")])


def _revival(agreement: Agreement, old: Agreement) -> Iterator[Draft]:
    if old.ended and old.iri != agreement.iri:
        content = [
            (agreement.iri, "a", "pact:Agreement"),
            (agreement.iri, "pact:revives", old.iri),
            (old.iri, "a", "pact:Agreement"),
        ]
        draft = Draft(f"The {agreement.label} brings back the {old.label}.", content, [])
        if not agreement.in_force:
            draft.modality, draft.on = "pv:conditional", agreement.iri
        yield draft


def _contradiction(agreement: Agreement, *, recorded: bool) -> Iterator[Draft]:
    """Yield an allegation and its denial; without a record the two are a conflict to be detected."""
    iri, label = f"id:ev-{agreement.iri[3:]}-meeting", f"secret meeting on the {agreement.label}"
    content = [
        (iri, "a", "pact:DiplomaticEvent"),
        (iri, "pact:eventType", "pv:meeting"),
        (iri, "pact:occurrence", "pv:occurred"),
        (iri, "pact:performedBy", agreement.maker.bodies[0]),
        (iri, "pact:counterpart", agreement.partner.bodies[0]),
    ]
    alleged = Draft(f"There was a {label}.", content, [(iri, label)], speaker=SOURCE, modality="pv:alleged")
    yield alleged
    yield Draft(
        f"There was no {label}.",
        content,
        [],
        speaker=agreement.maker.bodies[0],
        polarity="pv:denied",
        conflict=alleged if recorded else None,
    )


def retold(world: World, i: int, rng: Random) -> Draft:
    """Return one step of the life of agreement `i`, told once more by another document."""
    agreement = world.agreement(i)
    draft = _step(rng.choice(agreement.events), agreement, rng, new=False)
    chance = rng.random()
    if chance < 0.05:
        draft.review = "pv:draft"
    elif chance < 0.07:
        draft.review = "pv:rejected"
    elif chance < 0.15:
        draft.speaker, draft.modality = SOURCE, "pv:alleged"
    return draft


def small_matter(world: World, i: int, name: str, rng: Random) -> Draft:
    """Return one claim that stands alone; `name` tells it from all others, `i` is an agreement that is known."""
    agreement = world.agreement(i)
    kind = rng.random()
    if kind < 0.45:
        return _assessment(agreement, name, rng)
    if kind < 0.8:
        return _meeting(world, name, rng)
    if kind < 0.9:
        return _designation(world, name, rng)
    return _no_comment(agreement.partner, name)


def _assessment(agreement: Agreement, name: str, rng: Random) -> Draft:
    iri, label = f"id:as-{name}", f"judgement {name} on the {agreement.label}"
    content = [
        (iri, "a", "pact:Assessment"),
        (iri, "pact:assessmentOf", agreement.iri),
        (iri, "pact:assessedAs", rng.choice(("pv:due-process-violation", "pv:significant-step", "pv:sweeping"))),
        (iri, "pact:assessor", agreement.partner.bodies[1]),
    ]
    statement = f"The {agreement.label} is judged in the {label}."
    return Draft(statement, content, [(iri, label)], speaker=agreement.partner.bodies[1], modality="pv:alleged")


def _meeting(world: World, name: str, rng: Random) -> Draft:
    one, other = rng.choice(world.pairs)
    term = rng.randrange(7)
    host, guest = one.administrations[term], other.administrations[term]
    kind = rng.choice(("phone-call", "visit"))
    iri, label = f"id:ev-{name}-{kind}", f"{kind.replace('-', ' ')} {name} of {one.name} and {other.name}"
    planned = rng.random() < 0.3
    content = [
        (iri, "a", "pact:DiplomaticEvent"),
        (iri, "pact:eventType", f"pv:{kind}"),
        (iri, "pact:occurrence", "pv:planned" if planned else "pv:occurred"),
        (iri, "pact:performedBy", host.head or host.iri),
        (iri, "pact:counterpart", guest.head or guest.iri),
        (iri, "pact:topic", "pv:asylum"),
    ]
    if kind == "visit":
        content.append((iri, "pact:destination", other.iri))
    draft = Draft(f"There is a {label}.", content, [(iri, label)])
    if planned:
        draft.modality, draft.certainty = "pv:expected", "pv:probable"
    return draft


def _designation(world: World, name: str, rng: Random) -> Draft:
    state = rng.choice(world.states)
    issuer = state.administrations[rng.randrange(7)]
    iri, label = f"id:designation-{name}", f"designation {name} by {state.name}"
    event = f"id:ev-designation-{name}"
    content = [
        (iri, "a", "pact:Policy"),
        (iri, "pact:instrumentType", "pv:designation"),
        (iri, "pact:issuedBy", issuer.iri),
        (iri, "pact:targets", rng.choice(world.groups)),
        (event, "a", "pact:LifecycleEvent"),
        (event, "pact:eventOf", iri),
        (event, "pact:eventType", "pv:designation"),
        (event, "pact:occurrence", rng.choice(("pv:occurred", "pv:planned"))),
        (event, "pact:performedBy", issuer.iri),
    ]
    return Draft(f"The {label} was set up.", content, [(iri, label), (event, f"act of the {label}")])


def _no_comment(state: State, name: str) -> Draft:
    iri, label = f"id:ev-{name}-no-comment", f"no comment {name} from {state.name}"
    content = [
        (iri, "a", "pact:Event"),
        (iri, "pact:eventType", "pv:response-to-request"),
        (iri, "pact:occurrence", "pv:did-not-occur"),
        (iri, "pact:performedBy", state.bodies[0]),
    ]
    return Draft(f"The foreign ministry of {state.name} gave no answer: {label}.", content, [(iri, label)])
