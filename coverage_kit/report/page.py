"""The page: one HTML file of a run's results that works offline and sends nothing anywhere."""

import base64
import hashlib
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from coverage_kit.analysis import Analysis
from coverage_kit.headline import summarize
from coverage_kit.report import figures
from coverage_kit.report.asked import AskedWords
from coverage_kit.report.branding import accent_colours, logo_url
from coverage_kit.report.edit_texts import describe_gain_unit
from coverage_kit.report.engine_names import describe_surfaces
from coverage_kit.report.gap_lists import REST, count_rest, list_gaps
from coverage_kit.report.gap_texts import describe_no_gaps
from coverage_kit.report.joined import flatten
from coverage_kit.report.level import describe_level
from coverage_kit.report.page_data import Context
from coverage_kit.report.page_data.audit import (
    claims_context,
    list_judges,
    pillars_context,
)
from coverage_kit.report.page_data.engine import retrieval_context, stages_context
from coverage_kit.report.page_data.fetches import fetches_context
from coverage_kit.report.page_data.gaps import (
    list_edit_contexts,
    list_gap_contexts,
    list_unedited_contexts,
    pick_hour,
    questions_context,
)
from coverage_kit.report.page_data.overview import overview_context
from coverage_kit.report.page_data.trend import (
    list_own_rates,
    list_runs,
    news_context,
    spending_context,
)
from coverage_kit.report.page_data.visibility import (
    brand_context,
    change_context,
    explain_rates,
    rates_context,
    referrals_context,
    reported_context,
)
from coverage_kit.report.site_account import list_accounts
from coverage_kit.report.templating import open_templates
from coverage_kit.report.texts import clean_text, name_file
from coverage_kit.report.trust import (
    CARE,
    RELIABLE,
    UNKNOWN_TRUST,
    describe_not_assessed,
    describe_sampling,
    describe_self_test,
    describe_stability,
    is_coverage_reliable,
    predicted_under,
    rate_trust,
)
from coverage_kit.report.wording import (
    EDIT_ORDER,
    GAP_ORDER,
    HOW_COUNTED,
    HOW_COUNTED_SHORT,
    LIKELIHOODS,
    LISTINGS,
    LOW_N,
    METHOD,
)
from coverage_kit.storage.files import write_file
from coverage_kit.vocabulary import NO_EDIT, TO_CLOSE

# The Jinja templates, the style and the scripts of the page.
_TEMPLATES = Path(__file__).parent / "templates"
# The style of the page: first its colours and sizes, then the rules that use them.
_STYLES = ("tokens.css", "page.css")
# The scripts of the page, which are joined into one in this order.
_SCRIPTS = (
    "plots.js",
    "state.js",
    "views.js",
    "map.js",
    "lists.js",
    "find.js",
    "edits.js",
)
# Gaps and edits that the page lists, so that a browser opens it at once; the workbook has all.
# Assumed.
_MAX_GAPS = 200
_MAX_EDITS = 100
# Figures that the page shows even where they hold only a note; it leaves out other empty figures.
_ALWAYS_SHOWN = ("gaps", "map", "sites", "frontier", "voice")
# The tabs of the page: the name, which is that of its template, and the title.
_VIEWS = (
    ("overview", "Overview"),
    ("gaps", "Gaps"),
    ("edits", "Edits"),
    ("visibility", "Visibility"),
    ("pages", "Pages"),
    ("engine", "Engine room"),
)
# The style of the mark of trust, by its word.
_TRUST_CLASSES = {RELIABLE: "", CARE: " care", UNKNOWN_TRUST: " none"}


def write_page(analysis: Analysis, path: str | Path) -> Path:
    """Write the page and return its path. The same analysis gives the same bytes.

    Scripts run only if their hash is that of ours, and nothing can be fetched
    (Content-Security-Policy), so text of a site or a log cannot act. Raises RunError when the file
    cannot be written.
    """
    path = Path(path)
    write_file(path, render_page(analysis).encode("utf-8"))
    return path


def render_page(analysis: Analysis) -> str:
    """Return the page as HTML."""
    style, source = (
        "\n".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in names)
        for names in (_STYLES, _SCRIPTS)
    )
    scripts = {
        "plotly": figures.plotly_script(),
        # One function around all scripts keeps their names out of the page's global names.
        "page": f'"use strict";(() => {{\n{source}}})();\n',
    }
    gaps = list_gap_contexts(analysis, _MAX_GAPS)
    edits = list_edit_contexts(analysis, _MAX_EDITS)
    return (
        open_templates(_TEMPLATES)
        .get_template("page.html.j2")
        .render(
            **_run_context(analysis),
            **_trend_context(analysis),
            views=_VIEWS,
            overview=overview_context(analysis, gaps, edits),
            gaps=gaps,
            gaps_to_close=[gap for gap in gaps if gap["listing"] == TO_CLOSE],
            n_more_gaps=len(analysis.gaps) - len(gaps),
            causes=_count_values("cause_title", gaps),
            **_lists_context(analysis, gaps),
            questions=questions_context(analysis),
            edits=edits,
            edit_names={edit["rank"]: edit["name"] for edit in edits},
            edited_pages=_count_values("page_id", edits),
            hour=pick_hour([edit for edit in edits if edit["in_next_hour"]]),
            how_counted=HOW_COUNTED,
            how_counted_short=HOW_COUNTED_SHORT,
            gain_unit=describe_gain_unit(analysis),
            edit_order=EDIT_ORDER,
            unedited=list_unedited_contexts(analysis),
            n_more_edits=int((analysis.edits["operation"] != NO_EDIT).sum()) - len(edits),
            figures=_draw_figures(analysis),
            visits=referrals_context(analysis, len(gaps)),
            fetched=fetches_context(analysis),
            reported=reported_context(analysis, len(gaps)),
            brand=brand_context(analysis),
            pillars=pillars_context(analysis),
            claims=claims_context(analysis),
            judges=list_judges(analysis),
            accent=accent_colours(analysis.about),
            logo=logo_url(analysis.about),
            style=Markup(style),  # noqa: S704 (a file of this package)
            scripts={
                name: Markup(text)  # noqa: S704 (files of plotly and of this package)
                for name, text in scripts.items()
            },
            script_hashes=[_hash(text) for text in scripts.values()],
        )
    )


def _lists_context(analysis: Analysis, gaps: list[Context]) -> Context:
    """Return the gaps by list, the rule of their order, and what they can be filtered by."""
    every = list_gaps(analysis)
    lists = [
        {
            "name": name,
            "title": wording.title,
            "remedy": wording.what_to_do,
            "is_rest": name in REST,
            "gaps": [gap for gap in gaps if gap["listing"] == name],
        }
        for name, wording in LISTINGS.items()
    ]
    is_none = TO_CLOSE not in set(every["listing"])
    return {
        "lists": [one for one in lists if one["gaps"]],
        "no_gaps": describe_no_gaps(analysis) if is_none else "",
        "rest": count_rest(every),
        "gap_order": " ".join(filter(None, (GAP_ORDER, AskedWords(analysis).note))),
        "themes": _count_themes(gaps),
        "likelihoods": LIKELIHOODS,
        "likelihoods_of_gaps": [(word, n) for word, n in _count_values("likelihood", gaps) if word],
    }


def _count_themes(gaps: list[Context]) -> list[tuple[str, str, int]]:
    """Return id, name and number of listed gaps of each theme that has some, by name."""
    titles = {
        str(gap["theme_id"]): str(gap["theme"])
        for gap in gaps
        if gap["theme"] and gap["listing"] not in REST
    }
    counts = Counter(str(gap["theme_id"]) for gap in gaps if gap["listing"] not in REST)
    return sorted(
        ((theme_id, title, counts[theme_id]) for theme_id, title in titles.items()),
        key=lambda theme: theme[1].casefold(),
    )


def _run_context(analysis: Analysis) -> Context:
    """Return what the run read, how far it can be trusted, and how it worked."""
    head = summarize(analysis)
    return {
        "head": asdict(head),
        "about": analysis.about,
        "level": describe_level(analysis),
        "verdict": rate_trust(analysis.about),
        "trust_class": _TRUST_CLASSES[rate_trust(analysis.about).word],
        "self_test": describe_self_test(analysis.about),
        "not_assessed": describe_not_assessed(analysis.about),
        "stability": describe_stability(analysis.about),
        "is_reliable": is_coverage_reliable(analysis.about),
        "predicted": predicted_under(analysis.about),
        "method": METHOD,
        "reading": [
            (clean_text(counts), [clean_text(reason) for reason in reasons])
            for counts, reasons in list_accounts(
                analysis.pages, analysis.unread, analysis.about.own_site
            )
        ],
        "sampling": describe_sampling(analysis.about, analysis.groups),
        "settings": [
            (name, clean_text(name_file(value)))
            for name, value in flatten(analysis.about.to_json())
        ],
        "retrieval": retrieval_context(analysis),
        "stages": stages_context(analysis),
        "spending": spending_context(analysis),
    }


def _trend_context(analysis: Analysis) -> Context:
    """Return how visible the site is, and what moved."""
    return {
        "retrieved_not_cited": list_own_rates(analysis, "retrieved_not_cited_rate"),
        "news": news_context(analysis),
        "runs": list_runs(analysis),
        "rates_all": rates_context(analysis, "all"),
        "rates_branded": rates_context(analysis, "branded"),
        "low_n": LOW_N,
        "surfaces": describe_surfaces(analysis.answers),
        "explained": explain_rates(analysis),
        "change": change_context(analysis),
    }


def _draw_figures(analysis: Analysis) -> dict[str, dict[str, Any] | None]:
    """Return the figures by name, None for those that hold only a note and may be left out."""
    drawn = {name: draw(analysis) for name, draw in figures.FIGURES.items()}
    return {
        name: figures.embed_figure(figure) if figure.data or name in _ALWAYS_SHOWN else None
        for name, figure in drawn.items()
    }


def _hash(script: str) -> str:
    """Return the hash of a script as a Content-Security-Policy names it."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")


def _count_values(key: str, contexts: list[Context]) -> list[tuple[str, int]]:
    """Return the values of a key with how often they occur, most frequent first."""
    counts = pd.Series([context[key] for context in contexts], dtype="str").value_counts()
    return sorted(
        ((str(value), int(n)) for value, n in counts.items()),
        key=lambda pair: (-pair[1], pair[0]),
    )
