"""The page: one HTML file that tells what was found, works offline and sends nothing anywhere."""

import base64
import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from coverage_kit.analysis import Analysis
from coverage_kit.headline import summarize
from coverage_kit.report import figures
from coverage_kit.report.joined import NO_EDIT, flatten
from coverage_kit.report.page_data.audit import (
    tell_claims,
    tell_judges,
    tell_pillars,
)
from coverage_kit.report.page_data.engine import tell_retrieval, tell_stages
from coverage_kit.report.page_data.gaps import (
    Story,
    pick_hour,
    tell_edits,
    tell_gaps,
    tell_questions,
    tell_unedited,
)
from coverage_kit.report.page_data.trend import (
    tell_news,
    tell_own_rate,
    tell_runs,
    tell_spending,
)
from coverage_kit.report.page_data.visibility import (
    tell_brand,
    tell_change,
    tell_rates,
    tell_referrals,
)
from coverage_kit.report.templating import open_templates
from coverage_kit.report.texts import clean_text
from coverage_kit.report.trust import (
    can_tell_coverage,
    describe_sampling,
    describe_self_test,
    predicted_under,
)
from coverage_kit.report.visibility_joined import is_alone
from coverage_kit.report.wording import LOW_N, METHOD
from coverage_kit.storage.files import write_file

_TEMPLATES = Path(__file__).parent / "templates"
_SCRIPTS = ("plots.js", "views.js", "find.js", "edits.js")
_MAX_GAPS = 200
_MAX_EDITS = 100
_ALWAYS = (
    "gaps",
    "map",
    "sites",
    "frontier",
    "voice",
)  # the others only where there is something to see
_VIEWS = (
    ("manager", "Overview", "for managers"),
    ("strategist", "Gaps", "for strategists"),
    ("editor", "Edits", "for editors"),
    ("auditor", "Pages", "for auditors"),
    ("engineer", "Engine room", "for engineers"),
)


def write_page(analysis: Analysis, path: str | Path) -> Path:
    """Write the page and return its path. The same analysis gives the same bytes.

    Scripts run by their hash only and nothing can be fetched (Content-Security-Policy), so text of
    a site or a log cannot act. Raises RunError when the file cannot be written.
    """
    path = Path(path)
    write_file(path, render_page(analysis).encode("utf-8"))
    return path


def render_page(analysis: Analysis) -> str:
    """Return the page as HTML."""
    page = "\n".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    scripts = {
        "plotly": figures.plotly_script(),
        "page": f'"use strict";(() => {{\n{page}}})();\n',
    }
    gaps = tell_gaps(analysis, _MAX_GAPS)
    edits = tell_edits(analysis, _MAX_EDITS)
    return (
        open_templates(_TEMPLATES)
        .get_template("page.html.j2")
        .render(
            **_tell_run(analysis),
            **_tell_trend(analysis),
            views=_VIEWS,
            gaps=gaps,
            n_more_gaps=len(analysis.gaps) - len(gaps),
            causes=_count("cause_title", gaps),
            questions=tell_questions(analysis),
            edits=edits,
            edited_pages=_count("page_id", edits),
            hour=pick_hour(edits),
            unedited=tell_unedited(analysis),
            n_more_edits=int((analysis.edits["operation"] != NO_EDIT).sum()) - len(edits),
            figures=_draw(analysis),
            visits=tell_referrals(analysis, len(gaps)),
            brand=tell_brand(analysis),
            pillars=tell_pillars(analysis),
            claims=tell_claims(analysis),
            judges=tell_judges(analysis),
            style=Markup((_TEMPLATES / "page.css").read_text(encoding="utf-8")),
            scripts={name: Markup(text) for name, text in scripts.items()},
            script_hashes=[_hash(text) for text in scripts.values()],
        )
    )


def _tell_run(analysis: Analysis) -> Story:
    """Return what tells of the run itself: what it read, how far to trust it, how it worked."""
    return {
        "head": asdict(summarize(analysis)),
        "about": analysis.about,
        "self_test": describe_self_test(analysis.about),
        "is_told": can_tell_coverage(analysis.about),
        "predicted": predicted_under(analysis.about),
        "method": METHOD,
        "sampling": describe_sampling(analysis.about, analysis.groups),
        "settings": [(name, clean_text(value)) for name, value in flatten(analysis.about)],
        "retrieval": tell_retrieval(analysis),
        "stages": tell_stages(analysis),
        "spending": tell_spending(analysis),
    }


def _tell_trend(analysis: Analysis) -> Story:
    """Return what tells how visible the site is, and what moved."""
    return {
        "own": {
            name: tell_own_rate(analysis, name) for name in ("citation_rate", "share_of_voice")
        },
        "is_alone": is_alone(analysis),
        "found_not_cited": tell_own_rate(analysis, "retrieved_not_cited_rate"),
        "news": tell_news(analysis),
        "runs": tell_runs(analysis),
        "rates_all": tell_rates(analysis, "all"),
        "rates_branded": tell_rates(analysis, "branded"),
        "low_n": LOW_N.capitalize(),
        "change": tell_change(analysis),
    }


def _draw(analysis: Analysis) -> dict[str, dict[str, Any] | None]:
    """Return the figures by name; those of the further ones that only bear a note are None."""
    made = {name: make(analysis) for name, make in figures.FIGURES.items()}
    return {
        name: figures.embed_figure(figure) if figure.data or name in _ALWAYS else None
        for name, figure in made.items()
    }


def _hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode(
        "ascii"
    )


def _count(key: str, stories: list[Story]) -> list[tuple[str, int]]:
    """Return the values of a key that occur, with how often, most frequent first."""
    found = pd.Series([story[key] for story in stories], dtype="str").value_counts()
    return sorted(
        ((str(value), int(n)) for value, n in found.items()),
        key=lambda pair: (-pair[1], pair[0]),
    )
