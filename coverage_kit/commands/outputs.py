"""The command line's part that writes a finished run's outputs again: report, pictures."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="folder of a finished run")],
    keep_status: Annotated[
        Path | None,
        typer.Option(
            metavar="OLD.xlsx",
            help="an earlier workbook whose status, owner and note columns to keep",
        ),
    ] = None,
) -> None:
    """Write the page, the workbook and the CSV twins of a finished run again; what people wrote into its workbook stays.

    Example: coverage-kit report runs/latest --keep-status gaps-from-the-editors.xlsx
    """
    from coverage_kit.analysis import load_analysis
    from coverage_kit.pipeline.history import add_costs
    from coverage_kit.report.outputs import write_outputs

    write_outputs(add_costs(load_analysis(folder)), folder, keep_status)
    typer.echo(f"Open {folder / 'page.html'} and {folder / 'gaps.xlsx'}")


@app.command()
def pictures(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="folder of a finished run")],
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help="png or svg; repeat; by default both"),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="name of a figure, such as gaps; repeat; by default all"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="folder of the pictures; by default pictures in RUN"),
    ] = None,
) -> None:
    """Draw a finished run's figures as PNG and SVG, for slides. Needs the extra pictures and Chromium or Chrome.

    Example: coverage-kit pictures runs/latest --format png --only gaps
    """
    from coverage_kit.analysis import load_analysis
    from coverage_kit.report.pictures import FORMATS, save_pictures

    done = save_pictures(
        load_analysis(folder),
        out or folder / "pictures",
        formats or FORMATS,
        only or (),
    )
    for path in done.files:
        typer.echo(path)
    for name, why in done.left_out.items():
        typer.echo(f"{name}: left out. {why}")
