"""Gaps to walk through: a list and the map, each moving the other, and below what is behind the chosen gap."""

from functools import cached_property

import ipywidgets as ipw
import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.figures import map_figure
from coverage_kit.report.figures.linked import LinkedMap
from coverage_kit.report.joined import describe_edits, describe_queries
from coverage_kit.report.notebook import is_attended
from coverage_kit.report.page_data import Context
from coverage_kit.report.page_data.gaps import (
    list_answer_contexts,
    list_gap_contexts,
    passage_context,
)
from coverage_kit.report.texts import shorten
from coverage_kit.report.widgets.base import (
    FULL,
    ROW,
    matches,
    render,
    search_box,
)
from coverage_kit.report.wording import percent

_QUERIES = 40
_EDITS = 6


class GapExplorer(ipw.VBox):  # type: ignore[misc]  # ipywidgets is not typed
    """The gaps of a run in a list beside the map; `cluster_id` is the chosen gap, `query_id` the clicked question or none."""

    def __init__(self, analysis: Analysis) -> None:
        self._book = GapBook(analysis)
        self.cluster_id = ""
        self.query_id = ""
        self.search = search_box("words, or a number such as 12.")
        self.gaps = ipw.Select(options=self._book.options(""), rows=22, layout=FULL)
        self.story = ipw.HTML(layout=FULL)
        self.map = LinkedMap(analysis, self.choose_query)
        side = ipw.VBox(
            [self.search, self.gaps],
            layout={"flex": "1 1 17em", "min_width": "17em"},
        )
        beside = ipw.VBox(
            [self.story],
            layout={
                "flex": "3 1 30em",
                "min_width": "18em",
                "padding": "0 0 0 1em",
            },
        )
        picture = ipw.VBox([self.map.figure], layout={"width": "100%", "overflow": "auto"})
        self.search.observe(lambda change: self._narrow(change["new"]), "value")
        self.gaps.observe(lambda change: self._choose(change["new"]), "value")
        self._choose(self.gaps.value)
        super().__init__([picture, ipw.HBox([side, beside], layout=ROW)], layout=FULL)

    def choose_query(self, query_id: str) -> None:
        """Show the gap of a question, with that question first."""
        cluster_id = self._book.cluster_of[query_id]
        if self.gaps.value != cluster_id:
            if cluster_id not in dict(self.gaps.options).values():
                self.search.value = ""
            self.gaps.value = cluster_id
        self._choose(cluster_id, query_id)

    def _narrow(self, wanted: str) -> None:
        self.gaps.options = self._book.options(wanted)

    def _choose(self, cluster_id: str | None, query_id: str = "") -> None:
        if cluster_id is None:
            self.story.value = render("note.html.j2", text="No gap fits these words.")
            return
        self.cluster_id = cluster_id
        self.query_id = query_id
        self.story.value = self._book.tell(cluster_id, query_id)
        self.map.ring(
            {query_id} if query_id else set(self._book.queries_of(cluster_id)["query_id"])
        )


class GapBook:
    """What there is to say of each gap of a run, looked up by its cluster."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._queries = describe_queries(analysis)
        self.cluster_of = dict(
            zip(
                self._queries["query_id"],
                self._queries["cluster_id"].astype("str"),
                strict=True,
            )
        )
        asked = self._queries.groupby("cluster_id", sort=False)["text"].agg(" ".join)
        gaps = analysis.gaps.sort_values("rank")
        self._names = {
            str(row["cluster_id"]): (
                f"{row['rank']}. {shorten(row['label'], 34)} · {percent(1 - row['severity'])} covered",
                f"{row['rank']}. {row['label']} {row['cause']} {asked.get(row['cluster_id'], '')}",
            )
            for row in gaps.to_dict("records")
        }

    @cached_property
    def _stories(self) -> dict[str, Context]:
        return {
            str(story["cluster_id"]): story
            for story in list_gap_contexts(self._analysis, len(self._analysis.gaps))
        }

    @cached_property
    def _edits(self) -> dict[str, pd.DataFrame]:
        return {
            str(name): rows
            for name, rows in describe_edits(self._analysis).groupby("cluster_id", sort=False)
        }

    def options(self, wanted: str) -> list[tuple[str, str]]:
        """Return name and cluster of the gaps in which all the words stand, in the order of the work."""
        return [
            (name, cluster)
            for cluster, (name, text) in self._names.items()
            if matches(text, wanted)
        ]

    def queries_of(self, cluster_id: str) -> pd.DataFrame:
        """Return the gap's questions, most asked first, with coverage and nearest places."""
        return self._queries[self._queries["cluster_id"] == cluster_id]

    def tell(self, cluster_id: str, query_id: str = "") -> str:
        """Return the gap as HTML: questions, nearest passages, answers and edits; those of one question where it is named."""
        story = self._stories[cluster_id]
        asked = self.queries_of(cluster_id)
        chosen = asked[asked["query_id"] == query_id]
        first = (
            pd.concat([chosen, asked[asked["query_id"] != query_id]])
            .head(_QUERIES)
            .to_dict("records")
        )
        own = story["own"]
        other = story["other"]
        answers = story["answers"]
        if len(chosen):
            own, other = (passage_context(first[0], side) for side in ("own", "other"))
            answers = list_answer_contexts(self._analysis, chosen).get(cluster_id, [])
        edits = self._edits.get(cluster_id)
        return render(
            "gap.html.j2",
            gap=story,
            queries=[{**row, "text": shorten(row["text"], 240)} for row in first],
            n_more=len(asked) - len(first),
            query_id=query_id,
            own=own,
            other=other,
            answers=answers,
            edits=[] if edits is None else edits.head(_EDITS).to_dict("records"),
        )


def explore_gaps(analysis: Analysis) -> GapExplorer | None:
    """Return the gaps of a run beside the map, to click; unattended, show the map and the first gap's story instead."""
    if is_attended():
        return GapExplorer(analysis)
    from IPython.display import HTML, display

    display(map_figure(analysis))  # type: ignore[no-untyped-call]
    book = GapBook(analysis)
    for _, cluster_id in book.options("")[:1]:
        display(HTML(book.tell(cluster_id)))  # type: ignore[no-untyped-call]
    return None
