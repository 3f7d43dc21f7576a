"""Each operation on a small site: where it applies, what it changes, and no invented word."""

import pandas as pd
import pytest

from coverage_kit.rank.candidates import EditedSite, Gap
from coverage_kit.rank.edits import list_changes, touches
from coverage_kit.rank.operations import (
    MAKERS,
    add_page,
    add_question_and_answer,
    add_source,
    answer_first,
    extend_passage,
    merge_sections,
    refresh_fact,
    retitle_page,
    reword_heading,
    split_section,
)
from coverage_kit.settings import RankSettings
from coverage_kit.tables import PASSAGES
from coverage_kit.text.years import stale_years

EFFORT = RankSettings()
LONG = " ".join(f"Sentence number {n} tells of frames and colours in the shop." for n in range(12))
TEXTS = {
    "ours/locks#0": (
        "Locks > Frame lock",
        "The frame lock is black. It weighs 900 grams. "
        "A thief needs 4 minutes to cut the lock in 2021.",
    ),
    "ours/locks#1": ("Locks > Chain", "Chains are heavy."),
    "ours/paint#0": (
        "Paint > Colours",
        f"{LONG} Scratched paint is repaired by us. We match the tone of scratched paint.",
    ),
    "ours/twin#0": (
        "Theft > Frame lock",
        "The frame lock is black. Insurers accept only sold secure gold rated models.",
    ),
}


@pytest.fixture
def site():
    rows = [
        {
            "passage_id": passage_id,
            "page_id": passage_id.split("#")[0],
            "site": "ours",
            "position": int(passage_id[-1]),
            "heading_path": path,
            "text": text,
            "n_words": len(text.split()),
        }
        for passage_id, (path, text) in TEXTS.items()
    ]
    twins = pd.DataFrame({"passage_id": ["ours/locks#0"], "other_passage_id": ["ours/twin#0"]})
    return EditedSite(PASSAGES.table(rows), twins, 2026)


def gap(
    cause="not retrieved",
    passage="ours/locks#0",
    claims=("Thieves cut cheap locks within seconds.",),
    **values,
):
    usual = {
        "cluster_id": "c0",
        "label": "cut, lock",
        "cause": cause,
        "questions": ("how long to cut the lock", "can thieves cut it"),
        "drafted_from": ("q0", "q2"),
        "short_claims": claims[:1],
        "full_claims": claims,
        "passage_id": passage,
        "heading_question": "how long to cut the lock",
        "nearest_passage_ids": (passage, passage),
        "anchor_passage_ids": (passage, "ours/paint#0"),
    }
    return Gap(**(usual | values))


def only(candidates):
    assert len(candidates) == 1
    return candidates[0]


def test_a_heading_in_the_words_of_those_who_ask(site):
    edit = only(reword_heading(gap(), site, EFFORT))
    assert edit.added == (("Locks > How long to cut the lock?", TEXTS["ours/locks#0"][1]),)
    assert edit.removed == ("ours/locks#0",)
    assert edit.cost_minutes == pytest.approx(3 + 0.02 * 6, abs=0.05)
    assert edit.changes[0][0] == "replace_heading"


def test_headings_are_bent_only_where_half_of_the_questions_look(site):
    away = gap(nearest_passage_ids=("ours/paint#0", "ours/paint#0"))
    for make in (reword_heading, answer_first, retitle_page):
        assert make(away, site, EFFORT) == []
    missing = gap("missing")
    for make in (reword_heading, answer_first, split_section):
        assert make(missing, site, EFFORT) == []


def test_a_title_with_the_first_question_changes_every_passage_of_the_page(site):
    edit = only(retitle_page(gap(), site, EFFORT))
    assert [path for path, _ in edit.added] == [
        "Locks: How long to cut the lock? > Frame lock",
        "Locks: How long to cut the lock? > Chain",
    ]
    assert edit.removed == ("ours/locks#0", "ours/locks#1")


def test_the_own_sentence_that_answers_comes_first_and_no_word_is_lost(site):
    edit = only(answer_first(gap(), site, EFFORT))
    assert edit.added[0].text.startswith("A thief needs 4 minutes")
    assert sorted(edit.added[0].text.split()) == sorted(TEXTS["ours/locks#0"][1].split())
    assert [change.action for change in edit.changes] == ["replace_passage", "replace_heading"]


def test_a_long_passage_is_split_where_the_answer_begins(site):
    long_gap = gap(
        passage="ours/paint#0",
        heading_question="is scratched paint repaired",
        claims=("Paint scratched is repaired.",),
    )
    edit = only(split_section(long_gap, site, EFFORT))
    remaining, answering = edit.added
    assert answering.text.startswith("Scratched paint is repaired by us.")
    assert answering.heading_path == "Paint > Is scratched paint repaired?"
    assert f"{remaining.text} {answering.text}" == TEXTS["ours/paint#0"][1]
    assert split_section(gap(), site, EFFORT) == []  # a short passage


def test_near_duplicates_become_one_with_what_only_the_other_says(site):
    edit = only(merge_sections(gap(), site, EFFORT))
    assert (
        edit.added[0].text
        == f"{TEXTS['ours/locks#0'][1]} Insurers accept only sold secure gold rated models."
    )
    assert set(edit.removed) == {"ours/locks#0", "ours/twin#0"}
    assert [change.action for change in edit.changes] == ["remove_section", "replace_passage"]
    assert merge_sections(gap(passage="ours/paint#0"), site, EFFORT) == []


def test_sections_short_and_full_on_the_two_best_pages(site):
    claims = (
        "Thieves cut cheap locks within seconds.",
        "Angle grinders open most frame locks quickly.",
    )
    short, full, second_page = add_question_and_answer(gap("missing", claims=claims), site, EFFORT)
    assert short.text_share == pytest.approx(6 / 13)
    assert (full.text_share, full.is_assumed) == (1.0, False)
    assert full.added == (("Locks > How long to cut the lock?", " ".join(claims)),)
    assert second_page.page_id == "ours/paint"
    for claim in claims:
        assert f"> [EXTRACT TO CHECK] “{claim}”" in full.after
    assert full.cost_minutes == pytest.approx(15 + 0.05 * 19 + 20, abs=0.05)


def test_without_claims_the_section_is_assumed_and_shows_nobodys_words(site):
    missing = gap("missing", claims=(), other_site_text="Rivals say forty minutes.")
    for edit in add_question_and_answer(missing, site, EFFORT):
        assert edit.is_assumed
        assert edit.added[0].text == "Rivals say forty minutes."  # for the simulation only
        assert "Rivals" not in f"{edit.after} {edit.brief}"
        assert "[FACT NEEDED:" in edit.after


def test_extending_keeps_the_passage_and_marks_what_is_new(site):
    edit = only(extend_passage(gap(), site, EFFORT))
    assert edit.after.startswith(TEXTS["ours/locks#0"][1])
    assert "[EXTRACT TO CHECK]" in edit.after
    assert extend_passage(gap(claims=()), site, EFFORT) == []


def test_a_page_of_its_own_only_for_missing_content(site):
    edit = only(add_page(gap("missing"), site, EFFORT))
    assert edit.page_id == "ours/cut-lock"
    assert edit.after.startswith("# How long to cut the lock?\n\n## How long to cut the lock?")
    assert add_page(gap("not retrieved"), site, EFFORT) == []


def test_old_years_become_slots_and_figures_ask_for_sources(site):
    stale = only(refresh_fact(gap(), site, EFFORT))
    assert "2021 [FACT NEEDED: what holds in 2026?]" in stale.after
    source = only(add_source(gap("not cited"), site, EFFORT))
    assert source.after.count("[SOURCE NEEDED:") == 1
    assert add_source(gap("missing"), site, EFFORT) == []
    assert refresh_fact(gap(passage="ours/locks#1"), site, EFFORT) == []
    assert stale_years("In 2025 and 2026", 2026) == []


def test_every_edit_lists_its_changes_in_order(site):
    candidates = [
        candidate
        for cause in ("missing", "not retrieved", "not cited")
        for make in MAKERS
        for candidate in make(gap(cause), site, EFFORT)
    ]
    changes = list_changes(candidates)
    assert changes.groupby("edit_id").size().min() >= 1
    assert changes["edit_id"].nunique() == len(candidates)
    assert {candidate.operation for candidate in candidates} >= {
        "reword_heading",
        "add_page",
        "refresh_fact",
        "add_source",
        "merge_sections",
    }


def test_an_edit_that_takes_from_a_locked_page_touches_it(site):
    """A merge is listed on the page that keeps the words, and removes them from another page."""
    edit = only(merge_sections(gap(), site, EFFORT))
    assert edit.page_id == "ours/locks"
    assert touches(edit, ("ours/tw*",))
    assert touches(edit, ("ours/locks",))
    assert not touches(edit, ("ours/paint",))
