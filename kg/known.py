"""The store as it was known on a day: only what documents issued by then say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.dataset import slug_of
from kg.derive import stored
from kg.document import documents_from
from kg.store import EmbeddedStore

if TYPE_CHECKING:
    from datetime import date

    from kg.store import Store

__all__ = ["known_at", "whole"]


@dataclass(frozen=True, kw_only=True)
class _KnownStore(EmbeddedStore):
    """A store as it was known on a day, and the store itself."""

    whole: Store


def whole(store: Store) -> Store:
    """Return the store itself, where `store` is only what was known of it on a day.

    Names are looked up in it: whoever asks may know of things of which nothing was known then.
    """
    return store.whole if isinstance(store, _KnownStore) else store


def known_at(store: Store, day: date) -> EmbeddedStore:
    """Return a store, in memory, of the ontology, the reference data and the documents known on `day`.

    A document is known from the last day on which it can have been issued; one that gives no such day is not known
    on any. So nothing is shown as known before it surely was. The answers of the returned store are those of a store
    built from only these documents.
    """
    quads = store.quads()
    known = {
        document.slug for document in documents_from(quads) if document.latest and document.latest <= day.isoformat()
    }
    kept = frozenset(quad for quad in quads if not (slug := slug_of(quad)) or slug in known)
    return _KnownStore(store.place, stored(kept), whole=store)
