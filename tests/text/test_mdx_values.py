"""Names in expressions of MDX are read as their values; what is not known leaves a sign."""

import contextlib

import pytest

from coverage_kit.collect.markdown import extract_markdown, render_markdown
from coverage_kit.collect.page_try import PageError
from coverage_kit.report.source.markdown_blocks import read_markdown
from tests.timing import cpu_seconds, is_in_proportion

FILES = {
    "./limits.json": '{"rooms": 24, "names": ["east", "west"], "load": {"most": 1.50}, "on": true}',
    "./broken.json": '{"rooms": ',
    "./_pump.mdx": "The {props.model} needs {props.watts} watts{props.unit}, port {port}.",
    "./line.ini": "[line]\nspeed = 9600",
}
HEAD = """import limits from './limits.json'
import broken from './broken.json'
import gone from './gone.json'
import Pump from './_pump.mdx'
import line from '!!raw-loader!./line.ini'

export const port = 8443;
export const version = 'v2', owner = "it's us";
export const address = `https://gateway.example/${version}`;
export const modes = {eco: 'Eco', 'at night': "Calm", level: {most: 2.0}};
export const mixed = {name: 'Box', show: () => open('it')};
export const events = [{id: 'lost'}, 'missed'];
export const label = (name) => name + '!';

"""


def read(source: str, *, is_mdx: bool = True) -> str:
    return extract_markdown(source.encode(), FILES.get, is_mdx=is_mdx).text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Port {port} of {owner}.", "Port 8443 of it's us."),
        ("Mode {modes.eco} or {modes['at night']}, {modes?.level.most}.", "Mode Eco or Calm, 2."),
        ("A {mixed.name}.", "A Box."),
        ("{events[0].id} and {events[1]}.", "lost and missed."),
        ("Up to {limits.rooms} rooms to the {limits.names[1]}.", "Up to 24 rooms to the west."),
        ("Load {limits.load.most}{limits.on}.", "Load 1.5."),
        ("Begin with {`/api/${version}`}.", "Begin with /api/v2."),
        ("Call {address}.", "Call https://gateway.example/v2."),
        ("{port}\n\nText", "8443\n\nText"),
        ("| a | b |\n|---|---|\n| {port} | c |", "a | b\n8443 | c"),
        ("- {port}\n- b", "- 8443\n- b"),
        ("## Port {port}\n\nText", "## Port 8443\n\nText"),
        ("<Card title={`Port ${port}`}>Text</Card>", "Port 8443\nText"),
        ("A <Badge text={version} /> gateway", "A v2 gateway"),
        ("a{/* b */}c {undefined}{null}{true}d", "ac d"),
    ],
)
def test_names_are_read_as_their_values(source, text):
    assert read(HEAD + source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("It has {broken.rooms} rooms.", "It has … rooms."),
        ("It has {gone.rooms} rooms.", "It has … rooms."),
        ("It has {limits.floors} floors.", "It has … floors."),
        ("Say {label('it')}, {port + 1}.", "Say …, …."),
        ("Call {`${label(1)}/${version}`}.", "Call …/v2."),
        ("{events.map((event) => (\n  <li>{event.id}</li>\n))}\n\nText", "Text"),
        ("<Box>{label(1)}</Box>\n\nText", "Text"),
    ],
)
def test_what_is_not_known_is_an_ellipsis_within_a_line_and_nothing_beside_lines(source, text):
    assert read(HEAD + source) == text


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (
            '<Pump model="P1" watts={40} unit={` or ${version}`} />',
            "The P1 needs 40 watts or v2, port ….",
        ),
        ('<Pump model="P1" watts={label(2)} />', "The P1 needs … watts, port …."),
        ("<Pump {...events[0]} />", "The … needs … watts…, port …."),
    ],
)
def test_a_part_of_the_page_knows_the_attributes_of_its_component_alone(tag, text):
    assert read(HEAD + tag) == text


def test_values_of_one_page_are_not_those_of_the_next():
    assert read("export const port = 1\n\nPort {port}.") == "Port 1."
    assert read("export const port = 2\n\nPort {port}.") == "Port 2."
    assert read("Port {port}.") == "Port …."


@pytest.mark.parametrize(
    "front",
    [
        "---\ntitle: 'It''s'\nversion: 2.0 # now\ntags: [a]\n---\n",
        '+++\ntitle = "It\'s"\nversion = 2.0\ntags = ["a"]\n+++\n',
        '{"title": "It\'s", "version": 2.0, "tags": ["a"]}\n',
    ],
)
def test_front_matter_has_values_too(front):
    words = "{frontMatter.title} {frontMatter.version} {frontMatter.missing}"
    assert read(f"{front}Of {words}.") == "Of It's 2 …."


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Let $\\hat{e}_i = \\frac{a}{b}$ be.", "Let $\\hat{e}_i = \\frac{a}{b}$ be."),
        (
            "$$\n\\hat{e}\n= {a}\n- b_1 * c_1\n$$\n\nText",
            "$$ \\hat{e} = {a} - b_1 * c_1 $$\n\nText",
        ),
        ("It costs $5 for {port} and $6 for {owner}.", "It costs $5 for 8443 and $6 for it's us."),
        ("From $5-$10 at {port}, US$5 or ${port}.", "From $5-$10 at 8443, US$5 or $8443."),
    ],
)
def test_formulas_keep_their_braces_and_prices_do_not_make_one(source, text):
    assert read(HEAD + source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            '<CodeBlock title="a.ini">{`[line]\nurl = "/${version}"\n  on`}</CodeBlock>',
            'a.ini\n\n```\n[line]\nurl = "/v2"\n  on\n```',
        ),
        ("<CodeBlock>\n{`a:\n\n  b`}\n</CodeBlock>\n\nText", "```\na:\n\n  b\n```\n\nText"),
        ("<CodeBlock>{line}</CodeBlock>", "```\n[line]\nspeed = 9600\n```"),
        ("<code>{`a {b}`}</code>", "```\na {b}\n```"),
        ("Type <code>{`a {b}`}</code> here.", "Type a {b} here."),
        (
            "- One\n\n  <CodeBlock>\n  {`a:\n    b: 1`}\n  </CodeBlock>\n",
            "- One\n\n```\na:\n  b: 1\n```",
        ),
    ],
)
def test_a_text_in_a_component_of_code_is_code(source, text):
    assert read(HEAD + source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Set {aix,arm,linux} or {a|b}.", "Set {aix,arm,linux} or {a|b}."),
        ("Set {id}, {your-name} and {}.", "Set {id}, {your-name} and {}."),
        ("<Name> is you, {id}.\n\nMore.", "is you, {id}.\n\nMore."),
        ("Text\n\n    <Project>\n    {id}", "Text\n\n```\n<Project>\n{id}\n```"),
        ("import A from './a'\n\nSet {aix,arm}, {id}.\n\n<A />", "Set {aix,arm}, {id}."),
        ("import {port} from './a'\n\nPort {port}, {id}.", "Port …, {id}."),
    ],
)
def test_braces_in_a_file_of_markdown_stay_words_where_nothing_declares_them(source, text):
    assert read(source, is_mdx=False) == text


HOSTILE = ["${", "{", "`", "<Tabs>", "<Tabs>\n\n", ":::", ":::\n", "$", "$a ", "$$a\n", "{% a %}"]
HOSTILE += [
    "a\n: b\n\n",
    "{`",
    "`${",
    "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
    "<A b={",
    "{a",
]
HOSTILE += ["<CodeBlock>{`", "export const a = {`${", "(a)=\n", "/*", "{a:{", "{[", "${a"]


@pytest.mark.parametrize("is_mdx", [True, False])
@pytest.mark.parametrize("sign", HOSTILE)
def test_the_time_for_hostile_signs_grows_with_their_number_alone(sign, is_mdx):
    def render(n_characters: int) -> None:
        text = sign * (n_characters // len(sign))
        with contextlib.suppress(PageError):
            render_markdown(text.encode(), is_mdx=is_mdx)

    assert is_in_proportion(render, 10_000, 40_000)


def test_a_value_of_an_expression_is_a_word_without_position():
    (block,) = read_markdown(f"{HEAD}Port {{port}} of ours.", FILES.get, is_mdx=True).blocks
    assert block.text == "Port 8443 of ours."
    assert [word.key for word in block.words if word.start == word.end] == ["8443"]


@pytest.mark.parametrize(
    "expression",
    ["a.." * 10_000 + "!", "a" * 30_000 + "!", "[" + "1," * 10_000, "a: " * 10_000, "'" * 30_001],
)
def test_a_long_expression_takes_no_long_time(expression):
    source = (
        f"import A from './a'\n\nexport const x = {{a: {expression}}}\n\nText {{{expression}}}."
    )
    front = f"---\ntitle: a{' ' * 30_000}b\n---\n"
    assert cpu_seconds(lambda: render_markdown((front + source).encode())) < 3
