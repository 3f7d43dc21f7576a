"""The map as a widget of a notebook.

A click on a question chooses it, a click on a passage the question nearest to it on the map, and
rings can be drawn around questions.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go

from coverage_kit.analysis import Analysis
from coverage_kit.report import figure_data
from coverage_kit.report.figures.base import CONFIG, points
from coverage_kit.report.figures.gaps import map_figure

# Pixels: the map and the list of gaps fit on one screen. Assumed.
_HEIGHT = 560


class LinkedMap:
    """The map of a run as a widget, `figure`. It has no points where the run has none.

    Args:
        analysis: the run.
        choose: a function that is called with the query_id of a clicked question.
    """

    def __init__(self, analysis: Analysis, choose: Callable[[str], None]) -> None:
        drawn = map_figure(analysis)
        self._points = figure_data.locate_queries(analysis)[["query_id", "x", "y"]]
        ring = {
            "symbol": "circle-open",
            "size": 20,
            "color": figure_data.INK,
            "line": {"width": 2.5},
        }
        drawn.add_trace(points([], [], "chosen", [], ring).update(hoverinfo="skip"))
        self.figure = go.FigureWidget(drawn)
        self.figure._config = {**CONFIG, "scrollZoom": True}
        # The widget has no title, so it needs little space around the plot.
        top = {
            "title": {"text": None, "subtitle": {"text": None}},
            "margin": {"t": 30, "l": 10, "r": 10},
        }
        self.figure.update_layout(**top, height=_HEIGHT, autosize=True)
        # Names are above points, and would keep clicks from them.
        self.figure.update_annotations(captureevents=False)
        # The widget draws copies of the traces; the ring is the last of them.
        self._ring = self.figure.data[-1]
        for trace in self.figure.select_traces({"type": "scatter"}):
            trace.on_click(lambda trace, clicked, _: self._choose(trace.name, clicked, choose))

    def ring(self, query_ids: set[str]) -> None:
        """Draw rings around these questions only, as far as they are on the map."""
        chosen = self._points[self._points["query_id"].isin(query_ids)]
        self._ring.update(x=chosen["x"].to_numpy(), y=chosen["y"].to_numpy())

    def _choose(self, name: str, clicked: Any, choose: Callable[[str], None]) -> None:
        if not clicked.point_inds:
            return
        index = clicked.point_inds[0]
        if name != "questions":
            x, y = clicked.xs[0], clicked.ys[0]
            index = int(np.hypot(self._points["x"] - x, self._points["y"] - y).argmin())
        choose(str(self._points["query_id"].iloc[index]))
