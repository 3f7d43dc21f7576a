"""Commands that ask models and engines, or train: panel, ask, judge, tune, and their costs."""

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coverage_kit.commands.terminal import ASK, Command, say
from coverage_kit.errors import RunError, SettingsError
from coverage_kit.settings import Settings, make_settings, read_settings

if TYPE_CHECKING:
    from coverage_kit.analysis import Analysis

app = typer.Typer()

SettingsFile = Annotated[Path, typer.Argument(metavar="SETTINGS", help="a coverage.toml")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="only show what it would cost; nothing is sent")
]


@app.command(cls=Command, rich_help_panel=ASK)
def panel(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="folder of a finished run")],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="CSV to write; name it under \\[ask] panel")
    ] = Path("panel.csv"),
    size: Annotated[int, typer.Option(min=1, metavar="N", help="number of questions")] = 100,
    holdout: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=0.9,
            metavar="SHARE",
            help="share of the questions from which no edit is drafted",
        ),
    ] = 0.3,
    has_held_edits: Annotated[
        bool,
        typer.Option(
            "--holdout-edits",
            help="draw which half of the planned edits is published first; the panel then holds "
            "the questions of both halves, whatever --size and --holdout say",
        ),
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, metavar="N", help="with --holdout-edits: seed of the draw, by default the run's"
        ),
    ] = None,
    is_forced: Annotated[
        bool, typer.Option("--force", help="replace a panel of that name, but never a draw")
    ] = False,
) -> None:
    """Make a fixed panel of questions from a run's log: a stratified sample over its topics.

    With --holdout-edits, it also draws once which half of the run's planned edits is published
    first. `coverage-kit compare` then tests what that half gained beyond the half that waits.

    Example: coverage-kit panel runs/latest --out panel.csv --size 100

    Example: coverage-kit panel runs/march --holdout-edits --out proof.csv
    """
    from coverage_kit.analysis import load_analysis
    from coverage_kit.collect.panel import (
        make_panel,
        panel_version,
        read_panel,
        write_panel,
    )

    analysis = load_analysis(folder)
    if has_held_edits:
        _draw_edits(analysis, folder, out, seed, is_forced)
        return
    if seed is not None:
        raise SettingsError("panel", "--seed with --holdout-edits", "--seed alone", "Leave it out.")
    if out.exists() and not is_forced:
        cure = "Name another with --out, or --force: answers to the old panel cannot be compared."
        raise SettingsError(str(out), "a free path for the panel", "a file", cure)
    sample = make_panel(analysis.queries, analysis.clusters, size, holdout, analysis.about.seed)
    # The panel is read back, because its version contains the name of the file.
    written = read_panel(write_panel(sample, out))
    n_clusters = written["cluster_id"].nunique()
    n_holdout = int(written["is_holdout"].sum())
    say(
        f"Panel {panel_version(written)}: {len(written)} questions of {n_clusters} topics, "
        f"{n_holdout} of them held out, in {out}. Next: coverage-kit ask coverage.toml --dry-run"
    )


def _draw_edits(
    analysis: "Analysis", folder: Path, out: Path, seed: int | None, is_forced: bool
) -> None:
    """Draw the half of the edits to publish first, or show the draw; write the panel of both."""
    from coverage_kit.collect.panel import panel_version
    from coverage_kit.tasks import holdout
    from coverage_kit.tasks.compare import as_columns

    drawn = holdout.draw_holdout(analysis, folder, seed)
    say(as_columns(holdout.list_holdout(drawn)))
    say(f"\n{holdout.describe_holdout(drawn, folder)}")
    made = holdout.make_holdout_panel(drawn, analysis, out, is_forced)
    say(
        f"\nPanel {panel_version(made)}: the {len(made)} questions of both halves, in {out}. Next: "
        "ask it, publish the first half, ask it again, run into another folder, then "
        f"coverage-kit compare {folder} NEW_RUN"
    )


@app.command(cls=Command, rich_help_panel=ASK)
def ask(
    settings_file: SettingsFile,
    is_dry: DryRun = False,
    is_new: Annotated[
        bool,
        typer.Option("--new", help="begin a new wave, even if the last one is unfinished"),
    ] = False,
) -> None:
    """Put the panel to the engines, or resume an unfinished wave; nothing is asked twice.

    Example: coverage-kit ask coverage.toml --dry-run
    """
    from coverage_kit.collect import panel as panels
    from coverage_kit.llm.costs import open_ledger

    settings = read_settings(settings_file)
    queries = panels.read_panel(settings.ask.panel)
    ledger = open_ledger(settings)
    if is_dry:
        say(
            panels.describe_estimate(
                panels.price_wave(settings.ask, queries, ledger.prices, is_new)
            )
        )
        return
    wave_id = panels.name_wave(settings.ask, queries, is_new)
    try:
        # A wave that breaks off has cost money as well, so the ledger is settled in any case.
        wave = panels.ask_panel(settings.ask, queries, ledger.prices, is_new)
    finally:
        ledger.settle(wave_id, "ask", panels.sum_wave(Path(settings.ask.out), wave_id))
    say(panels.describe_wave(wave))
    if wave.is_interrupted or any(engine.stopped for engine in wave.engines):
        # 130 is the status of a shell after Ctrl-C.
        raise typer.Exit(130 if wave.is_interrupted else 1)


@app.command(cls=Command, rich_help_panel=ASK)
def judge(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="folder of a finished run")],
    rubric: Annotated[
        list[str] | None,
        typer.Option(metavar="RUBRIC", help="name of a rubric (repeatable); by default three"),
    ] = None,
    items: Annotated[
        int,
        typer.Option(min=20, metavar="N", help="most items for each rubric, the most asked first"),
    ] = 40,
    labels: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV of grades by people: item_id, grade"),
    ] = None,
    is_dry: DryRun = False,
    settings_file: Annotated[
        Path | None,
        typer.Option(
            "--settings",
            metavar="FILE",
            help="coverage.toml whose judge section is used; by default the run's own settings",
        ),
    ] = None,
) -> None:
    """Judge a run's passages, answers and claims by rubrics, and report how reliable the judge is.

    The model of the settings judges. Grades of rubrics that miss a pass mark are not used.

    Example: coverage-kit judge runs/latest --settings coverage.toml --dry-run
    """
    from coverage_kit.analysis import load_analysis
    from coverage_kit.llm.costs import open_ledger
    from coverage_kit.measure.judge import open_judge
    from coverage_kit.measure.judge.reliability import describe_reliability
    from coverage_kit.measure.judge.rubrics import pick_rubrics
    from coverage_kit.report.outputs import write_run
    from coverage_kit.tasks.judge import (
        DEFAULT_RUBRICS,
        judge_run,
        list_jobs,
        price_judging,
        read_labels,
    )

    analysis = load_analysis(folder)
    settings = settings_of_run(analysis, folder, settings_file)
    ledger = open_ledger(settings)
    rubrics = pick_rubrics(rubric or DEFAULT_RUBRICS, settings.judge.rubrics)
    judging = open_judge(settings.judge, Path(settings.cache), ledger.prices)
    jobs = list_jobs(analysis, rubrics, items)
    if is_dry:
        estimates = price_judging(judging, jobs, settings.judge, ledger.prices)
        for key, parts in estimates.items():
            plain, attacked = (part.describe(ledger.prices.currency) for part in parts)
            say(f"{key} by {judging.name}: {plain}\n  attacked, to test it: {attacked}")
        return
    grades = read_labels(labels) if labels else None
    done = judge_run(judging, jobs, analysis, settings.judge.repeats, grades)
    ledger.add(str(folder), "judge", judging.name, done.spent)
    for key, reason in done.stopped.items():
        say(f"{key}: judging ended early: {reason}")
    if done.is_empty:
        raise typer.Exit(1)  # what the run holds stays
    analysis = replace(done.analysis, costs=ledger.read())
    write_run(analysis, folder)
    say(describe_reliability(done.analysis.reliability, judging.name, rubrics))


@app.command(cls=Command, rich_help_panel=ASK)
def tune(
    settings_file: SettingsFile,
    is_kept: Annotated[
        bool,
        typer.Option("--keep", help="write the tuned encoder even if it is not better"),
    ] = False,
) -> None:
    """Fine-tune the encoder on your pairs, test it on held-out pages, write it if it is better.

    Example: coverage-kit tune coverage.toml
    """
    from coverage_kit.llm.costs import open_ledger
    from coverage_kit.tasks.tune import tune_encoder
    from coverage_kit.tasks.tuning_result import describe_tuning
    from coverage_kit.usage import Spent

    settings = read_settings(settings_file)
    tuned = tune_encoder(settings, is_kept=is_kept)
    spent = Spent(
        n_calls=tuned.trained.n_texts,
        n_input_tokens=tuned.trained.n_tokens,
        seconds=tuned.seconds,
    )
    open_ledger(settings).add(settings.tune.out, "tune", tuned.names[0], spent)
    say(describe_tuning(tuned))


@app.command(cls=Command, rich_help_panel=ASK)
def costs(settings_file: SettingsFile = Path("coverage.toml")) -> None:
    """Show costs so far by task and model, most expensive first.

    Example: coverage-kit costs coverage.toml
    """
    from coverage_kit.llm.costs import open_ledger, sum_costs
    from coverage_kit.tasks.compare import as_columns

    ledger = open_ledger(read_settings(settings_file))
    sums = sum_costs(ledger.read())
    if sums.empty:
        cure = "Run, ask or judge first: each adds to it."
        raise RunError(str(ledger.path), "a ledger", "none yet", cure)
    headings = {
        "task": "task",
        "model": "model",
        "run": "runs",
        "n_calls": "calls",
        "n_reused": "reused",
        "n_input_tokens": "tokens in",
        "n_output_tokens": "tokens out",
        "n_searches": "searches",
        "seconds": "seconds",
        "money": ledger.prices.currency,
    }
    rows = [[_format_figure(row[name]) for name in headings] for row in sums.to_dict("records")]
    say(as_columns([list(headings.values()), *rows]))
    as_of = ledger.prices.as_of or "an unknown day"
    say(f"\nPrices as of {as_of}; '-' has no price. Every row: {ledger.path}")


def settings_of_run(analysis: "Analysis", folder: Path, settings_file: Path | None) -> Settings:
    """Return the settings of a file, or of the run where no file is named."""
    if settings_file:
        return read_settings(settings_file)
    return make_settings(analysis.about.settings, where=str(folder))


def _format_figure(value: object) -> str:
    if isinstance(value, float):
        if math.isnan(value):
            return "-"
        return f"{value:,.4f}" if value < 1 else f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
