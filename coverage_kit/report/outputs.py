"""Everything in a finished run's folder that people open.

That is the page, the workbook, the CSV files, the edits as JSON, and the to-do lists.
"""

from pathlib import Path

from coverage_kit.analysis import Analysis
from coverage_kit.report.page import write_page
from coverage_kit.report.todo import write_edits_json, write_todo
from coverage_kit.report.workbook import write_csv, write_workbook


def write_outputs(analysis: Analysis, folder: Path, keep_status: Path | None = None) -> None:
    """Write all outputs into the run's folder.

    Args:
        analysis: the run.
        folder: the run's folder. What editors wrote in the workbook there is kept.
        keep_status: a further workbook whose editors' notes are kept.

    Raises RunError when `keep_status` cannot be read, or an output cannot be written.
    """
    write_workbook(analysis, folder / "gaps.xlsx", keep_status)
    write_page(analysis, folder / "page.html")
    write_edits_json(analysis, folder / "edits.json")
    write_todo(analysis, folder / "todo")
    names = ["gaps", "edits"]
    # A file without rows would look as if something had gone wrong.
    if len(analysis.rejects):
        names.append("rejects")
    for name in names:
        write_csv(analysis.tables()[name], folder / f"{name}.csv")
