"""The command line: a thin layer over the functions that the notebooks call too."""

import logging
import os
import shlex
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coverage_kit import __version__
from coverage_kit.commands import checks, fetches, models, outputs
from coverage_kit.commands.terminal import (
    ACT,
    RUN,
    START,
    Command,
    CommandGroup,
    name_options,
    naming_options,
    say,
    say_stopped,
    set_up_messages,
    terminal,
)
from coverage_kit.errors import CoverageKitError, RunError, SettingsError
from coverage_kit.net.logins import without_login
from coverage_kit.settings import (
    ChecksSettings,
    Settings,
    make_settings,
    read_settings,
    resolve_paths,
    write_template,
)
from coverage_kit.storage.files import cure_for, write_file
from coverage_kit.storage.written import kind_of_folder

if TYPE_CHECKING:
    import pandas as pd


app = typer.Typer(
    cls=CommandGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Which questions that people put to AI search does your site not answer, and which few "
    "words would change that?",
)

app.add_typer(outputs.app)
app.add_typer(checks.app)
app.add_typer(models.app)
app.add_typer(fetches.app)

# The README.md of a project that `coverage-kit init` makes.
_PROJECT = """\
# Which questions does your site not answer?

    coverage-kit run coverage.toml    # reads site and log, finds the gaps, plans the edits
    jupyter lab notebooks             # walks through the same, step by step
    coverage-kit report runs/latest   # rebuilds page and workbook

`coverage.toml` says where your site and your log are; everything else has a default. Open
`runs/latest/page.html` in a browser and `runs/latest/gaps.xlsx` in a spreadsheet. A run replaces
the one in its folder: name another `out` to keep an old one.
"""

# The option --out, which `demo` and `run` share.
Out = Annotated[
    str,
    typer.Option(
        "--out",
        metavar="FOLDER",
        help="folder of the run; by default the one that the settings name",
    ),
]

# The option --column, which `inspect` and `run` share.
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="FIELD=COLUMN",
        help="which column of the log holds a field, such as query=Prompt (repeatable)",
    ),
]


# The option --strict, which `inspect` and `run` share.
Strict = Annotated[
    bool,
    typer.Option("--strict", help="stop where the log may be read wrongly, and list the doubts"),
]


def main() -> None:
    """Run the command line; errors raised on purpose become one line on stderr, exit status 2.

    After Ctrl-C or a signal that stops it, it says what is kept (`terminal`), and the exit status
    is that of shells, such as 130.
    """
    # Libraries must neither warn about forked processes nor call home nor draw their own bars.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    with terminal():
        set_up_messages()
        try:
            _check_current_folder()
            app()
        except CoverageKitError as error:
            say(f"coverage-kit: {error}", err=True)
            sys.exit(2)
        except OSError as error:
            # A full or faulty disk may show anywhere, also where libraries write.
            cure = cure_for(error, "")
            if not cure:
                raise
            where = str(error.filename or "the disk")
            what = "files that can be read and written"
            say(f"coverage-kit: {RunError(where, what, str(error), cure)}", err=True)
            sys.exit(2)
        except KeyboardInterrupt as stop:
            sys.exit(say_stopped(stop))


def _say_version(is_asked: bool) -> None:
    if is_asked:
        say(f"coverage-kit {__version__}")
        raise typer.Exit


@app.callback()
def _show_version(
    is_asked: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_say_version, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Which questions that people put to AI search does your site not answer?"""


def _check_current_folder() -> None:
    """Raise RunError where the current folder is gone: no path can be made absolute there."""
    try:
        Path.cwd()
    except OSError as error:
        what = "a folder that exists"
        raise RunError("current folder", what, str(error), "Change into another folder.") from error


@app.command(cls=Command, rich_help_panel=START)
def demo(
    out: Annotated[
        str, typer.Option("--out", metavar="FOLDER", help="folder of the run")
    ] = "runs/demo",
) -> None:
    """Analyse the sample company's site and log, and write page, workbook and tables.

    Example: coverage-kit demo --out runs/demo
    """
    settings = read_settings(sample_folder() / "coverage.toml")
    # The sample lies in the package, where nothing may be written.
    folder = Path(out).parent
    checked = ChecksSettings(
        path=str(folder / "checks.csv"), dismissed=str(folder / "dismissed.csv")
    )
    places = {"out": out, "cache": str(folder / "cache"), "checks": checked}
    say(_run(settings.model_copy(update=places)))


@app.command(cls=Command, rich_help_panel=START)
def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="folder to make")],
) -> None:
    """Write a new project: coverage.toml with every setting explained, notebooks, and a README.

    Example: coverage-kit init my-site
    """
    if (folder / "coverage.toml").exists():
        what = "a folder without coverage.toml"
        raise SettingsError(str(folder), what, "one that has it", "Name another folder.")
    texts = {".gitignore": "runs/\n.ipynb_checkpoints/\n", "README.md": _PROJECT}
    for notebook in sorted(notebooks_folder().glob("*.ipynb")):
        # The shipped notebooks open the run of the sample company. In a new project they open the
        # project's own run.
        text = notebook.read_text(encoding="utf-8").replace("../runs/demo", "../runs/latest")
        texts[f"notebooks/{notebook.name}"] = text
    # coverage.toml is written last: while it is missing, the same command may be repeated.
    for name, text in {**texts, "coverage.toml": write_template()}.items():
        write_file(folder / name, text.encode(), error=SettingsError, cure="Name another folder.")
    say(f"Made {folder}. Next:")
    say(f"  edit {folder / 'coverage.toml'}: name your site and your log")
    say(f"  coverage-kit run {shlex.quote(str(folder / 'coverage.toml'))}")


@app.command(cls=Command, rich_help_panel=RUN)
def inspect(
    file: Annotated[Path, typer.Argument(metavar="LOG", help="a log file, or a folder of them")],
    column: Columns = None,
    rejects: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="CSV file to write, with the records that could not be read"
        ),
    ] = None,
    strict: Strict = False,
) -> None:
    """Show how a log is read: format, columns, first rows, what could not be read, and why.

    Example: coverage-kit inspect answers.csv --column "query=What they typed" --rejects bad.csv
    """
    from coverage_kit.tasks.inspect_log import inspect_log

    with naming_options():
        description = inspect_log(file, _parse_columns(column), rejects, is_strict=strict)
    say(name_options(description))


@app.command(cls=Command, rich_help_panel=RUN)
def inspect_site(
    settings_file: Annotated[
        Path | None, typer.Argument(metavar="SETTINGS", help="a coverage.toml")
    ] = None,
    site: Annotated[
        str,
        typer.Option(metavar="SITE", help="folder or file of pages, sitemap URL or start URL"),
    ] = "",
    base_url: Annotated[str, typer.Option(metavar="URL", help="URL of the folder's root")] = "",
    page: Annotated[
        str,
        typer.Option(metavar="PART", help="show the passages of the page whose address ends so"),
    ] = "",
    lists_all: Annotated[bool, typer.Option("--all", help="list all pages")] = False,
) -> None:
    """Show how your site is read: its pages, their addresses, what is not read, and why.

    Example: coverage-kit inspect-site --site docs --base-url https://docs.example.com --page start
    """
    from coverage_kit.tasks.inspect_site import inspect_site as describe

    settings = _site_settings("inspect-site", settings_file, site, base_url)
    with naming_options() if settings_file is None else nullcontext():
        description = describe(settings, page, lists_all=lists_all)
    say(description)


@app.command(cls=Command, rich_help_panel=RUN)
def run(
    settings_file: Annotated[
        Path | None, typer.Argument(metavar="SETTINGS", help="a coverage.toml")
    ] = None,
    site: Annotated[
        str,
        typer.Option(metavar="SITE", help="folder of HTML or Markdown, sitemap URL or start URL"),
    ] = "",
    base_url: Annotated[str, typer.Option(metavar="URL", help="URL of the folder's root")] = "",
    brand: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="name of your brand; repeatable, for aliases"),
    ] = None,
    competitor: Annotated[
        list[str] | None,
        typer.Option(metavar="SITE", help="site of a competitor (repeatable)"),
    ] = None,
    log: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="log of questions and answers (repeatable)"),
    ] = None,
    column: Columns = None,
    strict: Strict = False,
    encoder: Annotated[
        str,
        typer.Option(
            metavar="MODEL", help="'minilm', a sentence-transformers name or a model folder"
        ),
    ] = "",
    backend: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="local or ray: where the work is computed (docs/cluster.md)"
        ),
    ] = "",
    workers: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            show_default=False,
            help="workers of Ray; by default as the settings say",
        ),
    ] = 0,
    out: Out = "",
    is_verbose: Annotated[
        bool,
        typer.Option("--verbose", help="show the statistics, the audit and the seconds as well"),
    ] = False,
) -> None:
    """Find what your site does not answer: compare it with a log of questions and answers.

    Give a coverage.toml, or options, or both: options win.

    Example: coverage-kit run coverage.toml

    Example: coverage-kit run --site site/ --base-url https://www.example.com --brand Acme --log answers.csv --column "query=What they typed" --column "citations=Sources cited"
    """  # noqa: E501 (a command is one line)
    if settings_file is None and not site:
        what = "a coverage.toml or --site and --log"
        raise SettingsError("run", what, "neither", "See coverage-kit run --help.")
    # Who named the log or its columns by options is helped with options.
    is_by_options = settings_file is None or bool(log) or bool(column)
    with naming_options() if is_by_options else nullcontext():
        values = _start_values(settings_file, site)
        _set(values, "site", base_url=base_url, brand=tuple(brand or ()))
        _set(values, "log", files=tuple(log or ()), columns=_parse_columns(column), strict=strict)
        _set(values, "match", encoder=encoder)
        _set(values, "parallel", backend=backend, workers=workers)
        if competitor:
            # A competitor's folder that the settings file declares keeps its brand and base_url.
            # The paths in the file are absolute by now, so the option's path is made so, too.
            declared = {other["source"]: other for other in values.get("competitors", ())}
            values["competitors"] = [
                declared.get(str(Path(name).resolve()), {"source": name}) for name in competitor
            ]
        if out:
            values["out"] = out
        settings = resolve_paths(make_settings(values, where="run"), Path.cwd())
        summary = _run(settings, is_verbose=is_verbose)
    say(name_options(summary) if is_by_options else summary)


def _site_settings(command: str, settings_file: Path | None, site: str, base_url: str) -> Settings:
    """Return settings from a file, options or both, where only the site counts."""
    if settings_file is None and not site:
        cure = f"See coverage-kit {command} --help."
        raise SettingsError(command, "a coverage.toml or --site", "neither", cure)
    values = _start_values(settings_file, site)
    _set(values, "site", base_url=base_url)
    return resolve_paths(make_settings(values, where=command), Path.cwd())


def _start_values(settings_file: Path | None, site: str) -> dict[str, Any]:
    """Return the values of the settings file, without its site where another is named."""
    if settings_file is None:
        return {"site": {"source": site}}
    values: dict[str, Any] = read_settings(settings_file).model_dump()
    if site and without_login(site) != values["site"]["source"]:
        values["site"] = {"source": site}
    return values


def _set(values: dict[str, Any], section: str, **options: Any) -> None:
    """Put the options that were given into a section of the values."""
    # An option that was not given is empty or 0, and must not replace a value of the file.
    given = {key: value for key, value in options.items() if value}
    if given:
        values[section] = {**values.get(section, {}), **given}


@app.command(cls=Command, rich_help_panel=ACT)
def apply(
    folder: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="folder of a finished run whose site is a local folder"),
    ],
    to: Annotated[
        Path,
        typer.Option(
            "--to",
            metavar="FOLDER",
            help="folder of the changed copy: new, or an earlier copy",
        ),
    ],
    top: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            show_default=False,
            help="make the first N edits of the ranking; by default those within the budget",
        ),
    ] = 0,
    edit: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="id of an edit to make (repeatable)")
    ] = None,
    drafts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="JSON with finished Markdown by edit id, used instead of the outlines",
        ),
    ] = None,
) -> None:
    """Make a run's edits in a copy of its site, in the pages' format, and list the results.

    Example: coverage-kit apply runs/latest --to site-with-edits --top 3
    """
    from coverage_kit.analysis import load_analysis
    from coverage_kit.report import edit_selection, site_copy

    if top and edit:
        raise SettingsError("apply", "--top or --edit", "both", "Leave one out.")
    analysis = load_analysis(folder)
    source = edit_selection.find_site_folder(analysis, str(folder))
    settings_path = edit_selection.check_settings_place(to)
    edit_ids = edit_selection.pick_edits(analysis, top, edit or [])
    changes = edit_selection.list_changes(analysis, edit_ids)
    texts = edit_selection.read_drafts(drafts, edit_ids)
    results = site_copy.write_site_copy(
        source, analysis.pages, analysis.passages, changes, to, texts
    )
    has_base_url = bool(analysis.about.setting("site", "base_url"))
    _show_applied(edit_selection.add_unlisted(results, edit_ids), source, to, has_base_url)
    settings = edit_selection.write_settings(analysis, to, settings_path)
    say(f"\nTo see what the copy covers: coverage-kit run {shlex.quote(str(settings))}")


@app.command(cls=Command, rich_help_panel=ACT)
def draft(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="folder of a finished run")],
    top: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            show_default=False,
            help="draft the first N edits of the ranking; by default those within the budget",
        ),
    ] = 0,
    edit: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="id of an edit to draft (repeatable)")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="JSON of drafts; drafts that it already holds are kept; by default drafts.json "
            "in RUN",
        ),
    ] = None,
    settings_file: Annotated[
        Path | None,
        typer.Option(
            "--settings",
            metavar="FILE",
            help="coverage.toml whose draft section is used; by default the run's own settings",
        ),
    ] = None,
) -> None:
    """Let a language model draft a run's edits, and check each draft against your site's words.

    Example: coverage-kit draft runs/latest --settings coverage.toml --top 3
    """
    from coverage_kit.analysis import load_analysis
    from coverage_kit.llm.costs import open_ledger
    from coverage_kit.report.edit_selection import pick_edits
    from coverage_kit.tasks import briefs, draft

    if top and edit:
        raise SettingsError("draft", "--top or --edit", "both", "Leave one out.")
    analysis = load_analysis(folder)
    settings = models.settings_of_run(analysis, folder, settings_file)
    writer = draft.ChatDrafter(settings.draft)
    edit_ids = pick_edits(analysis, top, edit or [])
    to_draft = briefs.list_briefs(analysis, edit_ids)
    path = out or folder / "drafts.json"
    drafted = draft.fill_drafts(writer, to_draft, path)
    say(draft.describe_drafts(drafted, to_draft, len(edit_ids), path))
    spent = replace(writer.spent, n_reused=len(drafted.reused))
    open_ledger(settings).add(str(folder), "draft", writer.name, spent)
    if drafted.failed:
        raise typer.Exit(1)


def sample_folder() -> Path:
    """Return the folder of the sample data, in a checkout or in an installed package."""
    return _shipped("sample", "data")


def notebooks_folder() -> Path:
    """Return the folder of the notebooks, in a checkout or in an installed package."""
    return _shipped("notebooks", "notebooks")


def _shipped(in_package: str, in_checkout: str) -> Path:
    package = Path(__file__).parent.parent
    for folder in (package / in_package, package.parent / in_checkout):
        if folder.is_dir():
            return folder
    what = f"the shipped folder {in_package}"
    raise RunError(str(package), what, "none", "Reinstall coverage_kit.")


def _parse_columns(options: list[str] | None) -> dict[str, str]:
    """Return column by field from options such as query=Prompt."""
    columns = {}
    for option in options or []:
        field, sign, column = option.partition("=")
        if not sign:
            cure = "For example --column query=Prompt."
            raise SettingsError("--column", "field=column", option, cure)
        columns[field.strip()] = column.strip()
    return columns


def _run(settings: Settings, *, is_verbose: bool = False) -> str:
    """Run the main job, write the run's folder, and return the summary."""
    from coverage_kit.pipeline.analyze import analyze
    from coverage_kit.pipeline.history import finish_run
    from coverage_kit.report.outputs import write_run
    from coverage_kit.report.run_summary import describe_run

    if kind_of_folder(Path(settings.out)) == "a run":
        say(
            f"{settings.out} holds an earlier run, which this one replaces when it is finished. "
            "What editors wrote in gaps.xlsx is kept, and the history of runs. To keep the "
            "earlier run, name another folder with --out.",
            err=True,
        )
    # This package shows its progress; other libraries show only warnings.
    set_up_messages()
    logging.getLogger("coverage_kit").setLevel(logging.INFO)
    analysis = finish_run(analyze(settings))
    folder = write_run(analysis, settings.out)
    return describe_run(analysis, folder, is_verbose=is_verbose)


def _show_applied(results: "pd.DataFrame", source: Path, to: Path, has_base_url: bool) -> None:
    """Print which changes were made in the copy and which were not."""
    from coverage_kit.report.texts import shorten
    from coverage_kit.tasks.compare import as_columns

    columns = ("edit_id", "position", "file", "page_id", "status")
    rows = [[shorten(row[name], 200) for name in columns] for row in results.to_dict("records")]
    say(as_columns([["edit", "change", "file", "page", "status"], *rows]))
    n_edits = results["edit_id"].nunique()
    n_made = results.loc[results["status"] == "applied", "edit_id"].nunique()
    say(f"\n{n_made} of {n_edits} edits made in {to}; {source} is unchanged.")
    name = source.resolve().name
    if not has_base_url and to.resolve().name != name:
        say(
            f"The run had no base_url: page ids agree only if the copy's folder is also named "
            f"{name}."
        )
