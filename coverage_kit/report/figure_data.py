"""What the figures draw, as tables: places, sizes and hover texts. Knows nothing of plotly but that it reads some HTML."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.headline import chosen_edits
from coverage_kit.report.joined import (
    describe_gaps,
    describe_places,
    describe_queries,
    name_gap,
    typical_questions,
)
from coverage_kit.report.texts import markup_lines, shorten
from coverage_kit.report.wording import (
    amount,
    describe_operation,
    percent,
    times,
)

MAX_QUERIES = 5_000
MAX_PASSAGES = 2_500
LABELLED = 20
NAMED_GAPS = 6
NAMED_ON_MAP = 14

INK = "#707984"  # as far from white as from a dark page
FAINT = "rgba(128,136,146,.22)"
VEIL = "rgba(128,136,146,.16)"
BLUE, ORANGE, AMBER, GREEN, SKY, PINK = (
    "#1f83bd",
    "#D55E00",
    "#E69F00",
    "#009E73",
    "#56B4E9",
    "#CC79A7",
)  # after Okabe and Ito
MUTED = "#8b939c"
COVERAGE_SCALE = [[0.0, ORANGE], [0.5, "#c3c6ca"], [1.0, BLUE]]
CAUSE_MARKS = {
    "missing": (ORANGE, "circle"),
    "mis-worded": (AMBER, "diamond"),
    "not retrieved": (PINK, "square"),
    "not cited": (PINK, "square-open"),
    "retrieved but not cited": (BLUE, "triangle-up"),
    "cited but not mentioned": (SKY, "triangle-down"),
    "covered": (GREEN, "star"),
    "unwinnable": (MUTED, "x-thin-open"),
    "out of scope": (MUTED, "cross-thin-open"),
}
SITE_MARKS = [
    (ORANGE, "diamond"),
    (GREEN, "square"),
    (PINK, "triangle-up"),
    (AMBER, "triangle-down"),
    (SKY, "x"),
]
SERIES_MARKS = [(BLUE, "circle"), *SITE_MARKS]
OTHER_MARK = (MUTED, "circle-open")

_MARGIN = 45.0  # pixels between the outermost points and the edge of a figure

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Label:
    """A text, its point on the axes, how far from the point the middle of the text stands, in pixels, and what it names."""

    text: str
    x: float
    y: float
    x_shift: float
    y_shift: float
    name: str = ""


def series_mark(number: int) -> tuple[str, str]:
    """Return colour and symbol of a series by its number from 0; colours return with other symbols.

    >>> series_mark(0), series_mark(6)
    (('#1f83bd', 'circle'), ('#1f83bd', 'diamond'))
    """
    n = len(SERIES_MARKS)
    return SERIES_MARKS[number % n][0], SERIES_MARKS[(number + number // n) % n][1]


def place_queries(analysis: Analysis) -> pd.DataFrame:
    """Return the most asked queries with their places on the map, x and y."""
    frame = describe_queries(analysis).merge(
        analysis.points, left_on="query_id", right_on="point_id"
    )
    return frame.nlargest(MAX_QUERIES, "demand", keep="first").reset_index(drop=True)


def mark_queries(analysis: Analysis) -> pd.DataFrame:
    """Return the most asked queries on the map: x, y, coverage, size in pixels, hover, cluster_id."""
    frame = place_queries(analysis)
    most = max(float(frame["demand"].max()), 1e-9) if len(frame) else 1.0
    hover = [
        hover_text(
            row["text"],
            f"coverage {percent(row['coverage'])} (90% interval {percent(row['low'])} to {percent(row['high'])})",
            f"asked {times(row['demand'])}",
            f"gap: {markup_lines(row['label'], 80)}" if isinstance(row["label"], str) else "",
            str(row["cause_title"]),
        )
        for row in frame.to_dict("records")
    ]
    return frame.assign(size=5 + 15 * np.sqrt(frame["demand"].clip(lower=0) / most), hover=hover)


def mark_passages(analysis: Analysis) -> pd.DataFrame:
    """Return passages on the map, evenly thinned where there are many: x, y, kind, hover."""
    points = analysis.points[analysis.points["kind"] != "query"]
    step = -(-len(points) // MAX_PASSAGES) or 1
    frame = points.iloc[::step].merge(
        describe_places(analysis),
        left_on="point_id",
        right_index=True,
        how="left",
    )
    hover = [
        f"{row['kind']}<br>{hover_text(row['heading'], markup_lines(row['text'], 160), markup_lines(row['site'], 60))}"
        for row in frame.to_dict("records")
    ]
    return frame.assign(hover=hover)


def mark_gaps(analysis: Analysis) -> pd.DataFrame:
    """Return the gaps in the order of the work, with hover; demand is raised to a hair above 0 for the log axis."""
    frame = describe_gaps(analysis)
    typical = typical_questions(analysis)
    named = [
        name_gap(row["label"], typical.get(row["cluster_id"])) for row in frame.to_dict("records")
    ]
    hover = [
        hover_text(
            name,
            f"such as: {markup_lines(question, 120)}" if question else "",
            f"rank {row['rank']}: {row['cause_title']}",
            f"severity {percent(row['severity'])} (90% interval {percent(row['low'])} to {percent(row['high'])})",
            f"{row['n_queries']} queries, asked {times(row['demand'])}",
            markup_lines(row["reason"], 200),
        )
        for (name, question), row in zip(named, frame.to_dict("records"), strict=True)
    ]
    return frame.assign(hover=hover, demand=frame["demand"].clip(lower=0.1))


def mark_frontier(analysis: Analysis) -> pd.DataFrame:
    """Return the frontier from nothing spent onwards, with hover and whether the budget pays for the edit."""
    columns = ["edit_id", "operation", "page_id", "heading_path", "cluster_id"]
    frame = analysis.frontier.sort_values("rank").merge(
        analysis.edits[columns], on="edit_id", how="left"
    )
    labels = analysis.gaps.set_index("cluster_id")["label"]
    own = frame[["cost_minutes", "gain"]].diff().fillna(frame[["cost_minutes", "gain"]])
    hover = [
        hover_text(
            f"{row['rank']}. {describe_operation(str(row['operation']))}",
            markup_lines(f"{row['page_id']} {row['heading_path']}", 140),
            f"gap: {markup_lines(labels.get(row['cluster_id'], ''), 80)}",
            f"this edit: {amount(minutes)} minutes, {amount(gain)} queries asked",
            f"all so far: {amount(row['cost_minutes'])} minutes, {amount(row['gain'])} ({amount(row['low'])} to "
            f"{amount(row['high'])}) queries asked",
        )
        for row, minutes, gain in zip(
            frame.to_dict("records"),
            own["cost_minutes"],
            own["gain"],
            strict=True,
        )
    ]
    frame = frame.assign(
        hover=hover,
        is_chosen=frame["edit_id"].isin(chosen_edits(analysis)["edit_id"]),
    )
    start = {
        "rank": 0,
        "cost_minutes": 0.0,
        "gain": 0.0,
        "low": 0.0,
        "high": 0.0,
        "hover": "nothing edited",
    }
    return (
        pd.concat(
            [pd.DataFrame([{**start, "is_chosen": True}]), frame],
            ignore_index=True,
        )
        if len(frame)
        else frame
    )


def mark_sites(analysis: Analysis, n_gaps: int = LABELLED, n_others: int = 3) -> pd.DataFrame:
    """Return for each of the first gaps the own site and its strongest others: label, site, similarity, is_own, hover.

    Clusters that are covered are left out. Similarity is the demand-weighted mean over the gap's
    queries of the cosine of the site's nearest passage.
    """
    best = analysis.matches[analysis.matches["rank"] == 1].merge(analysis.clusters, on="query_id")
    best = best.merge(analysis.queries[["query_id", "demand"]], on="query_id")
    best["weighted"] = best["similarity"] * best["demand"]
    sums = best.groupby(["cluster_id", "site"], as_index=False)[["weighted", "demand"]].sum()
    sums["similarity"] = sums["weighted"] / sums["demand"]
    gaps = analysis.gaps[analysis.gaps["cause"] != "covered"].nsmallest(n_gaps, "rank")[
        ["cluster_id", "label", "rank"]
    ]
    frame = gaps.merge(sums[["cluster_id", "site", "similarity"]], on="cluster_id")
    frame["is_own"] = frame["site"] == analysis.about.get("own_site")
    frame = frame.sort_values(
        ["rank", "is_own", "similarity", "site"],
        ascending=[True, False, False, True],
    )
    frame["place"] = frame.groupby("rank").cumcount() - frame.groupby("rank")["is_own"].transform(
        "sum"
    )
    frame = frame[frame["is_own"] | (frame["place"] < n_others)].reset_index(drop=True)
    hover = [
        hover_text(
            row["label"],
            f"{markup_lines(row['site'], 60)}: best passage at similarity {row['similarity']:.2f}",
        )
        for row in frame.to_dict("records")
    ]
    return frame.assign(hover=hover)


def label_map(analysis: Analysis, queries: pd.DataFrame) -> list[Label]:
    """Return the first gaps' names at the medians of their queries on the map."""
    gaps = analysis.gaps[analysis.gaps["cause"] != "covered"].nsmallest(NAMED_ON_MAP, "rank")
    middle = queries.groupby("cluster_id")[["x", "y"]].median()
    gaps = gaps[gaps["cluster_id"].isin(middle.index)]
    at = middle.reindex(gaps["cluster_id"]).to_numpy(np.float64)
    every = np.vstack([queries[["x", "y"]].to_numpy(np.float64), at])
    pixels = np.column_stack([to_pixels(every[:, 0], 780), to_pixels(every[:, 1], 480)])
    texts = [shorten(label, 28) for label in gaps["label"]]
    placed = place_labels(
        pixels[len(queries) :],
        texts,
        clearance=8,
        is_centred=True,
        others=pixels[: len(queries)],
    )
    names = [f"gap-{rank}" for rank in gaps["rank"]]
    return [
        Label(texts[row], float(at[row, 0]), float(at[row, 1]), *shift, names[row])
        for row, shift in placed.items()
    ]


def label_gaps(gaps: pd.DataFrame, n: int = NAMED_GAPS) -> list[Label]:
    """Return the names of the gaps with most demand x severity that can be closed, beside their points; x is log10 demand."""
    gaps = gaps.iloc[(-gaps["demand"] * gaps["severity"]).argsort(kind="stable")]
    is_named = (gaps["is_closable"].astype(bool) & (gaps["cause"] != "covered")).to_numpy()
    at = np.column_stack(
        [
            np.log10(gaps["demand"].to_numpy(np.float64)),
            gaps["severity"].to_numpy(np.float64),
        ]
    )
    across = to_pixels(at[:, 0], 760)
    pixels = np.column_stack([across, at[:, 1] * 380])
    bars = [
        np.column_stack([across, 380 * (gaps["low"] + part * (gaps["high"] - gaps["low"]))])
        for part in np.linspace(0, 1, 7)
    ]
    texts = [shorten(label, 30) for label in gaps["label"][is_named].head(n)]
    placed = place_labels(
        pixels[is_named][:n],
        texts,
        clearance=9,
        others=np.vstack([pixels, *bars]),
    )
    named = at[is_named]
    return [
        Label(texts[row], float(named[row, 0]), float(named[row, 1]), *shift)
        for row, shift in placed.items()
    ]


def place_labels(
    at: Floats,
    texts: list[str],
    clearance: float,
    is_centred: bool = False,
    others: Floats | None = None,
) -> dict[int, tuple[float, float]]:
    """Return how far from its point, right and up in pixels, the middle of each text stands, by row.

    No text covers another; what finds no room is left out. Earlier texts go first, each where it
    covers fewest other points.

    Args:
        at: places of the texts' own points in pixels, shape (n, 2).
        texts: the texts, on one line.
        clearance: how far a text keeps from its own point, which it may cover where `is_centred`.
        is_centred: whether a text stands on its point where it can.
        others: places of points that had better stay visible, in pixels, shape (m, 2); no text runs
            far beyond their ends.
    """
    placed: dict[int, tuple[float, float]] = {}
    boxes = np.empty((0, 4))
    dots = (
        np.empty((0, 4))
        if others is None
        else np.column_stack([others, np.full((len(others), 2), 10.0)])
    )
    every = at if others is None else np.vstack([at, others])
    middle, reach = (
        (float(every[:, 0].max() + sign * every[:, 0].min()) / 2 for sign in (1, -1))
        if len(every)
        else (0.0, 0.0)
    )
    reach = reach + _MARGIN if others is not None else np.inf
    for row, text in enumerate(texts):
        size = np.array([6.6 * len(text) + 8, 18.0])
        spots = [
            np.array([*(at[row] + shift), *size]) for shift in _shifts(size, clearance, is_centred)
        ]
        free = [
            spot
            for spot in spots
            if abs(spot[0] - middle) + size[0] / 2 <= reach and not _n_covered(spot, boxes)
        ]
        if free:
            best = min(free, key=lambda spot: _n_covered(spot, dots))
            boxes = np.vstack([boxes, best])
            placed[row] = (
                float(best[0] - at[row, 0]),
                float(best[1] - at[row, 1]),
            )
    return placed


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
    up = clearance + size[1] / 2
    aside = clearance + size[0] / 2
    beside = [(aside, 0.0), (-aside, 0.0)]
    above = [
        (0.0, up),
        (0.0, -up),
        (0.0, 2.2 * up),
        (0.0, -2.2 * up),
        (aside, up),
        (-aside, up),
        (aside, -up),
        (-aside, -up),
    ]
    if is_centred:
        return [np.array(shift) for shift in [(0.0, 0.0), *above, *beside]]
    far = [
        (right * (aside + 30), over * up) for over in (2.5, -2.5, 4.5, -4.5) for right in (1, -1)
    ]
    return [np.array(shift) for shift in [*beside, *above, *far]]


def _n_covered(box: Floats, boxes: Floats) -> int:
    """Return how many boxes (middle, size) this one touches."""
    return int((np.abs(boxes[:, :2] - box[:2]) < (boxes[:, 2:] + box[2:]) / 2).all(axis=1).sum())


def hover_text(title: object, *lines: str) -> str:
    """Return a hover text: a bold title, which is data, and lines that are escaped already."""
    return "<br>".join([f"<b>{markup_lines(title)}</b>", *(line for line in lines if line)])
