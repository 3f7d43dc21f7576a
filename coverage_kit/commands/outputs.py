"""Commands that rebuild the outputs of a finished run: report, pictures."""

from pathlib import Path
from typing import Annotated

import typer

from coverage_kit.commands.terminal import RUN, Command, say
from coverage_kit.errors import SettingsError

app = typer.Typer()


@app.command(cls=Command, rich_help_panel=RUN)
def report(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="folder of a finished run")],
    keep_status: Annotated[
        Path | None,
        typer.Option(
            metavar="OLD.xlsx",
            help="earlier workbook whose status, owner and note columns are kept",
        ),
    ] = None,
    is_verbose: Annotated[
        bool,
        typer.Option("--verbose", help="show the run's summary, with the statistics"),
    ] = False,
) -> None:
    """Rebuild a finished run's page, workbook and CSV files; editors' entries are kept.

    Example: coverage-kit report runs/latest --keep-status gaps-from-the-editors.xlsx
    """
    from coverage_kit.analysis import load_analysis
    from coverage_kit.pipeline.dismissals import renew_dismissals
    from coverage_kit.pipeline.history import add_costs
    from coverage_kit.pipeline.question_checks import renew_checks
    from coverage_kit.report.outputs import write_outputs
    from coverage_kit.report.run_summary import describe_run

    kept = [keep_status] if keep_status else []
    analysis = renew_checks(add_costs(load_analysis(folder)), folder, kept)
    analysis = renew_dismissals(analysis, folder, kept)
    write_outputs(analysis, folder, keep_status)
    if is_verbose:
        say(describe_run(analysis, folder, is_verbose=True))
        return
    say(f"Open {folder / 'page.html'} and {folder / 'gaps.xlsx'}")


@app.command(cls=Command, rich_help_panel=RUN)
def cache(
    settings_file: Annotated[
        Path, typer.Argument(metavar="SETTINGS", help="a coverage.toml")
    ] = Path("coverage.toml"),
    is_pruned: Annotated[
        bool,
        typer.Option("--prune", help="remove what is damaged, unfinished or beyond its bounds"),
    ] = False,
    is_all: Annotated[
        bool,
        typer.Option("--all", help="with --prune: remove everything that can be made again"),
    ] = False,
) -> None:
    """Show what a project keeps between runs: kinds, entries, size and last use; or prune it.

    The history, past predictions, costs and replies of judges are never removed.

    Example: coverage-kit cache coverage.toml --prune
    """
    from coverage_kit.settings import read_settings
    from coverage_kit.tasks.compare import as_columns
    from coverage_kit.tasks.kept import describe_kept, list_kept, prune_kept

    if is_all and not is_pruned:
        raise SettingsError("cache", "--all with --prune", "--all alone", "Add --prune.")
    folder = Path(read_settings(settings_file).cache)
    if is_pruned:
        say(f"{prune_kept(folder, is_all):,} removed.")
    say(as_columns(describe_kept(list_kept(folder))))
    say(f"\nAll of it is in {folder}.")


@app.command(cls=Command, rich_help_panel=RUN)
def pictures(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="folder of a finished run")],
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="FORMAT", help="png or svg (repeatable); by default both"),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIGURE", help="name of a figure, such as gaps (repeatable); by default all"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="folder of the pictures; by default RUN/pictures"),
    ] = None,
) -> None:
    """Draw a finished run's figures as PNG and SVG. Needs the extra pictures and a Chromium.

    Example: coverage-kit pictures runs/latest --format png --only gaps
    """
    from coverage_kit.analysis import load_analysis
    from coverage_kit.report.pictures import FORMATS, save_pictures

    saved = save_pictures(
        load_analysis(folder),
        out or folder / "pictures",
        formats or FORMATS,
        only or (),
    )
    for path in saved.files:
        say(path)
    for name, reason in saved.left_out.items():
        say(f"{name}: left out. {reason}")
