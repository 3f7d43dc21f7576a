"""Two runs side by side: what the first predicted of its edits, and what the second finds. Glue between stages."""

import re
from hashlib import blake2b
from pathlib import Path

import pandas as pd

from coverage_kit.analysis import Analysis, load_analysis
from coverage_kit.errors import RunError
from coverage_kit.pipeline.edits import RECORD
from coverage_kit.report.texts import shorten
from coverage_kit.report.trust import predicted_under
from coverage_kit.report.wording import describe_operation
from coverage_kit.storage.files import write_file
from coverage_kit.tasks import predictions as made
from coverage_kit.tasks.published import find_published


def compare_runs(run_a: Path, run_b: Path, named: list[str], record: Path | None = None) -> str:
    """Return in words and a table what run A predicted of the edits published since, and what run B finds.

    Writes comparison.md and predictions.parquet into run B's folder, and adds to the record of
    comparisons (by default in run B's cache), from which the next run learns. `named` are ids of
    edits that were published; without any, words tell. Raises RunError for runs of different sites
    or encoders, and where no edit was published.
    """
    before = load_analysis(run_a)
    after = load_analysis(run_b)
    _check_comparable(before, after, run_b)
    found = _published_between(before, after, named, run_b)
    runs = (_name_run(run_a), _name_run(run_b))
    comparison = made.compare_predictions(before, after, found, runs, after.about["seed"])
    if comparison.predictions.empty:
        raise RunError(
            str(run_b),
            "queries of the published edits",
            "none asked again",
            "Log the same questions again.",
        )
    rows = _comparison_rows(comparison.predictions, found)
    words = made.describe_comparison(comparison, predicted_under(before.about))
    file = record or Path(after.about["settings"]["cache"]) / RECORD
    past = made.record_predictions(comparison.predictions, file)
    made.write_predictions(comparison.predictions, run_b / RECORD)
    write_file(
        run_b / "comparison.md",
        _as_markdown(rows, words, f"{run_a} and {run_b}").encode(),
    )
    remembered = f"{file} holds {len(past)} compared edits: the next run reads it."
    return f"{as_columns(rows)}\n\n{words}\n\n{remembered}\nOpen {run_b / 'comparison.md'}"


def _name_run(folder: Path) -> str:
    """Return the run's folder with a digest of its edits, so that a folder used again is another run."""
    digest = blake2b((folder / "tables/edits.parquet").read_bytes(), digest_size=4).hexdigest()
    return f"{folder.resolve().as_posix()}@{digest}"


def _check_comparable(before: Analysis, after: Analysis, run_b: Path) -> None:
    for key, what in (("own_site", "site"), ("encoder", "encoder")):
        if before.about[key] != after.about[key]:
            cure = f"Compare two runs of one site with one encoder: coverage of another {what} is another figure."
            raise RunError(
                str(run_b),
                f"a run with {what} {before.about[key]!r}",
                repr(after.about[key]),
                cure,
            )


def _published_between(
    before: Analysis, after: Analysis, named: list[str], run_b: Path
) -> pd.DataFrame:
    """Return which edits were published. Raises RunError, with what came nearest, when none was."""
    own = [run.passages[run.passages["site"] == run.about["own_site"]] for run in (before, after)]
    found = find_published(before.changes, own[0], own[1], named)
    if not found["is_published"].any():
        best = found[found["word_overlap"] > 0].nlargest(1, "word_overlap").to_dict("records")
        near = (
            f"; nearest is {best[0]['edit_id']} on {shorten(best[0]['page_id'], 100)}: {best[0]['how']}"
            if best
            else ""
        )
        cure = "Publish an edit and run again, or say which one was published: --published " + (
            best[0]["edit_id"] if best else "ID"
        )
        raise RunError(
            str(run_b),
            "an edit of the run before on the site",
            f"none of {len(found)}{near}",
            f"{cure}.",
        )
    return found


def _comparison_rows(predictions: pd.DataFrame, found: pd.DataFrame) -> list[list[str]]:
    """Return the comparison as cells, a header first; gains in queries asked."""
    how = found.set_index("edit_id")["how"]
    header = [
        "edit",
        "operation",
        "page",
        "predicted [90% interval]",
        "realised",
        "within",
        "published, told by",
    ]
    return [header] + [
        [
            *(
                row["edit_id"],
                describe_operation(row["operation"]),
                shorten(row["page_id"], 60),
            ),
            f"{row['predicted']:.1f} [{row['low']:.1f}, {row['high']:.1f}]",
            *(
                f"{row['realised']:.1f}",
                "yes" if row["is_within"] else "no",
                shorten(how[row["edit_id"]], 90),
            ),
        ]
        for row in predictions.to_dict("records")
    ]


def as_columns(rows: list[list[str]]) -> str:
    """Return rows of cells as lines of columns, each as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _as_markdown(rows: list[list[str]], words: str, runs: str) -> str:
    """Return the comparison as Markdown; cells are data, so whatever Markdown or HTML would read is escaped."""
    safe = [[re.sub(r"([\\`*_\[\]<>|!#~&])", r"\\\1", cell) for cell in row] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in [safe[0], ["---"] * len(safe[0]), *safe[1:]]]
    return "\n".join(
        [
            f"# Predicted and realised between {runs}",
            "",
            *lines,
            "",
            "Gains are in queries asked.",
            "",
            words,
            "",
        ]
    )
