"""Your logo and your colour on the page, as the settings name them."""

import base64
from pathlib import Path

from coverage_kit.analysis import About
from coverage_kit.errors import SettingsError

# Pictures that a page may hold, by the end of their name.
_KINDS = {
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
}
_MAX_BYTES = 200_000
# The page's grounds, light and dark, as in templates/tokens.css.
_GROUNDS = {"light": "#ffffff", "dark": "#14181d"}
# The contrast that WCAG 2.2 asks of text (AA).
_MIN_CONTRAST = 4.5


def accent_colours(about: About) -> dict[str, str]:
    """Return the accent colour on the light and on the dark ground; empty without a setting.

    A colour in which text could not be read there is mixed with black or white until it can.

    >>> accent_colours(About(settings={"report": {"accent": "#ffff00"}}))["light"]
    '#737300'
    """
    accent = str(about.setting("report", "accent") or "")
    if not accent:
        return {}
    return {name: _readable(accent, ground) for name, ground in _GROUNDS.items()}


def logo_url(about: About) -> str:
    """Return the logo as a data URL; empty without a setting.

    Raises SettingsError where the file is no picture that a page can hold.
    """
    name = str(about.setting("report", "logo") or "")
    if not name:
        return ""
    path = Path(name)
    kind = _KINDS.get(path.suffix.casefold())
    if not path.is_file():
        raise SettingsError(
            "report.logo", "a picture", f"no file {path}", "name the file, or '' for no logo"
        )
    data = path.read_bytes()
    if kind is None or len(data) > _MAX_BYTES:
        found = f"{path.suffix or 'no ending'}, {len(data):,} bytes"
        raise SettingsError(
            "report.logo",
            f"a PNG, SVG, JPEG or WebP of {_MAX_BYTES:,} bytes at most",
            found,
            "name a smaller picture, or leave the setting out",
        )
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _readable(colour: str, ground: str) -> str:
    """Return the colour, mixed towards black or white until it has contrast on the ground."""
    target = 0 if _luminance(ground) > 0.5 else 255
    channels = _channels(colour)
    for step in range(21):
        mixed = [round(value + (target - value) * step / 20) for value in channels]
        candidate = f"#{mixed[0]:02x}{mixed[1]:02x}{mixed[2]:02x}"
        if _contrast(candidate, ground) >= _MIN_CONTRAST:
            return candidate
    return f"#{target:02x}{target:02x}{target:02x}"


def _channels(colour: str) -> list[int]:
    return [int(colour[start : start + 2], 16) for start in (1, 3, 5)]


def _luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2, 0-1."""
    parts = [value / 255 for value in _channels(colour)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(first: str, second: str) -> float:
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
