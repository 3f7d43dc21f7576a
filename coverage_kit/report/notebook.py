"""What every notebook starts with: an open run, tables to search, and safe figures.

No figure of a notebook offers to upload its data.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis, load_analysis
from coverage_kit.errors import RunError
from coverage_kit.escaping import for_html
from coverage_kit.headline import summarize
from coverage_kit.report import figures
from coverage_kit.report.texts import clean_text
from coverage_kit.report.trust import predicted_under
from coverage_kit.report.wording import count
from coverage_kit.settings import Settings, make_settings

# Characters of a column's longest text from which the column is wide, and widest. Assumed.
_LONG = 40
_LONGEST = 120
# What to do where a notebook finds no run.
_CURE = (
    "Make one and run this cell again: 'make demo' in the checkout for the sample company, "
    "'coverage-kit run coverage.toml' for a site of your own; or set RUN to the folder that [out] "
    "in coverage.toml names."
)
# Draws a long text as a box that shows its first lines. The text is escaped before it comes here,
# but a quotation mark would end the attribute `title`.
_CLIP = (
    "function (text, kind) {\n"
    "  if (kind !== 'display' || text === null) { return text; }\n"
    '  return \'<div class="clip" tabindex="0" title="\' + String(text).replace(/"/g, '
    "'&quot;') + '\">' + text + '</div>';\n"
    "}"
)
# Draws a number with at most DIGITS digits after the point; missing values are blank and sort last.
_NUMBER = (
    "function (value, kind) {\n"
    "  if (value === null || value === '' || value !== value) { return kind === 'display' "
    "? '' : -Infinity; }\n"
    "  return kind === 'display' ? Number(value).toLocaleString('en-US', "
    "{maximumFractionDigits: DIGITS}) : value;\n"
    "}"
)
# A wide table scrolls within the notebook. A clipped text opens when it has the focus.
_CSS = (
    "\n"
    "div.dt-layout-table { overflow-x: auto; }\n"
    "div.dt-layout-table::-webkit-scrollbar { height: 10px; }\n"
    "div.dt-layout-table::-webkit-scrollbar-thumb { background: #8b939c; border-radius: "
    "5px; }\n"
    "div.dt-layout-table::-webkit-scrollbar-track { background: rgba(139, 147, 156, .2); "
    "border-radius: 5px; }\n"
    "table.dataTable td { vertical-align: top; }\n"
    "table.dataTable td.dt-left { white-space: normal; overflow-wrap: break-word; }\n"
    "table.dataTable td.long { min-width: 12em; }\n"
    "table.dataTable td.longest { min-width: 15em; }\n"
    "div.clip { display: -webkit-box; -webkit-line-clamp: 4; -webkit-box-orient: "
    "vertical; overflow: hidden; white-space: pre-line; }\n"
    "div.clip:focus { -webkit-line-clamp: unset; }\n"
)


def open_run(run: str | Path) -> Analysis:
    """Set up the notebook, print a line about a finished run, and return its analysis.

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
    counts = ", ".join(
        [
            count(head.n_pages, "page"),
            f"{head.n_queries:,} queries",
            count(head.n_answers, "answer"),
        ]
    )
    line = f"{analysis.about.own_site}: {counts}; {predicted_under(analysis.about)}"
    print(line)  # noqa: T201 (the output of a notebook)
    return analysis


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


def show_table(table: pd.DataFrame, rows: int = 10, digits: int = 2) -> None:
    """Show a table with search, sorting and pages.

    Where no script may run, its first rows are plain HTML. Text is escaped. Of a long text four
    lines are shown, and all of it on hover and on focus. Missing values are blank.

    Args:
        table: any table; its index is left out.
        rows: rows a page.
        digits: digits after the point that are shown at most; sorting uses the exact figures.
    """
    from IPython.display import HTML, display  # noqa: PLC0415
    from itables import JavascriptFunction, to_html_datatable  # noqa: PLC0415

    readable = pd.DataFrame({str(name): _readable(table[name]) for name in table.columns})
    readable = readable.reset_index(drop=True)
    number = JavascriptFunction(_NUMBER.replace("DIGITS", str(digits)))
    clip = JavascriptFunction(_CLIP)
    columns: list[dict[str, Any]] = []
    for position, name in enumerate(readable.columns):
        column: dict[str, Any] = {
            "targets": position,
            # Long headings may break behind an underscore, so that narrow columns stay narrow.
            "title": for_html(str(name), is_value=True).replace("_", "_<wbr>"),
            "ariaTitle": name,
        }
        columns.append(column)
        if pd.api.types.is_numeric_dtype(readable[name]):
            column |= {"className": "dt-right", "render": number}
            continue
        width = int(readable[name].str.len().max()) if len(readable) else 0
        if width > _LONGEST:
            column |= {"className": "dt-left longest", "render": clip}
        else:
            column |= {"className": "dt-left long" if width > _LONG else "dt-left"}
    html = to_html_datatable(
        readable,
        connected=_is_colab(),
        columnDefs=columns,
        css=_CSS,
        classes="display compact",
        style="table-layout:auto;width:100%;margin:0",
        lengthMenu=sorted({5, 10, 25, 100, rows}),
        pageLength=rows,
        maxBytes=0,
        showIndex=False,
        display_logo_when_loading=False,
        warn_on_unexpected_types=False,
    )
    display(HTML(html))  # type: ignore[no-untyped-call]


def _readable(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return a column as numbers or as text: times to the minute, `yes` or nothing for flags."""
    if pd.api.types.is_bool_dtype(column):
        return pd.Series(["yes" if flag else "" for flag in column], column.index, "str")
    if pd.api.types.is_numeric_dtype(column):
        return column.astype("float64") if column.isna().any() else column
    if pd.api.types.is_datetime64_any_dtype(column):
        return pd.Series(
            [f"{time:%Y-%m-%d %H:%M}" if pd.notna(time) else "" for time in column],
            column.index,
            "str",
        )
    return pd.Series([clean_text(value) for value in column], column.index, "str")


def _is_colab() -> bool:
    return find_spec("google") is not None and find_spec("google.colab") is not None
