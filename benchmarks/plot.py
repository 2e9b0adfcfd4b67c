"""The picture of how times and memory grow with the number of quads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from benchmarks.results import Curve

__all__ = ["draw"]

DRAWN = {
    ("build", "kg"): ("build", "#0072B2"),
    ("build", "oxigraph load of the same"): ("oxigraph load", "#767676"),
    ("validation", "the shapes and the checks"): ("validation", "#D55E00"),
    ("export", "turtle"): ("export as Turtle", "#009E73"),
    ("change", "kg add of a document"): ("adding a document", "#CC79A7"),
    ("questions", "median, asked"): ("a saved question, median", "#000000"),
    ("build", "kg build: peak memory"): ("kg build", "#0072B2"),
    ("build", "oxigraph load: peak memory"): ("oxigraph load", "#767676"),
}
"""What is drawn, with its label and its colour: those of Okabe and Ito, which the colour-blind tell apart."""

_PANELS = (("s", "Time", "{:g} s"), ("MB", "Peak memory", "{:g} MB"))
_INK, _PALE = "#333333", "#bbbbbb"
_APART = 0.055
"""The least distance between two labels, as a share of the height of a panel."""


def draw(path: Path, curves: Iterable[Curve]) -> bool:
    """Draw the curves to an SVG file, the same bytes for the same figures; false where there is nothing to draw.

    Raises `ImportError` where matplotlib is not installed.
    """
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    drawn = [_in_seconds(curve) for curve in curves if (curve.part, curve.name) in DRAWN]
    panels = [(unit, *words) for unit, *words in _PANELS if any(curve.unit == unit for curve in drawn)]
    if not panels:
        return False
    style: Any = {
        "svg.hashsalt": "pactgraph",
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "axes.edgecolor": _PALE,
        "text.color": _INK,
        "xtick.color": _INK,
        "ytick.color": _INK,
    }
    with matplotlib.rc_context(style):
        figure, axes = pyplot.subplots(
            1, len(panels), figsize=(5.6 * len(panels), 4.6), squeeze=False, layout="constrained"
        )
        for axis, (unit, title, form) in zip(axes[0], panels, strict=True):
            _panel(axis, title, form, [curve for curve in drawn if curve.unit == unit])
        figure.savefig(path, metadata={"Date": None, "Creator": None})
        pyplot.close(figure)
    return True


def _in_seconds(curve: Curve) -> Curve:
    if curve.unit != "ms":
        return curve
    points = ((claims, quads, value and value / 1000) for claims, quads, value in curve.points)
    return replace(curve, unit="s", points=tuple(points))


def _panel(axis: Any, title: str, form: str, curves: list[Curve]) -> None:
    axis.set(xscale="log", yscale="log")
    axis.set_title(title, loc="left", fontsize=12, fontweight="bold")
    axis.set_xlabel("quads in the dataset, claims below")
    axis.spines[["top", "right"]].set_visible(False)
    ends: list[tuple[float, float, str, str]] = []
    for curve in curves:
        points = [(quads, value) for _, quads, value in curve.points if value]
        label, colour = DRAWN[curve.part, curve.name]
        axis.plot(*zip(*points, strict=True), color=colour, marker="o", markersize=4.5, linewidth=1.8, clip_on=False)
        law = f"  {label}, exponent {curve.growth.exponent:.2f}" if curve.growth else f"  {label}"
        ends.append((points[-1][0], points[-1][1], law, colour))
    _guide(axis, curves)
    _ticks(axis, form, {quads: claims for curve in curves for claims, quads, _ in curve.points})
    _label(axis, ends)


def _ticks(axis: Any, form: str, sizes: dict[int, int]) -> None:
    """Mark the sizes that were measured, and round values beside them."""
    from matplotlib.ticker import LogLocator, NullLocator

    low, high = axis.get_ylim()
    axis.set_ylim(low, high)
    axis.set_xticks(list(sizes), [f"{_short(quads)}\n{claims:,}" for quads, claims in sizes.items()])
    axis.yaxis.set_major_locator(LogLocator(subs=(1,) if high > 1000 * low else (1, 2, 5)))
    axis.yaxis.set_major_formatter(lambda value, _: form.format(value))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_minor_locator(NullLocator())


def _guide(axis: Any, curves: list[Curve]) -> None:
    """Draw what is linear, from the lowest first point on, so that the eye can compare."""
    first = [(quads, value) for curve in curves for _, quads, value in curve.points[:1] if value]
    last = max(quads for curve in curves for _, quads, _ in curve.points)
    quads, value = max(first, key=lambda point: point[1])
    value *= 2.5
    axis.plot((quads, last), (value, value * last / quads), color=_PALE, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    axis.annotate(
        "linear",
        ((quads * last) ** 0.5, value * (last / quads) ** 0.5),
        xytext=(-6, 4),
        textcoords="offset points",
        ha="right",
        color="#888888",
        fontsize=9,
    )


def _label(axis: Any, ends: list[tuple[float, float, str, str]]) -> None:
    """Write each label at the end of its line, moved up where it would touch the one below."""
    below = float("-inf")
    place = axis.transData + axis.transAxes.inverted()
    ends = [(*place.transform((x, y)), label, colour) for x, y, label, colour in ends]
    right = max(across for across, *_ in ends)  # where no line runs under a label
    for _, up, label, colour in sorted(ends, key=lambda end: end[1]):
        below = max(up, below + _APART)
        axis.annotate(label, (right, below), xycoords="axes fraction", va="center", color=colour, annotation_clip=False)


def _short(value: float) -> str:
    """Return a number of quads in few signs."""
    if value >= 1_000_000:
        return f"{value / 1_000_000:.2g} M"
    return f"{value / 1_000:.3g} k" if value >= 1_000 else f"{value:g}"
