"""Settings from a coverage.toml, or from nested values."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from coverage_kit.errors import SettingsError
from coverage_kit.settings.paths import resolve_paths
from coverage_kit.settings.project import Settings

_WITH_KEYS = (
    "draft",
    "judge",
    "ask",
)  # sections into which somebody may paste a key


def read_settings(path: str | Path) -> Settings:
    """Return the settings of a coverage.toml; relative paths in it start at the file's own folder.

    Raises SettingsError for a missing file, broken TOML, an unknown key or a value out of range.
    """
    path = Path(path)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        cure = "Name a coverage.toml, or write one with 'coverage-kit init'."
        raise SettingsError(
            str(path), "a settings file", error.strerror or "no file", cure
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            str(path), "valid TOML in UTF-8", str(error), "Correct that line."
        ) from None
    settings = make_settings(values, where=str(path))
    return resolve_paths(settings, path.resolve().parent)


def make_settings(values: dict[str, Any], where: str = "settings") -> Settings:
    """Return settings from nested values. Raises SettingsError, naming `where`, for the first value that is wrong."""
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        unknown = first["type"] == "extra_forbidden"
        what = f"a known key instead of '{key}'" if unknown else f"a usable value for '{key}'"
        given = first.get("input")
        is_told = key.split(".")[0] not in _WITH_KEYS and not isinstance(given, dict | list | tuple)
        value = repr(given) if is_told else "a value, not told here as it may be a key"
        value = "nothing" if first["type"] == "missing" else value
        found = "an unknown key" if unknown else f"{value} ({first['msg']})"
        raise SettingsError(where, what, found, "docs/settings.md lists every key.") from None
