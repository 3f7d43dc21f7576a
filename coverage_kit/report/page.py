"""The page: one HTML file that tells what was found, works offline and sends nothing anywhere."""

import base64
import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from coverage_kit.analysis import Analysis, write_file
from coverage_kit.report import figures
from coverage_kit.report.audit_stories import tell_claims, tell_judges, tell_pillars
from coverage_kit.report.sheets import flatten
from coverage_kit.report.stories import tell_edits, tell_gaps, tell_unedited
from coverage_kit.report.texts import clean_text, safe_url
from coverage_kit.report.views import NO_EDIT, summarize
from coverage_kit.report.visibility_stories import tell_brand, tell_change, tell_rates, tell_referrals
from coverage_kit.report.wording import (
    LOW_N,
    METHOD,
    amount,
    can_tell_coverage,
    count,
    describe_sampling,
    describe_self_test,
    percent,
    predicted_under,
    times,
)

_TEMPLATES = Path(__file__).parent / "templates"
_MAX_GAPS, _MAX_EDITS = 200, 100
_FIGURES = {
    "gaps": figures.gaps_figure,
    "map": figures.map_figure,
    "sites": figures.sites_figure,
    "frontier": figures.frontier_figure,
    "voice": figures.share_of_voice_figure,
}
_FURTHER_FIGURES = {  # only where there is something to see
    "weeks": figures.visibility_over_time_figure,
    "holders": figures.holders_figure,
    "change": figures.change_figure,
    "referrals": figures.referrals_figure,
    "associations": figures.associations_figure,
    "checks": figures.checks_figure,
    "claims": figures.claims_figure,
}


def write_page(analysis: Analysis, path: str | Path) -> Path:
    """Write the page and return its path. The same analysis gives the same bytes.

    Scripts run by their hash only and nothing can be fetched (Content-Security-Policy), so text of a site or a log cannot act.
    Raises RunError when the file cannot be written.
    """
    path = Path(path)
    write_file(path, render_page(analysis).encode("utf-8"))
    return path


def render_page(analysis: Analysis) -> str:
    """Return the page as HTML."""
    scripts = {"plotly": figures.plotly_script(), "page": (_TEMPLATES / "page.js").read_text(encoding="utf-8")}
    gaps, edits = tell_gaps(analysis, _MAX_GAPS), tell_edits(analysis, _MAX_EDITS)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            head=asdict(summarize(analysis)),
            about=analysis.about,
            self_test=describe_self_test(analysis.about),
            is_told=can_tell_coverage(analysis.about),
            predicted=predicted_under(analysis.about),
            method=METHOD,
            sampling=describe_sampling(analysis.about, analysis.groups),
            settings=_list_settings(analysis),
            gaps=gaps,
            n_more_gaps=len(analysis.gaps) - len(gaps),
            causes=_count_causes(analysis.gaps.head(0) if not gaps else pd.DataFrame(gaps)),
            edits=edits,
            unedited=tell_unedited(analysis),
            n_more_edits=int((analysis.edits["operation"] != NO_EDIT).sum()) - len(edits),
            figures=_draw(analysis),
            rates_all=tell_rates(analysis, "all"),
            rates_branded=tell_rates(analysis, "branded"),
            change=tell_change(analysis),
            visits=tell_referrals(analysis, len(gaps)),
            brand=tell_brand(analysis),
            pillars=tell_pillars(analysis),
            claims=tell_claims(analysis),
            judges=tell_judges(analysis),
            low_n=LOW_N.capitalize(),
            style=Markup((_TEMPLATES / "page.css").read_text(encoding="utf-8")),  # noqa: S704 (a file of ours)
            scripts={name: Markup(text) for name, text in scripts.items()},  # noqa: S704 (plotly's and ours)
            script_hashes=[_hash(text) for text in scripts.values()],
        )
    )


def _draw(analysis: Analysis) -> dict[str, dict[str, Any] | None]:
    """Return the figures by name; those of the further ones that only bear a note are None."""
    always = {name: figures.embed_figure(make(analysis)) for name, make in _FIGURES.items()}
    further = {name: make(analysis) for name, make in _FURTHER_FIGURES.items()}
    return always | {name: figures.embed_figure(figure) if figure.data else None for name, figure in further.items()}


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "amount": amount, "times": times, "clean": clean_text, "safe_url": safe_url}
    environment.filters["count"] = count
    return environment


def _hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")


def _count_causes(gaps: pd.DataFrame) -> list[tuple[str, int]]:
    """Return the titles of the causes that occur, with how often, most frequent first."""
    titles = gaps["cause_title"].value_counts() if len(gaps) else pd.Series(dtype="int64")
    return sorted(((str(title), int(n)) for title, n in titles.items()), key=lambda pair: (-pair[1], pair[0]))


def _list_settings(analysis: Analysis) -> list[tuple[str, str]]:
    return [(name, clean_text(value)) for name, value in flatten(analysis.about)]
