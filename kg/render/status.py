"""How a store is, as lines for people and as JSON for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kg.store import Status

__all__ = ["status_json", "status_text"]


def status_text(status: Status) -> str:
    """Return one line for each thing that there is to know of a store."""
    lines = {"kind": status.kind}
    if status.kind == "folder":
        lines["layout"] = f"{status.format}, written by version {status.version}"
    lines["dataset"] = _dataset(status)
    if status.computed:
        how = "as noted" if status.noted else "not noted"
        lines["verified"] = f"{how}: {status.computed}, with its facts view and derived facts"
    documents, claims = _count(status.documents, "document"), _count(status.claims, "claim")
    lines["holds"] = f"{documents}, {claims}, {status.quads:,} quads"
    if status.bytes is not None:
        lines["size"] = f"{status.bytes / 1_000_000:,.1f} MB on disk"
        lines["writing"] = status.holder or "nobody"
    lines["left over"] = ", ".join(status.leftovers) or "nothing"
    if status.leftovers:
        when = " when nobody reads it" if status.kind == "folder" else ""
        lines["left over"] += f" (cleared by the next change{when})"
    return f"{status.place}\n" + "".join(f"  {name:<10} {text}\n" for name, text in lines.items())


def _dataset(status: Status) -> str:
    if status.noted:
        return status.noted
    if status.holder:
        return "not noted: a change is under way"
    return "not noted: a change was broken off; verify it, or run: kg restore FILE with your last backup"


def status_json(status: Status) -> str:
    """Return a status as JSON; what is not known of an endpoint is null."""
    told = {
        "place": status.place,
        "kind": status.kind,
        "format": status.format,
        "version": status.version,
        "dataset": status.noted or None,
        "brokenOff": status.broken_off,
        "computed": status.computed or None,
        **{name: value for name, value in asdict(status).items() if name in ("documents", "claims", "quads", "bytes")},
        "writing": status.holder or None,
        "leftOver": list(status.leftovers),
    }
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
