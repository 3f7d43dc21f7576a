"""Check questions in a notebook: one on the screen, keys 1 to 4, each choice saved at once."""

import shlex
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from coverage_kit.analysis import Analysis, load_analysis
from coverage_kit.collect.question_checks import read_checks_file
from coverage_kit.errors import SchemaError
from coverage_kit.report.notebook import is_attended
from coverage_kit.report.widgets import QuestionChecker
from coverage_kit.report.widgets.check_session import CheckedQuestion
from coverage_kit.tasks.sample import draw_sample, save_choices
from coverage_kit.vocabulary import CHOICES, PERSON

# What to do when every question is checked.
_ADVICE = "The next run reads them. Repeat its command, such as coverage-kit run coverage.toml"


def check_questions(
    run: str | Path, path: str | Path | None = None, analysis: Analysis | None = None
) -> QuestionChecker | None:
    """Return the questions of a file of checks, one on the screen, to be checked by keys.

    Where there is no file yet, questions are drawn as `coverage-kit sample` does. Where the
    notebook runs unattended, a line says how to check them elsewhere, and None is returned.

    Args:
        run: the run's folder.
        path: the file of checks; by default the one that the run's settings name.
        analysis: the run, where it is loaded already.

    Raises RunError where there is no finished run, and SchemaError for a file that cannot be read.
    """
    analysis = analysis or load_analysis(run)
    path = _find_file(run, path, analysis)
    if not is_attended():
        print(_describe_other_ways(run, path))  # noqa: T201 (the output of a notebook)
        return None
    for note in draw_sample(analysis, path).notes:
        print(note)  # noqa: T201
    rows = _read_rows(path)

    def save(changed: Mapping[str, CheckedQuestion]) -> None:
        choices = {query_id: question.choice for query_id, question in changed.items()}
        notes = {query_id: question.note for query_id, question in changed.items()}
        save_choices(path, choices, notes)

    return QuestionChecker(analysis, rows, save, f"They are in {path}. {_ADVICE}")


def count_choices(
    run: str | Path, path: str | Path | None = None, analysis: Analysis | None = None
) -> pd.DataFrame:
    """Return how many questions of a file of checks have each choice of a person, in their order.

    The columns are choice, n_questions, and share, which is of the checked questions and missing
    where there is none. The last row counts the questions without a choice. The arguments and
    errors are those of `check_questions`.
    """
    rows = read_checks_file(_find_file(run, path, analysis or load_analysis(run)))
    counts = rows[rows["checked_by"] == PERSON]["choice"].value_counts()
    counts = counts.reindex([*CHOICES, ""], fill_value=0)
    checked = counts[list(CHOICES)]
    return pd.DataFrame(
        {
            "choice": [*CHOICES, "not checked yet"],
            "n_questions": counts.to_numpy(),
            "share": (checked / checked.sum()).reindex(counts.index).to_numpy(),
        }
    )


def _find_file(run: str | Path, path: str | Path | None, analysis: Analysis) -> Path:
    named = Path(path or analysis.about.setting("checks", "path", "checks.csv"))
    # A relative path, as in settings that no file holds, starts beside the run, like the cache.
    return named if path or named.is_absolute() else Path(run).resolve().parent / named


def _describe_other_ways(run: str | Path, path: Path) -> str:
    command = f"coverage-kit sample {shlex.quote(str(run))}"
    return (
        "In a notebook that somebody runs, here is one question on the screen, and the keys 1 to 4 "
        f"choose. Elsewhere: '{command}' draws questions into {path}; choose there, or in the "
        f"workbook's sheet 'questions to check', then run again."
    )


def _read_rows(path: Path) -> pd.DataFrame:
    """Return the rows of people, each question once. Raises SchemaError where there is none."""
    rows = read_checks_file(path)
    rows = rows[(rows["checked_by"] == PERSON) & (rows["query_id"] != "")]
    if rows.empty:
        cure = "Delete the file, or name another: then questions are drawn."
        raise SchemaError(str(path), "questions for a person to check", "none", cure)
    return rows.drop_duplicates("query_id")
