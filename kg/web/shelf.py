"""Pages kept to be given out again, up to a number of bytes: the ones not asked for longest go first."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["Shelf"]


class Shelf:
    """Bodies of pages by what was asked for.

    >>> shelf = Shelf(most=5)
    >>> [shelf.kept(name, lambda: name.encode() * 3) for name in ("a", "b", "a")], shelf.size
    ([b'aaa', b'bbb', b'aaa'], 3)
    """

    def __init__(self, most: int = 16_000_000) -> None:
        self.most = most
        self.size = 0
        self._bodies: OrderedDict[Hashable, bytes] = OrderedDict()

    def kept(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Return the body under a key; it is made where none is there."""
        body = self._bodies.get(key)
        if body is None:
            body = self._bodies[key] = make()
            self.size += len(body)
            while self.size > self.most:
                self.size -= len(self._bodies.popitem(last=False)[1])
        else:
            self._bodies.move_to_end(key)
        return body

    def clear(self) -> None:
        """Give all pages away, as when what they show has changed."""
        self._bodies.clear()
        self.size = 0
