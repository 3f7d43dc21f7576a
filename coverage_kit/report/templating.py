"""Jinja as the page and the notebooks use it.

Every text is escaped, a missing value is an error, and figures are written as readers expect them.
"""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from coverage_kit.escaping import for_script, visible
from coverage_kit.report.texts import clean_text, safe_url
from coverage_kit.report.wording import amount, count, minutes, percent, times


def open_templates(folder: Path) -> Environment:
    """Return the environment of a folder of templates.

    Its filters are percent, amount, minutes, times, count, sentence, clean and safe_url.
    """
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Whatever a template shows loses the characters that cannot be shown.
        finalize=_finalize,
    )
    environment.filters |= {
        "tojson": lambda value: Markup(for_script(value)),  # noqa: S704 (no element can end in it)
        "percent": percent,
        "amount": amount,
        "minutes": minutes,
        "times": times,
        "count": count,
        "sentence": _sentence,
        "clean": clean_text,
        "safe_url": safe_url,
    }
    return environment


def _sentence(text: str) -> str:
    """Return the text with a capital first letter; Jinja's `capitalize` lowers all others."""
    return text[:1].upper() + text[1:]


def _finalize(value: Any) -> Any:
    return visible(value) if type(value) is str else value
