"""What the figures draw, as tables: coordinates, sizes and hover texts.

This module does not use plotly. It only knows that plotly reads some HTML in texts.
"""

import math
import textwrap
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage

from coverage_kit.analysis import Analysis
from coverage_kit.headline import chosen_edits, summarize
from coverage_kit.report.gap_lists import list_gaps
from coverage_kit.report.joined import (
    describe_edits,
    describe_gaps,
    describe_passages,
    describe_queries,
)
from coverage_kit.report.texts import is_missing, markup_lines, shorten
from coverage_kit.report.wording import (
    amount,
    minutes,
    percent,
    times,
)
from coverage_kit.tables.answered import find_unanswered
from coverage_kit.tables.asked import most_asked_first
from coverage_kit.vocabulary import TO_CLOSE, UNSEEN

# Points on the map; more make a browser slow. Assumed.
MAX_QUERIES = 5_000
MAX_PASSAGES = 2_500
# Gaps with a row in a figure, and names on the map. Assumed: more are not readable.
MAX_ROWS = 20
MAX_NAMED_ON_MAP = 16
# Gaps that the page may name where a reader looks closer at the map. Assumed.
MAX_CLOSER_NAMES = 200

# The contrast of this grey to a white page is the same as to a dark one.
INK = "#707984"
# The edge of bars that are side by side, so that they can be distinguished in grey too.
EDGE = {"width": 1, "color": "rgba(255,255,255,.7)"}
# The ground of bars that should not stand out.
PALE = "rgba(128,136,146,.28)"
# For lines of axes; transparent, so that it suits white and dark pages.
FAINT = "rgba(128,136,146,.22)"
# Colours that people with colour blindness can distinguish, after Okabe and Ito.
BLUE = "#1f83bd"
ORANGE = "#D55E00"
AMBER = "#E69F00"
GREEN = "#009E73"
SKY = "#56B4E9"
PINK = "#CC79A7"
# The grey of what should not stand out, such as causes that no edit can mend.
MUTED = "#8b939c"
# Fill and outline of a question by how it is answered: 0 not at all, 1 answered, 0.5 unknown. What
# is answered is hollow, so that both can be distinguished in grey too.
COVERAGE_SCALE = [[0.0, ORANGE], [0.5, MUTED], [1.0, BLUE]]
ANSWERED_FILLS = [[0.0, ORANGE], [0.5, MUTED], [1.0, "rgba(31,131,189,.2)"]]
ANSWERED_LINES = [[0.0, "#a84800"], [0.5, MUTED], [1.0, BLUE]]
# The ground of a theme's region on the map, and its outline.
REGION_FILL = "rgba(128,136,146,.13)"
REGION_LINE = "rgba(128,136,146,.4)"
# The colour of each cause of a gap.
CAUSE_COLOURS = {
    "missing": ORANGE,
    "mis-worded": AMBER,
    "not fetched": PINK,
    "not retrieved": PINK,
    "not cited": PINK,
    "retrieved but not cited": BLUE,
    "cited but not mentioned": SKY,
}
# Colour and symbol of series such as engines, in their order.
SERIES_MARKS = [
    (BLUE, "circle"),
    (ORANGE, "diamond"),
    (GREEN, "square"),
    (PINK, "triangle-up"),
    (AMBER, "triangle-down"),
    (SKY, "x"),
]
# The mark of a verdict without a mark.
OTHER_MARK = (MUTED, "circle-open")
# The name for readers and the colour of each kind of site that is cited; neighbours in a bar can be
# distinguished in grey too.
HOLDERS = {
    "own": ("your site", "#1a6ca0"),
    "competitor": ("a competitor", "#e5702f"),
    "third-party": ("another site", "#b3bac1"),
    "community": ("a community", AMBER),
}

# Pixels between the outermost points and the edge of a figure.
_MARGIN = 45.0
# Sizes in pixels with which names are laid out, near those on a screen: the area of the map, a
# character of its bold names, and the height of a line. The page lays names out anew. Assumed.
_MAP_WIDTH = 780
_MAP_HEIGHT = 480
_CHARACTER_WIDTH = 8.0
# Names are broken into at most two lines, of at least so many characters, and never cut. Assumed.
LABEL_WIDTH = 24
# A theme's region is where the density of its questions is above that of all others, and above
# that of so many questions at one point. Each question is spread over so many pixels around it,
# and the density is measured on a grid of so many cells. Assumed: on the sample, regions are
# compact with these, and hold most questions.
_REGION_SPREAD = 17.0
_REGION_DENSITY = 1.5
_REGION_CELLS = (72, 48)
_LINE_HEIGHT = 18.0
# Side of the square around a point that a name should not cover, and the pixels away from its
# middle that a name goes to leave one point more to be seen. Assumed.
_POINT_SIZE = 10.0
_PIXELS_A_POINT = 7.0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Label:
    """A text at a point of the axes.

    `x_shift` and `y_shift` are the distances from the point to the middle of the text, in pixels
    to the right and up. `name` is the id of what the text names.
    """

    text: str
    x: float
    y: float
    x_shift: float
    y_shift: float
    name: str = ""

    @property
    def lines(self) -> list[str]:
        """The text's lines, at most two: it is broken between words, and never cut."""
        for width in range(LABEL_WIDTH, max(LABEL_WIDTH, len(self.text)) + 1):
            lines = textwrap.wrap(self.text, width, break_long_words=False)
            if len(lines) <= 2:
                return lines or [""]
        return [self.text]


def series_mark(number: int) -> tuple[str, str]:
    """Return colour and symbol of a series by its number from 0.

    After the last colour, the colours are used again with other symbols.


    >>> series_mark(0), series_mark(6)
    (('#1f83bd', 'circle'), ('#1f83bd', 'diamond'))
    """
    n = len(SERIES_MARKS)
    return SERIES_MARKS[number % n][0], SERIES_MARKS[(number + number // n) % n][1]


def locate_queries(analysis: Analysis) -> pd.DataFrame:
    """Return the most asked queries with their coordinates on the map, x and y."""
    frame = describe_queries(analysis).merge(
        analysis.points, left_on="query_id", right_on="point_id"
    )
    return most_asked_first(frame).head(MAX_QUERIES).reset_index(drop=True)


def query_points(analysis: Analysis) -> pd.DataFrame:
    """Return the most asked queries on the map: x, y, answered, size in pixels, hover, gap.

    `answered` is 1 for an answered query, 0 for another, and 0.5 where it is not known.
    """
    frame = locate_queries(analysis)
    is_open = frame["query_id"].map(find_unanswered(analysis.coverage))
    answered = is_open.eq(other=False).astype("float64").where(frame["coverage"].notna(), 0.5)
    max_demand = max(float(frame["demand"].max()), 1e-9) if len(frame) else 1.0
    hover = [_hover_query(row) for row in frame.assign(answered=answered).to_dict("records")]
    # the area of a point, not its diameter, shows demand
    size = 5 + 15 * np.sqrt(frame["demand"].clip(lower=0) / max_demand)
    return frame.assign(answered=answered, size=size, hover=hover)


def _hover_query(row: dict[Any, Any]) -> str:
    verdicts = {0.0: "does not answer it", 1.0: "answers it"}
    verdict = verdicts.get(row["answered"], "may answer it: nothing is known")
    sure = "" if is_missing(row["coverage"]) else f" (coverage {percent(row['coverage'])})"
    label = row["label"]
    rank = "" if is_missing(row["gap_rank"]) else f" {row['gap_rank']:.0f}"
    return hover_text(
        row["text"],
        f"Your site {verdict}{sure}.",
        f"It was asked {times(row['demand'])}.",
        f"Topic{rank}: {markup_lines(label)}" if isinstance(label, str) else "",
        str(row["cause_title"]),
    )


def passage_points(analysis: Analysis) -> pd.DataFrame:
    """Return passages on the map: x, y, kind, hover. Of many passages, every n-th is drawn."""
    points = analysis.points[analysis.points["kind"] != "query"]
    step = -(-len(points) // MAX_PASSAGES) or 1
    frame = points.iloc[::step].merge(
        describe_passages(analysis),
        left_on="point_id",
        right_index=True,
        how="left",
    )
    texts = [
        hover_text(
            row["heading"],
            markup_lines(row["text"], 160),
            markup_lines(row["site"], 60),
        )
        for row in frame.to_dict("records")
    ]
    hover = [f"{kind}<br>{text}" for kind, text in zip(frame["kind"], texts, strict=True)]
    return frame.assign(hover=hover)


def gap_bars(analysis: Analysis) -> pd.DataFrame:
    """Return the gaps by how often they were asked without an answer: row, open, rest, hover.

    Gaps to close come first. `open` and `rest` are the times that a gap's questions were asked
    without and with an answer on the site. A topic that is answered but not seen has only `open`,
    all times that it was asked.
    """
    frame = describe_gaps(analysis)
    frame = frame[frame["listing"].isin([TO_CLOSE, UNSEEN])]
    is_unseen = frame["listing"] == UNSEEN
    without = frame["open_demand"].clip(upper=frame["demand"]).where(~is_unseen, frame["demand"])
    frame = frame.assign(open=without, rest=frame["demand"] - without, is_unseen=is_unseen)
    frame = frame.sort_values(
        ["is_unseen", "open", "rank"], ascending=[True, False, True]
    ).reset_index(drop=True)
    hover = [_hover_gap(row) for row in frame.to_dict("records")]
    return frame.assign(row=range(len(frame)), hover=hover)


def _hover_gap(row: dict[Any, Any]) -> str:
    return hover_text(
        row["label"],
        f"Such as: {markup_lines(row['example'], 120)}" if row["example"] else "",
        f"{row['cause_title']}.",
        f"It was asked {times(row['demand'])}; {row['unanswered']}.",
        f"Theme: {markup_lines(row['theme'])}" if row["theme"] else "",
        f"Gap {row['rank']} of the list.",
    )


def frontier_points(analysis: Analysis) -> pd.DataFrame:
    """Return what your site answers with more and more edits, from none onwards.

    The columns are rank, hours, share, low and high (of what is asked, 0 to 1), hover, and whether
    each edit is chosen. The rows end with the last edit within one and a half budgets, or with the
    last chosen one. It is empty where the share of today is not known.
    """
    head = summarize(analysis)
    names = describe_edits(analysis)[["edit_id", "listed_as", "page_id", "cluster_id"]]
    frame = analysis.frontier.sort_values("rank").merge(names, on="edit_id", how="left")
    frame["is_chosen"] = frame["edit_id"].isin(chosen_edits(analysis)["edit_id"])
    # NaN is no limit.
    is_within = ~(frame["cost_minutes"] > 1.5 * head.budget_minutes) | frame["is_chosen"]
    frame = frame[is_within[::-1].cummax()[::-1]]
    if frame.empty or math.isnan(head.covered):
        return frame.head(0)
    start = {"rank": 0, "cost_minutes": 0.0, "gain": 0.0, "low": 0.0, "high": 0.0}
    frame = pd.concat([pd.DataFrame([{**start, "is_chosen": True}]), frame], ignore_index=True)
    sums = frame[["cost_minutes", "gain"]]
    single = sums.diff()
    shares = {
        column: (head.covered + frame[name] / head.demand).clip(upper=1.0)
        for column, name in (("share", "gain"), ("low", "low"), ("high", "high"))
    }
    frame = frame.assign(hours=frame["cost_minutes"] / 60, **shares)
    hover = [f"<b>Today</b><br>Your site answers {percent(head.covered)} of what is asked."]
    hover += [
        hover_text(
            f"Edit {row['rank']}: {shorten(row['listed_as'], 160)}",
            markup_lines(row["page_id"], 100),
            f"It takes {minutes(cost)} minutes, and {minutes(gain)} more questions asked get an "
            "answer.",
            f"With all edits so far, {hours(row['hours'])}: {percent(row['share'])} of what is "
            "asked is answered",
            f"({percent(row['low'])} to {percent(row['high'])} is likely).",
        )
        for row, cost, gain in zip(
            frame.iloc[1:].to_dict("records"),
            single["cost_minutes"].iloc[1:],
            single["gain"].iloc[1:],
            strict=True,
        )
    ]
    return frame.assign(hover=hover)


def hours(value: float) -> str:
    """Return hours in words, with a decimal where it says something.

    >>> hours(1.0), hours(7.916)
    ('1 hour', '7.9 hours')
    """
    number = f"{value:.1f}".removesuffix(".0")
    return f"{number} hour{'' if number == '1' else 's'}"


def site_bars(analysis: Analysis, n_sites: int = 12) -> pd.DataFrame:
    """Return which sites answers to the questions of the gaps to close cite, most cited first.

    The columns are row, site, holder (own, competitor or third-party), n, n_all (all citations),
    share and hover. Your site is among them, also where it is not cited. It is empty where the log
    holds no citation of these answers.
    """
    gaps = list_gaps(analysis)
    of_gaps = analysis.clusters.merge(gaps.loc[gaps["listing"] == TO_CLOSE, ["cluster_id"]])
    answers = analysis.answers.merge(of_gaps[["query_id"]], on="query_id")[["answer_id"]]
    cited = analysis.citations[analysis.citations["kind"] == "cited"].merge(answers)
    own = analysis.about.own_site
    counts = cited["site"].value_counts()
    if counts.empty:
        return pd.DataFrame(columns=["row", "site", "holder", "n", "n_all", "share", "hover"])
    counts = counts.reindex([*counts.index, *({own} - set(counts.index))], fill_value=0)
    frame = counts.rename_axis("site").rename("n").reset_index()
    frame = frame.sort_values(["n", "site"], ascending=[False, True])
    is_own = frame["site"] == own
    frame = frame[is_own | (~is_own).cumsum().lt(n_sites)].reset_index(drop=True)
    read = set(analysis.pages["site"])
    n_all = len(cited)
    return frame.assign(
        row=range(len(frame)),
        holder=[
            "own" if site == own else "competitor" if site in read else "third-party"
            for site in frame["site"]
        ],
        n_all=n_all,
        share=frame["n"] / n_all,
        hover=[
            hover_text(
                site,
                f"{n:,} of the {n_all:,} links in answers to these questions lead to this site.",
            )
            for site, n in zip(frame["site"], frame["n"], strict=True)
        ],
    )


def nearer_bars(analysis: Analysis) -> pd.DataFrame:
    """Return for each other site how much of what the gaps to close ask it is nearer to than yours.

    A site is nearer to a question if its best passage is more alike to it than the best of your
    site. The columns are as those of `site_bars`, in times asked.
    """
    gaps = list_gaps(analysis)
    of_gaps = analysis.clusters.merge(gaps.loc[gaps["listing"] == TO_CLOSE, ["cluster_id"]])
    asked = of_gaps[["query_id"]].merge(analysis.queries[["query_id", "demand"]])
    best = analysis.matches[analysis.matches["rank"] == 1].merge(asked, on="query_id")
    own = best[best["site"] == analysis.about.own_site].set_index("query_id")["similarity"]
    others = best[best["site"] != analysis.about.own_site]
    # A question without a passage of your site is nearer to every other.
    is_nearer = others["similarity"] > own.reindex(others["query_id"]).fillna(-1.0).to_numpy()
    counts = others["demand"].where(is_nearer, 0.0).groupby(others["site"]).sum()
    n_all = float(asked["demand"].sum())
    frame = counts.rename("n").rename_axis("site").reset_index()
    frame = frame.sort_values(["n", "site"], ascending=[False, True]).reset_index(drop=True)
    return frame.assign(
        row=range(len(frame)),
        holder="competitor",
        n_all=n_all,
        share=frame["n"] / n_all if n_all else 0.0,
        hover=[
            hover_text(
                site,
                f"Its pages are nearer than yours to {amount(n)} of the {amount(n_all)} times",
                "that questions of your gaps were asked.",
            )
            for site, n in zip(frame["site"], frame["n"], strict=True)
        ],
    )


def label_map(analysis: Analysis, queries: pd.DataFrame) -> list[Label]:
    """Return the names of the themes at the middles of their regions, the most asked first.

    Where a run has no themes, the most urgent gaps are named instead.
    """
    regions = theme_regions(analysis, queries)
    if regions.empty:
        regions = _gap_regions(analysis, queries, (TO_CLOSE,))
    regions = regions.head(MAX_NAMED_ON_MAP)
    anchors = regions[["x", "y"]].to_numpy(np.float64)
    points = np.vstack([queries[["x", "y"]].to_numpy(np.float64), anchors])
    pixels = np.column_stack(
        [to_pixels(points[:, 0], _MAP_WIDTH), to_pixels(points[:, 1], _MAP_HEIGHT)]
    )
    labels = _as_labels(regions)
    shifts = place_labels(
        pixels[len(queries) :], [label.lines for label in labels], pixels[: len(queries)]
    )
    return [
        replace(labels[row], x_shift=x_shift, y_shift=y_shift)
        for row, (x_shift, y_shift) in shifts.items()
    ]


def label_closer(analysis: Analysis, queries: pd.DataFrame) -> list[Label]:
    """Return the names of the listed gaps at the medians of their queries, most urgent first.

    They are for whoever looks closer at a part of the map.
    """
    regions = _gap_regions(analysis, queries, (TO_CLOSE, UNSEEN))
    return _as_labels(regions.head(MAX_CLOSER_NAMES))


def theme_regions(analysis: Analysis, queries: pd.DataFrame) -> pd.DataFrame:
    """Return the region of each theme on the map, the most asked first: id, label, x, y, density.

    A region is the largest part of the map where the theme's questions are among themselves, and
    regions do not overlap. x and y are its middle. `density` is an array over `region_grid`: above
    100 within the region, at most 200. It is 0 everywhere where a theme's questions are far apart;
    x and y are the median of all of them then.
    """
    located = queries[["query_id", "x", "y"]].merge(
        analysis.clusters[["query_id", "theme_id"]], on="query_id"
    )
    themes = analysis.themes.sort_values("demand", ascending=False, kind="stable")
    themes = themes[themes["theme_id"].isin(located["theme_id"])]
    theme_ids = located["theme_id"].to_numpy()
    grid_x, grid_y = region_grid(queries)
    along_x = _spread(grid_x, located["x"], _MAP_WIDTH)
    along_y = _spread(grid_y, located["y"], _MAP_HEIGHT)
    total = along_y.T @ along_x
    places = []
    for theme_id in themes["theme_id"]:
        is_own = theme_ids == theme_id
        own = along_y[is_own].T @ along_x[is_own]
        density = np.minimum(own / _REGION_DENSITY, own / np.maximum(total - own, 1e-9))
        density = _largest_region(np.clip(100 * density, 0, 200))
        is_within = density > 100
        if is_within.any():
            row, column = ndimage.center_of_mass(is_within)
            x = np.interp(column, np.arange(len(grid_x)), grid_x)
            y = np.interp(row, np.arange(len(grid_y)), grid_y)
        else:
            x, y = located.loc[is_own, ["x", "y"]].median()
        places.append({"x": float(x), "y": float(y), "density": density.astype(np.uint8)})
    ids = [f"theme-{theme_id}" for theme_id in themes["theme_id"]]
    frame = pd.DataFrame(places, columns=["x", "y", "density"], index=themes.index)
    return pd.concat([themes.assign(id=ids), frame], axis=1)


def region_grid(queries: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return the x and the y at which the density of themes is measured."""
    (low_x, high_x), (low_y, high_y) = span_of(list(queries["x"])), span_of(list(queries["y"]))
    n_x, n_y = _REGION_CELLS
    return np.linspace(low_x, high_x, n_x), np.linspace(low_y, high_y, n_y)


def _spread(grid: Floats, values: "pd.Series[float]", length: float) -> Floats:
    """Return how much of each question is at each step of an axis, shape (questions, steps)."""
    pixels = length / max(float(np.ptp(values)), 1e-9) if len(values) else 1.0
    distances = pixels * (grid - values.to_numpy(np.float64)[:, None])
    return np.exp(-0.5 * (distances / _REGION_SPREAD) ** 2)


def _largest_region(density: Floats) -> Floats:
    """Return the density with its largest region only: what else is above 100 is set to 0."""
    parts, n_parts = ndimage.label(density > 100)
    if n_parts <= 1:
        return density
    largest = np.bincount(parts.ravel())[1:].argmax() + 1
    return np.where((parts == 0) | (parts == largest), density, 0.0)


def _gap_regions(
    analysis: Analysis, queries: pd.DataFrame, listings: tuple[str, ...]
) -> pd.DataFrame:
    """Return id, label, x and y of each gap of these lists that is on the map, by rank."""
    gaps = list_gaps(analysis)
    medians = queries.groupby("cluster_id")[["x", "y"]].median()
    gaps = gaps[gaps["listing"].isin(listings)].merge(
        medians, left_on="cluster_id", right_index=True
    )
    return gaps.assign(id=[f"gap-{rank}" for rank in gaps["rank"]])


def _as_labels(regions: pd.DataFrame) -> list[Label]:
    return [
        Label(" ".join(str(row["label"]).split()), row["x"], row["y"], 0.0, 0.0, row["id"])
        for row in regions.to_dict("records")
    ]


def place_labels(
    anchors: Floats, texts: list[list[str]], points: Floats
) -> dict[int, tuple[float, float]]:
    """Return the distance of each text's middle from its anchor, right and up in pixels, by row.

    No text covers another, and none reaches more than a margin beyond the points; a text that finds
    no room is left out. Texts are placed in their order, each near its anchor and where it covers
    few points.

    Args:
        anchors: the texts' own places in pixels, shape (n, 2).
        texts: the texts, by line.
        points: points that should stay visible, in pixels, shape (m, 2).
    """
    shifts: dict[int, tuple[float, float]] = {}
    boxes = np.empty((0, 4))
    point_boxes = np.column_stack([points, np.full((len(points), 2), _POINT_SIZE)])
    everything = np.vstack([anchors, points])
    low, high = everything.min(axis=0) - _MARGIN, everything.max(axis=0) + _MARGIN
    for row, text in enumerate(texts):
        size = np.array([_CHARACTER_WIDTH * max(map(len, text)) + 8, _LINE_HEIGHT * len(text)])
        free = {}
        for shift in _shifts(size):
            box = np.array([*(anchors[row] + shift), *size])
            is_within = (box[:2] - size / 2 >= low).all() and (box[:2] + size / 2 <= high).all()
            if is_within and not _n_covered(box, boxes):
                cost = _n_covered(box, point_boxes) + np.hypot(*shift) / _PIXELS_A_POINT
                free[shift] = (cost, box)
        if free:
            shifts[row] = min(free, key=lambda shift: free[shift][0])
            boxes = np.vstack([boxes, free[shifts[row]][1]])
    return shifts


def to_pixels(values: Floats, length: float) -> Floats:
    """Return values spread from 0 to the length of an axis in pixels."""
    if not len(values):
        return values
    span = float(np.ptp(values)) or 1.0
    return np.asarray((values - values.min()) / span * length, dtype=np.float64)


def span_of(values: list[float]) -> list[float]:
    """Return the ends of an axis that shows all values with a margin of 6%."""
    low = min(values)
    high = max(values)
    margin = 0.06 * (high - low) or 1.0
    return [low - margin, high + margin]


def _shifts(size: Floats) -> list[tuple[float, float]]:
    """Return the distances from its anchor that are tried for a text, the nearest first."""
    half_width, height = float(size[0] / 2), float(size[1])
    return [
        (x, y)
        for y in (0.0, *(sign * n * height / 2 for n in range(1, 6) for sign in (1, -1)))
        for x in (0.0, half_width / 2, -half_width / 2, half_width, -half_width)
    ]


def _n_covered(box: Floats, boxes: Floats) -> int:
    """Return how many boxes this box touches; each is x, y of its middle, width, height."""
    return int((np.abs(boxes[:, :2] - box[:2]) < (boxes[:, 2:] + box[2:]) / 2).all(axis=1).sum())


def hover_text(title: object, *lines: str) -> str:
    """Return a hover text: a bold title, which is escaped here, and lines that are escaped."""
    return "<br>".join([f"<b>{markup_lines(title)}</b>", *(line for line in lines if line)])
