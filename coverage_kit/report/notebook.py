"""What every notebook starts with: a run opened, tables to search, figures that never offer an upload."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import escape

from coverage_kit.analysis import Analysis, load_analysis
from coverage_kit.errors import RunError
from coverage_kit.headline import summarize
from coverage_kit.report import figures
from coverage_kit.report.texts import clean_text
from coverage_kit.report.trust import predicted_under
from coverage_kit.report.wording import count
from coverage_kit.settings import Settings, make_settings

# characters of a text for which a column gets a wide place, and the widest
_LONG = 40
_LONGEST = 120
_CURE = (
    "Make one and run this cell again: 'make demo' in the checkout for the sample company, 'coverage-kit run coverage.toml' "
    "for a site of your own; or set RUN to the folder that [out] in coverage.toml names."
)
# the text is escaped before it comes here; a quotation mark would end the title
_CLIP = """function (text, kind) {
  if (kind !== 'display' || text === null) { return text; }
  return '<div class="clip" tabindex="0" title="' + String(text).replace(/"/g, '&quot;') + '">' + text + '</div>';
}"""
_NUMBER = """function (value, kind) {
  if (value === null || value === '' || value !== value) { return kind === 'display' ? '' : -Infinity; }
  return kind === 'display' ? Number(value).toLocaleString('en-US', {maximumFractionDigits: DIGITS}) : value;
}"""
_CSS = """
div.dt-layout-table { overflow-x: auto; }
div.dt-layout-table::-webkit-scrollbar { height: 10px; }
div.dt-layout-table::-webkit-scrollbar-thumb { background: #8b939c; border-radius: 5px; }
div.dt-layout-table::-webkit-scrollbar-track { background: rgba(139, 147, 156, .2); border-radius: 5px; }
table.dataTable td { vertical-align: top; }
table.dataTable td.dt-left { white-space: normal; overflow-wrap: break-word; }
table.dataTable td.long { min-width: 12em; }
table.dataTable td.longest { min-width: 15em; }
div.clip { display: -webkit-box; -webkit-line-clamp: 4; -webkit-box-orient: vertical; overflow: hidden; white-space: pre-line; }
div.clip:focus { -webkit-line-clamp: unset; }
"""


def open_run(run: str | Path) -> Analysis:
    """Set up the notebook and return the analysis of a finished run, after a line on what it holds.

    Tables can be searched and figures drawn without a network: both libraries come with the
    package. On Colab, whose outputs are pages of their own, both come from where Colab takes them,
    and its manager of widgets is switched on.

    Args:
        run: the run's folder, as `coverage-kit run` writes it.

    Raises RunError where there is no finished run, with how to make one.
    """
    set_up_notebook()
    try:
        analysis = load_analysis(run)
    except RunError as error:
        raise RunError(str(run), error.what, error.found, _CURE) from None
    head = summarize(analysis)
    read = ", ".join(
        [
            count(head.n_pages, "page"),
            f"{head.n_queries:,} queries",
            count(head.n_answers, "answer"),
        ]
    )
    print(f"{analysis.about['own_site']}: {read}; {predicted_under(analysis.about)}")
    return analysis


def set_up_notebook() -> None:
    """Make tables interactive where they are shown by `show_table`, and every renderer of plotly safe."""
    from IPython.utils.capture import capture_output
    from itables import init_notebook_mode

    figures.set_up_safely()
    is_colab = _is_colab()
    if is_colab:
        from google.colab import output

        output.enable_custom_widget_manager()
    with capture_output() as written:
        init_notebook_mode(all_interactive=False, connected=is_colab)
    for output in reversed(
        written.outputs
    ):  # the library comes last there, after what asks it whether the notebook is dark
        output.display()  # type: ignore[no-untyped-call]


def settings_of(analysis: Analysis, run: str | Path) -> Settings:
    """Return the settings of a run, with a cache that is named by a relative path looked for beside the run.

    Raises SettingsError where this version does not know a setting of the run.
    """
    settings = make_settings(analysis.about["settings"], where=str(run))
    if Path(settings.cache).is_absolute():
        return settings
    return settings.model_copy(
        update={"cache": str(Path(run).resolve().parent / Path(settings.cache).name)}
    )


def is_attended() -> bool:
    """Return whether somebody sits at the notebook: papermill and nbconvert say that nobody could answer a question."""
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    return kernel is None or bool(kernel.get_parent().get("content", {}).get("allow_stdin", False))


def show_table(table: pd.DataFrame, rows: int = 10, digits: int = 2) -> None:
    """Show a table with search, sorting and pages; where no script may run, its first rows stand there as plain HTML.

    Text is escaped; of a long one four lines are shown, the whole on hover and on focus. Missing
    values are blank.

    Args:
        table: any table; its index is left out.
        rows: rows a page.
        digits: most digits after the point that are shown; the order is that of the whole figures.
    """
    from IPython.display import HTML, display
    from itables import JavascriptFunction, to_html_datatable

    shown = pd.DataFrame({str(name): _readable(table[name]) for name in table.columns}).reset_index(
        drop=True
    )
    number = JavascriptFunction(_NUMBER.replace("DIGITS", str(digits)))
    clip = JavascriptFunction(_CLIP)
    columns: list[dict[str, Any]] = []
    for place, name in enumerate(shown.columns):
        column: dict[str, Any] = {
            "targets": place,
            "title": str(escape(name)).replace("_", "_<wbr>"),
            "ariaTitle": name,
        }
        columns.append(column)
        if pd.api.types.is_numeric_dtype(shown[name]):
            column |= {"className": "dt-right", "render": number}
        else:
            width = int(shown[name].str.len().max()) if len(shown) else 0
            size = "longest" if width > _LONGEST else "long" if width > _LONG else ""
            column |= {
                "className": f"dt-left {size}".strip(),
                **({"render": clip} if width > _LONGEST else {}),
            }
    drawn = to_html_datatable(
        shown,
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
    display(HTML(drawn))  # type: ignore[no-untyped-call]


def _readable(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return a column as numbers or as text: times to the minute, yes or nothing for truth values."""
    if pd.api.types.is_bool_dtype(column):
        return pd.Series(["yes" if one else "" for one in column], column.index, "str")
    if pd.api.types.is_numeric_dtype(column):
        return column.astype("float64") if column.isna().any() else column
    if pd.api.types.is_datetime64_any_dtype(column):
        return pd.Series(
            [f"{one:%Y-%m-%d %H:%M}" if pd.notna(one) else "" for one in column],
            column.index,
            "str",
        )
    return pd.Series([clean_text(one) for one in column], column.index, "str")


def _is_colab() -> bool:
    return find_spec("google") is not None and find_spec("google.colab") is not None
