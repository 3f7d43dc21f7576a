"""Everything in a finished run's folder that people open.

That is the page, the workbook, the CSV files, the edits as JSON, and the to-do lists.
"""

from pathlib import Path

from coverage_kit.analysis import Analysis, save_tables
from coverage_kit.report.page import write_page
from coverage_kit.report.todo import write_edits_json, write_todo
from coverage_kit.report.workbook import write_csv, write_workbook
from coverage_kit.storage.files import as_error, new_contents

# What a run may lack: a file of the run before must not stay beside the new ones.
_STALE = ("rejects.csv",)
# What editors wrote there goes into the new workbook.
_MERGED = ("gaps.xlsx",)


def write_run(analysis: Analysis, folder: str | Path) -> Path:
    """Write tables and outputs into a run's folder, all of them or none; return the folder.

    What editors wrote in the workbook there is kept, as are files that are not of a run. Raises
    RunError when the folder cannot be written.
    """
    return _write(analysis, Path(folder), None, has_tables=True)


def write_outputs(analysis: Analysis, folder: Path, keep_status: Path | None = None) -> None:
    """Write all outputs into the run's folder, all of them or none.

    Args:
        analysis: the run.
        folder: the run's folder. What editors wrote in the workbook there is kept.
        keep_status: a further workbook whose editors' notes are kept.

    Raises RunError when `keep_status` cannot be read, or an output cannot be written.
    """
    _write(analysis, folder, keep_status, has_tables=False)


def _write(analysis: Analysis, folder: Path, keep_status: Path | None, has_tables: bool) -> Path:
    what = "a folder that can be written"
    with (
        as_error(folder, what, "Name another [out] folder."),
        new_contents(folder, _STALE, _MERGED) as new,
    ):
        if has_tables:
            save_tables(analysis, new)
        write_workbook(analysis, new / "gaps.xlsx", keep_status, earlier=folder / "gaps.xlsx")
        write_page(analysis, new / "page.html")
        write_edits_json(analysis, new / "edits.json")
        write_todo(analysis, new / "todo")
        names = ["gaps", "edits"]
        # A file without rows would look as if something had gone wrong.
        if len(analysis.rejects):
            names.append("rejects")
        for name in names:
            write_csv(analysis.tables()[name], new / f"{name}.csv")
    return folder
