"""Analysis: the named tables at the end of a run, and its folder on disk."""

import json
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from coverage_kit import tables
from coverage_kit.errors import RunError
from coverage_kit.storage.files import write_folder
from coverage_kit.vectors import Embeddings

SUMMARY = "summary.json"
VECTORS = ("query_vectors", "passage_vectors")


@dataclass(frozen=True)
class Analysis:
    """Everything a run found: one table a stage, and `about`.

    `about` holds plain values: settings, versions, seed, self_test (auc, low, high, ece, n_queries,
    n_hidden, or None), clustering (resolution, n_clusters, stability, low_membership_share),
    own_site, brand, reused, index, and so on. `embeddings` are the encoder's vectors of the queries
    and of the passages, by the names of VECTORS.
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
    groups: tables.Groups = field(default_factory=tables.GROUPS.empty)
    audits: tables.Audits = field(default_factory=tables.AUDITS.empty)
    findings: tables.Findings = field(default_factory=tables.FINDINGS.empty)
    checks: tables.Checks = field(default_factory=tables.CHECKS.empty)
    brand_claims: tables.BrandClaims = field(default_factory=tables.BRAND_CLAIMS.empty)
    claim_rates: tables.ClaimRates = field(default_factory=tables.CLAIM_RATES.empty)
    judgements: tables.Judgements = field(default_factory=tables.JUDGEMENTS.empty)
    reliability: tables.Reliability = field(default_factory=tables.RELIABILITY.empty)
    history: tables.History = field(default_factory=tables.HISTORY.empty)
    previous: tables.Previous = field(default_factory=tables.PREVIOUS.empty)
    costs: tables.Costs = field(default_factory=tables.COSTS.empty)
    embeddings: dict[str, Embeddings] = field(default_factory=dict)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name."""
        return {name: getattr(self, name) for name in _table_names()}


def _first_tables() -> frozenset[str]:
    return frozenset(one.name for one in fields(Analysis) if one.default_factory is MISSING)


def _is_there(place: Path, name: str) -> bool:
    """Return whether to read a table: always but for those that runs of earlier versions lack, which are empty then."""
    return name in _first_tables() or (place / f"{name}.parquet").exists()


def _table_names() -> list[str]:
    return [one.name for one in fields(Analysis) if one.name not in ("about", "embeddings")]


def save_analysis(analysis: Analysis, folder: str | Path) -> Path:
    """Write tables and vectors as Parquet, and `about` as summary.json, into the folder, which appears whole or not at all.

    A file of vectors has two columns, `id` and `vector` (float32, as long as the encoder makes
    them); the encoder's name stands in the file's metadata. Other files in the folder stay. Raises
    RunError when the folder cannot be written.
    """
    folder = Path(folder)

    def fill(beside: Path) -> None:
        for name, table in analysis.tables().items():
            table.to_parquet(beside / f"{name}.parquet", index=False, compression="zstd")
        for name, embeddings in analysis.embeddings.items():
            save_vectors(embeddings, beside / f"{name}.parquet")
        text = json.dumps(analysis.about, indent=2, ensure_ascii=False, sort_keys=True)
        (beside / SUMMARY).write_text(text, encoding="utf-8")

    write_folder(folder / "tables", fill)
    return folder


def load_analysis(folder: str | Path) -> Analysis:
    """Return the analysis that a run wrote into this folder. Raises RunError when it is not there or not whole."""
    place = find_tables(Path(folder))
    cure = "Run 'coverage-kit run' first, or name the folder that [out] in coverage.toml names."
    if not (place / SUMMARY).exists():
        raise RunError(str(folder), "a finished run", "no tables/summary.json", cure)
    try:
        about = json.loads((place / SUMMARY).read_text(encoding="utf-8"))
        loaded = {
            name: pd.read_parquet(place / f"{name}.parquet")
            for name in _table_names()
            if _is_there(place, name)
        }
        vectors = {
            name: load_vectors(place / f"{name}.parquet")
            for name in VECTORS
            if (place / f"{name}.parquet").exists()
        }
    except (OSError, ValueError) as error:
        raise RunError(str(place), "a whole run", str(error).splitlines()[0], cure) from error
    return Analysis(**loaded, about=about, embeddings=vectors)


def find_tables(folder: Path) -> Path:
    """Return where a run's tables are: the ones before, where a crash came just between taking these away and the new ones."""
    place = folder / "tables"
    before = folder / "tables.old"
    return before if before.is_dir() and not place.exists() else place


def save_vectors(embeddings: Embeddings, path: Path) -> None:
    """Write embeddings as Parquet: `id`, and `vector` as a list of float32 of fixed length."""
    flat = pa.array(np.ascontiguousarray(embeddings.vectors).reshape(-1))
    vectors = pa.FixedSizeListArray.from_arrays(flat, embeddings.vectors.shape[1])
    table = pa.table({"id": pa.array(embeddings.ids, pa.large_string()), "vector": vectors})
    pq.write_table(
        table.replace_schema_metadata({"encoder": embeddings.encoder}),
        path,
        compression="zstd",
    )


def load_vectors(path: Path) -> Embeddings:
    """Return the embeddings that `save_vectors` wrote."""
    table = pq.read_table(path)
    column = table["vector"].combine_chunks()
    vectors = column.flatten().to_numpy().reshape(len(table), column.type.list_size)
    return Embeddings(
        tuple(table["id"].to_pylist()),
        vectors,
        table.schema.metadata[b"encoder"].decode(),
    )
