"""What the figures draw, as tables: coordinates, sizes and hover texts.

This module does not use plotly. It only knows that plotly reads some HTML in texts.
"""

import textwrap
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage

from coverage_kit.analysis import Analysis
from coverage_kit.headline import chosen_edits
from coverage_kit.report.gap_lists import list_gaps
from coverage_kit.report.joined import (
    describe_edits,
    describe_gaps,
    describe_passages,
    describe_queries,
)
from coverage_kit.report.texts import is_missing, markup_lines
from coverage_kit.report.wording import (
    amount,
    minutes,
    percent,
    times,
)
from coverage_kit.vocabulary import COVERED, DISMISSED, OUT_OF_REACH, TO_CLOSE, UNSEEN

# Points on the map; more make a browser slow. Assumed.
MAX_QUERIES = 5_000
MAX_PASSAGES = 2_500
# Gaps with a row in a figure, and with a name beside their point. Assumed: more are not readable.
MAX_ROWS = 20
MAX_NAMED_GAPS = 6
MAX_NAMED_ON_MAP = 16
# Gaps that the page may name where a reader looks closer at the map. Assumed.
MAX_CLOSER_NAMES = 200

# The contrast of this grey to a white page is the same as to a dark one.
INK = "#707984"
# FAINT is for lines of axes, VEIL for the ground of labels. Both are transparent, so that they suit
# white and dark pages.
FAINT = "rgba(128,136,146,.22)"
VEIL = "rgba(128,136,146,.16)"
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
ANSWERED_FILLS = [[0.0, ORANGE], [0.5, MUTED], [1.0, "rgba(31,131,189,.2)"]]
ANSWERED_LINES = [[0.0, "#a84800"], [0.5, MUTED], [1.0, BLUE]]
# The ground of a theme's region on the map, and its outline.
REGION_FILL = "rgba(128,136,146,.13)"
REGION_LINE = "rgba(128,136,146,.4)"
# Colour and symbol of each cause. Symbols differ as well, for readers who cannot see colours.
CAUSE_MARKS = {
    "missing": (ORANGE, "circle"),
    "mis-worded": (AMBER, "diamond"),
    "not retrieved": (PINK, "square"),
    "not cited": (PINK, "square-open"),
    "retrieved but not cited": (BLUE, "triangle-up"),
    "cited but not mentioned": (SKY, "triangle-down"),
    "covered": (GREEN, "star"),
    "not logged": (GREEN, "star-open"),
    "unwinnable": (MUTED, "x-thin-open"),
    "out of scope": (MUTED, "cross-thin-open"),
}
# Colour and symbol of the topics that are no gaps to work on.
REST_MARKS = {
    COVERED: (GREEN, "star"),
    OUT_OF_REACH: (MUTED, "x-thin-open"),
    DISMISSED: (MUTED, "cross-thin-open"),
}
# Colour and symbol of each competitor. The blue circle is left for your site.
SITE_MARKS = [
    (ORANGE, "diamond"),
    (GREEN, "square"),
    (PINK, "triangle-up"),
    (AMBER, "triangle-down"),
    (SKY, "x"),
]
# Colour and symbol of series such as engines, in their order.
SERIES_MARKS = [(BLUE, "circle"), *SITE_MARKS]
# The mark of a cause or verdict without a mark, and of competitors after the last of SITE_MARKS.
OTHER_MARK = (MUTED, "circle-open")

# Pixels between the outermost points and the edge of a figure.
_MARGIN = 45.0
# Sizes in pixels with which labels are laid out, near those on a screen: the area of the map, the
# area of the gaps' figure, the width of a character, the height of a line. Assumed.
_MAP_WIDTH = 780
_MAP_HEIGHT = 480
_GAPS_WIDTH = 760
_GAPS_HEIGHT = 380
# The axis ends a little above 100%, and the margin above it has room for a line.
_GAPS_TOP = 1.06 * _GAPS_HEIGHT + 20
_CHARACTER_WIDTH = 6.6
# A character of the map's bold names.
_BOLD_WIDTH = 8.0
# Names are broken into at most two lines, of at least so many characters, and never cut. Assumed.
LABEL_WIDTH = 24
# A theme's region is where the density of its questions is above that of all others, and above
# that of so many questions at one point. Each question is spread over so many pixels around it,
# and the density is measured on a grid of so many cells. Assumed: on the sample, regions are
# compact with these, and hold most questions.
_REGION_SPREAD = 17.0
_REGION_DENSITY = 1.5
_REGION_CELLS = (72, 48)
# A coverage from which on a question counts as answered, as in the lists of gaps.
_HALF = 0.5
_LINE_HEIGHT = 18.0
# Side of the square around a point that a label should not cover, in pixels. Assumed.
_POINT_SIZE = 10.0

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
    return frame.nlargest(MAX_QUERIES, "demand", keep="first").reset_index(drop=True)


def query_points(analysis: Analysis) -> pd.DataFrame:
    """Return the most asked queries on the map: x, y, answered, size in pixels, hover, gap.

    `answered` is 1 for an answered query, 0 for another, and 0.5 where it is not known.
    """
    frame = locate_queries(analysis)
    answered = frame["coverage"].ge(_HALF).astype("float64").where(frame["coverage"].notna(), 0.5)
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


def gap_points(analysis: Analysis) -> pd.DataFrame:
    """Return the gaps with hover, most urgent first; demand is at least 0.1 for the log axis."""
    frame = describe_gaps(analysis)
    hover = [
        hover_text(
            row["label"],
            f"such as: {markup_lines(row['example'], 120)}" if row["example"] else "",
            f"rank {row['rank']}: {row['cause_title']}",
            f"{row['unanswered']}, asked {times(row['demand'])}",
            f"severity {percent(row['severity'])} {_interval_90(row)}",
            f"a gap: {row['likelihood']}" if row["likelihood"] else "",
            f"theme: {markup_lines(row['theme'])}" if row["theme"] else "",
            markup_lines(row["reason"], 200),
        )
        for row in frame.to_dict("records")
    ]
    return frame.assign(hover=hover, demand=frame["demand"].clip(lower=0.1))


def _interval_90(row: dict[Any, Any]) -> str:
    return f"(90% interval {percent(row['low'])} to {percent(row['high'])})"


def frontier_points(analysis: Analysis) -> pd.DataFrame:
    """Return the frontier from no edit onwards, with hover and whether each edit is chosen."""
    columns = ["edit_id", "listed_as", "page_id", "heading_path", "cluster_id"]
    frame = analysis.frontier.sort_values("rank").merge(
        describe_edits(analysis)[columns], on="edit_id", how="left"
    )
    labels = analysis.gaps.set_index("cluster_id")["label"]
    # the frontier holds sums; their differences are what each edit costs and gains
    sums = frame[["cost_minutes", "gain"]]
    single = sums.diff().fillna(sums)
    hover = [
        hover_text(
            f"{row['rank']}. {markup_lines(row['listed_as'])}",
            markup_lines(f"{row['page_id']} {row['heading_path']}", 140),
            f"gap: {markup_lines(labels.get(row['cluster_id'], ''))}",
            f"this edit: {minutes(cost)} minutes, {amount(gain)} queries asked",
            f"all so far: {minutes(row['cost_minutes'])} minutes, {amount(row['gain'])} "
            f"({amount(row['low'])} to {amount(row['high'])}) queries asked",
        )
        for row, cost, gain in zip(
            frame.to_dict("records"),
            single["cost_minutes"],
            single["gain"],
            strict=True,
        )
    ]
    frame = frame.assign(
        hover=hover,
        is_chosen=frame["edit_id"].isin(chosen_edits(analysis)["edit_id"]),
    )
    if frame.empty:
        return frame
    start = {
        "rank": 0,
        "cost_minutes": 0.0,
        "gain": 0.0,
        "low": 0.0,
        "high": 0.0,
        "hover": "nothing edited",
        "is_chosen": True,
    }
    return pd.concat([pd.DataFrame([start]), frame], ignore_index=True)


def site_points(analysis: Analysis, n_gaps: int = MAX_ROWS, n_competitors: int = 3) -> pd.DataFrame:
    """Return the site and its strongest competitors at each of the most urgent gaps.

    The columns are rank and label of the gap, site, similarity, is_own and hover. Only gaps to
    close are there. Similarity is the demand-weighted mean over the gap's queries of the cosine of
    the site's nearest passage.
    """
    nearest = analysis.matches[analysis.matches["rank"] == 1]
    nearest = nearest.merge(analysis.clusters, on="query_id")
    nearest = nearest.merge(analysis.queries[["query_id", "demand"]], on="query_id")
    nearest["weighted"] = nearest["similarity"] * nearest["demand"]
    sums = nearest.groupby(["cluster_id", "site"], as_index=False)[["weighted", "demand"]].sum()
    sums["similarity"] = sums["weighted"] / sums["demand"]
    gaps = list_gaps(analysis)
    gaps = gaps.loc[gaps["listing"] == TO_CLOSE, ["cluster_id", "label", "rank"]].head(n_gaps)
    frame = gaps.merge(sums[["cluster_id", "site", "similarity"]], on="cluster_id")
    frame["is_own"] = frame["site"] == analysis.about.own_site
    frame = frame.sort_values(
        ["rank", "is_own", "similarity", "site"],
        ascending=[True, False, False, True],
    )
    # the site comes first in its gap; without it, the first competitor is number 0
    n_own = frame.groupby("rank")["is_own"].transform("sum")
    competitor_number = frame.groupby("rank").cumcount() - n_own
    is_drawn = frame["is_own"] | (competitor_number < n_competitors)
    frame = frame[is_drawn].reset_index(drop=True)
    hover = [
        hover_text(
            row["label"],
            f"{markup_lines(row['site'], 60)}: best passage at similarity {row['similarity']:.2f}",
        )
        for row in frame.to_dict("records")
    ]
    return frame.assign(hover=hover)


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
        pixels[len(queries) :],
        [label.lines for label in labels],
        clearance=8,
        is_centred=True,
        obstacles=pixels[: len(queries)],
        character_width=_BOLD_WIDTH,
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
    by_question = [
        _spread(grid, located[name], length)
        for name, grid, length in (("x", grid_x, _MAP_WIDTH), ("y", grid_y, _MAP_HEIGHT))
    ]
    along_x, along_y = by_question
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
    x, y = (
        np.linspace(*span_of(list(queries[name])), n_cells)
        for name, n_cells in zip("xy", _REGION_CELLS, strict=True)
    )
    return x, y


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


def label_gaps(gaps: pd.DataFrame, n: int = MAX_NAMED_GAPS) -> list[Label]:
    """Return the names of the n gaps to close with most demand x severity.

    Each name is beside its gap's point; x is log10 of the demand.
    """
    gaps = gaps.iloc[(-gaps["demand"] * gaps["severity"]).argsort(kind="stable")]
    can_be_named = (gaps["listing"] == TO_CLOSE).to_numpy()
    points = np.column_stack(
        [
            np.log10(gaps["demand"].to_numpy(np.float64)),
            gaps["severity"].to_numpy(np.float64),
        ]
    )
    x_pixels = to_pixels(points[:, 0], _GAPS_WIDTH)
    pixels = np.column_stack([x_pixels, points[:, 1] * _GAPS_HEIGHT])
    # the interval of a gap is a bar, here a column of points that no label should cover
    bars = [
        np.column_stack(
            [x_pixels, _GAPS_HEIGHT * (gaps["low"] + share * (gaps["high"] - gaps["low"]))]
        )
        # Seven points are close enough together for the bar of an interval (assumed).
        for share in np.linspace(0, 1, 7)
    ]
    anchors = points[can_be_named]
    labels = [
        Label(str(text), float(x), float(y), 0.0, 0.0)
        for text, (x, y) in zip(gaps["label"][can_be_named].head(n), anchors, strict=False)
    ]
    shifts = place_labels(
        pixels[can_be_named][:n],
        [label.lines for label in labels],
        clearance=9,
        obstacles=np.vstack([pixels, *bars]),
        top=_GAPS_TOP,
    )
    return [
        replace(labels[row], x_shift=x_shift, y_shift=y_shift)
        for row, (x_shift, y_shift) in shifts.items()
    ]


def place_labels(  # noqa: PLR0913 (sizes that differ between the figures)
    anchors: Floats,
    texts: list[list[str]],
    clearance: float,
    is_centred: bool = False,
    obstacles: Floats | None = None,
    character_width: float = _CHARACTER_WIDTH,
    top: float = np.inf,
) -> dict[int, tuple[float, float]]:
    """Return the distance of each text's middle from its point, right and up in pixels, by row.

    No text covers another; a text that finds no room is left out. Texts are placed in their order,
    each where it covers the fewest other points.

    Args:
        anchors: the texts' own points in pixels, shape (n, 2).
        texts: the texts, by line.
        clearance: distance between a text and its own point.
        is_centred: whether a text is put on its point where that is possible.
        obstacles: points that should stay visible, in pixels, shape (m, 2); no text extends more
            than a margin beyond the first and last of them.
        character_width: width of a character, in pixels.
        top: no text reaches above this height, in pixels.
    """
    shifts: dict[int, tuple[float, float]] = {}
    boxes = np.empty((0, 4))
    point_boxes = np.empty((0, 4))
    middle, reach = 0.0, np.inf
    if obstacles is not None:
        sizes = np.full((len(obstacles), 2), _POINT_SIZE)
        point_boxes = np.column_stack([obstacles, sizes])
        middle, reach = _horizontal_extent(np.vstack([anchors, obstacles]))
    for row, text in enumerate(texts):
        size = np.array([character_width * max(map(len, text)) + 8, _LINE_HEIGHT * len(text)])
        candidates = [
            np.array([*(anchors[row] + shift), *size])
            for shift in _shifts(size, clearance, is_centred)
        ]
        free = [
            box
            for box in candidates
            if abs(box[0] - middle) + size[0] / 2 <= reach
            and box[1] + size[1] / 2 <= top
            and not _n_covered(box, boxes)
        ]
        if free:
            best = min(free, key=lambda box: _n_covered(box, point_boxes))
            boxes = np.vstack([boxes, best])
            shifts[row] = (
                float(best[0] - anchors[row, 0]),
                float(best[1] - anchors[row, 1]),
            )
    return shifts


def _horizontal_extent(points: Floats) -> tuple[float, float]:
    """Return the middle of the points and how far labels may reach from it to either side."""
    if not len(points):
        return 0.0, _MARGIN
    right_end = float(points[:, 0].max())
    left_end = float(points[:, 0].min())
    return (right_end + left_end) / 2, (right_end - left_end) / 2 + _MARGIN


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


def _shifts(size: Floats, clearance: float, is_centred: bool) -> list[Floats]:
    """Return the distances from its point that are tried for a text, the best first."""
    x_step = clearance + size[0] / 2
    y_step = clearance + size[1] / 2
    sideways = [(x_step, 0.0), (-x_step, 0.0)]
    vertical = [
        (0.0, y_step),
        (0.0, -y_step),
        (0.0, 2.2 * y_step),
        (0.0, -2.2 * y_step),
        (x_step, y_step),
        (-x_step, y_step),
        (x_step, -y_step),
        (-x_step, -y_step),
    ]
    if is_centred:
        return [np.array(shift) for shift in [(0.0, 0.0), *vertical, *sideways]]
    far = [
        (side * (x_step + 30), n_steps * y_step)
        for n_steps in (2.5, -2.5, 4.5, -4.5)
        for side in (1, -1)
    ]
    return [np.array(shift) for shift in [*sideways, *vertical, *far]]


def _n_covered(box: Floats, boxes: Floats) -> int:
    """Return how many boxes this box touches; each is x, y of its middle, width, height."""
    return int((np.abs(boxes[:, :2] - box[:2]) < (boxes[:, 2:] + box[2:]) / 2).all(axis=1).sum())


def hover_text(title: object, *lines: str) -> str:
    """Return a hover text: a bold title, which is escaped here, and lines that are escaped."""
    return "<br>".join([f"<b>{markup_lines(title)}</b>", *(line for line in lines if line)])
