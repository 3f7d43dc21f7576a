"""The plan against small sets of edits whose gains are known, and against plain sums."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from coverage_kit.contracts import PassageText
from coverage_kit.rank.candidates import Candidate, PageChange
from coverage_kit.rank.parts import rest_of, subtract_effects, subtract_facts
from coverage_kit.rank.plan import least_gain_of, make_plan, months_of
from coverage_kit.rank.select import Limits
from coverage_kit.rank.simulate import edit_table
from coverage_kit.tables import EFFECTS, FACTS
from coverage_kit.vocabulary import NO_EDIT, PLANNED
from tests.rank.test_select import gain_of, make_simulation

HEADING = "## How heavy may it be?\n\n"


def make_edit(
    gap=0,
    minutes=30.0,
    text="Up to 40 kg.",
    page="ours/a",
    action="insert_section",
    passage="ours/a#0",
    operation="add_question_and_answer",
):
    after = HEADING + text if action == "insert_section" else text
    change = PageChange(action, page, passage, "A", None, after)
    return Candidate(
        cluster_id=f"c{gap}",
        operation=operation,
        page_id=page,
        heading_path="A",
        brief=f"Write: {text}",
        cost_minutes=minutes,
        drafted_from=(),
        added=(PassageText("A > How heavy may it be?", text),),
        after=after,
        n_words=len(text.split()),
        changes=(change,),
    )


def make_gaps(n, listing="to close"):
    return pd.DataFrame(
        {
            "cluster_id": [f"c{number}" for number in range(n)],
            "listing": listing,
            "rank": np.arange(1, n + 1),
        }
    )


def simulate(candidates, chance, room=None, spread=None):
    """The simulation of these edits; `spread` (n edits,) is half the width of each interval."""
    groups = pd.factorize(np.array([candidate.cluster_id for candidate in candidates]))[0]
    simulation = make_simulation(chance, groups, room)
    if spread is None:
        return simulation
    gain = simulation.gain[0]
    return replace(simulation, gain=np.array([gain, gain - spread, gain + spread]))


def plan(candidates, simulation, limits=None, least_gain=0.01, gaps=None, **more):
    proposed = edit_table(candidates, simulation)
    if gaps is None:
        gaps = make_gaps(len(simulation.room))
    return make_plan(candidates, proposed, simulation, gaps, limits or Limits(), least_gain, **more)


def total_gain(simulation, result):
    """What the planned edits gain, by the formula of rank.select; a second part is the whole."""
    chosen = result.edits.loc[result.edits["is_chosen"], "edit_id"]
    replaced = {result.first_parts.get(name) for name in chosen}
    return gain_of(simulation, [int(name[1:]) for name in chosen if name not in replaced])


def said_of(result, gap):
    return result.gaps.set_index("cluster_id").loc[f"c{gap}", "plan"]


def test_the_first_gap_is_served_though_another_gains_more_per_minute():
    """Each gap costs the whole budget. The first of the list gets it."""
    candidates = [make_edit(0, 60.0), make_edit(1, 60.0, page="ours/b")]
    simulation = simulate(candidates, np.diag([0.85, 0.9]))
    result = plan(candidates, simulation, Limits(minutes=60))
    assert result.edits.set_index("cluster_id")["is_chosen"].to_dict() == {"c0": True, "c1": False}
    assert said_of(result, 0) == PLANNED
    assert said_of(result, 1) == (
        "Not planned: its smallest edit takes 60 minutes, more than the edits before it leave of "
        "the budget."
    )


def test_a_first_gap_that_would_cost_the_plan_much_is_not_served():
    candidates = [make_edit(0, 60.0), make_edit(1, 60.0, page="ours/b")]
    simulation = simulate(candidates, np.diag([0.3, 0.9]))
    result = plan(candidates, simulation, Limits(minutes=60))
    assert result.edits["cluster_id"].tolist() == ["c1", "c0"]
    assert said_of(result, 0) == (
        "Not planned: its best edit takes 60 minutes, in which other edits gain far more."
    )
    assert said_of(result, 1) == PLANNED


def test_behind_the_first_ten_gaps_those_are_planned_that_gain_most_per_minute():
    candidates = [make_edit(gap, 10.0, page=f"ours/{gap}") for gap in range(12)]
    simulation = simulate(candidates, np.diag([*[0.1] * 11, 0.9]))
    result = plan(candidates, simulation, Limits(minutes=110))
    assert [said_of(result, gap) for gap in (9, 11)] == [PLANNED, PLANNED]
    assert said_of(result, 10) == "Not planned: other edits gain more within the budget."
    assert result.edits["cluster_id"].tolist()[0] == "c11"
    assert result.edits["is_chosen"].tolist() == [True] * 11 + [False]


def test_a_gap_without_a_planned_edit_says_why():
    candidates = [
        make_edit(0, 5.0),
        make_edit(1, 10.0, page="ours/b"),
        make_edit(2, 10.0, page="ours/c"),
        make_edit(3, 10.0, page="ours/locked"),
        make_edit(4, 90.0, page="ours/d"),
        make_edit(5, 5.0),
    ]
    simulation = simulate(
        candidates,
        np.diag([0.5, 0.001, 0.5, 0.5, 0.5, 0.5, 0.0, 0.0])[:6],
        spread=np.array([0, 0, 0.6, 0, 0, 0]),
    )
    limits = Limits(minutes=60, edits_per_page=1, locked_pages=("ours/locked",))
    result = plan(candidates, simulation, limits, locked_gaps={"c7"})
    assert result.gaps["plan"].tolist() == [
        PLANNED,
        "Not planned: its best edit adds under one question asked a month.",
        "Not planned: its best edit is too unsure, as it may add nothing.",
        "Not planned: its pages are locked (rank.locked_pages).",
        "Not planned: its smallest edit takes 90 minutes, more than the edits before it leave of "
        "the budget.",
        "Not planned: its page has as many planned edits as are allowed (1).",
        "Not planned: no edit is known for it.",
        "Not planned: its pages are locked (rank.locked_pages).",
    ]


def test_a_gap_whose_questions_another_edit_answers_needs_none():
    candidates = [make_edit(0, 10.0), make_edit(1, 10.0, page="ours/b")]
    simulation = simulate(candidates, [[0.995, 0], [0.5, 0]])
    result = plan(candidates, simulation)
    assert result.edits["cluster_id"].tolist() == ["c0"]
    assert said_of(result, 1) == "Not planned: edits of other gaps answer its questions."


def test_what_is_no_gap_has_no_plan_unless_an_edit_serves_it():
    candidates = [make_edit(0, 10.0)]
    simulation = simulate(candidates, [[0.5, 0]])
    gaps = make_gaps(2, "covered")
    result = make_plan(
        candidates, edit_table(candidates, simulation), simulation, gaps, Limits(), 0.01
    )
    assert result.gaps["plan"].isna().tolist() == [False, True]


def test_small_edits_are_counted_and_leave_no_trace_in_any_table():
    candidates = [make_edit(gap, 10.0, page=f"ours/{gap}") for gap in range(4)]
    simulation = simulate(candidates, np.diag([0.5, 0.009, 0.3, 0.0]))
    effects = EFFECTS.table([effect(f"e{row:04d}", "q0", 0.1, 0.5) for row in range(4)])
    lost = replace(make_edit(9), operation=NO_EDIT)
    result = plan(candidates, replace(simulation, effects=effects), unedited=[lost])
    assert result.n_small == 2
    assert result.edits["edit_id"].tolist() == ["e0000", "e0002", "e0004"]
    assert result.edits["rank"].tolist() == [1, 2, 3]
    assert result.edits["operation"].tolist()[-1] == NO_EDIT
    assert result.edits["in_next_hour"].tolist() == [True, True, False]
    for table in (result.changes, result.effects, result.frontier):
        assert table["edit_id"].tolist() == ["e0000", "e0002"]


def test_of_the_variants_of_a_gap_one_is_listed():
    """A page and a section of the same text: either is enough."""
    candidates = [
        make_edit(0, 90.0, page="ours/new", action="add_page", operation="add_page"),
        make_edit(0, 30.0),
    ]
    simulation = simulate(candidates, [[0.6], [0.5]])
    result = plan(candidates, simulation, Limits(minutes=480))
    # 60 more minutes add .1, which is enough to take the page's place
    assert result.edits["edit_id"].tolist() == ["e0000"]
    assert result.edits["marginal_gain"].tolist() == pytest.approx([0.6])
    result = plan(candidates, simulation, Limits(minutes=60))
    assert result.edits["edit_id"].tolist() == ["e0001"]
    assert result.n_small == 1


def test_edits_that_reword_the_same_heading_are_one_edit():
    heading = {"action": "replace_heading", "operation": "reword_heading", "text": "Weight"}
    candidates = [
        make_edit(0, 40.0, **heading),
        replace(make_edit(1, 40.0, **heading), operation="repair"),
    ]
    simulation = simulate(candidates, np.diag([0.48, 0.5]))
    result = plan(candidates, simulation)
    # the first gap is served, so the other edit of its heading is the one that goes
    assert result.edits["edit_id"].tolist() == ["e0000"]
    result = plan(candidates, simulation, gaps=make_gaps(0), least_gain=0.49)
    assert result.edits["edit_id"].tolist() == ["e0001"]


def test_a_repair_of_the_passage_that_an_edit_of_the_gap_rewrites_repeats_it():
    candidates = [
        make_edit(0, 10.0, action="replace_passage", operation="extend_passage"),
        make_edit(0, 10.0, action="replace_passage", operation="repair"),
        make_edit(1, 10.0, action="replace_passage", operation="extend_passage"),
    ]
    simulation = replace(
        simulate(candidates, [[0.5, 0], [0.3, 0], [0, 0.5]]), groups=np.array([0, 1, 2])
    )
    # two gaps may add to the same passage
    assert plan(candidates, simulation).edits["edit_id"].tolist() == ["e0000", "e0002"]


def long_edit(page="ours/a"):
    """A short and a full variant of a section; the full one takes more than an hour."""
    short = make_edit(0, 30.0, "Up to 40 kg.", page)
    full = make_edit(0, 75.0, "Up to 40 kg.\n\nThe front rack carries 10 kg.", page)
    return [short, full]


def effect(edit_id, query_id, before, after, gain=0.0):
    return {
        "edit_id": edit_id,
        "query_id": query_id,
        "coverage_before": before,
        "coverage_after": after,
        "answer_probability": 1.0,
        "weight": 1.0,
        "is_drafted_from": False,
        "gain": gain,
    }


def test_an_edit_of_more_than_an_hour_is_listed_in_two_parts_that_add_up():
    candidates = long_edit()
    simulation = simulate(candidates, [[0.5, 0.1], [0.5, 0.6]], spread=np.array([0.1, 0.4]))
    effects = EFFECTS.table(
        [
            effect("e0000", "q0", 0.1, 0.6, 0.5),
            effect("e0000", "q1", 0.2, 0.3, 0.1),
            effect("e0001", "q0", 0.1, 0.6, 0.5),
            effect("e0001", "q1", 0.2, 0.8, 0.6),
        ]
    )
    result = plan(candidates, replace(simulation, effects=effects))
    edits = result.edits.set_index("edit_id")
    assert edits["part"].to_dict() == {"e0000": "1 of 2", "e0001": "2 of 2"}
    assert edits["cost_minutes"].tolist() == [30.0, 45.0]
    assert edits["n_words"].sum() == candidates[1].n_words
    assert edits["gain"].tolist() == pytest.approx([0.6, 0.5])
    assert edits["marginal_gain"].sum() == pytest.approx(simulation.gain[0, 1])
    assert edits["low"].tolist() == pytest.approx([0.6 - 0.1 * 0.9, 0.5 - 0.3 * 0.9])
    assert result.first_parts == {"e0001": "e0000"}
    # the rows of each part add up to its gain
    sums = result.effects.groupby("edit_id")["gain"].sum()
    assert sums.to_dict() == pytest.approx(edits["gain"].to_dict())
    # the second part goes on where the first ends
    assert edits.loc["e0001", "before"] == edits.loc["e0000", "after"]
    change = result.changes.set_index("edit_id").loc["e0001"]
    assert change["action"] == "replace_passage"
    assert change["heading_path"] == "A > How heavy may it be?"
    assert (change["before"], change["after"]) == (
        "Up to 40 kg.",
        "Up to 40 kg.\n\nThe front rack carries 10 kg.",
    )
    # the first part fills half of the hour; the second does not fit
    assert edits["in_next_hour"].to_dict() == {"e0000": True, "e0001": False}


def test_an_edit_within_an_hour_and_a_new_page_are_not_split():
    short, full = long_edit()
    for pair in (
        [short, replace(full, cost_minutes=60.0)],
        [
            make_edit(0, 50.0, "Up to 40 kg.", "ours/new", "add_page", None, "add_page"),
            make_edit(0, 90.0, "Up to 40 kg. And 10.", "ours/new", "add_page", None, "add_page"),
        ],
        [short, replace(full, page_id="ours/b")],
    ):
        result = plan(pair, simulate(pair, [[0.5, 0.1], [0.5, 0.6]]))
        assert result.edits["edit_id"].tolist() == ["e0001"]
        assert result.edits["part"].isna().all()


def test_a_budget_for_the_first_part_leaves_the_second_part_on_the_list():
    candidates = long_edit()
    simulation = simulate(candidates, [[0.5, 0.1], [0.5, 0.6]])
    result = plan(candidates, simulation, Limits(minutes=40))
    assert result.edits["part"].tolist() == ["1 of 2", "2 of 2"]
    assert result.edits["is_chosen"].tolist() == [True, False]


def test_effects_of_a_second_part_begin_where_the_first_part_ends():
    effects = EFFECTS.table(
        [
            effect("e1", "both", 0.1, 0.3, 0.2),
            effect("e1", "first", 0.4, 0.5, 0.1),
            effect("e2", "both", 0.1, 0.7, 0.6),
            effect("e2", "second", 0.2, 0.6, 0.4),
        ]
    )
    rest = subtract_effects(effects, {"e2": "e1"}).set_index(["edit_id", "query_id"]).loc["e2"]
    spans = rest[["coverage_before", "coverage_after"]].T.to_dict("list")
    assert spans == {"both": [0.3, 0.7], "first": [0.5, 0.4], "second": [0.2, 0.6]}
    assert rest["gain"].to_dict() == pytest.approx({"both": 0.4, "first": -0.1, "second": 0.4})
    pd.testing.assert_frame_equal(subtract_effects(effects, {}), effects)


def test_facts_of_a_second_part_are_those_that_the_first_lacks():
    facts = FACTS.table(
        [
            {
                "edit_id": edit_id,
                "position": position,
                "text": text,
                "slot": slot,
                "n_answers": 1,
                "n_answers_of_edit": 2,
                "is_known": False,
            }
            for edit_id, position, text, slot in [
                ("e1", 0, "Racks carry 40 kg.", None),
                ("e2", 0, "Racks carry 40 kg.", None),
                ("e2", 1, "Racks carry 40 kg.", "your own limit, in kg"),
                ("e2", 2, None, "width of the rack, in cm"),
            ]
        ]
    )
    left = subtract_facts(facts, {"e2": "e1"})
    assert left[left["edit_id"] == "e2"]["slot"].tolist() == [
        "your own limit, in kg",
        "width of the rack, in cm",
    ]
    assert left["position"].tolist() == [0, 0, 1]


def test_the_next_hour_passes_over_what_does_not_fit():
    minutes = [35.0, 30.0, 20.0, 90.0]
    candidates = [make_edit(gap, cost, page=f"ours/{gap}") for gap, cost in enumerate(minutes)]
    simulation = simulate(candidates, np.diag([0.9, 0.5, 0.2, 0.9]))
    edits = plan(candidates, simulation).edits.set_index("edit_id")
    assert edits["in_next_hour"].to_dict() == {
        "e0000": True,
        "e0001": False,
        "e0002": True,
        "e0003": False,
    }


def test_one_edit_fills_the_hour_where_small_ones_would_add_less():
    candidates = [make_edit(0, 5.0), make_edit(1, 60.0, page="ours/b")]
    simulation = simulate(candidates, np.diag([0.1, 0.9]))
    edits = plan(candidates, simulation).edits.set_index("edit_id")
    assert edits["in_next_hour"].to_dict() == {"e0000": False, "e0001": True}


@given(st.integers(0, 10_000), st.sampled_from([0.0, 40.0, 120.0, 300.0]), st.booleans())
def test_the_plan_keeps_its_promises(seed, minutes, is_shuffled):
    rng = np.random.default_rng(seed)
    n_edits, n_gaps = 14, 6
    candidates = []
    for row in range(n_edits):
        words = " ".join(f"word{row}" for _ in range(int(rng.integers(1, 9))))
        page = f"ours/{rng.integers(3)}"
        gap = int(rng.integers(n_gaps)) if is_shuffled else row * n_gaps // n_edits
        candidates.append(make_edit(gap, 5.0 * int(rng.integers(1, 20)), words, page))
    chance = rng.random((n_edits, n_gaps)) * (rng.random((n_edits, n_gaps)) < 0.4)
    simulation = simulate(candidates, chance, rng.uniform(0.1, 3, n_gaps))
    result = plan(candidates, simulation, Limits(minutes=minutes), least_gain=0.05)
    edits = result.edits
    chosen = edits[edits["is_chosen"]]
    assert not minutes or chosen["cost_minutes"].sum() <= minutes
    assert edits["rank"].tolist() == list(range(1, len(edits) + 1))
    assert edits["is_chosen"].is_monotonic_decreasing
    assert (edits["marginal_gain"] >= 0.05).all()
    assert len(edits) + result.n_small == n_edits
    # the first gaps cost at most a tenth of what the edits by gain per minute alone would gain, and
    # an edit that adds less than the least gain to the others is left out
    alone = plan(
        candidates,
        simulation,
        Limits(minutes=minutes),
        least_gain=0.05,
        gaps=make_gaps(n_gaps, "covered"),
    )
    least = 0.9 * total_gain(simulation, alone) - 0.05 * n_gaps
    assert total_gain(simulation, result) >= least
    hour = edits[edits["in_next_hour"]]
    assert hour["is_chosen"].all()
    assert hour["cost_minutes"].sum() <= 60
    # at most one variant of a gap, but for two parts of one edit
    whole = edits[edits["part"].isna()]
    assert not whole["cluster_id"].duplicated().any()
    assert not set(whole["cluster_id"]) & set(edits.loc[edits["part"].notna(), "cluster_id"])
    planned = result.gaps["plan"] == PLANNED
    assert set(result.gaps.loc[planned, "cluster_id"]) == set(chosen["cluster_id"])
    assert (result.frontier["bound"] >= result.frontier["gain"]).all()
    assert result.frontier["gain"].tolist() == pytest.approx(
        edits["marginal_gain"].cumsum().tolist()
    )


def make_queries(days, demand):
    start = pd.Timestamp("2026-09-01", tz="UTC")
    end = start + pd.Timedelta(days=days) if days is not None else pd.NaT
    return pd.DataFrame(
        {
            "query_id": [f"q{n}" for n in range(len(demand))],
            "demand": demand,
            "first_asked_at": pd.to_datetime([start if days is not None else pd.NaT] * len(demand)),
            "last_asked_at": pd.to_datetime([end] * len(demand)),
        }
    )


@pytest.mark.parametrize(
    ("days", "demand", "months", "least"),
    [
        (61, [5000.0, 5000.0], 2.004, 2.004),
        # a panel that asks for a day is not a day's demand
        (1, [5000.0], 1.0, 1.0),
        (None, [5000.0], None, 1.0),
        # 60 questions asked: none of them is lost to the limit
        (61, [1.0] * 60, 2.004, 0.3),
    ],
)
def test_the_least_gain_is_one_question_a_month_over_the_time_of_the_log(
    days, demand, months, least
):
    queries = make_queries(days, demand)
    assert months_of(queries) == (months and pytest.approx(months, abs=0.001))
    assert least_gain_of(queries) == pytest.approx(least, abs=0.001)


def test_no_edits_no_plan_but_reasons():
    simulation = simulate([], np.zeros((0, 2)))
    lost = replace(make_edit(1), operation=NO_EDIT)
    result = plan([], simulation, unedited=[lost])
    assert result.edits["operation"].tolist() == [NO_EDIT]
    assert result.frontier.empty
    assert result.gaps["plan"].unique().tolist() == ["Not planned: no edit is known for it."]


def test_quick_edits_that_gain_more_per_minute_come_before_the_first_gaps():
    candidates = [make_edit(0, 120.0), make_edit(11, 20.0, page="ours/b")]
    limits = Limits(minutes=130)
    result = plan(
        candidates, simulate(candidates, np.diag([0.35, 0.4])), limits, gaps=make_gaps(12)
    )
    # both do not fit: 20 minutes gain more than 120
    assert result.edits.loc[result.edits["is_chosen"], "edit_id"].tolist() == ["e0001"]
    simulation = simulate(candidates, np.diag([0.5, 0.4]))
    slow = [candidates[0], replace(candidates[1], cost_minutes=40.0)]
    result = plan(slow, simulation, gaps=make_gaps(12), limits=limits)
    assert result.edits.loc[result.edits["is_chosen"], "edit_id"].tolist() == ["e0000"]


def test_two_edits_give_way_to_one_that_gains_more_in_the_minutes_that_are_left_over():
    minutes = [100.0, 20.0, 60.0, 125.0]
    candidates = [make_edit(gap, cost) for gap, cost in enumerate(minutes)]
    simulation = simulate(candidates, np.diag([0.9, 0.2, 0.3, 0.6]))
    # by gain per minute the first three are chosen, and 50 minutes are left over
    limits = Limits(minutes=230)
    result = plan(candidates, simulation, limits, gaps=make_gaps(4, "covered"))
    chosen = result.edits.loc[result.edits["is_chosen"], "edit_id"].tolist()
    assert sorted(chosen) == ["e0000", "e0003"]
    assert total_gain(simulation, result) == pytest.approx(1.5)
    running = result.frontier
    assert (running["bound"] >= running["gain"] - 1e-9).all()
    # no set of 225 minutes gains more than 1.5, and the bound says so of this plan
    assert running["bound"].iloc[1] >= 1.5 - 1e-9


def test_an_edit_gives_way_to_a_gap_before_its_own_but_not_to_one_behind_it():
    limits = Limits(minutes=90)

    def planned(gaps, minutes, gains):
        candidates = [make_edit(gap, cost) for gap, cost in zip(gaps, minutes, strict=True)]
        result = plan(candidates, simulate(candidates, np.diag(gains)), limits, gaps=make_gaps(14))
        return result, set(result.edits.loc[result.edits["is_chosen"], "cluster_id"])

    # the edit of 70 minutes gains a little more, but its gap is not among the first
    _, clusters = planned([0, 11, 12], [60.0, 70.0, 20.0], [0.5, 0.52, 0.2])
    assert clusters == {"c0", "c12"}
    # the quick edit leaves no room for gap 1 at its turn, and gap 2 gets its minutes
    result, clusters = planned([0, 1, 12], [85.0, 60.0, 20.0], [0.9, 0.5, 0.22])
    assert clusters == {"c0"}
    assert said_of(result, 1) == "Not planned: an edit for a gap before it needs its minutes."


def test_the_brief_of_a_second_part_can_be_read_without_the_first():
    short = make_edit(minutes=30.0, text="Up to 40 kg.")
    full = make_edit(minutes=80.0, text="Up to 40 kg. Children count.")
    full = replace(
        full, brief="Add a section.\nAnswer:\n- How heavy?", title="How heavy may it be?"
    )
    task, *rest = rest_of(short, full).brief.split("\n")
    assert task.startswith(
        "Complete the text under “How heavy may it be?” on the page “A”. Part 1, "
    )
    assert rest == ["Answer:", "- How heavy?"]
