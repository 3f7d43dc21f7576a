"""A Docusaurus site of 33 pages, with the constructs that real sites use, is read as people see it.

The expectations are what Docusaurus publishes; `tests/sites/docusaurus_pages.py` holds them.
"""

import re
from collections.abc import Iterator

import pandas as pd
import pytest

from coverage_kit import read_site, split_pages, write_site_copy
from coverage_kit.collect.site import read_source
from coverage_kit.settings import SiteSettings
from coverage_kit.tables import CHANGES
from tests.sites.docusaurus_pages import BASE_URL, CARDS_ONLY, PAGES, SITE

HOST = BASE_URL.removeprefix("https://")
SETTINGS = SiteSettings(source=str(SITE), base_url=BASE_URL)
FENCED = re.compile(
    r"^([ \t]*)(`{3,}|~{3,})[^\n]*\n(.*?)^[ \t]*\2[ \t]*$", re.MULTILINE | re.DOTALL
)
COMMENT = re.compile(r"<!--.*?-->|\{/\*.*?\*/\}", re.DOTALL)
MATH = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$", re.DOTALL)
# What no reader of the site sees. Braces are those of JSX, because formulas are set aside.
LITTER = {
    "an import": re.compile(r"\bimport\b[^\n]*\bfrom\s*['\"]"),
    "an export": re.compile(r"^export\s+(const|let|function|default|class)\b", re.MULTILINE),
    "a directive": re.compile(r":::"),
    "a heading's id": re.compile(r"\{#|\{/\*|\*/\}"),
    "a comment": re.compile(r"<!--|-->"),
    "a tag": re.compile(r"</|<[A-Za-z][^\s<>]*(\s[^<>]*)?/?>|<>|/>"),
    "a brace": re.compile(r"[{}]"),
    "an attribute": re.compile(r"\b(className|groupId|defaultValue|queryString)\b"),
    "a magic comment": re.compile(r"highlight-(next-line|start|end)"),
    "a partial": re.compile(r"\.mdx?\b|_partials|\b_(safety|hotline|note|plans|factory-reset)\b"),
    "a footnote's mark": re.compile(r"\[\^"),
    "a link's mark": re.compile(r"\]\("),
}
ADDED = "It was checked in May."
# A new section in a tab is read before the label of the next tab.
LABELS_BEHIND = {"docs/guides/2.0-upgrade": "Network share"}


@pytest.fixture(scope="module")
def reading():
    return read_source(SETTINGS)


@pytest.fixture(scope="module")
def pages(reading):
    return reading.pages.set_index("page_id")


@pytest.fixture(scope="module")
def passages():
    return split_pages(read_site(SETTINGS))


def page_of(pages, path):
    assert f"{HOST}/{path}" in pages.index, "the page was not read"
    return pages.loc[f"{HOST}/{path}"]


def passages_of(passages, path):
    return passages[passages["page_id"] == f"{HOST}/{path}"]


def code_blocks(text: str) -> list[str]:
    """Return the blocks of code of a page's Markdown, without their indentation."""
    return [
        "\n".join(line.removeprefix(indent) for line in code.rstrip().split("\n"))
        for indent, _, code in FENCED.findall(text or "")
    ]


def prose_of(pages, passages, path) -> str:
    """Return the words of a page's passages, a line for each line that is no code."""
    text = page_of(pages, path)["text"]
    code = {line.strip() for block in code_blocks(text) for line in block.split("\n")}
    lines = FENCED.sub("", "\n\n".join(passages_of(passages, path)["text"])).split("\n")
    # A long block may be cut, so that its lines and fences are in several passages.
    return "\n".join(
        line for line in lines if line.strip() not in code and not line.strip().startswith("```")
    )


def words_of(text: str) -> str:
    """Return a page's Markdown without code, and without the ids at the end of its headings."""
    return re.sub(r"^(#.*?) \{#[^\s{}]+\}$", r"\1", FENCED.sub("", text), flags=re.MULTILINE)


def in_one_line(text: str) -> str:
    """Return a text without line breaks and marks of code and emphasis."""
    return " ".join(text.replace("`", "").replace("\N{NO-BREAK SPACE}", " ").split())


def litter(text: str, signs: tuple[str, ...] = ()) -> Iterator[str]:
    text = MATH.sub("", text)
    for sign in sorted(signs, key=len, reverse=True):
        text = text.replace(sign, "")
    for kind, pattern in LITTER.items():
        for match in pattern.finditer(text):
            yield f"{kind}: {text[max(0, match.start() - 30) : match.end() + 30]!r}"


# Which pages there are


def test_the_published_pages_are_the_pages_and_nothing_else(pages):
    assert set(pages.index) == {f"{HOST}/{path}" for path in (*PAGES, CARDS_ONLY)}


def test_of_the_published_pages_at_least_98_percent_are_read(pages):
    published = [f"{HOST}/{path}" for path in PAGES]
    status = pages.reindex(published)["status"]
    assert len(published) >= 30
    assert (status == "ok").mean() >= 0.98, status[status != "ok"].to_dict()


def test_a_page_of_cards_alone_is_a_page_without_words(pages):
    page = page_of(pages, CARDS_ONLY)
    assert page["status"] in {"ok", "no text"}
    words = "" if pd.isna(page["text"]) else words_of(page["text"])
    assert words.replace("# The app", "").strip() == ""


def test_every_file_is_a_page_or_counted_as_not_read(reading):
    n_files = sum(path.is_file() for path in SITE.rglob("*"))
    unread = reading.unread
    n_unread = unread.loc[unread["kind"] != "part", "n_items"].sum()
    assert len(reading.pages) + n_unread == n_files


@pytest.mark.parametrize(
    ("reason", "n_files"),
    [
        pytest.param(r"draft", 2, id="drafts"),
        pytest.param(r"version", 4, id="pages of the older version"),
        pytest.param(r"partial|underscore|\b_", 7, id="partials"),
    ],
)
def test_what_is_not_published_is_counted_with_its_reason(reading, reason, n_files):
    rows = reading.unread[reading.unread["reason"].str.contains(reason, case=False)]
    assert rows["n_items"].sum() == n_files, reading.unread[["reason", "n_items"]].to_dict(
        "records"
    )


def test_a_page_that_is_a_program_is_counted_as_not_read(reading):
    unread = reading.unread
    is_program = (unread["reason"] + " " + unread["examples"]).str.contains(r"\.tsx\b")
    assert unread.loc[is_program, "n_items"].sum() >= 2


def test_the_folder_of_the_docs_alone_has_the_same_pages():
    alone = read_site(SiteSettings(source=str(SITE / "docs"), base_url=f"{BASE_URL}/docs"))
    expected = {f"{HOST}/{path}" for path in (*PAGES, CARDS_ONLY) if path.split("/")[0] == "docs"}
    assert set(alone["page_id"]) == expected
    for row in alone.dropna(subset="text").to_dict("records"):
        expected_page = PAGES[row["page_id"].removeprefix(f"{HOST}/")]
        assert list(litter(words_of(row["text"]), expected_page.signs)) == []


# What is known of a page


@pytest.mark.parametrize("path", PAGES)
def test_title(pages, path):
    assert page_of(pages, path)["title"] == PAGES[path].title


@pytest.mark.parametrize("path", [path for path in PAGES if path.startswith("de/")])
def test_a_translation_has_its_language(pages, path):
    assert page_of(pages, path)["language"] == "de"


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("blog/2025/03/14/cheaper-nights", "2025-03-14"),
        ("blog/2025/06/02/summer-release", "2025-06-02"),
        ("blog/local-first", "2025-01-20"),
    ],
)
def test_a_post_has_the_date_of_its_file_or_front_matter(pages, path, day):
    assert f"{page_of(pages, path)['published_at']:%Y-%m-%d}" == day


@pytest.mark.parametrize(
    ("path", "day"),
    [("docs/start/setup", "2025-05-17"), ("docs/contribute/writing-pages", "2025-04-02")],
)
def test_the_last_update_is_the_date_of_modification(pages, path, day):
    assert f"{page_of(pages, path)['modified_at']:%Y-%m-%d}" == day


# What a page says


@pytest.mark.parametrize("path", PAGES)
def test_headings(pages, passages, path):
    page_of(pages, path)
    expected = PAGES[path]
    paths = [
        in_one_line(step).removeprefix(expected.title).removeprefix(" > ")
        for step in dict.fromkeys(passages_of(passages, path)["heading_path"])
    ]
    # Footnotes have a heading that only screen readers see.
    assert [step for step in paths if step.split(" > ")[-1] != "Footnotes"] == [*expected.headings]


@pytest.mark.parametrize(
    ("path", "heading", "anchor"),
    [
        pytest.param("docs", "What you need", "what-you-need", id="in braces"),
        pytest.param("docs/guides/heat-pump", "Wire the two relays", "wire-relays", id="comment"),
        pytest.param("docs/guides/heat-pump", "Factory reset", "factory-reset", id="of a partial"),
        pytest.param("docs/cli/commands", "hearthctl goal set <goal>", "goal-set", id="of code"),
        pytest.param("de/docs/start/setup", "System wählen", "choose-system", id="translated"),
    ],
)
def test_ids_of_headings_are_the_anchors_of_their_passages(passages, path, heading, anchor):
    rows = passages_of(passages, path)
    below = rows["heading_path"].map(in_one_line).str.endswith(heading)
    assert set(rows.loc[below, "anchor"]) == {anchor}


@pytest.mark.parametrize("path", PAGES)
def test_what_readers_see_is_there_in_its_order(pages, passages, path):
    text = in_one_line(prose_of(pages, passages, path))
    start = 0
    for words in PAGES[path].shown:
        position = text.find(words, start)
        assert position >= 0, f"{words!r} is missing after {text[max(0, start - 60) : start]!r}"
        start = position + len(words)


@pytest.mark.parametrize("path", [path for path in PAGES if PAGES[path].values])
def test_values_of_expressions_are_words_of_their_sentence(pages, passages, path):
    text = in_one_line(prose_of(pages, passages, path))
    assert [words for words in PAGES[path].values if words not in text] == []


@pytest.mark.parametrize("path", PAGES)
def test_what_readers_never_see_is_left_out(pages, passages, path):
    text = in_one_line(prose_of(pages, passages, path))
    assert [words for words in PAGES[path].hidden if words in text] == []


@pytest.mark.parametrize("path", PAGES)
def test_no_sign_of_mdx_is_left_in_passages_and_headings(pages, passages, path):
    signs = PAGES[path].signs
    assert list(litter(prose_of(pages, passages, path), signs)) == []
    assert list(litter("\n".join(passages_of(passages, path)["heading_path"]), signs)) == []
    assert list(litter(words_of(page_of(pages, path)["text"]), signs)) == []


@pytest.mark.parametrize("path", [path for path in PAGES if PAGES[path].code])
def test_code_stays_code_and_whole(pages, path):
    blocks = code_blocks(page_of(pages, path)["text"])
    assert [code for code in PAGES[path].code if code not in blocks] == [], blocks


def test_no_prose_is_taken_for_code(pages):
    n_blocks = {path: len(code_blocks(page_of(pages, path)["text"])) for path in PAGES}
    # A diagram and an imported file may be shown as code.
    may_have = {"docs/concepts": 1, "docs/guides/ev-charging": 1}
    assert {
        path: n for path, n in n_blocks.items() if n > len(PAGES[path].code) + may_have.get(path, 0)
    } == {}


def test_tables_that_look_alike_are_each_behind_the_label_of_their_tab(pages, passages):
    text = in_one_line(prose_of(pages, passages, "docs/start/pair-devices"))
    labels = ["Optical head", "Wireless M-Bus", "S0 pulse"]
    parts = re.split("|".join(labels), text)
    assert [re.findall(r"9600|2400|300|none|even|odd", part) for part in parts[1:]] == [
        ["9600", "none"],
        ["2400", "even"],
        ["300", "odd"],
    ]


def test_items_of_a_list_without_blank_lines_around_it_are_a_line_each(pages):
    lines = [line.strip() for line in page_of(pages, "docs/Expert/Modbus")["text"].split("\n")]
    assert {"- at the first device", "- at the last device"} <= set(lines)


# Edits


def change(edit, action, passage, before=None, after=None):
    return {
        "edit_id": edit,
        "position": 0,
        "action": action,
        "page_id": passage["page_id"],
        "passage_id": passage["passage_id"],
        "heading_path": passage["heading_path"],
        "before": before,
        "after": after,
    }


def help_with(path) -> str:
    """Return the words of a new section: each page has others, because common texts count once."""
    return f"Ask the hotline about {path.replace('/', ' ')} and name the page."


def passage_with(passages, path, sentence):
    """Return the passage of a page with a sentence, or None where no passage has it."""
    rows = [
        row for row in passages_of(passages, path).to_dict("records") if sentence in row["text"]
    ]
    return rows[0] if rows else None


@pytest.fixture(scope="module")
def replaced(reading, passages, tmp_path_factory):
    """A copy in which each page has one more sentence behind the sentence to edit."""
    sentences = {path: page.edited for path, page in PAGES.items()}
    return lengthened(reading, passages, sentences, tmp_path_factory.mktemp("replaced") / "copy")


@pytest.fixture(scope="module")
def replaced_beside_partials(reading, passages, tmp_path_factory):
    """Such a copy, with sentences whose passages also have words of partials."""
    sentences = {path: page.spliced for path, page in PAGES.items() if page.spliced}
    return lengthened(reading, passages, sentences, tmp_path_factory.mktemp("spliced") / "copy")


def lengthened(reading, passages, sentences, out):
    """Return a copy in which a sentence of each page is followed by one more, as `copy_of` does."""
    rows = []
    for path, sentence in sentences.items():
        passage = passage_with(passages, path, sentence)
        if passage is not None:
            after = passage["text"].replace(sentence, f"{sentence} {ADDED}")
            rows.append(change(path, "replace_passage", passage, passage["text"], after))
    return copy_of(reading, passages, rows, out)


@pytest.fixture(scope="module")
def inserted(reading, passages, tmp_path_factory):
    """A copy in which each page has one more section behind the section of a sentence."""
    rows = [
        change(path, "insert_section", passage, after=f"## Who can help?\n\n{help_with(path)}")
        for path in PAGES
        if (passage := passage_with(passages, path, section_sentence(path))) is not None
    ]
    return copy_of(reading, passages, rows, tmp_path_factory.mktemp("inserted") / "copy")


def section_sentence(path) -> str:
    """Return a sentence of the section behind which a new one is put."""
    return PAGES[path].spliced or PAGES[path].edited


def copy_of(reading, passages, rows, out):
    """Return the folder of the changed copy, the status of each edit, and the copy's passages."""
    results = write_site_copy(SITE, reading.pages, passages, CHANGES.table(rows), out)
    again = split_pages(read_site(SiteSettings(source=str(out), base_url=BASE_URL)))
    return out, results.set_index("edit_id")["status"].to_dict(), again


def sources(out, path):
    file = PAGES[path].file
    return (SITE / file).read_bytes().decode(), (out / file).read_bytes().decode()


def n_shared(first: str, second: str) -> int:
    """Return how many characters at the start two texts have in common."""
    pairs = zip(first, second, strict=False)
    shorter = min(len(first), len(second))
    return next((index for index, (one, other) in enumerate(pairs) if one != other), shorter)


@pytest.mark.parametrize("path", PAGES)
def test_an_edit_of_a_passage_changes_its_sentence_alone(replaced, path):
    out, status, again = replaced
    assert status.get(path, "its sentence is in no passage") == "applied"
    before, after = sources(out, path)
    sentence = PAGES[path].edited
    assert before.count(sentence) == 1
    lines = with_paragraph_in_one_line(before, sentence)
    expected = lines.replace(sentence, f"{sentence} {ADDED}")
    assert with_paragraph_in_one_line(after, sentence) == expected
    assert f"{sentence} {ADDED}" in in_one_line(" ".join(passages_of(again, path)["text"]))


def with_paragraph_in_one_line(source: str, sentence: str) -> str:
    """Return a source with the paragraph of a sentence in one line, because edits may wrap it."""
    parts = re.split(r"((?:\r?\n){2,})", source)
    return "".join(" ".join(part.split("\n")) if sentence in part else part for part in parts)


@pytest.mark.parametrize("path", [path for path in PAGES if PAGES[path].spliced])
def test_an_edit_beside_words_of_a_partial_is_made_or_names_the_partial(
    replaced_beside_partials, path
):
    out, status, _ = replaced_beside_partials
    before, after = sources(out, path)
    sentence = PAGES[path].spliced
    if status.get(path) == "applied":
        assert after == before.replace(sentence, f"{sentence} {ADDED}")
    else:
        assert after == before
        assert "_note.mdx" in status[path] or "_aside.mdx" in status[path]


@pytest.mark.parametrize("path", PAGES)
def test_a_new_section_leaves_every_other_byte(inserted, path):
    out, status, _ = inserted
    assert status.get(path, "its sentence is in no passage") == "applied"
    before, after = sources(out, path)
    assert before != after
    assert n_shared(before, after) + n_shared(before[::-1], after[::-1]) >= len(before)


@pytest.mark.parametrize("path", PAGES)
def test_a_new_section_is_read_again_and_the_others_are_as_before(inserted, passages, path):
    _, status, again = inserted
    assert status.get(path, "its sentence is in no passage") == "applied"
    rows = texts_by_path(again, path)
    new = [row for row in rows if row[0].endswith(" > Who can help?")]
    assert [text for _, text in new] == [help_with(path)]
    assert [row for row in rows if row not in new] == texts_by_path(passages, path)


def texts_by_path(passages, path) -> list[tuple[str, str]]:
    """Return heading path and text of a page's passages, without the label of the tab behind."""
    rows = passages_of(passages, path)[["heading_path", "text"]].itertuples(index=False)
    return [(row[0], row[1].removesuffix(LABELS_BEHIND.get(path, "")).rstrip()) for row in rows]


@pytest.mark.parametrize("path", PAGES)
def test_a_new_section_is_no_part_of_a_tab_a_callout_or_code(inserted, path):
    out, status, _ = inserted
    assert status.get(path, "its sentence is in no passage") == "applied"
    before, after = sources(out, path)
    n_before = n_shared(before, after)
    start = before.index(section_sentence(path))
    heading = [*re.finditer(r"^#+ ", before[:start], re.MULTILINE)][-1:]
    # Where the heading above is itself in a tab, the new section may be in the same tab.
    opened = open_signs(before[: heading[0].start()]) if heading else {}
    assert open_signs(after[:n_before]) in ({}, opened)
    assert not opened or "<TabItem" not in after[start:n_before]


@pytest.mark.parametrize("path", PAGES)
def test_a_new_section_is_behind_all_that_its_neighbour_shows(inserted, path):
    out, status, _ = inserted
    assert status.get(path, "its sentence is in no passage") == "applied"
    _, after = sources(out, path)
    rest = COMMENT.sub("", after.split(help_with(path))[1]).lstrip()
    assert rest == "" or re.match(r"#|</|:::\s*$|.+\r?\n-{3,}\r?\n", rest), rest[:80]


def open_signs(text: str) -> dict[str, int]:
    """Return the tags, directives and fences that are open at the end of a source."""
    text = FENCED.sub("", text.replace("\r\n", "\n"))
    n_open = {
        tag: len(re.findall(rf"<{tag}\b", text)) - len(re.findall(rf"</{tag}>", text))
        for tag in ("Tabs", "TabItem", "details", "Steps", "Admonition", "table", "ul")
    }
    n_open["directive"] = len(re.findall(r"^[ \t]*:::+\w", text, re.MULTILINE)) - len(
        re.findall(r"^[ \t]*:::+[ \t]*$", text, re.MULTILINE)
    )
    n_open["fence"] = len(re.findall(r"^[ \t]*```", text, re.MULTILINE))
    return {sign: n for sign, n in n_open.items() if n}


def test_a_copy_changes_the_edited_files_alone(replaced, inserted):
    edited = {PAGES[path].file for path in PAGES}
    for out, _, _ in (replaced, inserted):
        for file in (path.relative_to(SITE) for path in SITE.rglob("*") if path.is_file()):
            if file.as_posix() not in edited:
                assert (out / file).read_bytes() == (SITE / file).read_bytes(), file
