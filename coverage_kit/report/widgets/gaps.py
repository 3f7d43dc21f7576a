"""Explore gaps: a list and the map, which are linked, and details of the chosen gap."""

from functools import cached_property

import ipywidgets as ipw
import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.figures import map_figure
from coverage_kit.report.figures.linked import LinkedMap
from coverage_kit.report.gap_lists import list_gaps
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
    matches,
    name_path,
    render,
    search_box,
)

# The columns of a gap in which the search looks for words, besides its questions.
_SEARCHED = ("label", "theme", "listing", "cause")
# Characters of a gap's name in the list, whose lines do not wrap. Assumed: they fit in 800 pixels.
_MAX_NAME = 70
# How many questions and edits of a gap are listed (assumed).
_MAX_QUERIES = 40
_MAX_EDITS = 6


class GapExplorer(ipw.VBox):  # type: ignore[misc]  # ipywidgets is not typed
    """The gaps of a run in a list, linked to the map.

    Attributes:
        cluster_id: the chosen gap.
        query_id: the clicked question; empty if none is clicked.
    """

    def __init__(self, analysis: Analysis) -> None:
        self._book = GapBook(analysis)
        self.cluster_id = ""
        self.query_id = ""
        self.search = search_box("words, or a number such as 12.")
        self.gaps = ipw.Select(options=self._book.options(""), rows=8, layout=FULL)
        self.details = ipw.HTML(layout=FULL)
        self.map = LinkedMap(analysis, self.choose_query)
        picture = ipw.VBox([self.map.figure], layout={"width": "auto", "overflow": "auto"})
        self.search.observe(lambda change: self._narrow(change["new"]), "value")
        self.gaps.observe(lambda change: self._choose(change["new"]), "value")
        self._choose(self.gaps.value)
        # One below the other, because beside a list the tables of a gap would be cut off.
        super().__init__([picture, self.search, self.gaps, self.details], layout=FULL)

    def choose_query(self, query_id: str) -> None:
        """Show the gap of a question, with that question first."""
        cluster_id = self._book.cluster_of[query_id]
        if self.gaps.value != cluster_id:
            # A gap that the search hides cannot be chosen.
            if cluster_id not in dict(self.gaps.options).values():
                self.search.value = ""
            self.gaps.value = cluster_id
        self._choose(cluster_id, query_id)

    def _narrow(self, query: str) -> None:
        self.gaps.options = self._book.options(query)

    def _choose(self, cluster_id: str | None, query_id: str = "") -> None:
        if cluster_id is None:
            self.details.value = render("note.html.j2", text="No gap fits these words.")
            return
        self.cluster_id = cluster_id
        self.query_id = query_id
        self.details.value = self._book.render_gap(cluster_id, query_id)
        self.map.ring(
            {query_id} if query_id else set(self._book.queries_of(cluster_id)["query_id"])
        )


class GapBook:
    """The details of each gap of a run, by its cluster_id."""

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
        questions = self._queries.groupby("cluster_id", sort=False)["text"].agg(" ".join)
        # By cluster_id, the name in the list, and the text in which the search looks for words.
        self._names: dict[str, tuple[str, str]] = {}
        for row in list_gaps(analysis).to_dict("records"):
            label = shorten(row["label"], _MAX_NAME)
            open_of = f"{row['n_open']} of {row['n_queries']} questions unanswered"
            name = f"{row['rank']}. {label} · {open_of}"
            texts = questions.get(row["cluster_id"], "")
            self._names[str(row["cluster_id"])] = (
                name,
                " ".join([f"{row['rank']}.", *(row[name] for name in _SEARCHED), texts]),
            )

    # Both are built when the first gap is shown, because they take time.
    @cached_property
    def _contexts(self) -> dict[str, Context]:
        return {
            str(context["cluster_id"]): context
            for context in list_gap_contexts(self._analysis, len(self._analysis.gaps))
        }

    @cached_property
    def _edits(self) -> dict[str, pd.DataFrame]:
        return {
            str(name): rows
            for name, rows in describe_edits(self._analysis).groupby("cluster_id", sort=False)
        }

    def options(self, query: str) -> list[tuple[str, str]]:
        """Return name and cluster_id of the gaps that hold all words of the query, by rank."""
        return [
            (name, cluster) for cluster, (name, text) in self._names.items() if matches(text, query)
        ]

    def queries_of(self, cluster_id: str) -> pd.DataFrame:
        """Return the gap's questions, most asked first, with coverage and nearest passages."""
        return self._queries[self._queries["cluster_id"] == cluster_id]

    def render_gap(self, cluster_id: str, query_id: str = "") -> str:
        """Return the gap as HTML: questions, nearest passages, answers and edits.

        Passages and answers are those of the question `query_id`, if it is given.
        """
        context = self._contexts[cluster_id]
        queries = self.queries_of(cluster_id)
        is_chosen = queries["query_id"] == query_id
        chosen = queries[is_chosen]
        first = pd.concat([chosen, queries[~is_chosen]]).head(_MAX_QUERIES).to_dict("records")
        own = context["own"]
        competitor = context["other"]
        answers = context["answers"]
        if len(chosen):
            own, competitor = (passage_context(first[0], side) for side in ("own", "other"))
            answers = list_answer_contexts(self._analysis, chosen).get(cluster_id, [])
        edits = self._edits.get(cluster_id)
        return render(
            "gap.html.j2",
            gap=context,
            queries=[{**row, "text": shorten(row["text"], 240)} for row in first],
            n_more=len(queries) - len(first),
            query_id=query_id,
            own=own,
            other=competitor,
            answers=answers,
            edits=[
                {**row, "path": name_path(row["page_id"])}
                for row in ([] if edits is None else edits.head(_MAX_EDITS).to_dict("records"))
            ],
        )


def explore_gaps(analysis: Analysis) -> GapExplorer | None:
    """Return the gaps of a run next to the map, to click.

    Where the notebook runs unattended, the map and the details of the first gap are shown instead,
    and None is returned.
    """
    if is_attended():
        return GapExplorer(analysis)
    from IPython.display import HTML, display  # noqa: PLC0415 (only in notebooks)

    display(map_figure(analysis))  # type: ignore[no-untyped-call]
    book = GapBook(analysis)
    for _, cluster_id in book.options("")[:1]:
        display(HTML(book.render_gap(cluster_id)))  # type: ignore[no-untyped-call]
    return None
