"""Analysis: the named tables at the end of a run, and its folder on disk."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pandas as pd

from coverage_kit import tables
from coverage_kit.errors import RunError

SUMMARY = "summary.json"


@dataclass(frozen=True)
class Analysis:
    """Everything a run found: one table a stage, and `about`.

    `about` holds plain values: settings, versions, seed, self_test (auc, low, high, ece, n_queries, n_hidden, or None),
    clustering (resolution, n_clusters, stability, low_membership_share), n_embedded, n_reused, own_site, brand, and so on.
    """

    pages: tables.Pages
    passages: tables.Passages
    queries: tables.Queries
    answers: tables.Answers
    citations: tables.Citations
    mentions: tables.Mentions
    searches: tables.Searches
    failures: tables.Failures
    rejects: tables.Rejects
    matches: tables.Matches
    evidence: tables.Evidence
    coverage: tables.Coverage
    clusters: tables.Clusters
    gaps: tables.Gaps
    edits: tables.Edits
    changes: tables.Changes
    effects: tables.Effects
    frontier: tables.Frontier
    points: tables.Points
    visibility: tables.Visibility
    about: dict[str, Any]
    stages: tables.Stages = field(default_factory=tables.STAGES.empty)
    spans: tables.Spans = field(default_factory=tables.SPANS.empty)
    sources: tables.Sources = field(default_factory=tables.SOURCES.empty)
    holders: tables.Holders = field(default_factory=tables.HOLDERS.empty)
    competitors: tables.Competitors = field(default_factory=tables.COMPETITORS.empty)
    verdicts: tables.Verdicts = field(default_factory=tables.VERDICTS.empty)
    drifts: tables.Drifts = field(default_factory=tables.DRIFTS.empty)
    sessions: tables.Sessions = field(default_factory=tables.SESSIONS.empty)
    search_demand: tables.SearchDemand = field(default_factory=tables.SEARCH_DEMAND.empty)
    referrals: tables.Referrals = field(default_factory=tables.REFERRALS.empty)
    associations: tables.Associations = field(default_factory=tables.ASSOCIATIONS.empty)
    statements: tables.Statements = field(default_factory=tables.STATEMENTS.empty)
    disagreements: tables.Disagreements = field(default_factory=tables.DISAGREEMENTS.empty)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name."""
        return {name: getattr(self, name) for name in _table_names()}


def _table_names() -> list[str]:
    return [one.name for one in fields(Analysis) if one.name != "about"]


def save_analysis(analysis: Analysis, folder: str | Path) -> Path:
    """Write each table as Parquet and `about` as summary.json into the folder, which appears whole or not at all.

    Other files in the folder stay. Raises RunError when the folder cannot be written.
    """
    folder = Path(folder)

    def fill(beside: Path) -> None:
        for name, table in analysis.tables().items():
            table.to_parquet(beside / f"{name}.parquet", index=False, compression="zstd")
        text = json.dumps(analysis.about, indent=2, ensure_ascii=False, sort_keys=True)
        (beside / SUMMARY).write_text(text, encoding="utf-8")

    write_folder(folder / "tables", fill)
    return folder


def load_analysis(folder: str | Path) -> Analysis:
    """Return the analysis that a run wrote into this folder. Raises RunError when it is not there or not whole."""
    place = Path(folder) / "tables"
    cure = "Run 'coverage-kit run' first, or name the folder that [out] in coverage.toml names."
    if not (place / SUMMARY).exists():
        raise RunError(str(folder), "a finished run", "no tables/summary.json", cure)
    try:
        about = json.loads((place / SUMMARY).read_text(encoding="utf-8"))
        loaded = {name: pd.read_parquet(place / f"{name}.parquet") for name in _table_names()}
    except (OSError, ValueError) as error:
        raise RunError(str(place), "a whole run", str(error).splitlines()[0], cure) from error
    return Analysis(**loaded, about=about)


def write_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder beside the wanted one, then put it in its place. Raises RunError when that cannot be done."""
    beside, old = folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")
    try:
        for rest in (beside, old):
            shutil.rmtree(rest, ignore_errors=True)
        beside.mkdir(parents=True)
        fill(beside)
        if folder.exists():
            folder.replace(old)
        beside.replace(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise RunError(str(folder), "a folder that can be written", str(error), "Name another [out] folder.") from error


def write_file(path: Path, content: bytes) -> None:
    """Write a file beside the wanted one, then put it in its place. Raises RunError when that cannot be done."""
    beside = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content)
        os.replace(beside, path)  # noqa: PTH105 (atomic on every system)
    except OSError as error:
        raise RunError(str(path), "a file that can be written", str(error), "Close it elsewhere, or name another.") from error
