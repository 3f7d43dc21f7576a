"""Draw questions of a finished run to check, and keep what people choose."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.collect.question_checks import (
    COLUMNS,
    FIRST_ROW,
    N_PASSAGES,
    QuestionChecksRead,
    read_checks_file,
    read_question_checks,
    write_checks_file,
)
from coverage_kit.errors import SchemaError
from coverage_kit.match import sampling
from coverage_kit.report.question_checks import describe_checks, list_nearest, spread_nearest
from coverage_kit.report.wording import count
from coverage_kit.storage.files import locked
from coverage_kit.tables import QuestionChecks
from coverage_kit.vocabulary import CHOICE_VALUES, CHOICES, PERSON, parse_choice

# Characters of a passage in the file: a passage has at most 180 words (match.passage_words), which
# are seldom longer.
_MAX_CHARACTERS = 1_200
# What a further check of a question changes: a model may draw more questions of the same log.
_CHECKED = ["choice", "note", "stratum", "probability", "draw"]
# Severities that are drawn to see which gaps may be among the top (assumed).
_N_REFITS = 200
# The width of a 90% interval of a normal distribution, in standard deviations.
_INTERVAL_WIDTH = 3.29


@dataclass(frozen=True)
class Sample:
    """The questions to check after a draw.

    Attributes:
        path: the file of checks.
        n_drawn: questions that this draw added; 0 where nothing was drawn.
        draw: number of the last draw.
        table: all questions of the file that the log holds.
        notes: what the reader should know of the file.
    """

    path: Path
    n_drawn: int
    draw: int
    table: QuestionChecks
    notes: tuple[str, ...]


def draw_sample(
    analysis: Analysis, path: str | Path, n: int = 50, seed: int = 0, is_next: bool = False
) -> Sample:
    """Draw questions of a run into a file of checks, unless it holds a draw already.

    Args:
        analysis: the run.
        path: the file. Its choices and notes stay.
        n: questions to draw; fewer where the log has fewer that were not drawn.
        seed: seed of the draw.
        is_next: whether to draw further questions into a file that holds a draw.

    Raises SchemaError for a file that cannot be read, and for a further draw into a file most of
    whose questions are not in the log.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.parent):
        read = read_question_checks(path, analysis.queries)
        drawn = read.table[read.table["checked_by"] == PERSON]
        rows = read_checks_file(path)
        n_earlier = max(map(int, rows.loc[rows["probability"] != "", "draw"]), default=0)
        if n_earlier and not is_next:
            return Sample(path, 0, n_earlier, read.table, read.notes)
        _check_owner(path, read)
        new = _draw(analysis, n, seed + n_earlier, drawn)
        if new.empty:
            return Sample(path, 0, n_earlier, read.table, read.notes)
        new = _as_file(analysis, new, n_earlier + 1)
        write_checks_file(path, pd.concat([rows, new]).fillna(""))
    read = read_question_checks(path, analysis.queries)
    return Sample(path, len(new), n_earlier + 1, read.table, read.notes)


def describe_sample(sample: Sample, is_next: bool) -> str:
    """Return what a draw did and what to do next, for a terminal."""
    lines = [*sample.notes]
    if sample.n_drawn:
        lines.append(f"Draw {sample.draw}: {count(sample.n_drawn, 'question')} in {sample.path}.")
    elif is_next:
        lines.append(f"Nothing drawn: every question of the log is in {sample.path} already.")
    else:
        lines.append(
            f"Nothing drawn: {sample.path} holds draw {sample.draw} already, and its choices stay. "
            "For further questions: --next. For a new start: --out with another name."
        )
    return "\n".join([*lines, *describe_checks(sample.table)])


def save_choices(
    path: str | Path,
    choices: Mapping[str, str],
    notes: Mapping[str, str] | None = None,
    checked_by: str = PERSON,
) -> None:
    """Write choices, and notes where there are any, into a file of checks; other rows stay.

    Args:
        path: the file.
        choices: by query_id as the file has it, one of CHOICES, or empty text to take one back.
        notes: by query_id, a note.
        checked_by: the checker whose rows are meant.

    Raises SchemaError for another choice, and for a question that the file does not hold.
    """
    path = Path(path)
    with locked(path.resolve().parent):
        rows = read_checks_file(path)
        # A person may have copied a row: all rows of a question say the same.
        rows_of = rows[rows["checked_by"] == checked_by].groupby("query_id").groups
        plain = {query_id: _known_choice(path, text) for query_id, text in choices.items()}
        for column, texts in (("choice", plain), ("note", notes or {})):
            for query_id, text in texts.items():
                if query_id not in rows_of:
                    cure = "Draw it first: coverage-kit sample RUN"
                    raise SchemaError(str(path), f"a row of {query_id}", "none", cure)
                rows.loc[rows_of[query_id], column] = text.strip()
        write_checks_file(path, rows)


def add_checks(path: str | Path, checks: pd.DataFrame) -> None:
    """Write checks into a file; for a question and checker that it holds, they replace the old one.

    Other rows stay: a model's check never touches that of a person.

    Args:
        path: the file; made where there is none.
        checks: rows of the table QUESTION_CHECKS, perhaps with `note` and passages (`COLUMNS`).

    Raises SchemaError for a file that cannot be read or written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = checks.rename(columns={"text": "question"}).reindex(columns=list(COLUMNS))
    new = new.astype("object").where(new.notna(), "").astype("str")
    with locked(path.parent):
        rows = read_checks_file(path)
        keys = list(zip(rows["query_id"], rows["checked_by"], strict=True))
        row_of = dict(zip(keys, rows.index, strict=True))
        is_there = [key in row_of for key in zip(new["query_id"], new["checked_by"], strict=True)]
        for row in new[is_there].to_dict("records"):
            place = row_of[row["query_id"], row["checked_by"]]
            rows.loc[place, _CHECKED] = [row[name] for name in _CHECKED]
        added = new[[not is_known for is_known in is_there]]
        write_checks_file(path, pd.concat([rows, added]).fillna(""))


def _known_choice(path: Path, text: str) -> str:
    try:
        return parse_choice(text) or ""
    except ValueError:
        expected = f"a choice of {', '.join(CHOICES)}"
        raise SchemaError(str(path), expected, repr(text), "Choose one of them.") from None


def _check_owner(path: Path, read: QuestionChecksRead) -> None:
    if read.is_foreign:
        found = f"{read.n_unknown} of {read.n_rows} that are not"
        cure = "Name another file with --out, and under [checks] path."
        raise SchemaError(str(path), "questions of this run's log", found, cure)


def _draw(analysis: Analysis, n: int, seed: int, drawn: QuestionChecks) -> pd.DataFrame:
    """Return query_id, stratum and probability of the questions of a draw, in order of checking.

    Questions that were drawn before are left out, with or without a choice.
    """
    frame = analysis.coverage.merge(analysis.clusters, on="query_id", how="left")
    is_drawn = frame["query_id"].isin(drawn["query_id"])
    is_checked = frame["query_id"].isin(drawn.loc[drawn["choice"].notna(), "query_id"])
    # What was drawn and not checked says nothing of the others.
    frame = frame[is_checked | ~is_drawn].reset_index(drop=True)
    if frame.empty:
        return pd.DataFrame(columns=["query_id", "stratum", "probability"])
    questions = _as_questions(analysis, frame, seed)
    if drawn.empty:
        sample = sampling.draw_sample(questions, n, seed, np.zeros(len(frame), dtype=bool))
    else:
        sample = sampling.draw_next(questions, n, seed, _as_checks(frame["query_id"], drawn))
    ids = frame["query_id"].to_numpy()[sample.rows]
    columns = {"query_id": ids, "stratum": sample.strata, "probability": sample.probability}
    # A sum of probabilities may miss 1 by a rounding error.
    return pd.DataFrame({**columns, "probability": np.minimum(sample.probability, 1.0)})


def _as_checks(query_ids: "pd.Series[str]", drawn: QuestionChecks) -> sampling.Checks:
    """Return the choices so far as values, by the row of each question among these."""
    row_of = dict(zip(query_ids, query_ids.index, strict=True))
    filled = drawn[drawn["choice"].notna()]
    return sampling.Checks(
        filled["query_id"].map(row_of).to_numpy(np.int64),
        np.array(filled["choice"].map(dict(CHOICE_VALUES)), dtype=float),
        filled["draw"].to_numpy(np.int64),
        np.array(filled["probability"], dtype=float),
    )


def _as_questions(analysis: Analysis, frame: pd.DataFrame, seed: int) -> sampling.Questions:
    """Return the questions of a frame of coverage and clusters, as they are drawn from.

    A run keeps no refits, but the 90% interval of each gap's severity: refits are drawn from these,
    each gap by itself.
    """
    gaps = analysis.gaps.set_index("cluster_id")
    spread = ((gaps["high"] - gaps["low"]) / _INTERVAL_WIDTH).fillna(0.0)
    clusters = np.asarray(
        pd.factorize(frame["cluster_id"].fillna(""), sort=True)[0], dtype=np.int64
    )
    spread_of = frame["cluster_id"].map(spread).fillna(0.0).to_numpy(float)
    noise = np.random.default_rng(seed).standard_normal((_N_REFITS, int(clusters.max()) + 1))
    coverage = frame["coverage"].to_numpy(float)
    refits = np.clip(coverage - noise[:, clusters] * spread_of, 0, 1)
    queries = analysis.queries.set_index("query_id")
    demand = queries["demand"].reindex(frame["query_id"]).to_numpy(float)
    return sampling.Questions(
        coverage=np.vstack([coverage, refits]),
        clusters=clusters,
        demand=demand,
        # drawing does not depend on citations
        is_cited=np.zeros(len(frame), dtype=bool),
    )


def _as_file(analysis: Analysis, new: pd.DataFrame, draw: int) -> pd.DataFrame:
    """Return the rows of a draw as the file has them, with their nearest passages."""
    texts = analysis.queries.set_index("query_id")["text"]
    near = spread_nearest(list_nearest(analysis, new["query_id"], N_PASSAGES), _MAX_CHARACTERS)
    rows = new.join(near, on="query_id")
    rows = rows.assign(question=rows["query_id"].map(texts), checked_by=PERSON, draw=draw)
    rows = rows.reindex(columns=list(COLUMNS)).astype("object")
    rows.index = pd.RangeIndex(FIRST_ROW, FIRST_ROW + len(rows))
    return rows.where(rows.notna(), "").astype("str")
