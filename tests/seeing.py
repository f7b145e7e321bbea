"""What the tests of pictures share: colours as the eye sees them, and checks that hold for every picture."""

import re
import xml.etree.ElementTree as ET

import numpy as np


def linear(colour: str) -> np.ndarray:
    """Linear sRGB of "#rrggbb"."""
    coded = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def oklab(colour: str) -> np.ndarray:
    """OKLab (lightness, a, b) of "#rrggbb": the inverse of what the module computes."""
    to_lms = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566]]
    to_lms.append([0.0883024619, 0.2817188376, 0.6299787005])
    to_lab = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099]]
    to_lab.append([0.0259040371, 0.7827717662, -0.8086757660])
    return np.array(to_lab) @ np.cbrt(np.array(to_lms) @ linear(colour))


def contrast(one: str, other: str) -> float:
    """Contrast of two colours by WCAG 2: 1 to 21."""
    high, low = sorted((float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def checked(document: str) -> ET.Element:
    """The parsed document, after checks that hold for every picture."""
    root = ET.fromstring(document)
    ids = re.findall(r' id="([^"]+)"', document)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", document)) <= set(ids)
    assert set(re.findall(r'href="#([^"]+)"', document)) <= set(ids)
    assert root.get("viewBox") == "0 0 200 200"
    assert not re.search(r"<script|<image|<foreignObject|\bhref=\"[^#]|url\([^#]|\bnan\b|\binf\b|\de-\d", document)
    return root
