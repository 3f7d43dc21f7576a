"""An llms-full.txt is split into its pages by their addresses, and refused without any."""

# ruff: noqa: E501 (samples as they are)
import time

import pytest

from coverage_kit.collect.sources import find_reader, split_llms_full
from tests.collect.sources.reading import read, texts

BASE = "https://tea.example"
EXPECTED = {f"{BASE}/cups": "# Cups\n\nOf clay.", f"{BASE}/pots": "# Pots\n\nOf iron."}


@pytest.mark.parametrize(
    "text",
    [
        f"# Cups\nSource: {BASE}/cups\n\nOf clay.\n\n# Pots\nSource: {BASE}/pots\n\nOf iron.\n",
        "# Tea\n\n> All about tea.\n\n# Cups\n\nURL: /cups\n\nOf clay.\n\n---\n\n# Pots\nURL: /pots\nOf iron.",
        "# Cups\nURL: /cups\nSource: https://github.com/a/b/cups.mdx\n\nOf clay.\n\n"
        "# Pots\nURL: /pots\nSource: https://github.com/a/b/pots.mdx\n\nOf iron.",
        "# Cups\n**Source:** <https://tea.example/cups>\n\nOf clay.\n# Pots\n> URL: /pots\n\nOf iron.",
        "---\nurl: /cups.md\ndescription: d\n---\n# Cups\n\nOf clay.\n\n---\n\n---\nurl: '/pots.md'\n---\n\n"
        "# Pots\n\nOf iron.",
        "<page>\n---\ntitle: Cups\nsource_url:\n  html: https://tea.example/cups\n  md: x\n---\n\nOf clay."
        "\n</page>\n\n<page>\n---\ntitle: Pots\nsource_url:\n  html: https://tea.example/pots\n---\nOf iron."
        "\n</page>",
        '<docs>\n<doc title="Cups" url="/cups">Of clay.</doc>\n<doc title="Pots" url="/pots">\nOf iron.\n</doc>'
        "\n</docs>",
        "# Cups (/cups)\n\nOf clay.\n\n# Pots (/pots)\n\nOf iron.",
        "# [Cups](/cups)\n\nOf clay.\n\n# [Pots](/pots)\n\nOf iron.",
        "# Cups\n\nhttps://tea.example/cups\n\nOf clay.\n\n# Pots\n<https://tea.example/pots>\n\nOf iron.",
        "Title: Cups\n\nURL Source: https://tea.example/cups\n\nMarkdown Content:\nOf clay.\n\n"
        "Title: Pots\n\nURL Source: https://tea.example/pots\n\nOf iron.",
    ],
)
def test_each_form_gives_the_pages_and_their_addresses(text):
    assert texts(split_llms_full(text, BASE)) == EXPECTED
    assert texts(split_llms_full(text.replace("\n", "\r\n"), BASE + "/")) == EXPECTED


def test_titles_within_code_and_within_pages_begin_no_page():
    text = (
        f"# Cups\nSource: {BASE}/cups\n\nWrite:\n\n```md\n# Fake\nSource: {BASE}/fake\n```\n\n"
        "# Care\n\nWash it.\n\n## [Shop](https://shop.example/)\n\nBuy."
    )
    pages = split_llms_full(text, BASE)
    assert [page.url for page in pages] == [f"{BASE}/cups"]
    assert "# Care\n\nWash it." in pages[0].extract.text


def test_a_text_without_addresses_is_one_refused_row():
    for text in ("# Cups\n\nOf clay.\n\n# Pots\n\nOf iron.", "", "x" * 1000):
        pages = split_llms_full(text, BASE)
        assert [page.status for page in pages] == ["no page in it has an address"]


def test_a_long_text_before_the_first_page_is_a_refused_row():
    text = "word " * 100 + f"\n\n# Cups\nSource: {BASE}/cups\n\nOf clay."
    assert [page.status for page in split_llms_full(text, BASE)] == [
        "text without an address",
        "ok",
    ]


def test_a_file_is_read_by_its_name_or_by_its_pages(tmp_path):
    text = f"# Cups\nSource: {BASE}/cups\n\nOf clay.\n\n# Pots\nSource: {BASE}/pots\n\nOf iron.\n"
    for name in ("llms-full.txt", "docs.txt"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        assert texts(read(path)[0]) == EXPECTED
    (tmp_path / "notes.txt").write_text("# Cups\n\nSource: a book\n", encoding="utf-8")
    assert find_reader(tmp_path / "notes.txt") is None


def test_a_binary_file_of_this_name_is_a_status(tmp_path):
    path = tmp_path / "llms-full.txt"
    path.write_bytes(bytes(range(256)) * 100)
    assert [page.status for page in read(path)[0]] == [
        "unreadable: no text, but a file of another kind"
    ]


@pytest.mark.parametrize(
    "sign",
    ["#", "# ", "-", "---\n", "---\na: b\n", "```\n", "<page>\n", "<", "[", "*", "> ", "Title: x\n",
     "Source: <", "# [a](", "# a (/", "=  ", "\n"],
)  # fmt: skip
def test_hostile_texts_take_time_in_proportion(sign):
    start = time.perf_counter()
    split_llms_full(sign * (300_000 // len(sign)), BASE)
    assert time.perf_counter() - start < 10
