"""An analysis with an edit of each kind that a reader meets, in words that can be read.

They are a page of its own in two parts, a new section, an extended passage, a reworded heading and
a repair.
"""

from dataclasses import replace

import pandas as pd

from coverage_kit import tables
from coverage_kit.analysis import Analysis
from tests.report.conftest import make_analysis

OWN = "shop.example"
QUESTIONS = (
    "can I carry a dog",
    "which harness does a dog need",
    "is it safe to charge a battery at night",
    "can I ride while pregnant",
    "which bike for parcels",
)
# What the five questions add to each edit, by the edit's id: its gain is their sum.
GAINS = {
    "dogs": (90.0, 50.0, 0.0, 0.0, -20.0),
    "fire": (0.0, 0.0, 60.0, 0.0, 0.0),
    "baby": (0.0, 0.0, 0.0, 12.4, 0.0),
    "parcels": (0.0, 0.0, 0.0, 0.0, 4.26),
    "tracker": (0.0, 0.0, 0.0, 0.0, 2.0),
}
CITATIONS = {"citation_gain": 2.0, "citation_low": 0.5, "citation_high": 3.5}


def make_kinds() -> Analysis:
    """Return five questions, asked 120 times each, and five edits; the last is not planned."""
    full = make_analysis(5)
    titles = {f"{OWN}/p1": "Battery care", f"{OWN}/p2": "Children on board"}
    titles |= {f"{OWN}/p3": "Dunlin"}
    pages = full.pages.assign(
        title=full.pages["page_id"].map(titles).fillna("Other"),
        url="https://www." + full.pages["page_id"],
    )
    edits = make_edits()
    gaps = full.gaps.head(5).assign(
        label=["Carrying a dog", "Battery fires", "Pregnancy", "Parcels", "Trackers"],
        listing="to close",
        n_queries=1,
        demand=120.0,
        plan=[*["planned"] * 4, "too dear: 5 minutes of the 0 that are left"],
    )
    return replace(
        full,
        pages=pages,
        queries=full.queries.assign(text=list(QUESTIONS), demand=120.0),
        gaps=gaps,
        edits=edits,
        changes=make_changes(),
        facts=make_facts(),
        effects=make_effects(),
        frontier=full.frontier.head(0),
    )


def make_edits() -> pd.DataFrame:
    """Return the edits with their places."""
    path = "Battery care > Looking after a battery > Charging > How long?"
    rows = [
        {
            "edit_id": "dogs",
            "operation": "add_page",
            "page_id": f"{OWN}/family/carrying-a-dog.html",
            "heading_path": "",
            "title": "Carrying a dog",
            "part": "1 of 2",
            "links_from": f"{OWN}/p1\n{OWN}/p2",
            "home_probability": 0.87,
            "opening": "Yes: dogs up to [FACT NEEDED: weight limit, in kg] ride in the box.",
            "n_words": 224,
            "cost_minutes": 75.0,
            **CITATIONS,
        },
        {
            "edit_id": "fire",
            "operation": "add_question_and_answer",
            "page_id": f"{OWN}/p1",
            "heading_path": path,
            "title": "Charging at night",
            "words_before": "after four hours.",
            "words_after": "Batteries age",
            "home_probability": 0.64,
        },
        {
            "edit_id": "baby",
            "operation": "extend_passage",
            "page_id": f"{OWN}/p2",
            "heading_path": "Children on board > How young can a baby ride?",
            "title": "Riding while pregnant",
        },
        {
            "edit_id": "parcels",
            "operation": "reword_heading",
            "page_id": f"{OWN}/p3",
            "heading_path": "Dunlin > A box like a van",
            "title": "Which bike for parcels?",
            "cost_minutes": 5.0,
            "n_words": 4,
        },
        {
            "edit_id": "tracker",
            "operation": "repair",
            "page_id": f"{OWN}/p3",
            "heading_path": "Dunlin > Specification",
            "cost_minutes": 5.0,
        },
    ]
    sums = {edit_id: sum(gains) for edit_id, gains in GAINS.items()}
    common = {"cost_minutes": 40.0, "n_words": 90, "harm": 0.0}
    edits = tables.EDITS.table(
        [
            {
                **common,
                "cluster_id": f"c{n}",
                "brief": "Mend it in your own words.",
                "gain": sums[row["edit_id"]],
                "low": sums[row["edit_id"]] / 2,
                "high": sums[row["edit_id"]] * 2,
                "marginal_gain": sums[row["edit_id"]],
                "is_chosen": n < 4,
                "in_next_hour": n == 1,
                "rank": n + 1,
                **row,
            }
            for n, row in enumerate(rows)
        ]
    )
    return edits.assign(harm=[10.0, *[0.0] * 4])


def make_changes() -> pd.DataFrame:
    """Return one change of each edit."""
    rows = [
        ("dogs", "add_page", f"{OWN}/family/carrying-a-dog.html", None, "# Carrying a dog"),
        ("fire", "insert_section", f"{OWN}/p1", None, "### Charging at night"),
        ("baby", "replace_passage", f"{OWN}/p2", "Nine months.", "Nine months, and never before."),
        ("parcels", "replace_heading", f"{OWN}/p3", "A box like a van", "Which bike for parcels?"),
        ("tracker", "by_hand", f"{OWN}/p3", None, "Show when it was checked."),
    ]
    paths = make_edits().set_index("edit_id")["heading_path"]
    return tables.CHANGES.table(
        [
            {
                "edit_id": edit_id,
                "position": 0,
                "action": action,
                "page_id": page_id,
                "heading_path": paths[edit_id] or "Carrying a dog",
                "before": before,
                "after": after,
            }
            for edit_id, action, page_id, before, after in rows
        ]
    )


def make_facts() -> pd.DataFrame:
    """Return the facts of the new page: a plain one, a rival's, a known one, and a slot."""
    rival = "https://rival.example/p1"
    rows = [
        {"text": "A dog rides on the floor.", "n_answers": 9, "source": rival},
        {
            "text": "A divider costs £48.",
            "n_answers": 3,
            "source": rival,
            "slot": "whether you sell a divider, and its price",
        },
        {
            "text": "The box holds 100 kg.",
            "n_answers": 1,
            "is_known": True,
            "passage_id": f"{OWN}/p1#2",
            "own_words": "The box takes 100 kg.",
        },
        {"slot": "weight limit of the box, in kg", "n_answers": 0},
    ]
    return tables.FACTS.table(
        [
            {
                "edit_id": "dogs",
                "position": n,
                "n_answers_of_edit": 14,
                "is_known": False,
                **row,
            }
            for n, row in enumerate(rows)
        ]
    )


def make_effects() -> pd.DataFrame:
    """Return what each question adds to each edit; those that add something are in its brief."""
    return tables.EFFECTS.table(
        [
            {
                "edit_id": edit_id,
                "query_id": f"q{n}",
                "coverage_before": 0.2,
                "coverage_after": 0.2 + max(gain, gain / 2) / 120,  # a loss counts twice
                "gain": gain,
                "weight": 120.0,
                "is_drafted_from": gain > 0,
            }
            for edit_id, gains in GAINS.items()
            for n, gain in enumerate(gains)
            if gain
        ]
    )
