"""Commands that rebuild the outputs of a finished run: report, pictures."""

from pathlib import Path
from typing import Annotated

import typer

from coverage_kit.commands.terminal import say

app = typer.Typer()


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="folder of a finished run")],
    keep_status: Annotated[
        Path | None,
        typer.Option(
            metavar="OLD.xlsx",
            help="earlier workbook whose status, owner and note columns are kept",
        ),
    ] = None,
) -> None:
    """Rebuild a finished run's page, workbook and CSV files; editors' entries are kept.

    Example: coverage-kit report runs/latest --keep-status gaps-from-the-editors.xlsx
    """
    from coverage_kit.analysis import load_analysis
    from coverage_kit.pipeline.history import add_costs
    from coverage_kit.report.outputs import write_outputs

    write_outputs(add_costs(load_analysis(folder)), folder, keep_status)
    say(f"Open {folder / 'page.html'} and {folder / 'gaps.xlsx'}")


@app.command()
def pictures(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="folder of a finished run")],
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help="png or svg (repeatable); by default both"),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="name of a figure, such as gaps (repeatable); by default all"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="folder of the pictures; by default RUN/pictures"),
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
