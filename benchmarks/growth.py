"""How a quantity grows with the size of the data: the exponent of a power law."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Growth", "fitted"]


@dataclass(frozen=True)
class Growth:
    """A power law `factor * size ** exponent`; `low` and `high` are the exponents between neighbouring sizes."""

    exponent: float
    factor: float
    low: float
    high: float

    def at(self, size: float) -> float:
        """Return what the law gives for a size."""
        return float(self.factor * size**self.exponent)

    def __str__(self) -> str:
        spread = f" ({self.low:.2f} to {self.high:.2f})" if f"{self.low:.2f}" != f"{self.high:.2f}" else ""
        return f"{self.exponent:.2f}{spread}"


def fitted(points: Iterable[tuple[float, float]]) -> Growth | None:
    """Return the power law through sizes and values, by least squares of their logarithms; None for fewer than two.

    >>> str(fitted([(10, 3), (100, 30), (1000, 300)]))
    '1.00'
    """
    known = sorted((log(size), log(value)) for size, value in points if value > 0)
    if len(known) < 2:
        return None
    middle = sum(x for x, _ in known) / len(known)
    level = sum(y for _, y in known) / len(known)
    across = sum((x - middle) ** 2 for x, _ in known)
    if not across:
        return None
    exponent = sum((x - middle) * (y - level) for x, y in known) / across
    between = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(known) if b[0] > a[0]]
    return Growth(exponent, exp(level - exponent * middle), min(between), max(between))
