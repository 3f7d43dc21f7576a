"""Analysis: the named tables at the end of a run, and its folder on disk."""

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from coverage_kit import tables
from coverage_kit.errors import RunError, SchemaError
from coverage_kit.storage.digests import MANIFEST, find_damage, read_version, write_manifest
from coverage_kit.storage.files import as_error, complete_contents, locked, new_contents
from coverage_kit.text.parse import parse_json
from coverage_kit.vectors import Embeddings

# The folder of a run's tables in the run's folder, and the version of what it holds: a run of
# another version is not opened. Raise it where tables or summary.json change their meaning.
TABLES = "tables"
FORMAT = 1
_OTHER_FOLDER = "Name another [out] folder."
# The file in a run's folder of tables that holds its `About`.
SUMMARY = "summary.json"
# The files of vectors beside the tables. A run without them can be loaded, too.
VECTORS = ("query_vectors", "passage_vectors")


@dataclass(frozen=True)
class About:
    """What a reader needs to judge a run, as plain values that JSON holds; written as summary.json.

    Attributes:
        own_site: name of your site.
        brand: the brand's name, or the site's where the settings name none.
        encoder: name and revision of the encoder.
        settings: every setting of the run, by section.
        self_test: auc, low, high, ece, n_queries, n_hidden, auc_pages, auc_gaps, certainty; None
            for a log that is too small.
        retrievers: how often each of the two names the right page first, as estimated: meaning,
            words; and their agreement with its lower end.
        covered: share of what is asked, by demand, that the site answers: value, low, high.
        unanswered: share of the questions that the site does not answer: value, low, high.
        question_check: what people's checks say: n_checks, share, low, high, alone_share,
            alone_low, alone_high, is_combined, correlation, auc, auc_low, auc_high, auc_gaps; None
            where nobody checked.
        evidence_used: names of the evidence that coverage is read from.
        unanswered_share: share of unanswered questions that the calibration assumes.
        clustering: max_distance, weights (by kind of what searches share), n_clusters, n_themes,
            n_alone, stability, low_membership_share, pairs_kept.
        causes_not_assessed: causes for which the log could not be searched, with the reason.
        log_columns: field of the log by column.
        index: by site, how its passages were searched.
        n_answers_read: answers in the log; None where it does not say.
        share_of_answers_kept: share of them that the run reads whole.
        n_queries_read: distinct questions in the log, before near-duplicates were grouped.
        n_holdout: questions from which no edit is drafted.
        n_candidates: candidate edits that were simulated.
        n_small_edits: those that are not listed: they add under `least_edit_gain` to the listed, or
            are other variants of one that is.
        least_edit_gain: the least that a listed edit adds, in questions asked over `log_months`.
        log_months: months over which the questions were asked; None where the log has no dates.
        planned: covered_now, covered_after, low, high, minutes and n_edits of the planned edits.
        share_of_bound: gain of the chosen edits as a share of its upper bound.
        track_record: how past predictions came true.
        choice_model: the model of who is cited; None if there is none: see `no_choice_model`.
        seen_at: by engine, the day from which its answers count as after the change: on which its
            robots had fetched the changed pages again, empty where they have not; without access
            logs there is no entry.
        same_as: when the run ended that gave the same figures; None where the figures are new.
        seed: seed of every random step.
        versions: versions of Python and of the main libraries.
    """

    own_site: str = ""
    brand: str = ""
    encoder: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    self_test: dict[str, Any] | None = None
    retrievers: dict[str, float] | None = None
    covered: dict[str, float] | None = None
    unanswered: dict[str, float] | None = None
    question_check: dict[str, Any] | None = None
    evidence_used: list[str] = field(default_factory=list)
    unanswered_share: float | None = None
    clustering: dict[str, Any] = field(default_factory=dict)
    causes_not_assessed: dict[str, str] = field(default_factory=dict)
    log_columns: dict[str, str] = field(default_factory=dict)
    index: dict[str, dict[str, Any]] = field(default_factory=dict)
    n_answers_read: int | None = None
    share_of_answers_kept: float = 1.0
    n_queries_read: int | None = None
    n_holdout: int = 0
    n_candidates: int | None = None
    n_small_edits: int = 0
    least_edit_gain: float | None = None
    log_months: float | None = None
    planned: dict[str, float] | None = None
    share_of_bound: float | None = None
    track_record: dict[str, Any] | None = None
    choice_model: dict[str, Any] | None = None
    no_choice_model: str | None = None
    seen_at: dict[str, str] = field(default_factory=dict)
    same_as: str | None = None
    seed: int = 0
    versions: dict[str, str] = field(default_factory=dict)

    def setting(self, section: str, key: str, default: Any = None) -> Any:
        """Return one setting of the run; the default where the run does not hold it."""
        return self.settings.get(section, {}).get(key, default)

    def to_json(self) -> dict[str, Any]:
        """Return the plain values by name; `same_as` only where it is known."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values if self.same_as else {key: values[key] for key in values if key != "same_as"}


@dataclass(frozen=True)
class Analysis:
    """Everything that a run shows: its tables, and the facts by which a reader judges it.

    `embeddings` are the encoder's vectors of the queries and of the passages, by the names of
    VECTORS. Tables for which a run had no input have no rows.
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
    about: About
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
    themes: tables.Themes = field(default_factory=tables.THEMES.empty)
    question_checks: tables.QuestionChecks = field(default_factory=tables.QUESTION_CHECKS.empty)
    missing_items: tables.MissingItems = field(default_factory=tables.MISSING_ITEMS.empty)
    facts: tables.Facts = field(default_factory=tables.FACTS.empty)
    fetches: tables.Fetches = field(default_factory=tables.FETCHES.empty)
    fetch_files: tables.FetchFiles = field(default_factory=tables.FETCH_FILES.empty)
    absent_pages: tables.AbsentPages = field(default_factory=tables.ABSENT_PAGES.empty)
    page_effects: tables.PageEffects = field(default_factory=tables.PAGE_EFFECTS.empty)
    unread: tables.Unread = field(default_factory=tables.UNREAD.empty)
    costs: tables.Costs = field(default_factory=tables.COSTS.empty)
    embeddings: dict[str, Embeddings] = field(default_factory=dict)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name."""
        return {name: getattr(self, name) for name in _table_names()}


def _table_names() -> list[str]:
    return [field.name for field in fields(Analysis) if field.name not in ("about", "embeddings")]


def save_analysis(analysis: Analysis, folder: str | Path) -> Path:
    """Write the analysis into the folder, which holds it whole or not at all; return the folder.

    Tables and vectors are Parquet, `about` is summary.json. A file of vectors has two columns, `id`
    and `vector` (float32, as long as the encoder makes them), and the encoder's name in its
    metadata. Other files in the folder stay. Raises RunError when the folder cannot be written.
    """
    folder = Path(folder)
    with (
        as_error(folder, "a folder that can be written", _OTHER_FOLDER),
        new_contents(folder) as new,
    ):
        save_tables(analysis, new)
    return folder


def save_tables(analysis: Analysis, folder: Path) -> None:
    """Write the tables, vectors and `about` of an analysis into folder/tables.

    Raises OSError when they cannot be written.
    """
    new_folder = folder / TABLES
    new_folder.mkdir()
    for name, table in analysis.tables().items():
        table.to_parquet(new_folder / f"{name}.parquet", index=False, compression="zstd")
    for name, embeddings in analysis.embeddings.items():
        save_vectors(embeddings, new_folder / f"{name}.parquet")
    text = json.dumps(analysis.about.to_json(), indent=2, ensure_ascii=False, sort_keys=True)
    (new_folder / SUMMARY).write_text(text, encoding="utf-8")
    write_manifest(new_folder, FORMAT)


def load_analysis(folder: str | Path) -> Analysis:
    """Return the analysis that a run wrote into this folder.

    Raises RunError where there is none, a damaged one, or one of another version.
    """
    folder = Path(folder)
    cure = "Run 'coverage-kit run' first, or name the folder that it wrote, such as runs/latest."
    with as_error(folder, "a finished run", cure):
        complete_contents(folder)
    with locked(folder, is_shared=True):
        return _load(folder / TABLES, cure)


def _load(path: Path, cure: str) -> Analysis:
    if not (path / SUMMARY).exists():
        raise RunError(str(path.parent), "a finished run", f"no {TABLES}/{SUMMARY}", cure)
    version = read_version(path)
    if version != FORMAT:
        raise _wrong_version(path, f"no {MANIFEST}" if version is None else f"version {version}")
    damage = find_damage(path, [SUMMARY, *(f"{name}.parquet" for name in _table_names())])
    if damage:
        again = "Run again: what earlier runs kept makes that short."
        raise RunError(str(path), "a run as it was written", damage, again)
    try:
        values = parse_json((path / SUMMARY).read_text(encoding="utf-8"))
        loaded = {name: _read_table(path, name) for name in _table_names()}
        vectors = {
            name: load_vectors(path / f"{name}.parquet")
            for name in VECTORS
            if (path / f"{name}.parquet").exists()
        }
        # Fields that are missing get their defaults. A field that this version does not know was
        # written by another version.
        unknown = sorted(set(values) - {field.name for field in fields(About)})
        if unknown:
            raise _wrong_version(path, f"{unknown[0]} in {SUMMARY}")
        return Analysis(**loaded, about=About(**values), embeddings=vectors)
    # The files are as they were written, so another version wrote them.
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SchemaError) as error:
        found = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise _wrong_version(path, found) from error


def _read_table(path: Path, name: str) -> pd.DataFrame:
    """Return one table of a run. Raises RunError for a table with another version's columns."""
    table = pd.read_parquet(path / f"{name}.parquet")
    schema = next(schema for schema in tables.SCHEMAS if schema.name == name)
    missing = [column for column in schema.names if column not in table.columns]
    if missing:
        raise _wrong_version(path, f"no column {missing[0]} in {name}.parquet")
    schema.check(table, f"{name}.parquet")
    return table


def _wrong_version(path: Path, found: str) -> RunError:
    cure = "Run again: another version made this run (CHANGELOG.md, Breaking)."
    return RunError(str(path), "a run of this version", found, cure)


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
