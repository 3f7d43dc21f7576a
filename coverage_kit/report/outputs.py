"""Everything that a finished run's folder holds for people: page, workbook, CSV twins, edits and to-do lists."""

from pathlib import Path

from coverage_kit.analysis import Analysis
from coverage_kit.report.page import write_page
from coverage_kit.report.todo import write_edits_json, write_todo
from coverage_kit.report.workbook import write_csv, write_workbook


def write_outputs(analysis: Analysis, folder: Path, keep_status: Path | None = None) -> None:
    """Write all of them into the run's folder, the workbook with what `keep_status` and the one before it hold of people.

    Raises RunError when `keep_status` cannot be read, or one cannot be written.
    """
    write_workbook(analysis, folder / "gaps.xlsx", keep_status)
    write_page(analysis, folder / "page.html")
    write_edits_json(analysis, folder / "edits.json")
    write_todo(analysis, folder / "todo")
    for name in (
        "gaps",
        "edits",
        *(["rejects"] if len(analysis.rejects) else []),
    ):
        write_csv(analysis.tables()[name], folder / f"{name}.csv")
