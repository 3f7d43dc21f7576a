import time

import pytest

from coverage_kit.text.sections import read_headings, read_sections


def headings(text, title=""):
    return [(section.path, section.anchor) for section in read_sections(text, title)[1:]]


def test_the_id_of_a_heading_is_its_anchor_and_no_word():
    text = "# Tea {#tea}\n\nHot.\n\n## How to steep it {#steep-it}\n\nFour minutes."
    assert headings(text) == [("Tea", "tea"), ("Tea > How to steep it", "steep-it")]
    assert [words for _, words, _ in read_headings(text, "")] == ["Tea", "How to steep it"]


def test_a_heading_without_an_id_has_the_anchor_of_the_nearest_heading_above_it():
    text = (
        "## Tea {#tea}\n\n### Green\n\n### Black {#black}\n\n#### Assam\n\n## Coffee\n\n### Beans"
    )
    assert headings(text) == [
        ("Tea", "tea"),
        ("Tea > Green", "tea"),
        ("Tea > Black", "black"),
        ("Tea > Black > Assam", "black"),
        ("Coffee", ""),
        ("Coffee > Beans", ""),
    ]


def test_words_before_the_first_heading_have_no_anchor():
    assert read_sections("Hello.\n\n## A {#a}", "T")[0].anchor == ""


@pytest.mark.parametrize(
    ("line", "words", "anchor"),
    [
        ("## Größe {#größe}", "Größe", "größe"),
        ("## 送料 {#shipping} ##", "送料", "shipping"),
        ("##  Wide   {#wide}  ", "Wide", "wide"),
        (r"## Set \{#id}", "Set {#id}", ""),
        (r"## Set it \{#id}", "Set it {#id}", ""),
        (r"## Set it \{#id} {#real}", "Set it {#id}", "real"),
        ("## Set{#id}", "Set{#id}", ""),
        ("## Set {#a b}", "Set {#a b}", ""),
        ("## Set {#a} now", "Set {#a} now", ""),
        ("## Set {.wide}", "Set {.wide}", ""),
        ("## C #", "C", ""),
        ("## C#", "C#", ""),
        ("## Prices ##", "Prices", ""),
    ],
)
def test_only_an_id_at_the_end_of_a_heading_is_an_anchor(line, words, anchor):
    section = read_sections(line, "")[1]
    assert (section.heading, section.anchor) == (words, anchor)


def test_a_low_heading_is_words_without_its_id():
    sections = read_sections("## A {#a}\n\n##### B {#b}\n\nWords.", "")
    words = [words for words, _ in sections[1].paragraphs if words]
    assert words == ["B", "Words."]


@pytest.mark.parametrize(
    "text",
    [
        "## A" + " " * 1_000_000 + "b",
        "## " + "#" * 1_000_000,
        "## " + " #" * 500_000 + "b",
        "## A " + "{#" * 500_000,
        "## A " + r"\{#" * 300_000,
        "## A" + " {#a" * 250_000,
        "# H {#h}\n" * 100_000,
    ],
    ids=["spaces", "marks", "closing marks", "braces", "escapes", "ids", "headings"],
)
def test_hostile_headings_take_no_time(text):
    start = time.process_time()
    read_sections(text, "T")
    assert time.process_time() - start < 5
