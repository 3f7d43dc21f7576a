"""Edits of Markdown whose parts are those of MkDocs, MyST, Hugo, GitBook and Jekyll."""

import pytest

from coverage_kit.collect.markdown import extract_markdown
from coverage_kit.collect.passages import split_text
from coverage_kit.report.source.changes import make_change
from coverage_kit.report.source.files import write_new_page
from coverage_kit.report.source.words import CannotPlaceError

# Each part is between words of its section, and the next section follows.
PARTS = {
    "MkDocs admonition": '!!! warning "Heat"\n\n    Lime burns the skin.\n',
    "MkDocs tab": '=== "Red"\n\n    Lime burns the skin.\n\n=== "Blue"\n\n    Chalk is mild.\n',
    "MkDocs block": "/// note | Heat\n\nLime burns the skin.\n\n///\n",
    "MyST directive": ":::{note} Heat\nLime burns the skin.\n:::\n",
    "MyST fence": "```{note} Heat\nLime burns the skin.\n```\n",
    "MyST directives": "::::{tab-set}\n:::{tab-item} Red\nLime burns the skin.\n:::\n::::\n",
    "Hugo shortcode": '{{< details summary="Heat" >}}\nLime burns the skin.\n{{< /details >}}\n',
    "Hugo shortcode of Markdown": "{{% notice tip %}}\nLime burns the skin.\n{{% /notice %}}\n",
    "GitBook hint": '{% hint style="info" %}\nLime burns the skin.\n{% endhint %}\n',
    "VitePress container": "::: tip Heat\nLime burns the skin.\n:::\n",
    "component": '<Card title="Heat">\n\nLime burns the skin.\n\n</Card>\n',
}
FILES = {"heat.md": "Lime burns the skin.\n"}
PAGE = (
    "---\ntitle: Lime\n---\n# Lime\n\n## Use\n\nWear gloves.\n\n{part}\n## Store\n\nKeep it dry.\n"
)
ENDED = "# Lime\n\n## Use\n\nWear gloves.\n\n{part}"
NEW = "## Who can help?\n\nAsk the shop."


def passages(source: str) -> list[tuple[str, str]]:
    page = extract_markdown(source.encode(), FILES.get)
    return list(split_text(page.text, page.title))


def changed(source: str, **change: str) -> str:
    path, text = next((path, text) for path, text in passages(source) if path.endswith("Use"))
    values = {"before": text, "after": "", "heading_path": path, **change}
    return make_change(source, values, [(0, text)], FILES.get, is_markdown=True)


@pytest.mark.parametrize("page", [PAGE, ENDED])
@pytest.mark.parametrize("name", PARTS)
def test_a_sentence_in_a_part_is_replaced_in_the_part(name, page):
    source = page.format_map({"part": PARTS[name]})
    (before,) = (text for path, text in passages(source) if path.endswith("Use"))
    after = before.replace("burns the skin", "burns skin and eyes")
    result = changed(source, action="replace_passage", after=after)
    assert result == source.replace("burns the skin", "burns skin and eyes")
    assert after in [text for _, text in passages(result)]


@pytest.mark.parametrize("page", [PAGE, ENDED])
@pytest.mark.parametrize("name", PARTS)
def test_a_new_section_is_behind_the_part_of_the_section_before_it(name, page):
    source = page.format_map({"part": PARTS[name]})
    result = changed(source, action="insert_section", after=NEW)
    start = source.index(PARTS[name]) + len(PARTS[name])
    assert result.startswith(source[:start].rstrip("\n"))
    assert result.endswith(source[start:])
    assert result[: len(result) - len(source[start:])].removeprefix(source[:start]).strip() == NEW
    read = passages(result)
    assert [text for path, text in read if path.endswith("Who can help?")] == ["Ask the shop."]
    assert [row for row in read if not row[0].endswith("Who can help?")] == passages(source)


@pytest.mark.parametrize(
    "include", ["{% include heat.md %}", '--8<-- "heat.md"', "```{include} heat.md\n```"]
)
def test_beside_an_included_file_the_page_changes_and_the_file_does_not(include):
    source = PAGE.format_map({"part": f"{include}\n"})
    (before,) = (text for path, text in passages(source) if path.endswith("Use"))
    assert "Lime burns the skin." in before
    result = changed(
        source, action="replace_passage", after=before.replace("gloves.", "gloves and a mask.")
    )
    assert result == source.replace("gloves.", "gloves and a mask.")
    section = changed(source, action="insert_section", after=NEW)
    assert section == source.replace("\n## Store", f"\n{NEW}\n\n## Store")
    with pytest.raises(CannotPlaceError, match=r"heat\.md"):
        changed(source, action="replace_passage", after=before.replace("burns", "hurts"))


@pytest.mark.parametrize("value", ["{{ site.name }}", "{{< param shop >}}", "{% link a.md %}"])
def test_words_beside_the_value_of_a_template_change_and_the_value_stays(value):
    source = PAGE.format_map({"part": f"Ask {value} for lime.\n"})
    (before,) = (text for path, text in passages(source) if path.endswith("Use"))
    after = before.replace("for lime", "for slaked lime")
    result = changed(source, action="replace_passage", after=after)
    assert result == source.replace("for lime", "for slaked lime")


FRONTS = [
    ("---\ntitle: Lime\ndate: 2025-01-02\n---\n", "title: Lime\n", "title: Chalk\n"),
    ("---\ndate: 2025-01-02\ntitle: Lime # to sell\n...\n", "Lime #", "Chalk #"),
    ("\ufeff---\r\ntitle: 'Lime'\r\na: 1\r\n---\r\n", "'Lime'", "Chalk"),
    (
        "---\ntitle: >-\n  The white\n  Lime\nb: |\n  x\n---\n",
        ">-\n  The white\n  Lime",
        "The white Chalk",
    ),
    ('---\ntitle: "The white\n  Lime"\nb: 1\n---\n', '"The white\n  Lime"', "The white Chalk"),
    ("+++\ntitle = 'Lime'\n[x]\na = 1\n+++\n", "'Lime'", '"Chalk"'),
    ('{"x": {"title": "Lime"}, "title": "Lime"}\n', '"title": "Lime"}\n', '"title": "Chalk"}\n'),
]


@pytest.mark.parametrize(("front", "old", "new"), FRONTS)
def test_a_title_in_front_matter_is_replaced_and_every_other_byte_stays(front, old, new):
    source = f"{front}\nWear gloves.\n"
    change = {"action": "replace_title", "before": "Lime", "after": "Chalk", "heading_path": ""}
    result = make_change(source, change, [], is_markdown=True)
    assert result == source.replace(old, new)
    assert extract_markdown(result.encode()).title.endswith("Chalk")


@pytest.mark.parametrize(("front", "old", "new"), FRONTS)
def test_front_matter_is_no_text_of_an_edit(front, old, new):
    source = f"{front}\nWear gloves.\n"
    change = {"action": "replace_passage", "before": "Wear gloves.", "after": "Wear two gloves."}
    result = make_change(source, {"heading_path": "Lime", **change}, [], is_markdown=True)
    assert result == source.replace("Wear", "Wear two")


@pytest.mark.parametrize(
    ("front", "start"),
    [
        ("---\na: 1\n...\n", "---\ntitle: Chalk\n---\n\n# Chalk\n"),
        ("+++\na = 1\n+++\n", '+++\ntitle = "Chalk"\n+++\n\n# Chalk\n'),
        ('{"a": 1}\n', '{\n  "title": "Chalk"\n}\n\n# Chalk\n'),
        ("", "# Chalk\n"),
    ],
)
def test_a_new_page_has_front_matter_of_the_kind_of_its_sibling(front, start):
    sibling = f"{front}\nWear gloves.\n"
    title, page = write_new_page("# Chalk\n\nIt is mild.", "", sibling, is_markdown=True)
    assert title == "Chalk"
    assert page.startswith(start)
    assert extract_markdown(page.encode()).title == "Chalk"


VALUES = "export const port = 8443\n\n# Lime\n\nIt listens on port {port} and on none other.\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [("none other", "no other one"), ("It listens", "The box listens")],
)
def test_words_beside_the_value_of_an_expression_change_and_the_expression_stays(before, after):
    ((path, text),) = split_text(extract_markdown(VALUES.encode()).text, "Lime")
    change = {"before": text, "after": text.replace(before, after), "heading_path": path}
    result = make_change(VALUES, {"action": "replace_passage", **change}, [], is_markdown=True)
    assert result == VALUES.replace(before, after)


@pytest.mark.parametrize(("before", "after"), [("8443", "9000"), ("port 8443", "the port 9000")])
def test_the_value_of_an_expression_cannot_change(before, after):
    ((path, text),) = split_text(extract_markdown(VALUES.encode()).text, "Lime")
    change = {"before": text, "after": text.replace(before, after), "heading_path": path}
    with pytest.raises(CannotPlaceError, match="expression"):
        make_change(VALUES, {"action": "replace_passage", **change}, [], is_markdown=True)


def test_words_of_front_matter_that_pages_show_stay_and_the_text_below_is_edited():
    source = "---\ntitle: Keys\ndescription: How keys work.\n---\n\nA key ends soon.\n"
    text = "How keys work.\n\nA key ends soon."
    for after, lines in (
        (text.replace("soon", "late"), "A key ends late.\n"),
        (f"{text}\n\nMake one.", "A key ends soon.\n\nMake one.\n"),
    ):
        change = {
            "action": "replace_passage",
            "before": text,
            "after": after,
            "heading_path": "Keys",
        }
        result = make_change(source, change, [(0, text)], is_markdown=True)
        assert result == source.replace("A key ends soon.\n", lines)
    change = {"before": text, "after": text.replace("work", "end"), "heading_path": "Keys"}
    with pytest.raises(CannotPlaceError):
        make_change(source, {"action": "replace_passage", **change}, [(0, text)], is_markdown=True)


def test_a_paragraph_that_repeats_the_description_is_edited_in_the_text():
    source = "---\ntitle: Keys\ndescription: How keys work.\n---\n\nHow keys work.\n\nThey end.\n"
    text = "How keys work.\n\nThey end."
    change = {"before": text, "after": text.replace("work", "end"), "heading_path": "Keys"}
    result = make_change(
        source, {"action": "replace_passage", **change}, [(0, text)], is_markdown=True
    )
    assert result == source.replace("\nHow keys work.\n\nThey", "\nHow keys end.\n\nThey")


TABS = """<Tabs>
<TabItem value="a" label="Red">

## Use

Wear gloves.

</TabItem>
<TabItem value="b" label="Blue">

### Mix

Stir it.

</TabItem>
</Tabs>

Keep it dry.
"""


def test_a_new_section_behind_a_heading_in_a_tab_stays_in_the_tab():
    result = changed(TABS, action="insert_section", after=NEW)
    assert result == TABS.replace("Wear gloves.\n", f"Wear gloves.\n\n{NEW}\n", 1)


@pytest.mark.parametrize(
    "source",
    [
        "Use {{ site.now }} now.\n",
        "Cut {% x now %} right now.\n",
        "See {{< ref now >}} it now.\n",
        "See `{{ x }}` now.\n",
        "Read [now](/now.html) or now.\n",
    ],
)
def test_a_word_of_a_tag_is_no_word_of_the_sentence(source):
    text = extract_markdown(source.encode()).text
    change = {"before": text, "after": f"{text[: text.rindex('now')]}later.", "heading_path": ""}
    result = make_change(
        source, {"action": "replace_passage", **change}, [(0, text)], is_markdown=True
    )
    assert result == f"{source[: source.rindex('now')]}later.\n"


@pytest.mark.parametrize(
    ("source", "old", "new", "result"),
    [
        ("Read [my old book](/x) now.", "now", "later", "Read [my old book](/x) later."),
        ("Read [my old book](/x) now.", "old", "new", "Read [my new book](/x) now."),
        # A style that would begin without an end goes with the words.
        ("Read [my old book](/x) now.", "my", "your", "Read your old book now."),
        ("Read [my old][x] now.\n\n[x]: /x", "old", "new", "Read my new now.\n\n[x]: /x"),
        ("A **my old** thing.", "thing", "book", "A **my old** book."),
        ("A **my old** thing.", "old", "new", "A my new thing."),
        ("A `my old` thing.", "my", "your", "A your old thing."),
    ],
)
def test_links_and_styles_stay_beside_words_that_change(source, old, new, result):
    text = extract_markdown(source.encode()).text
    change = {"before": text, "after": text.replace(old, new), "heading_path": ""}
    changed_page = make_change(
        source, {"action": "replace_passage", **change}, [(0, text)], is_markdown=True
    )
    assert changed_page == result


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("<Steps>", "</Steps>"),
        ("<Steps.Root>\n<Step>", "</Step>\n</Steps.Root>"),
        ("{{% steps %}}", "{{% /steps %}}"),
        ("{{< steps >}}", "{{< /steps >}}"),
    ],
)
def test_a_new_section_is_no_step_of_an_instruction(begin, end):
    steps = f"{begin}\n\n## Use\n\nWear gloves.\n\n## Mix\n\nStir it.\n\n{end}\n"
    result = changed(f"{steps}\nKeep it dry.\n", action="insert_section", after=NEW)
    assert result == f"{steps}\n{NEW}\n\nKeep it dry.\n"


def test_a_new_section_is_behind_the_components_without_words_of_its_neighbour():
    source = (
        "## Use\n\nWear gloves.\n\n<Chart\n  data={[1]}\n/>\n\n{/* Later. */}\n\n## Store\n\nDry.\n"
    )
    result = changed(source, action="insert_section", after=NEW)
    assert result == source.replace("/>\n", f"/>\n\n{NEW}\n")
