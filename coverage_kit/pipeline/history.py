"""Earlier runs of the same site, kept in the project's cache: what changed, and the trend."""

import logging
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.headline import summarize
from coverage_kit.llm.costs import open_ledger
from coverage_kit.report.visibility_joined import describe_visibility
from coverage_kit.settings import make_settings
from coverage_kit.storage.cache import digest
from coverage_kit.storage.files import write_folder
from coverage_kit.tables import HISTORY, PREVIOUS, History, Previous, checked

MEASURES = ("citation_rate", "mention_rate", "share_of_voice")
_FIGURES = "history.parquet"
_ASKED = "previous.parquet"
_RUNS = "runs.parquet"

logger = logging.getLogger(__name__)


def finish_run(analysis: Analysis) -> Analysis:
    """Return the analysis with its history, the previous coverage and all costs; remember this run.

    Runs form one series if site, source, encoder and match settings agree: with other match
    settings coverage is another figure, and a changed copy is another site. A run with the same
    results as the previous one takes its place, so that nothing seems to move; then
    `about.same_as` says when the previous run ended. Raises RunError when the cache cannot be written.
    """
    settings = make_settings(analysis.about.settings, where="a run's settings")
    found = digest([analysis.coverage, analysis.gaps, analysis.edits, analysis.visibility])
    folder = Path(settings.cache) / "history" / _name_series(analysis)
    runs, history, asked = _read(folder)
    about = analysis.about
    if len(runs) and runs["found"].iloc[-1] == found:
        about = replace(about, same_as=history["at"].max().isoformat())
    else:
        number = len(runs) + 1
        history = pd.concat(
            [history, list_figures(analysis, number, datetime.now(UTC))],
            ignore_index=True,
        )
        asked = pd.concat(
            [
                asked[asked["run"] == number - 1],
                list_asked(analysis).assign(run=number),
            ],
            ignore_index=True,
        )
        runs = pd.concat(
            [runs, pd.DataFrame({"run": [number], "found": [found]})],
            ignore_index=True,
        )
        write_folder(folder, lambda beside: _write(beside, runs, history, asked))
    before = asked[asked["run"] < len(runs)].drop(columns="run").reset_index(drop=True)
    costs = open_ledger(settings).read()
    return replace(
        analysis,
        history=HISTORY.typed(history),
        previous=PREVIOUS.typed(before),
        costs=costs,
        about=about,
    )


def add_costs(analysis: Analysis) -> Analysis:
    """Return the analysis with its project's costs up to now, where the ledger is still there."""
    costs = open_ledger(make_settings(analysis.about.settings, where="a run's settings")).read()
    return replace(analysis, costs=costs) if len(costs) else analysis


@checked
def list_figures(analysis: Analysis, run: int, at: datetime) -> History:
    """Return the figures of one run that its history keeps."""
    head = summarize(analysis)
    counted: list[dict[str, Any]] = [
        {
            "measure": "coverage",
            "value": head.covered,
            "low": head.covered_low,
            "high": head.covered_high,
        },
        {"measure": "severe_gaps", "value": head.n_severe},
        {"measure": "planned_minutes", "value": head.planned_minutes},
        {
            "measure": "planned_gain",
            "value": head.planned_gain,
            "low": head.planned_low,
            "high": head.planned_high,
        },
    ]
    rows = [{**row, "part": "all", "n": head.n_queries} for row in counted]
    seen = describe_visibility(analysis, ("all",))
    ours = seen.loc[
        seen["is_own"] & seen["measure"].isin(MEASURES),
        ["measure", "series", "value", "low", "high", "n_prompts"],
    ]
    seen_rows: list[dict[Any, Any]] = ours.rename(
        columns={"series": "part", "n_prompts": "n"}
    ).to_dict("records")
    return HISTORY.table([{**row, "run": run, "at": at} for row in (*rows, *seen_rows)])


@checked
def list_asked(analysis: Analysis) -> Previous:
    """Return the questions of a run with coverage and gap names, for the next run to compare."""
    frame = analysis.queries[["query_id", "text"]].merge(analysis.coverage, on="query_id")
    frame = frame.merge(analysis.clusters, on="query_id", how="left").merge(
        analysis.gaps[["cluster_id", "label"]], "left"
    )
    return PREVIOUS.typed(frame)[PREVIOUS.names] if len(frame) else PREVIOUS.empty()


def _name_series(analysis: Analysis) -> str:
    about = analysis.about
    settings = analysis.about.settings
    return digest(
        [
            about.own_site,
            str(settings["site"].get("source", "")),
            about.encoder,
            settings.get("match", {}),
        ]
    )


def _write(folder: Path, runs: pd.DataFrame, history: pd.DataFrame, asked: pd.DataFrame) -> None:
    for name, table in ((_RUNS, runs), (_FIGURES, history), (_ASKED, asked)):
        table.to_parquet(folder / name, index=False)


def _read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the runs, figures and questions remembered; none, with a warning, if unreadable."""
    none = pd.DataFrame({"run": pd.Series(dtype="int64"), "found": pd.Series(dtype="str")})
    empty = (
        none,
        HISTORY.empty(),
        PREVIOUS.empty().assign(run=pd.Series(dtype="int64")),
    )
    if not folder.exists():
        return empty
    try:
        runs, history, asked = (
            pd.read_parquet(folder / name) for name in (_RUNS, _FIGURES, _ASKED)
        )
    except (OSError, ValueError) as error:
        kept = folder.with_name(f"{folder.name}.unreadable")
        folder.replace(kept)
        logger.warning(
            "history: cannot be read (%s); it begins anew, the old one is in %s",
            error,
            kept,
        )
        return empty
    return runs, history, asked
