"""Small runs made by hand, with rows only in the tables that a comparison of two runs reads."""

from dataclasses import fields

from coverage_kit.analysis import About, Analysis
from coverage_kit.tables import (
    CHANGES,
    CLUSTERS,
    COVERAGE,
    EDITS,
    EFFECTS,
    PASSAGES,
    QUERIES,
    SCHEMAS,
)

PAGE = "ours.example/range"
OTHER = "ours.example/delivery"
RANGE = "The cargo bike rides sixty kilometres on one charge of its battery in summer."
BRAKES = "Hydraulic discs stop a loaded box within nine metres on wet asphalt."
PARCELS = "A van brings the parcel to your door on Tuesday or Friday morning."
COLD = (
    "Frost takes a third off: keep the cell indoors overnight, preheat it and expect forty "
    "kilometres at minus five degrees."
)
STORE = (
    "Store it half full, away from sunlight, and top it up every three months during the closed "
    "season."
)
HEADING = "How far does it go in winter?"
ABOUT = About(
    own_site="ours.example",
    encoder="words",
    self_test={"auc": 0.8},
    settings={"cache": "cache"},
)


def make_passages(*rows):
    """Return passages of (page_id, heading path, words)."""
    counts = {}
    table = []
    for page_id, path, text in rows:
        position = counts[page_id] = counts.get(page_id, -1) + 1
        row = {
            "passage_id": f"{page_id}#{position}",
            "page_id": page_id,
            "site": page_id.split("/")[0],
            "position": position,
        }
        table.append({**row, "heading_path": path, "text": text, "n_words": len(text.split())})
    return PASSAGES.table(table)


EMPTY = {schema.name: schema.empty() for schema in SCHEMAS}
SITE = ((PAGE, "Range", RANGE), (PAGE, "Range > Brakes", BRAKES), (OTHER, "Delivery", PARCELS))


def make_changes(*rows):
    """Return changes of (edit_id, action, page_id, heading path, before, after)."""
    names = ("edit_id", "action", "page_id", "heading_path", "before", "after")
    counts = {}
    table = []
    for row in rows:
        counts[row[0]] = counts.get(row[0], -1) + 1
        table.append({**dict(zip(names, row, strict=True)), "position": counts[row[0]]})
    return CHANGES.table(table)


def make_edits(*rows):
    """Return edits of (edit_id, cluster_id, gain, low, high)."""
    shared = {
        "operation": "add_question_and_answer",
        "page_id": PAGE,
        "heading_path": "Range",
        "brief": "Write it.",
        "cost_minutes": 15.0,
        "n_words": 20,
        "harm": 0.0,
        "is_chosen": True,
    }
    names = ("edit_id", "cluster_id", "gain", "low", "high")
    table = [
        {**shared, **dict(zip(names, row, strict=True)), "rank": n} for n, row in enumerate(rows, 1)
    ]
    return EDITS.table([{**row, "marginal_gain": row["gain"]} for row in table])


def make_effects(*rows):
    """Return effects of (edit_id, query_id, coverage before and after, whether drafted from)."""
    names = ("edit_id", "query_id", "coverage_before", "coverage_after", "is_drafted_from")
    return EFFECTS.table(
        [
            {**dict(zip(names, row, strict=True)), "answer_probability": 1.0, "weight": 0.0}
            for row in rows
        ]
    )


def weigh(effects, edits, query_rows):
    """Return the effects with weights: held-out queries stand for their gap, a single for half."""
    demand = {row[0]: row[2] for row in query_rows}
    cluster = {row[0]: row[3] for row in query_rows}
    gap_of = dict(zip(edits["edit_id"], edits["cluster_id"], strict=True))
    drafted = effects[effects["is_drafted_from"]].groupby("edit_id")["query_id"].agg(set).to_dict()
    weights = []
    for row in effects.to_dict("records"):
        gap = [q for q in demand if cluster[q] == gap_of[row["edit_id"]]]
        held_out = sum(demand[q] for q in gap if q not in drafted.get(row["edit_id"], set()))
        scale = sum(demand[q] for q in gap) / held_out if held_out else 0.5
        if row["is_drafted_from"] and held_out:
            factor = 0.0
        elif row["query_id"] in gap:
            factor = scale
        else:
            factor = 1.0
        weights.append(demand[row["query_id"]] * factor)
    return effects.assign(weight=weights).astype({"weight": "float64"})


def make_run(query_rows, about=ABOUT, **tables):
    """Return a run with queries: rows of (query_id, text, demand, cluster_id, coverage)."""
    frames = dict(EMPTY)
    frames["queries"] = QUERIES.table(
        [{"query_id": q, "text": text, "demand": demand} for q, text, demand, _, _ in query_rows]
    )
    frames["clusters"] = CLUSTERS.table(
        [{"query_id": row[0], "cluster_id": row[3], "membership": 1.0} for row in query_rows]
    )
    measured = [
        {"query_id": row[0], "coverage": row[4], "low": 0.0, "high": 1.0, "cause": "missing"}
        for row in query_rows
    ]
    frames["coverage"] = COVERAGE.table(measured)
    frames |= {"passages": make_passages(*SITE), **tables}
    frames["effects"] = weigh(frames["effects"], frames["edits"], query_rows)
    names = [field.name for field in fields(Analysis) if field.name not in ("about", "embeddings")]
    return Analysis(**{name: frames[name] for name in names}, about=about)
