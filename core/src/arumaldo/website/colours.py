"""Colours as "#rrggbb", and whether people can read them (WCAG 2: relative luminance and contrast)."""

from __future__ import annotations

AA = 4.5
"""The least contrast of running text with what is behind it."""

_STEPS = 20


def contrast(one: str, other: str) -> float:
    """From 1.0 (the same) to 21.0 (black on white)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mix(colour: str, other: str, share: float) -> str:
    """`colour` with `share` (0 to 1) of `other` in it."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def readable(colour: str, on: str, ratio: float = AA) -> str:
    """`colour`, or the nearest darker or lighter one that has at least `ratio` on `on`.

    One that is readable already comes back unchanged, so a second call changes nothing. Every `on` has a readable
    colour up to a ratio of 4.58; above it the answer may be black or white at less than `ratio`.
    """
    end = max("#000000", "#ffffff", key=lambda pole: contrast(pole, on))
    for step in range(_STEPS + 1):
        candidate = mix(colour, end, step / _STEPS) if step else colour
        if contrast(candidate, on) >= ratio:
            return candidate
    return end


def ink_on(colour: str) -> str:
    """White where white can be read on `colour`, else nearly black."""
    return "#ffffff" if contrast("#ffffff", colour) >= AA else readable("#161616", on=colour)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    parts = [value / 255 for value in _channels(colour)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
