import time
from datetime import UTC, datetime

import pytest

from coverage_kit.collect.front_matter import MODIFIED_KEYS, PUBLISHED_KEYS, read_front_matter
from coverage_kit.collect.markdown import extract_markdown, read_markdown_page


def read(front, body="Warm water is enough.\n"):
    return read_markdown_page(f"---\n{front}\n---\n{body}".encode())


@pytest.mark.parametrize(
    ("front", "title"),
    [
        ("title: >-\n  Winter care of\n  the pond\nlayout: post", "Winter care of the pond"),
        ("title: >\n  Winter care of\n  the pond", "Winter care of the pond"),
        ("title: |\n  Winter care\n", "Winter care"),
        ("title: Winter\n  care of the pond", "Winter care of the pond"),
        ('title: "Pond: every week" # weekly', "Pond: every week"),
        ("title: 'It''s a pond' # short", "It's a pond"),
        ("name: &n Pond care\ntitle: *n", "Pond care"),
        ("Title: Pond\n", "Pond"),
        ("title: 2024", "2024"),
        ("title: 1.10", "1.10"),
        ("title: No", "No"),
        ("title: 2024-01-02", "2024-01-02"),
    ],
)
def test_titles_are_what_yaml_says(front, title):
    page = read(front)
    assert (page.extract.title, page.front.problem) == (title, "")
    assert page.extract.text == "Warm water is enough."


def test_the_title_of_the_menu_is_the_last_choice():
    assert read("sidebar_label: Pond").extract.title == "Pond"
    page = read("sidebar_label: Pond", "# All about ponds\n\nWarm.\n")
    assert page.extract.title == "All about ponds"


@pytest.mark.parametrize(
    ("front", "published", "modified"),
    [
        (
            "date: 2023-10-02 07:05:00 +0200\nlast_modified_at: 2023-11-01 22:30:00 -0300",
            datetime(2023, 10, 2, 5, 5, tzinfo=UTC),
            datetime(2023, 11, 2, 1, 30, tzinfo=UTC),
        ),
        (
            "date: 2022/07/09 08:09:10\nupdated: Sep 3, 2022",
            datetime(2022, 7, 9, 8, 9, 10, tzinfo=UTC),
            datetime(2022, 9, 3, tzinfo=UTC),
        ),
        (
            "publishDate: 2024-05-06T07:08:09Z\nlastmod: 7 May 2024",
            datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
            datetime(2024, 5, 7, tzinfo=UTC),
        ),
        (
            "date:\n  created: 2023-12-31\n  updated: 2024-01-02",
            datetime(2023, 12, 31, tzinfo=UTC),
            datetime(2024, 1, 2, tzinfo=UTC),
        ),
        (
            "last_update:\n  date: 1/13/2024\n  author: Ann",
            None,
            datetime(2024, 1, 13, tzinfo=UTC),
        ),
        (
            "date: 1709634030\nlastUpdated: Tue, 05 Mar 2024 12:20:30 +0100",
            datetime(2024, 3, 5, 10, 20, 30, tzinfo=UTC),
            datetime(2024, 3, 5, 11, 20, 30, tzinfo=UTC),
        ),
    ],
)
def test_dates_of_every_generator_are_utc(front, published, modified):
    page = read(front)
    assert (page.extract.published_at, page.extract.modified_at) == (published, modified)
    assert page.front.problem == ""


def test_a_date_that_can_be_read_in_two_ways_is_not_guessed():
    page = read("date: 03/04/2024\ntitle: Pond")
    assert (page.extract.published_at, page.extract.title) == (None, "Pond")
    assert page.front.problem == "a date that cannot be read without a guess"
    assert page.front.detail == "date: 03/04/2024"
    assert read("lastUpdated: false").front.problem == ""


def test_toml_and_json_are_front_matter_too():
    toml = read_markdown_page(
        b'+++\ntitle = "Pond"\ndate = 2024-01-02T03:04:05+01:00\ndraft = true\n[params]\n'
        b'title = "Other"\n+++\nWarm.\n'
    )
    assert (toml.extract.title, toml.extract.text, toml.is_draft) == ("Pond", "Warm.", True)
    assert toml.extract.published_at == datetime(2024, 1, 2, 2, 4, 5, tzinfo=UTC)
    json = read_markdown_page(b'{\n  "title": "Pond",\n  "lastmod": "2024-02-03"\n}\nWarm.\n')
    assert (json.extract.title, json.extract.text) == ("Pond", "Warm.")
    assert json.extract.modified_at == datetime(2024, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "source",
    [
        "---\ntitle: Pond\n...\nWarm.\n",
        "---  \r\ntitle: Pond\r\n---\r\nWarm.\r\n",
        "\ufeff---\ntitle: Pond\n---\nWarm.\n",
        "---\ntitle: Pond\n---",
    ],
)
def test_front_matter_ends_as_its_generators_end_it(source):
    page = read_markdown_page(source.encode())
    assert page.extract.title == "Pond"
    assert page.extract.text in {"Warm.", ""}


@pytest.mark.parametrize(
    ("front", "values"),
    [
        ("title: Pond: the guide\nlang: en", {"title": "Pond: the guide", "lang": "en"}),
        ("title: {{ site.title }}\nlang: en", {"lang": "en"}),
        ("title: Pond\nowner: @ann\n", {"title": "Pond", "owner": "@ann"}),
        ("title: Pond\ntags: [a, b\nlang: en", {"title": "Pond", "tags": "[a, b", "lang": "en"}),
        ("\ttabs: 1\ntitle: Pond", {"title": "Pond"}),
        ("title: 'Pond'\n{% if x %}\nlang: en", {"title": "Pond", "lang": "en"}),
    ],
)
def test_of_broken_yaml_the_keys_are_read_that_can_be_and_it_is_said(front, values):
    page = read(front)
    assert {**page.front.values, **values} == page.front.values
    assert page.front.problem.startswith("front matter that is no YAML")
    assert page.extract.text == "Warm water is enough."
    assert "site.title" not in page.extract.title


def test_of_broken_toml_the_keys_above_its_tables_are_read():
    front = read_front_matter("toml", 'title = "Pond"\nowner = ann lee\n[params]\ntitle = "Other"')
    assert front.values == {"title": "Pond", "owner": "ann lee"}
    assert front.problem == "front matter that is no TOML"


@pytest.mark.parametrize(
    ("front", "problem"),
    [
        ("- a\n- b", "front matter that is a list, not keys and values"),
        ("just words", "front matter that is a text, not keys and values"),
    ],
)
def test_front_matter_without_keys_costs_no_page(front, problem):
    page = read(front)
    assert (page.front.values, page.front.problem) == ({}, problem)
    assert page.extract.text == "Warm water is enough."


def test_text_between_two_rules_is_no_front_matter():
    text = extract_markdown(b"---\n\nFirst words.\n\nMore words.\n\n---\n\nLast words.\n").text
    assert text.split("\n\n") == ["First words.", "More words.", "Last words."]
    assert extract_markdown(b"{braces} are words.\n").text == "{braces} are words."
    assert read("").front.problem == ""


@pytest.mark.parametrize(
    ("front", "is_draft"),
    [
        ("draft: true", True),
        ("draft: yes", True),
        ("published: false", True),
        ("published: no", True),
        ("published: 2024-01-02", False),
        ("unlisted: true", False),
        ("draft: false", False),
        ("title: Draft", False),
    ],
)
def test_drafts_are_what_the_generator_does_not_publish(front, is_draft):
    assert read(front).is_draft is is_draft


@pytest.mark.parametrize(
    ("front", "url"),
    [
        ("permalink: /guides/pond/", "/guides/pond/"),
        ("permalink: /:year/:title/", ""),
        ("permalink: pretty", ""),
        ("canonical_url: https://pond.example/a\npermalink: /b", "https://pond.example/a"),
        ("url: '{{ site.url }}/a'", ""),
    ],
)
def test_addresses_are_no_patterns(front, url):
    assert read(front).extract.url == url


def test_languages_are_codes():
    assert read("lang: pt-BR").extract.language == "pt"
    assert read("language: german").extract.language == ""


def test_lists_and_mappings_name_authors():
    front = read("authors: [Ann Lee, {name: Bo Ek, url: /bo}]\nauthor:\n  name: Cy").front
    assert front.texts("authors") == ["Ann Lee", "Bo Ek"]
    assert front.text("author") == "Cy"
    assert front.date(PUBLISHED_KEYS) is front.date(MODIFIED_KEYS) is None


def test_aliases_that_repeat_without_end_are_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert read("\n".join(lines)).front.problem == "front matter of more than 5,000 values"
    within = read("a: &a [*a]\ntitle: Pond")
    assert within.front.problem == "front matter of values nested too deeply"
    assert within.extract.text == "Warm water is enough."


@pytest.mark.parametrize(
    "unit", ["[", "{", "a: ", "- ", "&a ", "*a ", "'", '"', "? ", "!", "|\n", "x", "a: 'b\n", "\n"]
)
@pytest.mark.parametrize("kind", ["yaml", "toml", "json"])
def test_hostile_front_matter_takes_a_moment(unit, kind):
    start = time.process_time()
    read_front_matter(kind, (unit * 20_000)[:20_000])
    long = read_front_matter(kind, unit * 1_000_000)
    assert long.problem == "front matter of more than 64,000 characters"
    assert time.process_time() - start < 10


def test_a_page_without_title_is_named_by_the_heading_that_begins_it():
    assert read_markdown_page(b"## Hello, *world* {#hi}\n\nWords.").extract.title == "Hello, world"
    assert read_markdown_page(b"Words.\n\n## Hello\n\nMore.").extract.title == ""
    assert read_markdown_page(b"### A\n\n# B\n\nWords.").extract.title == "B"


def test_front_matter_of_hexo_may_lack_its_first_line():
    page = read_markdown_page(b"title: Old\ndate: 2020-05-05\ntags:\n- a\n---\nOld words.\n")
    assert (page.extract.title, page.extract.text) == ("Old", "Old words.")
    assert str(page.extract.published_at).startswith("2020-05-05")
    heading = read_markdown_page(b"Note: this is\na heading\n---\nWords.\n")
    assert heading.extract.text.endswith("Words.")
    assert "this is" in heading.extract.text
