"""Jinja as the page and the notebooks use it: every text escaped, a missing value an error, figures in the readers' words."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from coverage_kit.report.texts import clean_text, safe_url
from coverage_kit.report.wording import amount, count, percent, times


def open_templates(folder: Path) -> Environment:
    """Return the environment of a folder of templates, with the filters percent, amount, times, count, clean and safe_url."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "amount": amount,
        "times": times,
        "count": count,
    }
    environment.filters |= {"clean": clean_text, "safe_url": safe_url}
    return environment
