"""Edits to tick, and what the ticked edits would bring together."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, cast

import ipywidgets as ipw
import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.gap_lists import name_gap
from coverage_kit.report.joined import describe_edits
from coverage_kit.report.notebook import is_attended
from coverage_kit.report.page_data import Context
from coverage_kit.report.page_data.gaps import list_edit_contexts, pick_hour
from coverage_kit.report.texts import shorten
from coverage_kit.report.trust import predicted_under
from coverage_kit.report.widgets.base import (
    FULL,
    ROW,
    Workbench,
    matches,
    name_path,
    render,
    search_box,
)
from coverage_kit.report.wording import HOW_COUNTED

# More edits than these are hard to read as a list (assumed).
_MAX_EDITS = 50


class Outcome(Protocol):
    """What a set of edits costs and brings, as `coverage_kit.what_if` returns it.

    Gains are in queries asked, costs in minutes.
    """

    # The names say what these are, so they have no docstrings.
    @property
    def cost_minutes(self) -> float: ...  # noqa: D102
    @property
    def gain(self) -> float: ...  # noqa: D102
    @property
    def low(self) -> float: ...  # noqa: D102
    @property
    def high(self) -> float: ...  # noqa: D102
    @property
    def harm(self) -> float: ...  # noqa: D102
    @property
    def edits(self) -> pd.DataFrame: ...  # noqa: D102


WhatIfOf = Callable[[Analysis, Iterable[str]], Outcome]


class EditChoice(Workbench):
    """The first edits of a run to tick; `edit_ids` are those of the ticked edits, by rank."""

    def __init__(self, analysis: Analysis, what_if: WhatIfOf) -> None:
        self.analysis = analysis
        self._what_if = what_if
        self._edits = describe_edits(analysis).head(_MAX_EDITS)
        rows = self._edits.to_dict("records")
        self.boxes = {
            row["edit_id"]: ipw.Checkbox(
                description=render("tick.html.j2", **_tick(row)),
                description_allow_html=True,
                indent=False,
                layout={"width": "auto", "height": "auto"},
            )
            for row in rows
        }
        self._ticks = {row["edit_id"]: _tick(row) for row in rows}
        # The search looks for words in these texts.
        self._texts = {
            row["edit_id"]: f"{row['rank']}. {row['listed_as']} {row['page_id']} {row['brief']}"
            for row in rows
        }
        self.search = search_box("find an edit by its words, page or topic")
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
        self._observe()
        self._show_totals()
        super().__init__([self._arrange()], layout=FULL)
        self.add_class("edit-ticks")

    def _observe(self) -> None:
        """Connect the widgets with what they do."""
        for widget in (self.search, self.page):
            widget.observe(lambda _: self._narrow(), "value")
        for box in self.boxes.values():
            box.observe(lambda _: self._show_totals(), "value")
        self.hour.on_click(lambda _: self._tick(self._next_hour(), True))
        self.none.on_click(lambda _: self._tick(self.edit_ids, False))

    def _arrange(self) -> Any:
        """Return the widgets side by side: the edits on the left, their totals on the right."""
        boxes = ipw.VBox(
            list(self.boxes.values()),
            layout={"max_height": "26em", "overflow": "hidden auto", "width": "auto"},
        )
        edits = ipw.VBox(
            [
                ipw.HTML(render("ticks_style.html.j2")),
                self.search,
                self.page,
                ipw.HBox([self.hour, self.none], layout=ROW),
                boxes,
            ],
            layout={"flex": "3 1 0", "min_width": "18em"},
        )
        totals = ipw.VBox([self.totals], layout={"flex": "2 1 0", "min_width": "14em"})
        return ipw.HBox([edits, totals], layout=ROW)

    @property
    def edit_ids(self) -> list[str]:
        """The ids of the ticked edits, by rank."""
        return [edit_id for edit_id, box in self.boxes.items() if box.value]

    def outcome(self) -> Outcome:
        """Return what the ticked edits cost and are predicted to bring together."""
        return self._what_if(self.analysis, self.edit_ids)

    def plain(self) -> str:
        """Return the totals of the ticked edits, and the list of them."""
        ticks = [self._ticks[edit_id] for edit_id in self.edit_ids]
        return str(self.totals.value) + render("list.html.j2", ticks=ticks)

    def _list_visible(self) -> list[str]:
        """Return the ids of the edits of the chosen page that match the search."""
        query = self.search.value
        page = self.page.value
        on_page = self._edits[self._edits["page_id"] == page] if page else self._edits
        return [edit_id for edit_id in on_page["edit_id"] if matches(self._texts[edit_id], query)]

    def _narrow(self) -> None:
        visible = set(self._list_visible())
        for edit_id, box in self.boxes.items():
            box.layout.display = None if edit_id in visible else "none"

    def _next_hour(self) -> list[str]:
        """Return the next hour's edits among the visible, unticked edits that add something."""
        edit_ids = self._edits["edit_id"]
        is_open = (
            edit_ids.isin(self._list_visible())
            & ~edit_ids.isin(self.edit_ids)
            & (self._edits["marginal_gain"] > 0)
        )
        rows = cast("list[Context]", self._edits[is_open].to_dict("records"))
        return [str(edit["edit_id"]) for edit in pick_hour(rows)]

    def _tick(self, edit_ids: list[str], is_ticked: bool) -> None:
        # The totals are calculated once, not for each box.
        self._is_busy = True
        for edit_id in edit_ids:
            self.boxes[edit_id].value = is_ticked
        self._is_busy = False
        self._show_totals()

    def _show_totals(self) -> None:
        if not self._is_busy:
            self.totals.value = _render_totals(self.analysis, self.outcome())


def choose_edits(analysis: Analysis, what_if: WhatIfOf) -> EditChoice:
    """Return the first edits of a run to tick, with what the ticked edits bring together.

    Where the notebook runs unattended, the first hour's edits are ticked.

    Args:
        analysis: the run.
        what_if: `coverage_kit.what_if`, which returns what a set of edits brings.
    """
    choice = EditChoice(analysis, what_if)
    if not is_attended():
        choice.hour.click()
    return choice


def show_edit(analysis: Analysis, rank: int) -> None:
    """Show one edit: its brief, its changes word by word, and the questions that it should help."""
    from IPython.display import HTML, display  # noqa: PLC0415 (only in notebooks)

    edits = [edit for edit in list_edit_contexts(analysis, rank) if edit["rank"] == rank]
    if edits:
        html = render("edit.html.j2", edit=edits[0], how_counted=HOW_COUNTED)
    else:
        html = render("note.html.j2", text=f"This run has no edit of rank {rank}.")
    display(HTML(html))  # type: ignore[no-untyped-call]


def _tick(row: dict[Any, Any]) -> dict[str, Any]:
    """Return what the list says of an edit: topic and task, minutes, gain and page."""
    return {
        "rank": row["rank"],
        "topic": name_gap(row["label"])[0],
        "task": row["task"],
        "minutes": row["cost_minutes"],
        "gain": row["marginal_gain"],
        # All edits are on one site, so its name is left out.
        "path": name_path(row["page_id"]),
    }


def _render_totals(analysis: Analysis, outcome: Outcome) -> str:
    """Return the totals of the ticked edits as HTML, with the gains of each gap, largest first."""
    edits = outcome.edits
    gaps = edits.groupby("cluster_id", sort=False).agg(
        n=("edit_id", "size"),
        minutes=("cost_minutes", "sum"),
        gain=("added_gain", "sum"),
    )
    labels = analysis.gaps.set_index("cluster_id")["label"]
    gaps = gaps.sort_values("gain", ascending=False, kind="stable").reset_index()
    rows = [
        {**row, "name": name_gap(labels.get(row["cluster_id"], row["cluster_id"]))[0]}
        for row in gaps.to_dict("records")
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
