"""Edits to tick, and what the ticked ones would bring together."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, cast

import ipywidgets as ipw
import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.joined import describe_edits
from coverage_kit.report.notebook import is_attended
from coverage_kit.report.page_data import Context
from coverage_kit.report.page_data.gaps import list_edit_contexts, pick_hour
from coverage_kit.report.texts import clean_text, shorten
from coverage_kit.report.trust import predicted_under
from coverage_kit.report.widgets.base import (
    FULL,
    ROW,
    Workbench,
    matches,
    render,
    search_box,
)
from coverage_kit.report.wording import amount

_LISTED = 50


class Outcome(Protocol):
    """What a set of edits costs and brings: `rank.what_if` returns it; gains in queries asked, costs in minutes."""

    @property
    def cost_minutes(self) -> float: ...
    @property
    def gain(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def harm(self) -> float: ...
    @property
    def edits(self) -> pd.DataFrame: ...


WhatIfOf = Callable[[Analysis, Iterable[str]], Outcome]


class EditChoice(Workbench):
    """The first edits of a run to tick; `edit_ids` are the ticked ones, by rank."""

    def __init__(self, analysis: Analysis, what_if: WhatIfOf) -> None:
        self.analysis = analysis
        self._what_if = what_if
        self._edits = describe_edits(analysis).head(_LISTED)
        rows = self._edits.to_dict("records")
        self.boxes = {
            row["edit_id"]: ipw.Checkbox(
                description=_name(row),
                tooltip=_name(row),
                indent=False,
                layout=FULL,
            )
            for row in rows
        }
        self._texts = {
            row["edit_id"]: f"{_name(row)} {row['label']} {row['brief']}" for row in rows
        }
        self.search = search_box("find an edit by its words, page or gap")
        pages = [
            ("every page", ""),
            *((shorten(page, 60), page) for page in sorted(set(self._edits["page_id"]))),
        ]
        self.page = ipw.Dropdown(options=pages, value="", layout=FULL)
        self.hour = ipw.Button(
            description="Tick the next hour",
            tooltip="from the top, the edits that fill an hour; one at least",
        )
        self.none = ipw.Button(description="Untick all")
        self.totals = ipw.HTML(layout=FULL)
        self._is_busy = False
        for widget in (self.search, self.page):
            widget.observe(lambda _: self._narrow(), "value")
        for box in self.boxes.values():
            box.observe(lambda _: self._tell(), "value")
        self.hour.on_click(lambda _: self._tick(self._next_hour(), True))
        self.none.on_click(lambda _: self._tick(self.edit_ids, False))
        self._tell()
        listed = ipw.VBox(
            list(self.boxes.values()),
            layout={"max_height": "24em", "overflow": "auto", "width": "100%"},
        )
        side = ipw.VBox([self.totals], layout={"flex": "1 1 20em", "min_width": "18em"})
        bar = [
            self.search,
            self.page,
            ipw.HBox([self.hour, self.none], layout=ROW),
            listed,
        ]
        picked = ipw.VBox(bar, layout={"flex": "2 1 28em", "min_width": "18em"})
        super().__init__([ipw.HBox([picked, side], layout=ROW)], layout=FULL)

    @property
    def edit_ids(self) -> list[str]:
        """The ids of the ticked edits, by rank."""
        return [edit_id for edit_id, box in self.boxes.items() if box.value]

    def outcome(self) -> Outcome:
        """Return what the ticked edits cost and are predicted to bring together."""
        return self._what_if(self.analysis, self.edit_ids)

    def plain(self) -> str:
        """Return the totals of the ticked edits, and which they are."""
        ticked = [box.description for box in self.boxes.values() if box.value]
        return str(self.totals.value) + render("list.html.j2", texts=ticked)

    def _shown(self) -> list[str]:
        wanted = self.search.value
        page = self.page.value
        on_page = self._edits if not page else self._edits[self._edits["page_id"] == page]
        return [edit_id for edit_id in on_page["edit_id"] if matches(self._texts[edit_id], wanted)]

    def _narrow(self) -> None:
        shown = set(self._shown())
        for edit_id, box in self.boxes.items():
            box.layout.display = None if edit_id in shown else "none"

    def _next_hour(self) -> list[str]:
        """Return the next hour's edits among those that are shown, not ticked and add something."""
        left = self._edits[
            self._edits["edit_id"].isin(self._shown()) & ~self._edits["edit_id"].isin(self.edit_ids)
        ]
        rows = cast("list[Context]", left[left["marginal_gain"] > 0].to_dict("records"))
        return [str(edit["edit_id"]) for edit in pick_hour(rows)]

    def _tick(self, edit_ids: list[str], is_ticked: bool) -> None:
        self._is_busy = True
        for edit_id in edit_ids:
            self.boxes[edit_id].value = is_ticked
        self._is_busy = False
        self._tell()

    def _tell(self) -> None:
        if not self._is_busy:
            self.totals.value = _tell_totals(self.analysis, self.outcome())


def choose_edits(analysis: Analysis, what_if: WhatIfOf) -> EditChoice:
    """Return the first edits of a run to tick, with what the ticked ones bring together; unattended, the first hour is ticked.

    Args:
        analysis: the run.
        what_if: `coverage_kit.what_if`, which tells it.
    """
    choice = EditChoice(analysis, what_if)
    if not is_attended():
        choice.hour.click()
    return choice


def show_edit(analysis: Analysis, rank: int) -> None:
    """Show one edit: its brief, what it changes word by word, and the questions it is predicted to move."""
    from IPython.display import HTML, display

    told = [edit for edit in list_edit_contexts(analysis, rank) if edit["rank"] == rank]
    missing = f"This run has no edit of rank {rank}."
    html = render("edit.html.j2", edit=told[0]) if told else render("note.html.j2", text=missing)
    display(HTML(html))  # type: ignore[no-untyped-call]


def _name(row: dict[Any, Any]) -> str:
    place = clean_text(row["page_id"]).partition("/")[2] or clean_text(row["page_id"])
    heading = clean_text(row["heading_path"]).rpartition(" > ")[2]
    adds = f"{amount(row['cost_minutes'])} min, adds {amount(row['marginal_gain'])}"
    return (
        f"{row['rank']}. {adds} · {row['operation_title']} · {shorten(f'{place} {heading}', 110)}"
    )


def _tell_totals(analysis: Analysis, outcome: Outcome) -> str:
    """Return the totals of the ticked edits as HTML, with what each gap gets, most first."""
    edits = outcome.edits
    gaps = edits.groupby("cluster_id", sort=False).agg(
        n=("edit_id", "size"),
        minutes=("cost_minutes", "sum"),
        gain=("added_gain", "sum"),
    )
    labels = analysis.gaps.set_index("cluster_id")["label"]
    rows = [
        {
            **row,
            "name": shorten(labels.get(row["cluster_id"], row["cluster_id"]), 60),
        }
        for row in gaps.sort_values("gain", ascending=False, kind="stable")
        .reset_index()
        .to_dict("records")
    ]
    predicted = predicted_under(analysis.about)
    return render(
        "totals.html.j2",
        n=len(edits),
        minutes=outcome.cost_minutes,
        gain=outcome.gain,
        low=outcome.low,
        high=outcome.high,
        harm=outcome.harm,
        alone=float(edits["gain"].sum()),
        predicted=predicted[0].upper() + predicted[1:],
        gaps=rows,
    )
