"""Each operation on a small site: where it applies, what it changes, and that no word is invented."""

import pandas as pd
import pytest

from coverage_kit.rank.candidates import Gap, Site
from coverage_kit.rank.edits import list_changes, touches
from coverage_kit.rank.operations import (
    MAKERS,
    add_page,
    add_section,
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

COSTS = RankSettings()
LONG = " ".join(f"Sentence number {n} tells of frames and colours in the shop." for n in range(12))
TEXTS = {
    "ours/locks#0": (
        "Locks > Frame lock",
        "The frame lock is black. It weighs 900 grams. A thief needs 4 minutes to cut the lock in 2021.",
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
            "passage_id": name,
            "page_id": name.split("#")[0],
            "site": "ours",
            "position": int(name[-1]),
            "heading_path": path,
        }
        | {"text": text, "n_words": len(text.split())}
        for name, (path, text) in TEXTS.items()
    ]
    twins = pd.DataFrame({"passage_id": ["ours/locks#0"], "other_passage_id": ["ours/twin#0"]})
    return Site(PASSAGES.table(rows), twins, 2026)


def gap(
    cause="not retrieved",
    passage="ours/locks#0",
    full=("Thieves cut cheap locks within seconds.",),
    **more,
):
    values = {
        "cluster_id": "c0",
        "label": "cut, lock",
        "cause": cause,
        "questions": ("how long to cut the lock", "can thieves cut it"),
        "drafted_from": ("q0", "q2"),
        "short": full[:1],
        "full": full,
        "passage_id": passage,
        "heading_question": "how long to cut the lock",
        "nearest": (passage, passage),
        "places": (passage, "ours/paint#0"),
    }
    return Gap(**(values | more))


def only(made):
    assert len(made) == 1
    return made[0]


def test_a_heading_in_the_words_of_those_who_ask(site):
    edit = only(reword_heading(gap(), site, COSTS))
    assert edit.added == (("Locks > How long to cut the lock?", TEXTS["ours/locks#0"][1]),)
    assert edit.removed == ("ours/locks#0",)
    assert edit.cost_minutes == pytest.approx(3 + 0.02 * 6, abs=0.05)
    assert edit.changes[0][0] == "replace_heading"


def test_headings_are_bent_only_where_half_of_the_questions_look(site):
    away = gap(nearest=("ours/paint#0", "ours/paint#0"))
    assert (
        reword_heading(away, site, COSTS)
        == answer_first(away, site, COSTS)
        == retitle_page(away, site, COSTS)
        == []
    )
    missing = gap("missing")
    assert (
        reword_heading(missing, site, COSTS)
        == answer_first(missing, site, COSTS)
        == split_section(missing, site, COSTS)
        == []
    )


def test_a_title_with_the_first_question_changes_every_passage_of_the_page(site):
    edit = only(retitle_page(gap(), site, COSTS))
    assert [path for path, _ in edit.added] == [
        "Locks: How long to cut the lock? > Frame lock",
        "Locks: How long to cut the lock? > Chain",
    ]
    assert edit.removed == ("ours/locks#0", "ours/locks#1")


def test_the_own_sentence_that_answers_comes_first_and_no_word_is_lost(site):
    edit = only(answer_first(gap(), site, COSTS))
    assert edit.added[0].text.startswith("A thief needs 4 minutes")
    assert sorted(edit.added[0].text.split()) == sorted(TEXTS["ours/locks#0"][1].split())
    assert [change.action for change in edit.changes] == ["replace_passage", "replace_heading"]


def test_a_long_passage_is_split_where_the_answer_begins(site):
    asked = gap(
        passage="ours/paint#0",
        heading_question="is scratched paint repaired",
        full=("Paint scratched is repaired.",),
    )
    edit = only(split_section(asked, site, COSTS))
    stay, part = edit.added
    assert part.text.startswith("Scratched paint is repaired by us.")
    assert part.heading_path == "Paint > Is scratched paint repaired?"
    assert f"{stay.text} {part.text}" == TEXTS["ours/paint#0"][1]
    assert split_section(gap(), site, COSTS) == []  # a short passage


def test_near_duplicates_become_one_with_what_only_the_other_says(site):
    edit = only(merge_sections(gap(), site, COSTS))
    assert (
        edit.added[0].text
        == f"{TEXTS['ours/locks#0'][1]} Insurers accept only sold secure gold rated models."
    )
    assert set(edit.removed) == {"ours/locks#0", "ours/twin#0"}
    assert [change.action for change in edit.changes] == ["remove_section", "replace_passage"]
    assert merge_sections(gap(passage="ours/paint#0"), site, COSTS) == []


def test_sections_short_and_full_on_the_two_best_pages(site):
    claims = (
        "Thieves cut cheap locks within seconds.",
        "Angle grinders open most frame locks quickly.",
    )
    short, full, elsewhere = add_section(gap("missing", full=claims), site, COSTS)
    assert short.part == pytest.approx(6 / 13)
    assert (full.part, full.is_assumed) == (1.0, False)
    assert full.added == (("Locks > How long to cut the lock?", " ".join(claims)),)
    assert elsewhere.page_id == "ours/paint"
    for claim in claims:
        assert f"> [EXTRACT TO CHECK] “{claim}”" in full.after
    assert full.cost_minutes == pytest.approx(15 + 0.05 * 19 + 20, abs=0.05)


def test_without_claims_the_section_is_assumed_and_shows_nobodys_words(site):
    made = add_section(gap("missing", full=(), elsewhere="Rivals say forty minutes."), site, COSTS)
    for edit in made:
        assert edit.is_assumed
        assert edit.added[0].text == "Rivals say forty minutes."  # for the simulation only
        assert "Rivals" not in f"{edit.after} {edit.brief}"
        assert "[FACT NEEDED:" in edit.after


def test_extending_keeps_the_passage_and_marks_what_is_new(site):
    edit = only(extend_passage(gap(), site, COSTS))
    assert edit.after.startswith(TEXTS["ours/locks#0"][1])
    assert "[EXTRACT TO CHECK]" in edit.after
    assert extend_passage(gap(full=()), site, COSTS) == []


def test_a_page_of_its_own_only_for_missing_content(site):
    edit = only(add_page(gap("missing"), site, COSTS))
    assert edit.page_id == "ours/cut-lock"
    assert edit.after.startswith("# How long to cut the lock?\n\n## How long to cut the lock?")
    assert add_page(gap("not retrieved"), site, COSTS) == []


def test_old_years_become_slots_and_figures_ask_for_sources(site):
    stale = only(refresh_fact(gap(), site, COSTS))
    assert "2021 [FACT NEEDED: what holds in 2026?]" in stale.after
    source = only(add_source(gap("not cited"), site, COSTS))
    assert source.after.count("[SOURCE NEEDED:") == 1
    assert add_source(gap("missing"), site, COSTS) == []
    assert refresh_fact(gap(passage="ours/locks#1"), site, COSTS) == []
    assert stale_years("In 2025 and 2026", 2026) == []


def test_every_edit_lists_its_changes_in_order(site):
    made = [
        one
        for cause in ("missing", "not retrieved", "not cited")
        for make in MAKERS
        for one in make(gap(cause), site, COSTS)
    ]
    changes = list_changes(made)
    assert changes.groupby("edit_id").size().min() >= 1
    assert changes["edit_id"].nunique() == len(made)
    assert {one.operation for one in made} >= {
        "reword_heading",
        "add_page",
        "refresh_fact",
        "add_source",
        "merge_sections",
    }


def test_an_edit_that_takes_from_an_untouchable_page_touches_it(site):
    """Merging is listed on the page that keeps the words, and removes them from another."""
    edit = only(merge_sections(gap(), site, COSTS))
    assert edit.page_id == "ours/locks"
    assert touches(edit, ("ours/tw*",))
    assert touches(edit, ("ours/locks",))
    assert not touches(edit, ("ours/paint",))
