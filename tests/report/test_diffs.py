"""What an edit changes, word by word."""

import re

import lxml.html
import pytest
from hypothesis import given, strategies as st

from coverage_kit.report.diffs import diff_html, diff_lines, diff_markdown, diff_words

WORDS = st.text(alphabet=st.sampled_from(list("ab<>&*~_[]() \n\"'`#")), max_size=60)


def test_words_are_same_removed_or_added():
    assert diff_words("A Heron goes 55 km.", "A loaded Heron goes far.") == [
        ("same", "A"),
        ("added", "loaded"),
        ("same", "Heron goes"),
        ("removed", "55 km."),
        ("added", "far."),
    ]


def test_line_breaks_are_kept():
    assert diff_words("one\n\ntwo", "one\n\ntwo three") == [
        ("same", "one\n\ntwo"),
        ("added", "three"),
    ]
    assert diff_words("", "one\ntwo") == [("added", "one\ntwo")]
    assert diff_words("one", "one") == [("same", "one")]
    assert diff_words("", "") == []


@given(WORDS, WORDS)
def test_what_is_not_added_is_before_and_what_is_not_removed_is_after(before, after):
    runs = diff_words(before, after)
    assert [w for kind, words in runs if kind != "added" for w in words.split()] == before.split()
    assert [w for kind, words in runs if kind != "removed" for w in words.split()] == after.split()


def test_long_texts_are_compared_by_their_ends():
    old = " ".join(["start", *(f"o{n}" for n in range(5_000)), "end"])
    new = " ".join(["start", *(f"n{n}" for n in range(5_000)), "end"])
    assert [(kind, len(words.split())) for kind, words in diff_words(old, new)] == [
        ("same", 1),
        ("removed", 5_000),
        ("added", 5_000),
        ("same", 1),
    ]
    assert [kind for kind, _ in diff_words("word " * 8_000, "word " * 7_999)] == ["same", "removed"]


def test_markdown_marks_each_line_and_escapes():
    assert diff_markdown("old", "new\n\nnewer") == "~~old~~ **new**\n\n**newer**"
    assert diff_markdown("", "<b> *x* [a](b)") == "**&lt;b&gt; \\*x\\* [a]\\(b)**"


def test_html_is_escaped_and_says_what_it_shows():
    assert diff_html("a <i>", "a <b>") == (
        'a <del><span class="heard">[removed: </span>&lt;i&gt;<span class="heard">]</span></del> '
        '<ins><span class="heard">[added: </span>&lt;b&gt;<span class="heard">]</span></ins>'
    )


@given(WORDS, WORDS)
def test_html_has_no_elements_but_its_own(before, after):
    tree = lxml.html.fragment_fromstring(diff_html(before, after), create_parent="div")
    assert {element.tag for element in tree.iter()} <= {"div", "del", "ins", "span"}
    for heard in tree.xpath("//span"):
        heard.drop_tree() if heard.text in {"[added: ", "[removed: ", "]"} else None
    words = "".join(tree.itertext()).split()
    assert sorted(words) == sorted(
        [w for _, text in diff_words(before, after) for w in text.split()]
    )


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("a\nb", "a\nc", [" a", "-b", "+c"]),
        ("", "a", ["+a"]),
        ("a", "", ["-a"]),
        ("a", "a", []),
        ("--", "++", ["---", "+++"]),
    ],
)
def test_plain_lines(before, after, lines):
    assert diff_lines(before, after) == lines


def test_control_characters_are_gone():
    for show_diff in (diff_markdown, diff_html):
        assert not re.search("[\x00-\x08\x1b\u202e]", show_diff("a\x00b", "c\u202ed\x1b[31m"))
