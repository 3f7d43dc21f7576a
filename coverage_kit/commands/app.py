"""The command line: thin, it calls the same functions as the notebooks."""

import logging
import os
import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coverage_kit.commands import models, outputs
from coverage_kit.errors import CoverageKitError, RunError, SettingsError
from coverage_kit.settings import (
    Settings,
    make_settings,
    read_settings,
    resolve_paths,
)

if TYPE_CHECKING:
    import pandas as pd


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Which questions put to AI search does a site not answer, and which few words would change that?",
)

app.add_typer(outputs.app)
app.add_typer(models.app)

_PROJECT = """\
# Which questions does the site not answer?

    coverage-kit run coverage.toml      # read site and log, find the gaps, plan the edits: into runs/latest
    jupyter lab notebooks               # the same to walk through, from what people ask to what to change
    coverage-kit report runs/latest     # page and workbook written again

Say in `coverage.toml` where the site and the log are; everything else has a default. Open `runs/latest/page.html` in a
browser and `runs/latest/gaps.xlsx` in a spreadsheet. A run is made anew in its folder: name another `out` to keep an old one.
"""

Out = Annotated[
    str,
    typer.Option("--out", help="folder of the run; by default what the settings say"),
]


def main() -> None:
    """Run the command line; errors raised on purpose are one line on stderr and exit status 2."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        app()
    except CoverageKitError as error:
        typer.echo(f"coverage-kit: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo(
            "coverage-kit: interrupted; what was fetched and embedded is kept, run the same command again.",
            err=True,
        )
        sys.exit(130)


@app.command()
def demo(out: Out = "runs/demo") -> None:
    """Analyse the sample company's site and log, and write page, workbook and tables.

    Example: coverage-kit demo
    """
    settings = read_settings(sample_folder() / "coverage.toml")
    cache = str(Path(out).parent / "cache")
    _run(settings.model_copy(update={"out": out, "cache": cache}))


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="folder to make")],
) -> None:
    """Write a project to start from: coverage.toml with every knob explained, notebooks that open its run, and a README.

    Example: coverage-kit init my-site
    """
    if (folder / "coverage.toml").exists():
        raise SettingsError(
            str(folder),
            "a folder without coverage.toml",
            "one that has it",
            "Name another folder.",
        )
    (folder / "notebooks").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(__file__).parent.parent / "coverage.toml", folder / "coverage.toml")
    (folder / ".gitignore").write_text("runs/\n.ipynb_checkpoints/\n", encoding="utf-8")
    (folder / "README.md").write_text(_PROJECT, encoding="utf-8")
    for notebook in sorted(notebooks_folder().glob("*.ipynb")):
        text = notebook.read_text(encoding="utf-8").replace("../runs/demo", "../runs/latest")
        (folder / "notebooks" / notebook.name).write_text(text, encoding="utf-8")
    typer.echo(f"Made {folder}. Next:")
    typer.echo(f"  edit {folder / 'coverage.toml'}: your site and your log, the rest can stay")
    typer.echo(f"  coverage-kit run {shlex.quote(str(folder / 'coverage.toml'))}")


@app.command()
def run(
    settings_file: Annotated[Path | None, typer.Argument(help="a coverage.toml")] = None,
    site: Annotated[
        str,
        typer.Option(help="folder of HTML or Markdown, sitemap URL or start URL"),
    ] = "",
    base_url: Annotated[str, typer.Option(help="URL of the folder's root")] = "",
    brand: Annotated[
        list[str] | None,
        typer.Option(help="name of the own brand; repeat for aliases"),
    ] = None,
    competitor: Annotated[
        list[str] | None, typer.Option(help="another site; repeat for more")
    ] = None,
    log: Annotated[
        list[str] | None,
        typer.Option(help="log of queries and answers; repeat for more"),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="field=column, such as query=Prompt; repeat for more"),
    ] = None,
    encoder: Annotated[
        str,
        typer.Option(help="'minilm', a sentence-transformers name or a model folder"),
    ] = "",
    backend: Annotated[
        str,
        typer.Option(help="local or ray: what computes the parts of the work (docs/cluster.md)"),
    ] = "",
    workers: Annotated[
        int,
        typer.Option(min=0, help="workers of Ray; by default what the settings say"),
    ] = 0,
    out: Out = "",
) -> None:
    """Analyse a site against a log, from a coverage.toml or from options (options win).

    Example: coverage-kit run --site site/ --base-url https://www.example.com --log answers.jsonl
        --out runs/first
    """
    if settings_file is None and not site:
        raise SettingsError(
            "run",
            "a coverage.toml or --site and --log",
            "neither",
            "See coverage-kit run --help.",
        )
    base: dict[str, Any] = (
        read_settings(settings_file).model_dump() if settings_file else {"site": {"source": site}}
    )
    own: dict[str, Any] = {
        "source": site,
        "base_url": base_url,
        "brand": tuple(brand or ()),
    }
    if site and site != base["site"]["source"]:
        base["site"] = {"source": site}
    base["site"] = {
        **base["site"],
        **{key: value for key, value in own.items() if value},
    }
    if competitor:
        known = {one["source"]: one for one in base.get("competitors", ())}
        base["competitors"] = [
            known.get(str(Path(name).resolve()), {"source": name}) for name in competitor
        ]
    if log:
        base["log"] = {**base.get("log", {}), "files": tuple(log)}
    if column:
        base["log"] = {
            **base.get("log", {}),
            "columns": dict(_pair(text) for text in column),
        }
    if encoder:
        base["match"] = {**base.get("match", {}), "encoder": encoder}
    chosen = {"backend": backend, "workers": workers}
    base["parallel"] = {
        **base.get("parallel", {}),
        **{key: value for key, value in chosen.items() if value},
    }
    if out:
        base["out"] = out
    _run(resolve_paths(make_settings(base, where="run"), Path.cwd()))


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="a log file, or a folder of them")],
    column: Annotated[
        list[str] | None,
        typer.Option(help="field=column, such as query=Prompt; repeat for more"),
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(help="CSV file for the records that could not be read"),
    ] = None,
) -> None:
    """Say what format a log has, what was found in it, what could not be read and why, and show its first rows.

    Example: coverage-kit inspect answers.jsonl
    """
    from coverage_kit.tasks.inspect_log import inspect_log

    typer.echo(inspect_log(file, dict(_pair(text) for text in column or []), rejects))


@app.command()
def compare(
    run_a: Annotated[Path, typer.Argument(help="folder of the run that predicted")],
    run_b: Annotated[Path, typer.Argument(help="folder of a later run of the same site")],
    published: Annotated[
        list[str] | None,
        typer.Option(help="id of an edit that was published; repeat; else told by words"),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(help="file of past comparisons; by default in the cache of RUN_B"),
    ] = None,
) -> None:
    """Compare what a run predicted of its edits with what a later run finds of those that were published in between.

    Writes comparison.md and predictions.parquet into RUN_B, and adds to the record from which the
    next run learns.

    Example: coverage-kit compare runs/march runs/april
    """
    from coverage_kit.tasks.compare import compare_runs

    typer.echo(compare_runs(run_a, run_b, published or [], record))


@app.command()
def apply(
    folder: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="folder of a finished run on a local folder"),
    ],
    to: Annotated[
        Path,
        typer.Option("--to", help="folder of the changed copy: new, or an earlier copy"),
    ],
    top: Annotated[
        int,
        typer.Option(
            min=0,
            help="make the first N edits of the ranking; by default the chosen ones",
        ),
    ] = 0,
    edit: Annotated[list[str] | None, typer.Option(help="make this edit; repeat for more")] = None,
    drafts: Annotated[
        Path | None,
        typer.Option(help="JSON of finished Markdown by edit id, instead of the outlines"),
    ] = None,
) -> None:
    """Make a run's edits in a copy of its site, in the pages' own format, and say which could not be made and why.

    Example: coverage-kit apply runs/latest --to site-with-edits
    """
    from coverage_kit.analysis import load_analysis
    from coverage_kit.report import edit_selection, site_copy

    if top and edit:
        raise SettingsError("apply", "--top or --edit", "both", "Leave one out.")
    analysis = load_analysis(folder)
    source = edit_selection.find_site_folder(analysis, str(folder))
    place = edit_selection.check_settings_place(to)
    picked = edit_selection.pick_edits(analysis, top, edit or [])
    changes = edit_selection.list_changes(analysis, picked)
    texts = edit_selection.read_drafts(drafts, picked)
    done = site_copy.write_site_copy(source, analysis.pages, analysis.passages, changes, to, texts)
    _tell_applied(
        edit_selection.add_unlisted(done, picked),
        source,
        to,
        bool(analysis.about["settings"]["site"].get("base_url")),
    )
    settings = edit_selection.write_settings(analysis, to, place)
    typer.echo(f"\nWhat the copy covers: coverage-kit run {shlex.quote(str(settings))}")


@app.command()
def draft(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="folder of a finished run")],
    top: Annotated[
        int,
        typer.Option(
            min=0,
            help="draft the first N edits of the ranking; by default the chosen ones",
        ),
    ] = 0,
    edit: Annotated[list[str] | None, typer.Option(help="draft this edit; repeat for more")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="JSON of drafts; those it holds are kept; by default drafts.json in RUN"),
    ] = None,
    settings_file: Annotated[
        Path | None,
        typer.Option(
            "--settings",
            help="a coverage.toml whose draft section counts; by default the run's own",
        ),
    ] = None,
) -> None:
    """Let the language model of the settings write drafts of a run's edits, each held against the site's own words.

    Example: coverage-kit draft runs/latest --settings coverage.toml
    """
    from coverage_kit.analysis import load_analysis
    from coverage_kit.llm.costs import open_ledger
    from coverage_kit.report.edit_selection import pick_edits
    from coverage_kit.tasks import briefs, draft

    if top and edit:
        raise SettingsError("draft", "--top or --edit", "both", "Leave one out.")
    analysis = load_analysis(folder)
    settings = (
        read_settings(settings_file)
        if settings_file
        else make_settings(analysis.about["settings"], where=str(folder))
    )
    writer = draft.ChatDrafter(settings.draft)
    picked = pick_edits(analysis, top, edit or [])
    told = briefs.list_briefs(analysis, picked)
    path = out or folder / "drafts.json"
    typer.echo(
        draft.describe_drafts(
            done := draft.fill_drafts(writer, told, path),
            told,
            len(picked),
            path,
        )
    )
    open_ledger(settings).add(
        str(folder),
        "draft",
        writer.name,
        replace(writer.spent, n_reused=len(done.kept)),
    )
    if done.failed:
        raise typer.Exit(1)


def sample_folder() -> Path:
    """Return the folder of the sample data, in a checkout or in an installed package."""
    return _shipped("sample", "data")


def notebooks_folder() -> Path:
    """Return the folder of the notebooks, in a checkout or in an installed package."""
    return _shipped("notebooks", "notebooks")


def _shipped(in_package: str, in_checkout: str) -> Path:
    here = Path(__file__).parent.parent
    for folder in (here / in_package, here.parent / in_checkout):
        if folder.is_dir():
            return folder
    raise RunError(
        str(here),
        f"the shipped folder {in_package}",
        "none",
        "Reinstall coverage_kit.",
    )


def _pair(text: str) -> tuple[str, str]:
    name, sign, column = text.partition("=")
    if not sign:
        raise SettingsError(
            "--column",
            "field=column",
            text,
            "For example --column query=Prompt.",
        )
    return name.strip(), column.strip()


def _run(settings: Settings) -> None:
    from coverage_kit.analysis import save_analysis
    from coverage_kit.pipeline.history import finish_run
    from coverage_kit.pipeline.run import analyze
    from coverage_kit.report.outputs import write_outputs
    from coverage_kit.report.run_summary import describe_run

    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("coverage_kit").setLevel(logging.INFO)
    analysis = finish_run(analyze(settings))
    folder = save_analysis(analysis, settings.out)
    write_outputs(analysis, folder)
    typer.echo(describe_run(analysis, folder))


def _tell_applied(done: "pd.DataFrame", source: Path, to: Path, has_base_url: bool) -> None:
    """Print what was made in the copy and what was not."""
    from coverage_kit.report.texts import shorten
    from coverage_kit.tasks.compare import as_columns

    columns = ("edit_id", "position", "file", "page_id", "status")
    rows = [[shorten(row[name], 200) for name in columns] for row in done.to_dict("records")]
    typer.echo(as_columns([["edit", "change", "file", "page", "status"], *rows]))
    n_made = done.loc[done["status"] == "applied", "edit_id"].nunique()
    typer.echo(
        f"\n{n_made} of {done['edit_id'].nunique()} edits made in {to}; {source} is as it was."
    )
    if not has_base_url and to.resolve().name != source.resolve().name:
        typer.echo(
            f"The run had no base_url: page ids agree only if the copy's folder is named {source.resolve().name} too."
        )
