"""Settings from a coverage.toml, or from nested values."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from coverage_kit.errors import SettingsError
from coverage_kit.net.logins import without_login
from coverage_kit.settings.paths import resolve_paths
from coverage_kit.settings.project import Settings
from coverage_kit.text.parse import parse_toml

# Sections into which somebody may paste a key: their values are never shown.
_SECRET_SECTIONS = ("draft", "judge", "ask")
# Keys of versions before 0.2, and their names today.
RENAMED_KEYS: Mapping[str, str] = {
    "change": "before_after",
    "engine": "parallel; its key 'name' is backend, and the value 'none' is local",
    "match.share_of_gaps": "match.unanswered_share",
    "match.rounds": "match.calibration_rounds",
    "match.other_neighbors": "match.competitor_neighbors",
    "match.most_queries": "match.max_queries",
    "log.most_answers": "log.max_answers",
    "visibility.least_prompts": "visibility.min_prompts",
    "rank.untouchable": "rank.locked_pages",
    "draft.key_variable": "draft.api_key_env",
    "judge.key_variable": "judge.api_key_env",
    "judge.most_tokens": "judge.max_tokens",
    "judge.most_money": "judge.max_money",
    "ask.most_tokens": "ask.max_tokens",
    "ask.most_money": "ask.max_money",
    "ask.engines.key_variable": "ask.engines.api_key_env",
    "ask.engines.most_output_tokens": "ask.engines.max_output_tokens",
    "tune.most_pairs": "tune.max_pairs",
    "tune.most_tokens": "tune.max_tokens",
}
# The cure for every wrong key or value.
_ALL_KEYS = "docs/settings.md lists every key."


def read_settings(path: str | Path) -> Settings:
    """Return the settings of a coverage.toml; relative paths in it start at the file's own folder.

    Raises SettingsError for a missing file, broken TOML, an unknown key or a value out of range.
    """
    path = Path(path)
    try:
        # Some editors on Windows put a byte-order mark before the text, which TOML does not allow.
        values = parse_toml(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        found = error.strerror or "no file"
        cure = "Name a coverage.toml, or write one with 'coverage-kit init'."
        raise SettingsError(str(path), "a settings file", found, cure) from None
    except ValueError as error:
        cure = "Correct that line."
        raise SettingsError(str(path), "valid TOML in UTF-8", str(error), cure) from None
    settings = make_settings(values, where=str(path))
    return resolve_paths(settings, path.resolve().parent)


def make_settings(values: dict[str, Any], where: str = "settings") -> Settings:
    """Return settings from nested values.

    Raises SettingsError, naming `where`, for the first value that is wrong.
    """
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        problem = error.errors()[0]
        raise SettingsError(where, *_explain(problem)) from None


def _explain(problem: Any) -> tuple[str, str, str]:
    """Return what was expected, what was found, and the cure for one problem of validation."""
    path = [str(name) for name in problem["loc"]]
    key = ".".join(path)
    if problem["type"] == "extra_forbidden":
        # positions in lists, such as the 0 of ask.engines.0.name, are no part of a key's name
        name = ".".join(part for part in path if not part.isdigit())
        if name in RENAMED_KEYS:
            cure = f"It is now called {RENAMED_KEYS[name]} (CHANGELOG.md, Breaking)."
            return f"a known key instead of '{key}'", "a key of an earlier version", cure
        return f"a known key instead of '{key}'", "an unknown key", _ALL_KEYS
    found = f"{_describe_value(problem, path[0] if path else '')} ({problem['msg']})"
    return f"a usable value for '{key}'", found, _ALL_KEYS


def _describe_value(problem: Any, section: str) -> str:
    """Return the wrong value in words, but never what may be a key or a password."""
    if problem["type"] == "missing":
        return "nothing"
    value = problem.get("input")
    if section in _SECRET_SECTIONS or isinstance(value, dict | list | tuple):
        return "a value, hidden as it may be a key"
    return repr(without_login(value) if isinstance(value, str) else value)
