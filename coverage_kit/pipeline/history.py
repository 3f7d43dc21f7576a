"""Earlier runs of the same site, kept in the project's cache: what changed, and the trend."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.errors import SchemaError
from coverage_kit.headline import summarize
from coverage_kit.llm.costs import open_ledger
from coverage_kit.pipeline.gap_status import (
    KNOWN_GAPS,
    KNOWN_QUESTIONS,
    GapMemory,
    join_memories,
    list_asked,
    remember_gaps,
    track_gaps,
)
from coverage_kit.settings import Settings, make_settings
from coverage_kit.storage.cache import digest
from coverage_kit.storage.files import as_error
from coverage_kit.storage.store import Entry, Store
from coverage_kit.tables import (
    CHANGES,
    GAPS,
    HISTORY,
    PASSAGES,
    PREVIOUS,
    Gaps,
    History,
    Previous,
    Schema,
    checked,
)
from coverage_kit.vocabulary import DISMISSED, Measure, name_series

# Measures of your site whose trend is kept.
_TREND_MEASURES: tuple[Measure, ...] = ("citation_rate", "mention_rate", "share_of_voice")
# The files of one series of runs in the cache.
_FIGURES = "history.parquet"
_QUESTIONS = "previous.parquet"
_RUNS = "runs.parquet"
# The files and schemas of what is known of its gaps, by field of GapMemory.
_MEMORY: dict[str, tuple[str, Schema]] = {
    "gaps": ("gaps.parquet", KNOWN_GAPS),
    "questions": ("questions.parquet", KNOWN_QUESTIONS),
    "changes": ("changes.parquet", CHANGES),
    "passages": ("passages.parquet", PASSAGES),
}

logger = logging.getLogger(__name__)


def finish_run(analysis: Analysis) -> Analysis:
    """Return the analysis with its history, the previous coverage and all costs; remember this run.

    Runs form one series if site, source, encoder and match settings agree: with other match
    settings coverage is another figure, and a changed copy is another site. A run with the same
    results as the previous one takes its place, so that nothing seems to move; then
    `about.same_as` says when the previous run ended. Raises RunError when the cache cannot be
    written.
    """
    settings = make_settings(analysis.about.settings, where="a run's settings")
    own_site, encoder = analysis.about.own_site, analysis.about.encoder
    name = _name_series(own_site, encoder, analysis.about.settings)
    store = open_histories(Path(settings.cache))
    about = analysis.about
    asked = list_asked(analysis.queries, analysis.clusters, analysis.coverage)
    passages = analysis.passages[analysis.passages["site"] == own_site].reset_index(drop=True)
    what = "a history that can be written"
    with as_error(store.folder, what, "Name another cache."), store.locked():
        series = _read(store, name)
        # Another run may have ended since this one read the series, and taken the same new ids.
        tracked = track_gaps(analysis.gaps, asked, passages, series.memory)
        analysis = replace(analysis, gaps=_with_dismissed(tracked, analysis.gaps))
        results = digest([analysis.coverage, analysis.gaps, analysis.edits, analysis.visibility])
        # Only the last run is compared: a run that returns to the figures of an older run is a
        # change.
        if len(series.runs) and series.runs["found"].iloc[-1] == results:
            about = replace(about, same_as=series.history["at"].max().isoformat())
        else:
            last = remember_gaps(tracked, asked, analysis.changes, analysis.edits, passages)
            series = _extend(series, analysis, results, join_memories(series.memory, last))
            _write(store, name, series)
    # The last run is this one: what remains are the questions of the run before.
    is_earlier = series.questions["run"] < len(series.runs)
    previous = series.questions[is_earlier].drop(columns="run").reset_index(drop=True)
    return replace(
        analysis,
        history=HISTORY.typed(series.history),
        previous=PREVIOUS.typed(previous),
        costs=open_ledger(settings).read(),
        about=about,
    )


def read_memory(settings: Settings, own_site: str, encoder: str) -> GapMemory:
    """Return what is remembered of the gaps of earlier runs of this site with these settings.

    Nothing where there is no earlier run, or, with a warning, where it cannot be read. Raises
    RunError when the cache cannot be used.
    """
    store = open_histories(Path(settings.cache))
    name = _name_series(own_site, encoder, settings.model_dump(mode="json"))
    what = "a history that can be read"
    with as_error(store.folder, what, "Name another cache."), store.locked():
        return _read(store, name).memory


def _with_dismissed(tracked: Gaps, gaps: Gaps) -> Gaps:
    """Return the tracked gaps with the statuses of those that the run has dismissed."""
    is_out = gaps["status"] == DISMISSED
    names = ("status", "status_reason")
    return GAPS.typed(
        tracked.assign(
            **{name: tracked[name].astype("object").mask(is_out, gaps[name]) for name in names}
        )
    )


def add_costs(analysis: Analysis) -> Analysis:
    """Return the analysis with its project's costs up to now, where the ledger is still there."""
    settings = make_settings(analysis.about.settings, where="a run's settings")
    costs = open_ledger(settings).read()
    return replace(analysis, costs=costs) if len(costs) else analysis


@checked
def list_figures(analysis: Analysis, run: int, at: datetime) -> History:
    """Return the figures of one run that its history keeps."""
    head = summarize(analysis)
    key_figures: list[dict[str, Any]] = [
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
    rows: list[dict[Any, Any]] = [
        {**row, "part": "all", "n": head.n_queries} for row in key_figures
    ]
    rows += _list_visibility(analysis)
    return HISTORY.table([{**row, "run": run, "at": at} for row in rows])


def _list_visibility(analysis: Analysis) -> list[dict[Any, Any]]:
    """Return your site's measures that have a trend, in their order, by engine and surface."""
    table = analysis.visibility
    own = table[(table["site"] == analysis.about.own_site) & (table["split_by"] == "all")]
    own = own[own["value"].notna()]
    rows = [
        {
            "measure": measure,
            "part": name_series(str(row["engine"]), str(row["surface"])),
            "value": row["value"],
            "low": row["low"],
            "high": row["high"],
            "n": row["n_prompts"],
        }
        for measure in _TREND_MEASURES
        for row in own[own["measure"] == measure].to_dict("records")
    ]
    return sorted(rows, key=lambda row: (_TREND_MEASURES.index(row["measure"]), row["part"]))


@checked
def list_questions(analysis: Analysis) -> Previous:
    """Return the questions of a run with coverage and gap names, for the next run to compare."""
    frame = analysis.queries[["query_id", "text"]].merge(analysis.coverage, on="query_id")
    frame = frame.merge(analysis.clusters, on="query_id", how="left")
    frame = frame.merge(analysis.gaps[["cluster_id", "label", "gap_id", "status"]], "left")
    return PREVIOUS.typed(frame)[PREVIOUS.names] if len(frame) else PREVIOUS.empty()


@dataclass(frozen=True)
class _Series:
    """What is remembered of one series of runs.

    `runs` has the number of each run and a digest of its results; `history` its figures;
    `questions` those of the last two runs, with the number of the run; `memory` what is known of
    its gaps.
    """

    runs: pd.DataFrame
    history: History
    questions: pd.DataFrame
    memory: GapMemory


def _extend(series: _Series, analysis: Analysis, results: str, memory: GapMemory) -> _Series:
    """Return the series with one run more; only the questions of the last two runs stay."""
    number = len(series.runs) + 1
    last_questions = series.questions[series.questions["run"] == number - 1]
    new_run = pd.DataFrame({"run": [number], "found": [results]})
    figures = list_figures(analysis, number, datetime.now(UTC))
    questions = list_questions(analysis).assign(run=number)
    return _Series(
        runs=pd.concat([series.runs, new_run], ignore_index=True),
        history=pd.concat([series.history, figures], ignore_index=True),
        questions=pd.concat([last_questions, questions], ignore_index=True),
        memory=memory,
    )


def _name_series(own_site: str, encoder: str, settings: Mapping[str, Any]) -> str:
    source = str(settings.get("site", {}).get("source", ""))
    return digest([own_site, source, encoder, settings.get("match", {})])


def open_histories(cache: Path) -> Store:
    """Return the store of histories in a project's cache. Nothing can make them again."""
    return Store(cache / "history", is_synced=True)


def _write(store: Store, name: str, series: _Series) -> None:
    memory = series.memory
    tables = {_RUNS: series.runs, _FIGURES: series.history, _QUESTIONS: series.questions}
    tables |= {file: getattr(memory, field) for field, (file, _) in _MEMORY.items()}
    files = {
        file: partial(table.to_parquet, index=False, compression="zstd")
        for file, table in tables.items()
    }
    store.put(name, {"measured": memory.measured, "day": memory.day}, files)


def _read(store: Store, name: str) -> _Series:
    """Return what is remembered of a series; nothing, with a warning, if it cannot be read."""
    empty = _Series(
        runs=pd.DataFrame({"run": pd.Series(dtype="int64"), "found": pd.Series(dtype="str")}),
        history=HISTORY.empty(),
        questions=PREVIOUS.empty().assign(run=pd.Series(dtype="int64")),
        memory=GapMemory(),
    )
    entry = store.get(name)
    if entry is None and not store.damaged:
        return empty
    try:
        files = entry.files if entry else {}
        series = _Series(
            runs=pd.read_parquet(files[_RUNS]),
            history=pd.read_parquet(files[_FIGURES]),
            questions=PREVIOUS.typed(pd.read_parquet(files[_QUESTIONS])),
            memory=_read_memory(entry) if entry else GapMemory(),
        )
        HISTORY.check(series.history, "history")
        PREVIOUS.check(series.questions.drop_duplicates(list(PREVIOUS.key)), "history")
    except (OSError, ValueError, KeyError, SchemaError) as error:
        # It is set aside instead of deleted, because nothing can make the history again.
        asides = ", ".join(map(str, store.set_aside(name)))
        reason = error if entry else "it is not as it was written"
        logger.warning(
            "history: cannot be read (%s); a new one begins, the old one is in %s", reason, asides
        )
        return empty
    return series


def _read_memory(entry: Entry) -> GapMemory:
    """Return what an entry holds of gaps; nothing where an earlier version wrote it."""
    if "measured" not in entry.values:
        return GapMemory()
    tables = {field: pd.read_parquet(entry.files[file]) for field, (file, _) in _MEMORY.items()}
    for field, (_, schema) in _MEMORY.items():
        schema.check(tables[field], "history")
    return GapMemory(str(entry.values["measured"]), str(entry.values["day"]), **tables)
