"""Buttons that write what a notebook shows into files, and say where the files are."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import ipywidgets as ipw
import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.errors import CoverageKitError
from coverage_kit.report.page import write_page
from coverage_kit.report.pictures import FORMATS, save_pictures
from coverage_kit.report.todo import write_todo
from coverage_kit.report.widgets.base import FULL, ROW, Workbench, render
from coverage_kit.report.widgets.edits import EditChoice
from coverage_kit.report.workbook import write_csv, write_workbook


class ExportBar(Workbench):
    """Buttons that write the workbook, the page, pictures, tables, and a to-do list.

    The to-do list is that of the ticked edits.

    Args:
        analysis: the run.
        folder: where to write.
        tables: the tables that can be written as CSV, by the name of the file.
        choice: the edits to tick, for a to-do list.
    """

    def __init__(
        self,
        analysis: Analysis,
        folder: Path,
        tables: Mapping[str, pd.DataFrame],
        choice: EditChoice | None = None,
    ) -> None:
        self._analysis = analysis
        self._folder = folder
        self._tables = tables
        self._choice = choice
        self.message = ipw.HTML(layout=FULL)
        # People may have written into a workbook; the other files can be made again.
        self.workbook = self._button(
            "Workbook",
            lambda: [write_workbook(analysis, _find_free_path(folder / "gaps.xlsx"))],
        )
        self.page = self._button("Page", lambda: [write_page(analysis, folder / "page.html")])
        buttons = [self.workbook, self.page]
        # Pictures need the extra "pictures".
        if find_spec("kaleido"):
            self.pictures = self._button("Pictures (PNG, SVG)", self._draw)
            buttons.append(self.pictures)
        if choice is not None:
            self.todo = self._button("To-do list of the ticked edits", self._list_ticked)
            buttons.append(self.todo)
        self.table = ipw.Dropdown(options=list(tables), layout={"width": "12em"})
        self.csv = self._button("Table as CSV", self._write_table)
        buttons += [self.table, self.csv] if tables else []
        super().__init__([ipw.HBox(buttons, layout=ROW), self.message], layout=FULL)

    def plain(self) -> str:
        """Return the note that an unattended notebook shows instead of buttons."""
        return render(
            "note.html.j2",
            text="In a notebook that somebody runs, here are buttons that write files.",
        )

    def _button(self, name: str, write: Callable[[], list[Path]]) -> ipw.Button:
        button = ipw.Button(description=name, layout={"width": "auto"})
        button.on_click(lambda _: self._write(button, write))
        return button

    def _write(self, button: ipw.Button, write: Callable[[], list[Path]]) -> None:
        """Write files and say where they are, or why there are none.

        Meanwhile, the button cannot be pressed.
        """
        self.message.value = render("note.html.j2", text="Writing…")
        button.disabled = True
        try:
            files = write()
        except CoverageKitError as error:
            self.message.value = render("note.html.j2", text=str(error))
        else:
            first = files[0].resolve()
            target = str(first) if len(files) == 1 else f"{len(files)} files in {first.parent}"
            self.message.value = render("note.html.j2", text=f"Wrote {target}")
        finally:
            button.disabled = False

    def _draw(self) -> list[Path]:
        return list(save_pictures(self._analysis, self._folder / "pictures", FORMATS).files)

    def _list_ticked(self) -> list[Path]:
        if self._choice is None:
            return []
        return write_todo(tick_edits(self._choice), self._folder / "todo-ticked")

    def _write_table(self) -> list[Path]:
        name = self.table.value
        return [write_csv(self._tables[name], self._folder / f"{name}.csv")]


def tick_edits(choice: EditChoice) -> Analysis:
    """Return the run with the ticked edits as its chosen edits.

    Each has the gain that it adds to the ticked edits above it.
    """
    # The gain of an edit depends on the edits before it, so it is calculated for the ticked edits.
    added = choice.outcome().edits.set_index("edit_id")["added_gain"]
    edits = choice.analysis.edits
    is_ticked = edits["edit_id"].isin(added.index)
    gains = edits["edit_id"].map(added).fillna(edits["marginal_gain"])
    return replace(
        choice.analysis,
        edits=edits.assign(is_chosen=is_ticked, marginal_gain=gains),
    )


def export_buttons(
    analysis: Analysis,
    run: str | Path,
    *,
    tables: Mapping[str, pd.DataFrame] | None = None,
    choice: EditChoice | None = None,
    folder: str | Path | None = None,
) -> ExportBar:
    """Return buttons that write a run's files; a message next to them says what was written.

    A workbook in which somebody may have written is never replaced: the new workbook gets the next
    free name.

    Args:
        analysis: the run.
        run: its folder, into which the files go.
        tables: tables that can be written as CSV, by the name of the file.
        choice: the edits to tick, for a to-do list.
        folder: another folder for the files.
    """
    return ExportBar(analysis, Path(folder or run), tables or {}, choice)


def _find_free_path(path: Path) -> Path:
    """Return the path if it does not exist, else the first free path with -2, -3 and so on."""
    if not path.exists():
        return path
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    return next(candidate for candidate in numbered if not candidate.exists())
