"""What every notebook starts with: an open run, the answer in a sentence, and tables to search.

No figure of a notebook offers to upload its data.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd
from markupsafe import Markup

from coverage_kit.analysis import Analysis, load_analysis
from coverage_kit.errors import RunError
from coverage_kit.escaping import for_html, visible
from coverage_kit.headline import summarize
from coverage_kit.report import figure_data, figures
from coverage_kit.report.joined import describe_gaps
from coverage_kit.report.leads import LEADS
from coverage_kit.report.level import between, describe_level
from coverage_kit.report.site_account import count_own_pages, share_read
from coverage_kit.report.texts import clean_text, is_missing, markup_lines
from coverage_kit.report.trust import (
    describe_self_test,
    describe_stability,
    predicted_under,
    rate_trust,
)
from coverage_kit.report.wording import amount, count, percent
from coverage_kit.settings import Settings, make_settings

# The heading of each column that a notebook shows.
HEADINGS = {
    "after": "after",
    "assistant": "assistant",
    "assistants": "who asked",
    "before": "before",
    "cause_title": "why",
    "change": "change in points",
    "check_title": "check",
    "choice": "choice",
    "citation_rate": "answers that cite your site",
    "citation_share": "share of citations",
    "cited": "cited in answers",
    "correlation": "correlation",
    "cost_minutes": "minutes",
    "counted": "counted",
    "coverage": "answered",
    "coverage_before": "answered before",
    "currency": "currency",
    "demand": "times asked",
    "demand_covered": "times asked and answered",
    "effect": "effect in points",
    "engaged_rate": "stayed to read",
    "engines": "engines",
    "error": "error",
    "evidence": "what was found",
    "example": "example page",
    "failures": "failed answers",
    "fields": "read as",
    "file": "file",
    "first": "first",
    "format": "format",
    "group_title": "pages",
    "gap_rank": "topic no.",
    "heading_path": "section",
    "interval": "interval",
    "interval_in_points": "interval",
    "is_chosen": "in the plan",
    "is_low_n": "too few to rely on",
    "is_passed": "passed",
    "kind": "kind",
    "label": "topic",
    "lag_weeks": "weeks later",
    "last": "last",
    "likelihood": "a gap?",
    "line": "line",
    "marginal_gain": "more questions answered",
    "measure": "measure",
    "measure_title": "measure",
    "membership": "how well they fit",
    "model": "model",
    "models": "models",
    "money": "cost",
    "n_answers": "answers",
    "n_calls": "calls",
    "n_citations": "answers that cite it",
    "n_cited": "answers that cite your site",
    "n_claims": "sentences checked",
    "n_edits": "planned edits",
    "n_embedded": "texts embedded",
    "n_failed": "pages that fail",
    "n_fetches": "times fetched",
    "n_findings": "findings",
    "n_items": "texts graded",
    "n_key_events": "key events",
    "n_nearest": "questions nearest to it",
    "n_open": "questions unanswered",
    "n_pages": "pages",
    "n_prompts": "questions asked",
    "n_queries": "questions",
    "n_questions": "questions",
    "n_records": "records",
    "n_rejects": "records left out",
    "n_reused": "texts reused",
    "n_sessions": "visits",
    "n_weeks": "weeks compared",
    "n_words": "words",
    "name": "setting or figure",
    "named_rate": "answers that name it",
    "noise_floor": "usual noise in points",
    "other_value": "usually stated as",
    "own_words": "your site says",
    "page": "page",
    "page_demand": "times asked about it",
    "page_id": "page",
    "pass_mark": "pass mark",
    "peak_megabytes": "memory in MB",
    "pillar": "pillar",
    "place": "where",
    "planned_gain": "more questions by the plan",
    "property": "fact",
    "queries": "questions in it",
    "rank": "no.",
    "reading": "what it shows",
    "reason": "reason",
    "reject_reason": "why left out",
    "remedy": "what to do",
    "retrieved": "found, not cited",
    "rows": "rows",
    "rubric": "rubric",
    "run": "run",
    "searched": "searched the web",
    "seconds": "seconds",
    "segment": "half of the log",
    "series": "engine",
    "severe_gaps": "gaps to close",
    "share": "share of those checked",
    "share_of_overlap": "cited beside your site",
    "sign_title": "sign",
    "signal": "signal",
    "similarity": "similarity",
    "site": "site",
    "smallest_effect": "smallest visible effect",
    "source": "source",
    "split_title": "questions",
    "stage": "stage",
    "status": "read",
    "table": "table",
    "task": "what to do",
    "text": "question",
    "theme": "theme",
    "time": "when",
    "title": "title",
    "top_site": "most cited site",
    "value": "value",
    "verdict": "verdict",
    "what_to_do": "what to do",
    "weight": "effect by research",
}
# How the numbers of a column are written: shares as whole percent, differences of shares in points;
# all others have two digits below ten and are whole above.
_NUMBERS: dict[str, Callable[[float], str]] = {
    **dict.fromkeys(
        (
            "citation_rate",
            "citation_share",
            "coverage",
            "coverage_before",
            "engaged_rate",
            "membership",
            "named_rate",
            "searched",
            "share",
            "share_of_overlap",
            "value",
        ),
        percent,
    ),
    **dict.fromkeys(
        ("change", "effect"),
        lambda difference: f"{100 * difference:+.0f}",
    ),
    **dict.fromkeys(
        ("noise_floor", "smallest_effect"),
        lambda difference: f"{100 * difference:.0f}",
    ),
}
# How the texts of a column are written: pages as paths within their site, files by their last two
# names.
_TEXTS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(
        ("example", "page_id"),
        lambda page_id: clean_text(page_id).partition("/")[2] or "/",
    ),
    "file": lambda path: "/".join(PurePosixPath(clean_text(path)).parts[-2:]),
}

# Characters of a column's longest text from which the column is wide, and widest. Assumed.
_LONG = 40
_LONGEST = 120
# Words with more letters may break within: mostly paths and addresses. Assumed.
_LONG_WORD = 16
# What to do where a notebook finds no run.
_CURE = (
    "Make one and run this cell again: 'make demo' in the checkout for the sample company, "
    "'coverage-kit run coverage.toml' for a site of your own; or set RUN to the folder that [out] "
    "in coverage.toml names."
)
# The intervals that `show_table` makes of the columns low and high.
_INTERVALS: dict[str, Callable[[float, float], str]] = {
    "interval": between,
    "interval_in_points": lambda low, high: f"{100 * low:+.0f} to {100 * high:+.0f}",
}
# Draws a long text as a box that shows its first lines. The text is escaped before it comes here,
# but a quotation mark would end the attribute `title`.
_CLIP = (
    "function (text, kind) {\n"
    "  if (kind !== 'display' || text === null) { return text; }\n"
    '  return \'<div class="clip" tabindex="0" title="\' + String(text).replace(/"/g, '
    "'&quot;') + '\">' + text + '</div>';\n"
    "}"
)
# A wide table scrolls within the notebook. A clipped text opens when it has the focus.
_CSS = """
div.dt-layout-table { overflow-x: auto; }
table.dataTable td { vertical-align: top; }
table.dataTable th { white-space: normal; }
table.dataTable td.dt-left { white-space: normal; overflow-wrap: break-word; }
table.dataTable td.dt-right { padding-right: 1.4em; }
table.dataTable td.breaks { min-width: 11em; overflow-wrap: anywhere; }
table.dataTable td.long { min-width: 11em; }
table.dataTable td.longest { min-width: 13em; }
div.clip { display: -webkit-box; -webkit-line-clamp: 4; -webkit-box-orient: vertical;
  overflow: hidden; }
div.clip:focus { -webkit-line-clamp: unset; }
"""
# Titles of figures have the colour of the notebook's text, light or dark; elsewhere they are grey,
# as the figures do not know the ground on which they are drawn.
_TITLES = """<style>
.js-plotly-plot .gtitle, .js-plotly-plot .gtitle-subtitle {
  fill: var(--jp-content-font-color1, var(--vscode-editor-foreground, currentColor)) !important; }
.ck-lead { margin: .3em 0; font-size: 1.35em; line-height: 1.4; max-width: 46em; }
.ck-quiet { margin: .3em 0; opacity: .75; } .ck-lines { margin: .3em 0; max-width: 62em; }
.ck-trust summary { font-size: 1.15em; cursor: pointer; }
</style>"""


def open_run(run: str | Path) -> Analysis:
    """Set up the notebook, say in a line what a finished run holds, and return its analysis.

    Tables can be searched and figures drawn without a network, as both libraries come with the
    package. On Colab, where each output is a page of its own, both are loaded from Colab's sources,
    and its manager of widgets is switched on.

    Args:
        run: the run's folder, as `coverage-kit run` writes it.

    Raises RunError where there is no finished run; the error says how to make one.
    """
    set_up_notebook()
    try:
        analysis = load_analysis(run)
    except RunError as error:
        raise RunError(str(run), error.what, error.found, _CURE) from None
    head = summarize(analysis)
    counts = [
        count(head.n_queries, "question"),
        count(head.n_answers, "answer"),
        f"{share_read(count_own_pages(analysis))} read",
    ]
    trust = rate_trust(analysis.about)
    _show(
        Markup('<p class="ck-quiet">{}: {}. How far to trust this run: <b>{}</b>.</p>').format(
            clean_text(analysis.about.own_site), ", ".join(counts), trust.word
        )
    )
    return analysis


def show_lead(analysis: Analysis, name: str) -> None:
    """Show the answer to a notebook's question in a sentence; `name` is a key of `LEADS`."""
    _show(Markup('<p class="ck-lead">{}</p>').format(visible(LEADS[name](analysis))))


def show_lines(*lines: str) -> None:
    """Show sentences, each as a paragraph that wraps; their text is escaped."""
    paragraph = Markup('<p class="ck-lines">{}</p>')
    _show(Markup("").join(paragraph.format(visible(line)) for line in lines if line))


def show_trust(analysis: Analysis, run: str | Path) -> None:
    """Show how far to trust the run: a word and its reason, and the figures behind a click.

    `run` is the run's folder, to name in commands.
    """
    verdict = rate_trust(analysis.about)
    predicted = predicted_under(analysis.about)
    lines = [
        *describe_level(analysis, run),
        describe_self_test(analysis.about),
        describe_stability(analysis.about),
        f"Gains are {predicted}.",
    ]
    items = Markup("").join(Markup("<li>{}</li>").format(visible(line)) for line in lines if line)
    _show(
        Markup(
            '<details class="ck-trust"><summary><b>{}.</b> {} Click for the figures.</summary>'
            '<ul class="ck-lines">{}</ul></details>'
        ).format(verdict.word, verdict.reason, items)
    )


def draw_topics(analysis: Analysis, n: int = 15) -> Any:
    """Return a figure of the topics asked about most, coloured by what the site answers.

    Args:
        analysis: the run.
        n: topics drawn at most.
    """
    topics = describe_gaps(analysis).nlargest(n, "demand").sort_values("demand")
    drawn = pd.DataFrame(
        {
            "topic": topics["label"].map(lambda label: markup_lines(label, 80, width=40)),
            "times asked": topics["demand"],
            "answered": 1 - topics["severity"],
        }
    )
    # pandas draws with plotly, so that only report/figures imports plotly.
    options: dict[str, Any] = {
        "x": "times asked",
        "y": "topic",
        "color": "answered",
        "range_color": (0, 1),
        "color_continuous_scale": figure_data.COVERAGE_SCALE,
        "title": f"The {count(len(drawn), 'topic')} asked about most",
        "template": figures.TEMPLATE,
        "height": 150 + 24 * len(drawn),
    }
    figure = drawn.plot(kind="barh", backend="plotly", **options)
    bar = {"tickformat": ".0%", "thickness": 12}
    return figure.update_layout(coloraxis_colorbar=bar, margin={"t": 60, "b": 50}, yaxis_title=None)


def draw_stages(analysis: Analysis) -> Any:
    """Return a figure of the seconds that each stage of the run took."""
    drawn = analysis.stages[["stage", "seconds"]].iloc[::-1]
    figure = drawn.plot(
        kind="barh",
        backend="plotly",
        x="seconds",
        y="stage",
        title="Where the time went",
        template=figures.TEMPLATE,
        height=150 + 28 * len(drawn),
    )
    figure.update_traces(marker_color=figure_data.BLUE)
    return figure.update_layout(margin={"t": 60, "b": 50}, yaxis_title=None)


def draw_words(passages: pd.DataFrame) -> Any:
    """Return a figure of how many words the passages have, by site."""
    figure = passages.plot(
        kind="hist",
        backend="plotly",
        x="n_words",
        color="site",
        nbins=40,
        title="Words in a passage",
        template=figures.TEMPLATE,
        labels={"n_words": "words", "count": "passages"},
    )
    return figure.update_layout(yaxis_title="passages")


def set_up_notebook() -> None:
    """Make the tables of `show_table` interactive, and every renderer of plotly safe."""
    from IPython.utils.capture import capture_output  # noqa: PLC0415 (slow, and only for notebooks)
    from itables import init_notebook_mode  # noqa: PLC0415

    figures.set_up_safely()
    is_colab = _is_colab()
    if is_colab:
        from google.colab import output  # noqa: PLC0415 (installed only there)

        output.enable_custom_widget_manager()
    with capture_output() as captured:
        init_notebook_mode(all_interactive=False, connected=is_colab)
    # The script that asks the library whether the notebook is dark comes before the library.
    for output in reversed(captured.outputs):
        output.display()  # type: ignore[no-untyped-call]
    _show(Markup(_TITLES))  # noqa: S704 (a constant)


def settings_of(analysis: Analysis, run: str | Path) -> Settings:
    """Return the settings of a run; a cache with a relative path is taken from beside the run.

    Raises SettingsError where this version does not know a setting of the run.
    """
    settings = make_settings(analysis.about.settings, where=str(run))
    if Path(settings.cache).is_absolute():
        return settings
    return settings.model_copy(
        update={"cache": str(Path(run).resolve().parent / Path(settings.cache).name)}
    )


def is_attended() -> bool:
    """Return whether somebody can answer the notebook; not so under papermill and nbconvert."""
    from IPython import get_ipython  # noqa: PLC0415

    kernel = getattr(get_ipython(), "kernel", None)
    return kernel is None or bool(kernel.get_parent().get("content", {}).get("allow_stdin", False))


def show_table(
    table: pd.DataFrame,
    columns: Sequence[str],
    rows: int = 10,
    headings: Mapping[str, str] | None = None,
) -> None:
    """Show columns of a table under readable headings, with search, sorting and pages.

    Shares are whole percent, differences of shares are points, other numbers have two digits below
    ten and are whole above. Dates are days, pages are paths, missing values are blank. Of a long
    text four lines are shown, and all of it on hover and on focus. Text is escaped. Where no script
    may run, the first rows are plain HTML.

    Args:
        table: any table.
        columns: the columns to show, in this order, under their `HEADINGS`. `interval` and
            `interval_in_points` are made of the columns low and high.
        rows: rows a page.
        headings: other headings, by column.
    """
    from itables import JavascriptFunction, to_html_datatable  # noqa: PLC0415

    titles = {**HEADINGS, **(headings or {})}
    readable = pd.DataFrame({name: _readable(table, name) for name in columns}, dtype="str")
    definitions: list[dict[str, Any]] = []
    for position, name in enumerate(columns):
        title = titles.get(name) or name.replace("_", " ")
        definition: dict[str, Any] = {
            "targets": position,
            "title": for_html(title, is_value=True),
            "ariaTitle": title,
        }
        definitions.append(definition)
        if name in _INTERVALS or pd.api.types.is_numeric_dtype(table[name]):
            # The texts of intervals would be sorted by their letters.
            definition |= {"className": "dt-right", "orderable": name not in _INTERVALS}
            continue
        kinds = _class_names(readable[name])
        definition["className"] = f"dt-left {kinds}".strip()
        if kinds.startswith("longest"):
            definition["render"] = JavascriptFunction(_CLIP)
    html = to_html_datatable(
        readable.reset_index(drop=True),
        connected=_is_colab(),
        columnDefs=definitions,
        css=_CSS,
        classes="display compact",
        style="table-layout:auto;width:100%;margin:0",
        lengthMenu=sorted({5, 10, 25, 100, rows}),
        pageLength=rows,
        language={"emptyTable": "This run has nothing to show here."},
        maxBytes=0,
        order=[],
        showIndex=False,
        display_logo_when_loading=False,
        warn_on_unexpected_types=False,
    )
    _show(Markup(html))  # noqa: S704 (itables has escaped the texts)


def _class_names(texts: "pd.Series[str]") -> str:
    """Return the classes by which `_CSS` gives a column of texts its width."""
    width = int(texts.str.len().max()) if len(texts) else 0
    word = max((len(part) for text in texts for part in text.split()), default=0)
    size = "longest" if width > _LONGEST else "long" if width > _LONG else ""
    return f"{size} {'breaks' if word > _LONG_WORD else ''}".strip()


def _readable(table: pd.DataFrame, name: str) -> "pd.Series[str]":
    """Return a column as a reader expects its values."""
    if name in _INTERVALS:
        write_interval = _INTERVALS[name]
        texts = [
            "" if is_missing(low) or is_missing(high) else write_interval(low, high)
            for low, high in zip(table["low"], table["high"], strict=True)
        ]
    else:
        write = _writer(name, table[name])
        texts = ["" if is_missing(value) else write(value) for value in table[name]]
    return pd.Series(texts, table.index, "str")


def _writer(name: str, column: "pd.Series[Any]") -> Callable[[Any], str]:
    """Return the function that writes a value of a column; no value is missing."""
    if pd.api.types.is_bool_dtype(column):
        return lambda flag: "yes" if flag else ""
    if pd.api.types.is_datetime64_any_dtype(column):
        return lambda time: f"{time:%Y-%m-%d}"
    if pd.api.types.is_numeric_dtype(column):
        return _NUMBERS.get(name, amount)
    return _TEXTS.get(name, _join_lines)


def _join_lines(value: object) -> str:
    """Return a text on one line, as a table shows no line breaks."""
    return " · ".join(line.strip() for line in clean_text(value).splitlines() if line.strip())


def _show(markup: Markup) -> None:
    from IPython.display import HTML, display  # noqa: PLC0415 (only in notebooks)

    display(HTML(markup))  # type: ignore[no-untyped-call]


def _is_colab() -> bool:
    return find_spec("google") is not None and find_spec("google.colab") is not None
