"""The commands by which people check a run and decide: sample, compare, dismiss."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from coverage_kit.commands.models import settings_of_run
from coverage_kit.commands.terminal import ACT, CHECK, Command, say
from coverage_kit.errors import SettingsError

app = typer.Typer()


@app.command(cls=Command, rich_help_panel=CHECK)
def sample(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="folder of a finished run")],
    n: Annotated[int, typer.Option("--n", min=1, metavar="N", help="questions to draw")] = 50,
    is_next: Annotated[
        bool, typer.Option("--next", help="draw further questions; the choices so far stay")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="seed of the draw")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="CSV of the questions; by default the one that the settings name"
        ),
    ] = None,
    is_judged: Annotated[
        bool,
        typer.Option("--judge", help="say what it costs to let the model of \\[judge] check too"),
    ] = False,
    is_confirmed: Annotated[
        bool, typer.Option("--yes", help="with --judge: let the model check, for that price")
    ] = False,
    settings_file: Annotated[
        Path | None,
        typer.Option(
            "--settings",
            metavar="FILE",
            help="with --judge: a coverage.toml, by default the run's own",
        ),
    ] = None,
) -> None:
    """Draw questions to check: does your site answer them? Fifty take about 15 minutes.

    Fill in the CSV or the workbook's sheet "questions to check". The next run reads both. A model
    may check as well, first the same questions and then more.

    Example: coverage-kit sample runs/latest --n 50
    """
    from coverage_kit.analysis import load_analysis
    from coverage_kit.collect.question_checks import read_question_checks
    from coverage_kit.pipeline.question_checks import WORKBOOK, collect_missing, take_choices
    from coverage_kit.report.outputs import write_run
    from coverage_kit.settings import make_settings
    from coverage_kit.tasks.check_by_model import check_by_model
    from coverage_kit.tasks.sample import describe_sample, draw_sample

    analysis = load_analysis(folder)
    run_settings = make_settings(analysis.about.settings, where=str(folder))
    named = Path(run_settings.checks.path)
    path = out or named
    is_named = path.resolve() == named.resolve()
    if is_named:
        take_choices(named, folder / WORKBOOK)
    drawn = draw_sample(analysis, path, n, seed, is_next)
    say(describe_sample(drawn, is_next))
    if is_judged:
        settings = settings_of_run(analysis, folder, settings_file)
        say(check_by_model(analysis, settings, path, is_confirmed=is_confirmed))
    if not is_named:
        say(f"The next run reads it if coverage.toml has [checks] path = {str(out)!r}.")
        return
    checks = read_question_checks(named, analysis.queries).table
    if not checks.equals(analysis.question_checks):
        missing = collect_missing(run_settings, analysis.queries, checks)
        write_run(replace(analysis, question_checks=checks, missing_items=missing), folder)
    say(f"Fill in {named}, or the sheet 'questions to check' of {folder / WORKBOOK}.")
    say("Then run again with the same command, such as coverage-kit run coverage.toml")


@app.command(cls=Command, rich_help_panel=CHECK)
def compare(
    run_a: Annotated[
        Path, typer.Argument(metavar="RUN_A", help="folder of the run that predicted")
    ],
    run_b: Annotated[
        Path, typer.Argument(metavar="RUN_B", help="folder of a later run of the same site")
    ],
    published: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="id of a published edit (repeatable); by default, published edits are detected "
            "from the pages",
        ),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="file of past comparisons; by default the one in the cache of RUN_B",
        ),
    ] = None,
) -> None:
    """Compare the gains that a run predicted with what a later run shows of published edits.

    Writes comparison.md and predictions.parquet into RUN_B, and adds to the record that corrects
    the predictions of the next run.

    Example: coverage-kit compare runs/march runs/april

    Example: coverage-kit compare runs/march runs/april --published e0012
    """
    from coverage_kit.tasks.compare import compare_runs

    say(compare_runs(run_a, run_b, published or [], record))


@app.command(cls=Command, rich_help_panel=ACT)
def dismiss(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="folder of a finished run")],
    gap: Annotated[
        str,
        typer.Argument(
            metavar="GAP", help="the gap's id such as g0012, its rank, or its exact name"
        ),
    ],
    why: Annotated[
        str, typer.Option(metavar="TEXT", help="the reason, for whoever reads the list later")
    ] = "",
    is_undone: Annotated[
        bool, typer.Option("--undo", help="put the gap back into the list")
    ] = False,
) -> None:
    """Take a gap out of the list that you will not close. It stays counted in all totals.

    The next run proposes no edit for it. The workbook's sheet "gaps" does the same: choose
    "dismissed" as the status.

    Example: coverage-kit dismiss runs/latest g0012 --why "we do not sell tandems"
    """
    from coverage_kit.analysis import load_analysis
    from coverage_kit.pipeline.dismissals import check_choice, renew_dismissals
    from coverage_kit.report.outputs import write_outputs
    from coverage_kit.settings import make_settings
    from coverage_kit.tasks.dismiss import dismiss_gap, find_gap

    if is_undone and why:
        raise SettingsError("dismiss", "--why or --undo", "both", "Leave one out.")
    analysis = load_analysis(folder)
    path = Path(make_settings(analysis.about.settings, where=str(folder)).checks.dismissed)
    check_choice(folder, find_gap(analysis, gap), is_dismissed_now=not is_undone)
    renew_dismissals(analysis, folder)
    say(dismiss_gap(analysis, path, gap, why, undo=is_undone))
    write_outputs(renew_dismissals(analysis, folder), folder)
    say(f"The next run reads {path}. Repeat its command, such as coverage-kit run coverage.toml")
