"""Each operation on a small site: where it applies, what it changes, and no invented word."""

from dataclasses import replace

import pandas as pd
import pytest

from coverage_kit.contracts import Home, NewPage
from coverage_kit.rank.briefs import Brief, BriefQuestion, Fact
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
    reword_passage,
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
    facts=("Thieves cut cheap locks within seconds.",),
    title="Cutting a lock",
    questions=("How long to cut the lock?", "Can thieves cut it?"),
    **values,
):
    usual = {
        "cluster_id": "c0",
        "label": "cut, lock",
        "cause": cause,
        "brief": Brief(
            title,
            tuple(BriefQuestion(f"q{n}", text, 2.0 - n) for n, text in enumerate(questions)),
            tuple(Fact(text, 1, query_ids=("q0",)) for text in facts),
            n_answers=3,
        ),
        "query_ids": ("q0", "q1"),
        "passage_id": passage,
        "share_nearest": 1.0,
        "homes": (Home(passage.split("#")[0], 0.8, passage), Home("ours/paint", 0.1, "")),
        "no_home": 0.1,
        "is_answered": False,
        "new_page": NewPage("ours/", "", ("ours/locks",)),
    }
    return Gap(**(usual | values))


def only(candidates):
    assert len(candidates) == 1
    return candidates[0]


def test_the_topics_name_in_front_of_a_heading(site):
    # the page as a whole is about something else
    part = gap(title="Theft by thieves", homes=())
    edit = only(reword_heading(part, site, EFFORT))
    assert edit.added == (("Locks > Frame lock: Theft by thieves", TEXTS["ours/locks#0"][1]),)
    assert edit.removed == ("ours/locks#0",)
    assert edit.changes[0][0] == "replace_heading"
    assert (edit.holds_answer, edit.own_words) == (False, ())
    # the heading says it already, or a question is no part of a heading, or the title is better
    assert reword_heading(gap(title="Locking the frame", homes=()), site, EFFORT)
    assert reword_heading(gap(title="Lock", homes=()), site, EFFORT) == []
    assert reword_heading(gap(title="Are thieves fast?", homes=()), site, EFFORT) == []
    assert reword_heading(gap(title="Theft by thieves"), site, EFFORT) == []


def test_headings_are_bent_only_where_half_of_the_questions_look(site):
    away = gap(share_nearest=0.4)
    for make in (reword_heading, answer_first, retitle_page):
        assert make(away, site, EFFORT) == []
    missing = gap("missing")
    for make in (reword_heading, answer_first, split_section):
        assert make(missing, site, EFFORT) == []


def test_a_title_with_the_topics_name_changes_every_passage_of_its_home(site):
    named = gap(title="Theft by thieves")
    edit = only(retitle_page(named, site, EFFORT))
    assert [path for path, _ in edit.added] == [
        "Locks: Theft by thieves > Frame lock",
        "Locks: Theft by thieves > Chain",
    ]
    assert edit.removed == ("ours/locks#0", "ours/locks#1")
    # another page is the home, or the title says it already, or a question is no title
    assert retitle_page(gap(title="Theft", homes=()), site, EFFORT) == []
    assert retitle_page(gap(title="Locks for winter"), site, EFFORT) == []
    assert retitle_page(gap(title="Are thieves fast?"), site, EFFORT) == []


def test_the_own_sentence_that_answers_comes_first_and_no_word_is_lost(site):
    edit = only(answer_first(gap(title="Theft by thieves"), site, EFFORT))
    assert edit.added[0].text.startswith("A thief needs 4 minutes")
    assert sorted(edit.added[0].text.split()) == sorted(TEXTS["ours/locks#0"][1].split())
    assert [change.action for change in edit.changes] == ["replace_passage", "replace_heading"]


def test_a_long_passage_is_split_where_the_answer_begins(site):
    long_gap = gap(
        passage="ours/paint#0",
        title="Scratched paint",
        questions=("Is scratched paint repaired?",),
        facts=("Paint scratched is repaired.",),
    )
    edit = only(split_section(long_gap, site, EFFORT))
    remaining, answering = edit.added
    assert answering.text.startswith("Scratched paint is repaired by us.")
    assert answering.heading_path == "Paint > Scratched paint"
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


FACTS = (
    "Thieves cut cheap locks within seconds.",
    "Angle grinders open most frame locks quickly.",
    "Most insurers want a gold rated lock.",
)


def test_sections_short_and_full_behind_the_last_section(site):
    # what fits an hour has one variant
    assert len(add_question_and_answer(gap("missing", facts=FACTS), site, EFFORT)) == 1
    slow = RankSettings(section_minutes=50)
    short, full = add_question_and_answer(gap("missing", facts=FACTS), site, slow)
    assert (short.page_id, full.page_id) == ("ours/locks", "ours/locks")
    assert short.text_share < full.text_share == 1.0
    assert full.home_share == pytest.approx(0.8 / 0.9)
    assert full.added == (("Cutting a lock", " ".join(FACTS)),)
    # what answers say is material in the brief, and no text of the site
    for fact in FACTS:
        assert fact not in full.after
        assert fact in full.brief
    assert "[FACT NEEDED: a short answer to: How long to cut the lock?]" in full.after
    assert (full.words_before[-6:], full.words_after) == ("heavy.", "")
    assert full.drafted_from == ("q0", "q1")
    assert short.drafted_from == ("q0",)
    assert full.cost_minutes > short.cost_minutes


def test_without_facts_a_text_is_its_slots_and_nothing_is_simulated(site):
    missing = gap("missing", facts=())
    for edit in add_question_and_answer(missing, site, EFFORT):
        assert edit.added == ()
        assert "[FACT NEEDED: a short answer to: How long to cut the lock?]" in edit.after


def test_a_passage_that_states_a_part_is_extended_by_what_it_lacks(site):
    known = Fact("It weighs 900 g.", 2, "", "ours/locks#0", "It weighs 900 grams.", None, ("q0",))
    lacking = Fact("Thieves cut it.", 1, "", None, None, None, ("q1",))
    partial = gap("missing", facts=())
    partial = replace(partial, brief=partial.brief._replace(facts=(known, lacking)))
    edit = only(extend_passage(partial, site, EFFORT))
    assert edit.after.startswith(TEXTS["ours/locks#0"][1])
    assert "Thieves cut it." not in edit.after
    assert edit.after.endswith("[FACT NEEDED: a short answer to: Can thieves cut it?]")
    assert "- Thieves cut it." in edit.brief
    assert edit.after.count("It weighs") == 1
    # nothing is known, or nothing is lacking
    assert extend_passage(gap("missing"), site, EFFORT) == []
    full = partial.brief._replace(facts=(known,))
    assert extend_passage(replace(partial, brief=full), site, EFFORT) == []


def test_an_answer_in_other_words_gets_plain_words_in_front_and_a_heading_that_names_it(site):
    answered = gap("mis-worded", is_answered=True, homes=())
    edit = only(reword_passage(answered, site, EFFORT))
    slot = "[WORDS NEEDED: the next sentence in plain words; then delete that sentence] "
    answer = "A thief needs 4 minutes to cut the lock in 2021."
    assert edit.after == TEXTS["ours/locks#0"][1].replace(answer, slot + answer)
    assert f"what this sentence says: “{answer}”" in edit.brief
    assert edit.changes[1].after == "Frame lock: Cutting a lock"
    # the page as a whole is about the topic, or nothing says what the answers say
    assert reword_passage(gap("mis-worded", is_answered=True), site, EFFORT) == []
    assert reword_passage(replace(answered, is_answered=False), site, EFFORT) == []


def test_a_run_of_offers_is_never_quoted_as_an_answer(site):
    offers = " ".join(["Cut lock deals — $9.99 See It Best"] * 12) + " Thieves."
    site.by_id.loc["ours/locks#0", "text"] = offers
    answered = gap("mis-worded", is_answered=True, homes=())
    assert reword_passage(answered, site, EFFORT) == []
    assert answer_first(answered, site, EFFORT) == []


def test_what_is_near_is_to_read_first_and_to_check_where_the_gap_is_only_possible(site):
    lost = gap("missing", facts=FACTS, homes=(Home("ours/locks", 0.1, ""),), near=("ours/paint#0",))
    read, check = (
        add_page(replace(lost, is_likely=is_likely), site, EFFORT)[-1].brief
        for is_likely in (True, False)
    )
    assert "Read first what your site says nearby: “Colours” (ours/paint)." in read
    assert (
        "Check first whether your site answers this already, as the gap is only possible: "
        "“Colours” (ours/paint)." in check
    )


def test_a_page_of_its_own_only_where_no_page_is_the_home(site):
    lost = gap("missing", facts=FACTS, homes=(Home("ours/locks", 0.1, "ours/locks#0"),))
    page = add_page(lost, site, EFFORT)[-1]
    assert page.page_id == "ours/cutting-a-lock"
    assert page.after.startswith("# Cutting a lock\n\n## How long to cut the lock?")
    assert "## Can thieves cut it?" in page.after
    assert page.links_from == ("ours/locks",)
    assert add_page(gap("missing"), site, EFFORT) == []
    assert add_question_and_answer(lost, site, EFFORT) == []
    # what a passage answers already is not written again
    for make in (add_page, add_question_and_answer):
        assert make(replace(lost, cause="mis-worded"), site, EFFORT) == []


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
        for homes in ((Home("ours/locks", 0.8, "ours/locks#0"),), ())
        for make in MAKERS
        for candidate in make(gap(cause, title="Theft by thieves", homes=homes), site, EFFORT)
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
