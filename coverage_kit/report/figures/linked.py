"""The map as a widget of a notebook: a click on a question tells which it is, and questions can be ringed."""

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go

from coverage_kit.analysis import Analysis
from coverage_kit.report import figure_data
from coverage_kit.report.figures.base import CONFIG, points
from coverage_kit.report.figures.gaps import map_figure

_HEIGHT = 560


class LinkedMap:
    """The map of a run, live: `figure` is the widget; it has no point where the run has none.

    Args:
        analysis: the run.
        choose: called with the query_id of a question that was clicked.
    """

    def __init__(self, analysis: Analysis, choose: Callable[[str], None]) -> None:
        drawn = map_figure(analysis)
        self._places = figure_data.place_queries(analysis)[["query_id", "x", "y"]]
        ring = {
            "symbol": "circle-open",
            "size": 20,
            "color": figure_data.INK,
            "line": {"width": 2.5},
        }
        drawn.add_trace(points([], [], "chosen", [], ring).update(hoverinfo="skip"))
        self.figure = go.FigureWidget(drawn)
        self.figure._config = {**CONFIG, "scrollZoom": True}
        top = {
            "title": {"text": None, "subtitle": {"text": None}},
            "margin": {"t": 30, "l": 10, "r": 10},
        }
        self.figure.update_layout(**top, height=_HEIGHT, autosize=True)
        self._ring = self.figure.data[-1]
        for trace in self.figure.data:
            if trace.name == "queries":
                trace.on_click(lambda _trace, clicked, _state: self._tell(clicked, choose))

    def ring(self, query_ids: set[str]) -> None:
        """Draw a ring around these questions alone, as far as they are on the map."""
        some = self._places[self._places["query_id"].isin(query_ids)]
        self._ring.update(x=some["x"].to_numpy(), y=some["y"].to_numpy())

    def _tell(self, clicked: Any, choose: Callable[[str], None]) -> None:
        if clicked.point_inds:
            choose(str(self._places["query_id"].iloc[clicked.point_inds[0]]))
