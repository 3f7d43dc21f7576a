"""What MDX and the marks of its generators become, construct by construct."""

import re

import pytest

from coverage_kit.text.markdown.jsx import Scanner, hide_tags
from coverage_kit.text.markdown.limits import MAX_NESTING, MarkupError
from coverage_kit.text.markdown.mdx import looks_like_mdx
from coverage_kit.text.markdown.parser import open_parser


def words(source: str, *, is_mdx: bool = True) -> str:
    """Return the text of a source, without the tags of the parser and on one line."""
    html = open_parser(is_mdx=is_mdx).render(source)
    html = re.sub(r"(?s)<template>.*?</template>|<!--.*?-->|<style>.*?</style>", " ", html)
    text = re.sub(r"<[^<>]*>", " ", html)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')
    return " ".join(text.replace("&amp;", "&").split())


@pytest.mark.parametrize(
    "statement",
    [
        "import Tabs from '@theme/Tabs'",
        'import Tabs from "@theme/Tabs";',
        "import React, {useState} from 'react';",
        "import * as all from './all'",
        "import {\n  Card,\n  CardGroup,\n} from 'cards';",
        "import './style.css';",
        "import type {Props} from './types';",
        "import data from './data.json' with { type: 'json' };",
        "import A from 'a'; import B from 'b';",
        "export const port = 80;",
        "export const meta = {\n  title: 'x',\n\n  tags: ['a', 'b'],\n}",
        "export let a = `\n\n${b} }\n`",
        "export const Note = ({children}) => (\n  <p>It's {children}</p>\n\n);",
        "export default function Layout({children}) {\n\n  return <b>{'}'}</b>\n\n  // it's }\n}",
        "export async function load() {\n}",
        "export class Store extends Base {\n\n  size = 1\n}",
        "export default ({children}) => <div>{children}</div>",
        "export default Layout",
        "export { a, b } from './c'",
        "export * from './all'",
        "export type Size = 'a'\n  | 'b'",
        "export const toc =\n  [1, 2]",
    ],
)
def test_statements_are_no_text_and_what_follows_them_is(statement):
    assert words(f"{statement}\n\nAfter it.") == "After it."
    assert words(f"# Title\n{statement}\n\nAfter it.") == "Title After it."


@pytest.mark.parametrize(
    "prose",
    [
        "import your data from the old system",
        "import data from 'old' systems first",
        "export default settings to a file",
        "export the list, then import it again.",
        "export const is a keyword",
        "exports are listed below",
        "export type names to the file",
    ],
)
def test_words_that_only_begin_as_a_statement_stay(prose):
    assert words(prose) == prose
    assert words(f"Some line\n{prose}") == f"Some line {prose}"


def test_a_statement_that_never_ends_takes_no_prose_with_it():
    assert words("export const a = {\n  b: 1,\n\nStill here.") == "Still here."


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Version {frontMatter.version} is out.", "Version … is out."),
        ("Press {props.key ?? 'x'} now", "Press … now"),
        ("a{' '}\nb", "a b"),
        ("{'It is'} {`ready`}", "It is ready"),
        ("{/* a comment\n\nof lines */}\n\nText", "Text"),
        ("Text {/* inside */} goes on", "Text goes on"),
        ("<!-- truncate -->\n\nText <!-- b --> c", "Text c"),
        ("{items.map((i) => (\n  <li>{i}</li>\n\n))}\n\nText", "Text"),
        ("<div style={{color: 'red', b: \"}\"}}>\n\nText\n\n</div>", "Text"),
        ("Text <span style={{a: 1}} onClick={() => go('>')}>b</span>", "Text b"),
        ("The set {a and b} stays", "The set {a and b} stays"),
        ("\\{kept} and `{kept}` and \\<kept>", "{kept} and {kept} and <kept>"),
        ("a { b", "a { b"),
        ("a < b and <3", "a < b and <3"),
        ("<style>{`\n\n.a { color: red }\n`}</style>\n\nText", "Text"),
        ("<pre>{`\n  a\n\n  b\n`}</pre>", "a b"),
        ("<Head>\n  <title>No text</title>\n</Head>\n\nText", "Text"),
    ],
)
def test_expressions_and_comments_are_no_text_and_broken_ones_are(source, text):
    assert words(source) == text


@pytest.mark.parametrize("indent", ["", "  ", "    ", "        "])
def test_the_content_of_components_is_markdown_at_every_indent(indent):
    source = (
        "<Outer>\n<Inner>\n\nSome **bold** words.\n\n- one\n- two\n\n"
        "```\ncode  x\n```\n\n</Inner>\n</Outer>"
    )
    indented = source.replace("\n", f"\n{indent}")
    html = open_parser(is_mdx=True).render(indented)
    assert "<strong>bold</strong>" in html
    assert html.count("<li>") == 2
    assert "<pre><code>code  x\n</code></pre>" in html
    assert "Outer" not in html


@pytest.mark.parametrize(
    ("source", "label"),
    [
        ('<Card title="The label" href="/x">\nText\n</Card>', "The label"),
        ('<Card\n  title="The label"\n  href="/x"\n>\nText\n</Card>', "The label"),
        ("<Card title={'The label'}>Text</Card>", "The label"),
        ("<Details summary={<summary>The <b>label</b></summary>}>\nText\n</Details>", "The label"),
        ("<Admonition type='tip' title='It&apos;s'>\nText\n</Admonition>", "It's"),
        ('<TabItem value="deb" label="The label">\nText\n</TabItem>', "The label"),
        ('<TabItem value="deb">\nText\n</TabItem>', "deb"),
        ("<Tabs items={['npm', 'yarn']}>\n<Tabs.Tab>\nText\n</Tabs.Tab>\n</Tabs>", "npm"),
        (
            "<Tabs values={[{label: 'The label', value: 'a'}]}>\n"
            "<TabItem value='a'>Text</TabItem>\n</Tabs>",
            "The label",
        ),
        ('<ParamField path="user_id" type="string">\nText\n</ParamField>', "user_id"),
        ('<ResponseField name="items">\nText\n</ResponseField>', "items"),
        (":::tip The label\n\nText\n\n:::", "The label"),
        (":::note[The *label*]\nText\n:::", "The label"),
        (':::tip{title="The label"}\nText\n:::', "The label"),
        ("::: details The label {open}\nText\n:::", "The label"),
    ],
)
def test_attributes_and_titles_that_people_read_are_labels(source, label):
    html = open_parser(is_mdx=True).render(source)
    (summary,) = re.findall(r"<summary>(.*?)</summary>", html)
    assert " ".join(re.sub(r"<[^<>]*>", "", summary).split()) == label
    assert words(source).endswith("Text")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (":::tip\n\nText\n\n:::", "Text"),
        ("::::note\n\nA\n\n:::tip\n\nB\n\n:::\n\nC\n\n::::\n\nD", "A B C D"),
        ("- item\n\n  :::warning\n\n  Text\n\n  :::\n\n- next", "item Text next"),
        (":::danger\n\nNever closed", "Never closed"),
        ("Never opened\n:::", "Never opened"),
        ("::: code-group\n\n```sh\na\n```\n\n:::", "a"),
        (":::::\n\nText", "Text"),
    ],
)
@pytest.mark.parametrize("is_mdx", [True, False])
def test_the_kind_of_a_directive_is_no_text(source, text, is_mdx):
    assert words(source, is_mdx=is_mdx) == text


@pytest.mark.parametrize(
    "heading", ["## Remove it {#gone}", "## Remove it \\{#gone}", "## Remove it {/* #gone */}"]
)
def test_the_id_of_a_heading_is_its_anchor(heading):
    assert open_parser(is_mdx=True).render(heading) == '<h2 id="gone">Remove it</h2>\n'


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<Tooltip tip='x'>API</Tooltip> calls", "API calls"),
        ("See the <Link to='/x'>page</Link>.", "See the page."),
        ("Press <Key label='Ctrl' /> first", "Press Ctrl first"),
        ("<DocCardList />\n\n<ApiTable rows={[1, 2]} />", ""),
        ("<>\n  <B.C>Text</B.C>\n</>", "Text"),
        ("<Never closed\n\nText", "<Never closed Text"),
        ("</Never>\n\nText", "Text"),
        ("<Outer>\nText\n\n<Inner>\nMore", "Text More"),
        ("1. a\n   <Note>\n   b\n   </Note>\n2. c", "a b c"),
        ("Text\n    </Step>\nmore", "Text more"),
        ("```mdx-code-block\n<Window>\n```\n\nText\n\n```mdx-code-block\n</Window>\n```", "Text"),
        ("```js title='a.js'\nb\n// highlight-next-line\nc // [!code ++]\n```", "b c"),
        ("Told[^1] so\n\n[^1]: The note.", "Told so The note."),
        ("- [ ] open\n- [x] done", "open done"),
        ("> [!NOTE]\n> Text", "Text"),
        ("a ~~b~~ c", "a b c"),
    ],
)
def test_tags_and_marks_are_no_text(source, text):
    assert words(source) == text


@pytest.mark.parametrize(
    ("source", "is_mdx"),
    [
        ("import A from 'a'\n\nText", True),
        ("Text\n\n<Tabs>\n", True),
        ("  <Card title='x' />", True),
        ("{/* x */}", True),
        ("<div className='x'>", True),
        ("import your data", False),
        ("```\n<Tabs>\nimport A from 'a'\n```", False),
        ("<BR>\n<TABLE WIDTH=1>\n<YOUR_KEY>", False),
        ("<script setup>\nimport A from 'a'\n</script>\n\n<Badge />", False),
        ("    indented code", False),
    ],
)
def test_a_file_is_mdx_by_its_signs(source, is_mdx):
    assert looks_like_mdx(source) is is_mdx


def test_indented_code_stays_code_where_nothing_is_mdx():
    assert "<pre><code>" in open_parser().render("Text\n\n    code")
    assert "<pre>" not in open_parser(is_mdx=True).render("Text\n\n    prose")


@pytest.mark.parametrize("level", ["<Tabs>\n", ":::tip\n", "<div>\n", "> ", "- "])
def test_markup_that_is_nested_too_deeply_is_an_error(level):
    with pytest.raises(MarkupError, match="nested too deeply"):
        words(level * (2 * MAX_NESTING) + "x")


def test_hidden_tags_leave_every_other_character_in_its_position():
    source = "a <B c={`>`}>d</B> `<E>` {f} \\<g"
    hidden = hide_tags(source)
    assert len(hidden) == len(source)
    assert hidden.split() == ["a", "d", "`<E>`", "\\<g"]


def test_reading_stops_when_too_much_was_read_in_vain():
    scanner = Scanner(10)
    source = "<A x={" * 100_000
    starts = range(0, len(source), 6)
    assert all(scanner.read_tag(source, start, len(source)) is None for start in starts)
