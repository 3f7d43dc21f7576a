"""Compare two runs: what the first predicted of its edits, and what the second measures."""

from hashlib import blake2b
from pathlib import Path

import pandas as pd

from coverage_kit.analysis import Analysis, load_analysis
from coverage_kit.errors import RunError
from coverage_kit.escaping import for_markdown_cell
from coverage_kit.pipeline.edits import RECORD
from coverage_kit.pipeline.published import find_published
from coverage_kit.report.texts import shorten
from coverage_kit.report.trust import predicted_under
from coverage_kit.report.wording import count, describe_operation
from coverage_kit.storage.files import write_file
from coverage_kit.tasks import holdout, holdout_result, predictions


def compare_runs(
    run_a: Path, run_b: Path, published_ids: list[str], record: Path | None = None
) -> str:
    """Return a table and a text: what run A predicted of the edits published since, and run B's.

    Where half of run A's edits was drawn to be published first (`holdout.draw_holdout`), it shows
    what that half gained beyond the half that waits. Writes comparison.md and predictions.parquet
    into run B's folder, and adds to the record of comparisons (by default in run B's cache), from
    which the next run learns. Without
    `published_ids`, published edits are detected from the words of the pages. Raises RunError for
    runs of different sites or encoders, and where no edit was published.

    Args:
        run_a: folder of the run that predicted.
        run_b: folder of the later run.
        published_ids: ids of the edits that were published.
        record: file of the record of comparisons.
    """
    before = load_analysis(run_a)
    after = load_analysis(run_b)
    _check_comparable(before, after, run_b)
    published = _published_between(before, after, published_ids, run_b)
    runs = (_name_run(run_a), _name_run(run_b))
    comparison = predictions.compare_predictions(before, after, published, runs, after.about.seed)
    if comparison.predictions.empty:
        raise RunError(
            str(run_b),
            "questions of the published edits",
            "none asked again",
            "Log the same questions again.",
        )
    rows = _comparison_rows(comparison.predictions, published)
    words = predictions.describe_comparison(comparison, predicted_under(before.about))
    halves, proof = _compare_halves(run_a, before, after, published)
    file = record or Path(after.about.settings["cache"]) / RECORD
    past = predictions.record_predictions(comparison.predictions, file)
    predictions.write_predictions(comparison.predictions, run_b / RECORD)
    write_file(
        run_b / "comparison.md",
        _as_markdown(rows, words, f"{run_a} and {run_b}", halves, proof).encode(),
    )
    n_past = count(len(past), "compared edit")
    remembered = f"The next run corrects its predictions by {n_past}, kept in {file}."
    parts = [as_columns(rows), words, as_columns(halves) if halves else "", proof, remembered]
    text = "\n\n".join(part for part in parts if part)
    return f"{text}\nOpen {run_b / 'comparison.md'}"


def _compare_halves(
    run_a: Path, before: Analysis, after: Analysis, published: pd.DataFrame
) -> tuple[list[list[str]], str]:
    """Return what run A's draw shows as cells and in words; nothing where none was drawn."""
    drawn = holdout.read_holdout(run_a)
    if drawn is None:
        return [], ""
    if not holdout.is_of_run(drawn, before):
        return [], (
            f"{run_a / holdout.HOLDOUT} is a draw of another run's edits, so the halves are not "
            "compared."
        )
    result = holdout_result.compare_halves(drawn, before, after, published, after.about.seed)
    rows = holdout_result.list_halves(result) if result.outcomes else []
    return rows, holdout_result.describe_halves(result)


def _name_run(folder: Path) -> str:
    """Return the run's folder with a digest of its edits: a reused folder is another run."""
    digest = blake2b((folder / "tables/edits.parquet").read_bytes(), digest_size=4).hexdigest()
    return f"{folder.resolve().as_posix()}@{digest}"


def _check_comparable(before: Analysis, after: Analysis, run_b: Path) -> None:
    compared = (
        ("site", before.about.own_site, after.about.own_site),
        ("encoder", before.about.encoder, after.about.encoder),
    )
    for title, value_before, value_after in compared:
        if value_before != value_after:
            cure = (
                "Compare two runs of one site with one encoder: "
                f"coverage of another {title} is another figure."
            )
            raise RunError(
                str(run_b),
                f"a run with {title} {value_before!r}",
                repr(value_after),
                cure,
            )


def _published_between(
    before: Analysis, after: Analysis, published_ids: list[str], run_b: Path
) -> pd.DataFrame:
    """Return which edits were published. Raises RunError, with the nearest edit, for none."""
    own = [run.passages[run.passages["site"] == run.about.own_site] for run in (before, after)]
    published = find_published(before.changes, own[0], own[1], published_ids)
    if not published["is_published"].any():
        has_words = published["word_overlap"] > 0
        best = published[has_words].nlargest(1, "word_overlap").to_dict("records")
        nearest = ""
        if best:
            page = shorten(best[0]["page_id"], 100)
            nearest = f"; nearest is {best[0]['edit_id']} on {page}: {best[0]['how']}"
        cure = "Publish an edit and run again, or say which one was published: --published " + (
            best[0]["edit_id"] if best else "ID"
        )
        raise RunError(
            str(run_b),
            "an edit of the run before on the site",
            f"none of {len(published)}{nearest}",
            f"{cure}.",
        )
    return published


def _comparison_rows(table: pd.DataFrame, published: pd.DataFrame) -> list[list[str]]:
    """Return the comparison as cells, a header first; gains in times asked."""
    how = published.set_index("edit_id")["how"]
    header = [
        "edit",
        "operation",
        "page",
        "predicted gain [90% interval]",
        "measured gain",
        "within",
        "how it shows on the site",
    ]
    return [header] + [
        [
            row["edit_id"],
            describe_operation(row["operation"]),
            shorten(row["page_id"], 60),
            f"{row['predicted']:.1f} [{row['low']:.1f}, {row['high']:.1f}]",
            f"{row['realised']:.1f}",
            "yes" if row["is_within"] else "no",
            shorten(how[row["edit_id"]], 90),
        ]
        for row in table.to_dict("records")
    ]


def as_columns(rows: list[list[str]]) -> str:
    """Return rows of cells as lines of columns, each as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _as_markdown(
    rows: list[list[str]], words: str, runs: str, halves: list[list[str]], proof: str
) -> str:
    """Return the comparison as Markdown, with that of the halves where there is one."""
    lines = [
        f"# Predicted and measured gains between {runs}",
        "",
        *_as_table(rows),
        "Gains are answered questions, in times asked.",
        "",
        words,
        "",
    ]
    if proof:
        lines += ["## Randomised proof", "", *(_as_table(halves) if halves else []), proof, ""]
    return "\n".join(lines)


def _as_table(rows: list[list[str]]) -> list[str]:
    """Return the lines of a Markdown table, with a blank one at its end.

    Cells are data, so all characters that Markdown or HTML would interpret are escaped.
    """
    safe = [[for_markdown_cell(cell) for cell in row] for row in rows]
    table = [safe[0], ["---"] * len(safe[0]), *safe[1:]]
    return [*(f"| {' | '.join(row)} |" for row in table), ""]
