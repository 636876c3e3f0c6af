"""What a website's palette, typeface and shape mean in sizes and colours: one place for all of it."""

from __future__ import annotations

from dataclasses import dataclass

from arumaldo.website.colours import AA, contrast, ink_on, mix, readable
from arumaldo.website.markup import Attributes
from arumaldo.website.models import Palette, Website

WIDTH = "1120px"
SERIF = "Iowan Old Style, Charter, Source Serif Pro, Georgia, Noto Serif, serif"
SANS = "Avenir Next, Segoe UI, Roboto, Helvetica Neue, Noto Sans, Arial, sans-serif"

SHAPES: dict[str, str | dict[str, str]] = {
    "arch": {"topLeft": "240px", "topRight": "240px", "bottomLeft": "20px", "bottomRight": "20px"},
    "circle": "50%",
    "square": "20px",
    "leaf": {"topLeft": "20px", "topRight": "220px", "bottomLeft": "220px", "bottomRight": "20px"},
}
_SUNS = {"arch": "50% 100%", "circle": "68% 34%", "square": "100% 0%", "leaf": "0% 100%"}
"""Where the rings of the picture have their centre, by shape."""
_RINGS = ((0.0, 24), (0.22, 40), (0.42, 56), (0.6, 72), (0.76, 100))
"""How much background is in each ring's colour, and where the ring ends, in per cent."""


@dataclass(frozen=True)
class Ground:
    """A band's own colours: what is behind, running text on it, quieter text, the accent as text on it, thin lines."""

    back: str
    text: str
    quiet: str
    accent: str
    line: str


@dataclass(frozen=True)
class Design:
    """The looks of one website."""

    accent: str
    ink: str
    """Text on the accent."""
    plain: Ground
    tinted: Ground
    dark: Ground
    letters: str
    weight: str
    shape: str | dict[str, str]
    picture: str
    """A CSS gradient: rings of the accent that fade into the background."""

    def saying(self, text: str) -> Attributes:
        """Type for a sentence that stands alone."""
        size = 2.0 if len(text) <= 90 else 1.6 if len(text) <= 200 else 1.25
        fluid = f"clamp({max(1.2, size * 0.72):.2f}rem, {size * 1.6:.2f}vw, {size:.2f}rem)"
        return {"fontFamily": self.letters, "fontSize": fluid, "lineHeight": "1.4"}

    def headline(self, text: str, largest: float) -> Attributes:
        """Type for a heading whose size falls with its length; `largest` in rem."""
        size = largest if len(text) <= 28 else largest * 0.8 if len(text) <= 60 else largest * 0.6
        if len(text) > 120:
            size = 1.25
        fluid = f"clamp({min(size, max(1.25, size * 0.62)):.2f}rem, {size * 1.5:.2f}vw, {size:.2f}rem)"
        tight = "1.08" if size > 2 else "1.25"
        spacing = "-0.02em" if size > 2 and self.letters == SANS else "-0.01em"
        return {
            "fontFamily": self.letters,
            "fontSize": fluid,
            "fontWeight": self.weight,
            "letterSpacing": spacing,
            "lineHeight": tight,
        }


def design_of(website: Website) -> Design:
    """The looks that `website` asks for, every text readable on what is behind it."""
    palette = website.palette
    serif = website.typeface == "serif"
    return Design(
        accent=palette.accent,
        ink=ink_on(palette.accent),
        plain=_ground(palette.background, palette.text, palette.accent),
        tinted=_ground(_tint(palette.background, palette.accent, palette.text), palette.text, palette.accent),
        dark=_ground(*_dark(palette.background, palette.text), palette.accent),
        letters=SERIF if serif else SANS,
        weight="500" if serif else "700",
        shape=SHAPES[website.shape],
        picture=_picture(palette, website.shape),
    )


def _picture(palette: Palette, shape: str) -> str:
    start, stops = 0.0, []
    for share, end in _RINGS:
        stops.append(f"{mix(palette.accent, palette.background, share)} {start:g}% {end}%")
        start = end + 0.3  # a hard edge would show steps
    return f"radial-gradient(circle at {_SUNS[shape]}, {', '.join(stops)})"


def _ground(back: str, text: str, accent: str) -> Ground:
    return Ground(
        back=back,
        text=readable(text, back),
        quiet=readable(mix(text, back, 0.28), back),
        accent=readable(accent, back),
        line=mix(back, text, 0.14),
    )


def _tint(background: str, accent: str, text: str) -> str:
    tint = mix(background, accent, 0.08)
    return tint if contrast(text, tint) >= AA else background


def _dark(background: str, text: str) -> tuple[str, str]:
    """The darker of the two as ground, the lighter as text: a dark website has a light last band."""
    return text, background
