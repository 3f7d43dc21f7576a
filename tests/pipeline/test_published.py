from collections import Counter

import pytest
from hypothesis import given, settings, strategies as st

from coverage_kit.errors import RunError
from coverage_kit.pipeline.page_diffs import content_words
from coverage_kit.pipeline.published import find_published
from tests.two_runs import (
    BRAKES,
    COLD,
    HEADING,
    OTHER,
    PAGE,
    PARCELS,
    RANGE,
    SITE,
    STORE,
    make_changes,
    make_passages,
)

SECTION = f"Range > {HEADING}"
SHORT = (
    "short",
    "insert_section",
    PAGE,
    "Range",
    None,
    f"## {HEADING}\n\n“{COLD}” [EXTRACT TO CHECK] [FACT NEEDED: your own?]",
)
FULL = ("full", "insert_section", PAGE, "Range", None, f"## {HEADING}\n\n{COLD}\n\n{STORE}")
EXTEND = ("extend", "replace_passage", PAGE, "Range", RANGE, f"{RANGE} {COLD}")
NEW_PAGE = (
    "page",
    "add_page",
    "ours.example/winter",
    "Winter",
    None,
    f"# Winter\n\n## Frost\n\n{COLD}\n\n## Storage\n\n{STORE}",
)


def find(changes, *after, before=SITE, published_ids=()):
    table = find_published(
        make_changes(*changes), make_passages(*before), make_passages(*after), published_ids
    )
    return table.set_index("edit_id")


def published(changes, *after, **options):
    table = find(changes, *after, **options)
    return set(table.index[table["is_published"]])


def test_content_words_leave_out_markers_and_count():
    assert content_words(
        "“Two brakes, one Brake.” [FACT NEEDED: which cable?] https://x.example/a"
    ) == Counter(brake=2)
    assert content_words("[EXTRACT TO CHECK] 40 km [cells](https://x.example/cells)") == Counter(
        {"40": 1, "km": 1, "cell": 1}
    )


def test_an_inserted_section_is_found_with_its_share_of_words():
    half = "Frost takes a third off: keep the cell indoors overnight."
    row = find([SHORT], *SITE, (PAGE, SECTION, half)).loc["short"]
    proposed = content_words(f"{HEADING} {COLD}")
    shared = content_words(f"{HEADING} {half}") & proposed
    assert row["word_overlap"] == pytest.approx(shared.total() / proposed.total())
    assert 0.4 <= row["word_overlap"] < 0.7
    assert row["is_published"]
    assert (
        row["how"] == f"{shared.total()} of {proposed.total()} proposed words are new on the page"
    )


def test_nothing_is_published_where_nothing_changed():
    rows = find([SHORT, FULL, EXTEND, NEW_PAGE], *SITE)
    assert not rows["is_published"].any()
    assert (rows["word_overlap"] == 0).all()


def test_words_that_were_there_already_are_not_new():
    before = (*SITE, (PAGE, "Range > Winter", COLD))
    after = (*SITE, (PAGE, "Range > Winter", f"{COLD} Call us."))
    assert published([SHORT, EXTEND], *after, before=before) == set()


def test_words_of_a_passage_that_did_not_change_are_credited_to_nobody():
    before = (*SITE, (PAGE, "Range > Winter", COLD))
    words = COLD.split()
    texts = [(PAGE, f"Range > Part {n}", " ".join(words[n::4])) for n in range(4)]
    assert published([EXTEND], *before, *texts, before=before) == set()


def test_a_draft_of_a_few_words_is_not_found_by_chance():
    tiny = (
        "tiny",
        "insert_section",
        PAGE,
        "Range",
        None,
        "## Winter range loss\n\n[FACT NEEDED: your own figures]",
    )
    assert (
        published(
            [tiny], *SITE, (PAGE, "Range > Tyres", "In winter the range of a studded tyre is less.")
        )
        == set()
    )
    assert published([tiny], *SITE, (PAGE, "Range > Range loss in winter", "A third.")) == {"tiny"}


@pytest.mark.parametrize(("body", "expected"), [(COLD, "short"), (f"{COLD} {STORE}", "full")])
def test_short_and_full_compete_for_the_same_words(body, expected):
    rows = find([SHORT, FULL], *SITE, (PAGE, SECTION, body))
    assert set(rows.index[rows["is_published"]]) == {expected}
    assert (
        find([FULL, SHORT], *SITE, (PAGE, SECTION, body))["is_published"].to_dict()
        == rows["is_published"].to_dict()
    )


def test_the_loser_names_the_winner():
    rows = find([SHORT, FULL], *SITE, (PAGE, SECTION, f"{COLD} {STORE}"))
    assert rows.loc["short", "how"] == "the new words fit full better"
    assert rows.loc["short", "word_overlap"] == 1


def test_a_full_draft_freely_rewritten_is_still_the_full_one():
    rewritten = (
        "In frost the cell gives a third less. Keep it indoors overnight and preheat it before you "
        "leave. For storage leave it half full, out of sunlight, and charge every three months of "
        "the closed season."
    )
    assert published([SHORT, FULL], *SITE, (PAGE, SECTION, rewritten)) == {"full"}


def test_two_edits_of_one_passage_are_both_found():
    store = ("store", "replace_passage", PAGE, "Range", RANGE, f"{RANGE} {STORE}")
    after = ((PAGE, "Range", f"{RANGE} {STORE} {COLD}"), *SITE[1:])
    assert published([EXTEND, store], *after) == {"extend", "store"}
    assert published([EXTEND, store], (PAGE, "Range", f"{RANGE} {COLD}"), *SITE[1:]) == {"extend"}


def test_a_section_under_the_proposed_heading_counts_whatever_it_says():
    row = find(
        [SHORT], *SITE, (PAGE, SECTION, "Ask our workshop, they know everything there.")
    ).loc["short"]
    assert row["is_published"]
    assert row["how"] == "its heading is new on the page, over other words"
    assert row["word_overlap"] < 0.4


def test_a_heading_is_replaced_only_where_the_old_one_went():
    change = (
        "h",
        "replace_heading",
        PAGE,
        "Range > Brakes",
        "Brakes",
        "How short is the braking distance?",
    )
    similar = (PAGE, "Range > Braking distance: how short?", BRAKES)
    assert published([change], SITE[0], similar, SITE[2]) == {"h"}
    rows = find(
        [change],
        *SITE,
        (PAGE, "Range > How short is the braking distance?", "See the table of our test drives."),
    )
    assert rows.loc["h", "how"] == "the old heading is still there"
    assert published([change], SITE[0], (PAGE, "Range > Colours", BRAKES), SITE[2]) == set()


def test_one_new_heading_is_credited_once():
    first = (
        "h1",
        "replace_heading",
        PAGE,
        "Range > Brakes",
        "Brakes",
        "Braking distance of a loaded box",
    )
    second = (
        "h2",
        "replace_heading",
        PAGE,
        "Range > Brakes",
        "Brakes",
        "Braking distance of a box",
    )
    assert published(
        [first, second], SITE[0], (PAGE, "Range > Braking distance of a box", BRAKES), SITE[2]
    ) == {"h2"}


def test_a_title_is_replaced():
    change = ("t", "replace_title", PAGE, "Range", "Range", "Range and battery of the cargo bike")
    after = (
        (PAGE, "Cargo bike: battery and range", RANGE),
        (PAGE, "Cargo bike: battery and range > Brakes", BRAKES),
        SITE[2],
    )
    assert published([change], *after) == {"t"}
    assert published([change], *SITE) == set()


def test_a_removed_section_is_gone_but_a_page_that_was_not_read_is_not():
    change = ("r", "remove_section", PAGE, "Range > Brakes", BRAKES, None)
    assert find([change], SITE[0], SITE[2]).loc["r", ["is_published", "word_overlap"]].tolist() == [
        True,
        1.0,
    ]
    assert published([change], *SITE) == set()
    row = find([change], SITE[2]).loc["r"]
    assert not row["is_published"]
    assert row["how"] == "its page is not in the later run"


def test_a_new_page_is_found_at_any_address():
    row = find([NEW_PAGE], *SITE, ("ours.example/care/cold", "Cold days > Frost", COLD)).loc["page"]
    assert row["is_published"]
    assert row["page_id"] == "ours.example/care/cold"
    assert not find(
        [NEW_PAGE], *SITE, ("ours.example/jobs", "Jobs", "We look for a mechanic.")
    ).loc["page", "is_published"]
    assert find([NEW_PAGE], *SITE).loc["page", "how"] == "a new page is not in the later run"


def test_a_page_that_moved_is_known_by_its_words():
    moved = [(page.replace("range", "bikes/range"), path, text) for page, path, text in SITE]
    row = find([SHORT, NEW_PAGE], *moved, ("ours.example/bikes/range", SECTION, COLD))
    assert row["is_published"].to_dict() == {
        "short": True,
        "page": False,
    }  # a moved page is no new page
    assert row.loc["short", "page_id"] == "ours.example/bikes/range"


def test_an_edit_of_several_changes_counts_when_most_of_its_words_are_there():
    changes = [
        SHORT,
        ("short", "replace_heading", PAGE, "Range > Brakes", "Brakes", "Braking distance"),
    ]
    assert published(changes, *SITE, (PAGE, SECTION, COLD)) == {"short"}
    assert published(changes, SITE[0], (PAGE, "Range > Braking distance", BRAKES), SITE[2]) == set()


def test_named_edits_alone_count():
    rows = find([SHORT, NEW_PAGE], *SITE, (PAGE, SECTION, COLD), published_ids=["page"])
    assert rows["is_published"].to_dict() == {"short": False, "page": True}
    assert rows.loc["page", "how"].startswith("named by the caller")
    with pytest.raises(RunError, match="such as page, short; found nobody"):
        find([SHORT, NEW_PAGE], *SITE, published_ids=["nobody"])


def test_no_edits_give_no_rows():
    assert find([], *SITE).empty


WORDS = [f"{letter}{number}word" for letter in "abcdefgh" for number in range(20)]


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(0, 7)), st.randoms(use_true_random=False))
def test_exactly_the_edits_made_to_the_letter_are_found(made, random):
    drafts = [" ".join(random.sample(WORDS[20 * n : 20 * n + 20], 15)) for n in range(8)]
    pages = [PAGE if n % 2 else OTHER for n in range(8)]
    changes = [
        (f"e{n}", "insert_section", pages[n], "x", None, f"## About {n}x\n\n{drafts[n]}")
        for n in range(8)
    ]
    added = [(pages[n], f"x > Written {n}", f"{drafts[n]} {PARCELS}") for n in sorted(made)]
    assert published(changes, *SITE, *added) == {f"e{n}" for n in made}
