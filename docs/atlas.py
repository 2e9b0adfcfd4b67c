"""Make kg/web/atlas.json, the outlines of states, from Natural Earth's 1:110m countries as world-atlas packages them.

    npm pack world-atlas@2.0.2
    python docs/atlas.py world-atlas-2.0.2.tgz kg/web/atlas.json

Natural Earth (https://www.naturalearthdata.com/, version 4.1.0) is in the public domain; the package is ISC.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

VERSION = "2.0.2"
SHA512 = "IXfV0qwlKXpckz1FhwXVwKRjiIhOnWttOskm5CtxMsjgE/MXAYRHWJqgXOpM8IkcPBoXnyTU5lFHcYa5ChG0LQ=="
"""The package's checksum, as the npm registry gives it."""
STEPS = 10
"""Steps a degree to which points are rounded."""


def main(package: Path, target: Path) -> None:
    """Check the package and write the outlines: by M49 code, rings of longitudes and latitudes in steps."""
    if base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode() != SHA512:
        sys.exit(f"{package} is not world-atlas {VERSION}")
    with tarfile.open(package) as archive:
        member = archive.extractfile("package/countries-110m.json")
        assert member is not None
        topology = json.load(member)
    arcs = [_arc(arc, topology["transform"]) for arc in topology["arcs"]]
    countries = sorted(topology["objects"]["countries"]["geometries"], key=lambda each: each.get("id", ""))
    shapes = [(each.get("id", ""), [_ring(ring, arcs) for ring in _rings(each)]) for each in countries]
    about = {
        "source": f"Natural Earth 4.1.0, 1:110m countries, public domain; packaged as world-atlas {VERSION} (ISC)",
        "sha512": SHA512,
        "steps": STEPS,
    }
    target.write_text(json.dumps({**about, "shapes": shapes}, separators=(",", ":")) + "\n", encoding="utf-8")


def _arc(arc: list[list[int]], transform: dict[str, list[float]]) -> list[tuple[int, int]]:
    """Return an arc as points in steps; TopoJSON gives each as the difference from the one before."""
    x = y = 0
    points = []
    for dx, dy in arc:
        x, y = x + dx, y + dy
        lon, lat = (n * k + t for n, k, t in zip((x, y), transform["scale"], transform["translate"], strict=True))
        points.append((round(lon * STEPS), round(lat * STEPS)))
    return points


def _rings(geometry: dict[str, Any]) -> list[list[int]]:
    polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    return [ring for polygon in polygons for ring in polygon]


def _ring(indices: list[int], arcs: list[list[tuple[int, int]]]) -> list[int]:
    """Return a ring as one list of numbers, points that rounding made equal left out; ~i is arc i backwards."""
    points: list[tuple[int, int]] = []
    for index in indices:
        for point in arcs[index] if index >= 0 else reversed(arcs[~index]):
            if not points or points[-1] != point:
                points.append(point)
    return [number for point in points for number in point]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
