"""The picture of how times and memory grow with the number of quads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from benchmarks.results import Curve

__all__ = ["draw"]

DRAWN = {
    ("build", "kg"): ("build", "#0072B2"),
    ("build", "oxigraph load of the same"): ("oxigraph load", "#999999"),
    ("validation", "the shapes and the checks"): ("validation", "#D55E00"),
    ("export", "turtle"): ("export as Turtle", "#009E73"),
    ("change", "kg add of a document"): ("adding a document", "#CC79A7"),
    ("questions", "median, asked"): ("saved question (median)", "#000000"),
    ("build", "kg build: peak memory"): ("kg build", "#0072B2"),
    ("build", "oxigraph load: peak memory"): ("oxigraph load", "#999999"),
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

    drawn = [curve for curve in curves if (curve.part, curve.name) in DRAWN]
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


def _panel(axis: Any, title: str, form: str, curves: list[Curve]) -> None:
    axis.set(xscale="log", yscale="log")
    axis.set_title(title, loc="left", fontsize=12, fontweight="bold")
    axis.set_xlabel("quads in the dataset")
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(which="minor", length=0)
    axis.xaxis.set_major_formatter(lambda value, _: _short(value))
    axis.yaxis.set_major_formatter(lambda value, _: form.format(value))
    ends: list[tuple[float, float, str, str]] = []
    for curve in curves:
        points = [(quads, value) for _, quads, value in curve.points if value]
        label, colour = DRAWN[curve.part, curve.name]
        axis.plot(*zip(*points, strict=True), color=colour, marker="o", markersize=4.5, linewidth=1.8, clip_on=False)
        law = f"  {label}, exponent {curve.growth.exponent:.2f}" if curve.growth else f"  {label}"
        ends.append((points[-1][0], points[-1][1], law, colour))
    low, high = axis.get_xlim()
    axis.set_xlim(low, high)
    _guide(axis, curves)
    _label(axis, ends)


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
    for x, y, label, colour in sorted(ends, key=lambda end: end[1]):
        across, up = place.transform((x, y))
        below = max(up, below + _APART)
        axis.annotate(
            label, (across, below), xycoords="axes fraction", va="center", color=colour, annotation_clip=False
        )


def _short(value: float) -> str:
    """Return a number of quads in few signs."""
    if value >= 1_000_000:
        return f"{value / 1_000_000:g} M"
    return f"{value / 1_000:g} k" if value >= 1_000 else f"{value:g}"
