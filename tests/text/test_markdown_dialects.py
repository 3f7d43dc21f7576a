"""Marks of single dialects: formulas, mkdocstrings, Docsify, roles and tables of MyST, alerts."""

import contextlib
import time

import pytest

from coverage_kit.collect.markdown import read_markdown_page
from coverage_kit.collect.page_try import PageError
from coverage_kit.report.source.markdown_blocks import read_markdown
from coverage_kit.text.markdown.parser import open_parser


def read(source):
    return read_markdown_page(source.encode()).extract.text


def unknown(source):
    return read_markdown_page(source.encode()).unknown.values


def places(source):
    """Return the words of each block, and the lines of the source that hold it."""
    return [
        (block.text, source[block.lines_start : block.lines_end])
        for block in read_markdown(source).blocks
    ]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"The sum $\sum_{i=0}^{n} x_i$ is.", r"The sum $\sum_{i=0}^{n} x_i$ is."),
        ("$$\n\\sum_{i=0}^n a_*b*\n$$", r"$$ \sum_{i=0}^n a_*b* $$"),
        ("Text\n$$\na\n- b\n\n{.x}\n$$ (eq:a)\nMore.", "Text\n\n$$ a - b {.x} $$\n\nMore."),
        (r"As \\[x_{i=0}*a*\\] and \\(a_*b*\\).", r"As \[x_{i=0}*a*\] and \(a_*b*\)."),
        ("So:\n\\\\[\n= \\sum_{i=0}\n- b\n\\\\]", "So:\n\n\\\\[ = \\sum_{i=0} - b \\]"),
        (r"As \(\frac{i=0}{2}\).", r"As \(\frac{i=0}{2}\)."),
        ("| A | B |\n|---|---|\n| $x_{i=0}$ | b |", "A | B\n$x_{i=0}$ | b"),
        ("As $$x_{i=0}$$ is.", "As $$x_{i=0}$$ is."),
    ],
)
def test_a_formula_stays_as_it_is(source, text):
    assert read(source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("It costs $5 and *more*{.x} or $6.", "It costs $5 and more or $6."),
        ("US$5 (*A*$7) and 5$ and 6$", "US$5 (A$7) and 5$ and 6$"),
        ("Set $HOME to `a` and *b*$.", "Set $HOME to a and b$."),
        ("$5 [link](a.md) 6$", "$5 link 6$"),
        ("$5 off *now*{.red} and 5$", "$5 off now and 5$"),
        ("$5{{ x }} {{ y }}$", "$5… …$"),
        (r"A \[not\_a\_link\] and \(aside\).", "A [not_a_link] and (aside)."),
    ],
)
def test_prices_and_escaped_brackets_are_no_formulas(source, text):
    assert read(source) == text


def test_an_object_of_mkdocstrings_is_counted_and_no_text():
    source = (
        "Text.\n\n::: fast.Thing\n    options:\n      members:\n        - a\n        - b\n\n"
        "## ::: fast\n    handler: python\n\nMore.\n\n::: tip\nStir it.\n:::\n"
    )
    assert read(source) == "Text.\n\nMore.\n\nStir it."
    assert unknown(source) == ["::: fast.Thing", "## ::: fast"]


def test_a_link_to_an_object_is_its_words():
    assert read("Use [Foo][a.Foo], [a.b.C][] and [`D`][].") == "Use Foo, a.b.C and D."
    assert read("Use [Foo][bar], [Foo][] and [a][1.2].") == "Use [Foo][bar], [Foo][] and [a][1.2]."
    assert read("Use [it][a.b].\n\n[a.b]: http://x.y") == "Use it."


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Do it:\n\n{* ../../docs_src/x.py hl[1:3,7] *}\n\nMore.", "Do it:\n\nMore."),
        ("Do it:\n{* ../../docs_src/x.py *}\nMore.", "Do it:\n\nMore."),
        ("Do it:\n\n{!> ../../docs_src/x.py!}\n", "Do it:"),
        ("A set {* a *} of words", "A set {* a *} of words"),
    ],
)
def test_code_that_fastapi_includes_is_no_text(source, text):
    assert read(source) == text


def test_a_file_of_markdown_include_is_read():
    page = read_markdown_page(b"Text.\n\n{!a.md!}\n", {"a.md": "*Within*."}.get)
    assert page.extract.text == "Text.\n\nWithin."


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("# Guide :id=gid\n\nText.", "# Guide {#gid}\n\nText."),
        ("!> Time *is*\nmoney.\n\n?> Tip.", "Time is money.\n\nTip."),
        ("- ?> Tip.", "- Tip."),
        ("## Sub {docsify-ignore}\n\nText.", "## Sub\n\nText."),
        ("## Sub {docsify-ignore-all} :id=x\n\nText.", "## Sub {#x}\n\nText."),
        ("## Sub <!-- {docsify-ignore} -->\n\nText.", "## Sub\n\nText."),
        ("<!-- {docsify-ignore-all} -->\n\nText.", "Text."),
        ("[a](a.js ':include :type=code')\n\nText.", "Text."),
        ("It is :id=x and 5 !> 4.", "It is :id=x and 5 !> 4."),
    ],
)
def test_marks_of_docsify_are_no_text(source, text):
    assert read(source) == text


def test_a_file_of_docsify_is_read():
    page = read_markdown_page(b"[x](_a/a.md ':include')\n", {"_a/a.md": "*Within*."}.get)
    assert page.extract.text == "Within."


@pytest.mark.parametrize(
    "source",
    [
        *("{ref}`main-doc`", "{doc}`how/guide`", "{numref}`fig-x`", "{eq}`e`", "{any}`x`"),
        *("{cite:p}`smith`", "{cite}`smith`", "{footcite:t}`smith`", "{glue:text}`v`", "{eval}`v`"),
        *("{std:ref}`x`", "{external+py:ref}`x`", "[](#main-doc)", "[](how/guide.md#a)"),
        *("<project:#main-doc>", "<path:a.txt>", "[](project:a.md)", "{sub-ref}`today`"),
    ],
)
def test_a_title_that_only_the_build_knows_is_counted_and_shown_as_unknown(source):
    assert read(f"See {source} for it.") == "See … for it."
    assert read(f"See ({source}).") == "See (…)."
    assert unknown(f"See {source} for it.") == [source]
    assert read(f"Text.\n\n{source}\n") == "Text."


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("See {ref}`the pond <pond>` and {doc}`it <a>`.", "See the pond and it."),
        ("See [the pond](#pond) and [it](project:a.md).", "See the pond and it."),
        ("Fish{cite:p}`a` swim.{cite}`b`", "Fish swim."),
        ("As {math}`a < b_{i=0} > c` is.", "As a < b_{i=0} > c is."),
        ("Use <path:name> and {term}`soil`.", "Use path:name and soil."),
        ("## Pond [](#pond)\n\nText.", "## Pond\n\nText."),
        ("Ponds are [wet]{.red}, [*very* [so](a.md)]{#id .b}.", "Ponds are wet, very so."),
        ("An [array] and [a]{b} and [x]{i=0}", "An [array] and [a]{b} and [x]"),
    ],
)
def test_roles_and_spans_with_words_show_them(source, text):
    assert read(source) == text


def test_a_number_within_the_words_of_a_role_is_unknown():
    assert read("See {numref}`Figure %s <pond>`.") == "See Figure …."
    assert unknown("See {numref}`Figure %s <pond>`.") == ["{numref}`Figure %s <pond>`"]


def test_lines_of_a_card_part_its_header_body_and_footer():
    card = ":::{card} Pond\nHead\n^^^\nBody *one*\n\nBody two\n++++\nFoot\n:::\n"
    assert read(card) == "Pond\nHead\n\nBody one\n\nBody two\n\nFoot"
    grid = (
        "::::{grid} 2\n:::{grid-item-card}\nHead\n^^^^\nBody\n+++\nFoot\n:::\n::::\n\nText\n^^^\n"
    )
    assert read(grid) == "Head\n\nBody\n\nFoot\n\nText ^^^"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("> [!TIP] Custom *tip*\n> Body tip.\n> More.", "Custom tip\n\nBody tip. More."),
        ("> [!TIP]+ Title\n> Body tip.", "Title\n\nBody tip."),
        ("> [!TIP]\n> Body tip.", "Body tip."),
        ("> [!TIP] Title\n>\n> - Body", "Title\n\n- Body"),
        ("- > [!TIP]- Title\n  > Body", "- Title\n\nBody"),
    ],
)
def test_the_title_of_an_alert_is_a_paragraph(source, text):
    assert read(source) == text


def test_the_language_of_code_within_a_line_is_no_text():
    assert read("Use `#!python range()` and `:::js var x`.") == "Use range() and var x."
    kept = "Use #!bash and #!/bin/sh x and :::note Title and ::: x."
    assert read("Use `#!bash` and `#!/bin/sh x` and `:::note Title` and `::: x`.") == kept


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            '```{csv-table} Frozen *ponds*\n:header: "A", "B"\n:widths: 1, 2\n\n'
            'x, "y, *z*"\n1, "two\nthree"\n```\n',
            "Frozen ponds\nA | B\nx | y, z\n1 | two three",
        ),
        (":::{csv-table}\n:delim: ;\n:header-rows: 1\nA;B\nx;y\n:::\n", "A | B\nx | y"),
        ('```{csv-table}\n:delim: "\na,b\n```\n', "a | b"),
        ("```{csv-table}\n:delim: space\na b\n```\n", "a | b"),
        ("```{csv-table}\n---\nheader: A, B\n---\na,b\n```\n", "A | B\na | b"),
    ],
)
def test_a_table_of_values_between_commas_is_a_table(source, text):
    assert read(source) == text


def test_the_file_of_a_table_is_counted():
    assert unknown("```{csv-table}\n:file: a.csv\n```\n") == ["csv-table a.csv"]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            ":::{glossary}\nPond\n  Still *water*.\n\n  More.\nLake\nMere\n    A big pond.\n:::\n",
            "Pond\nStill water.\n\nMore.\n\nLake\nMere\nA big pond.",
        ),
        (":::{glossary}\nPond\n: Still water.\n:::\n", "Pond\nStill water."),
        (
            ":::{glossary}\nPond\n  Still.\n\nLake\n: Big *water*,\n  wide.\n\n  More.\nSea\n:::\n",
            "Pond\nStill.\n\nLake\nBig water, wide.\n\nMore.\n\nSea",
        ),
        (
            "Text.\n:param str a: The *name*,\n  in short.\n:returns: A pond.\n",
            "Text.\n\nparam str a\nThe name, in short.\n\nreturns\nA pond.",
        ),
        ("(a)=\n# Pond\n\n:author: Me\n:date: 2020\n", "# Pond\n\nauthor\nMe\n\ndate\n2020"),
        (":tada: Release\n:bug: Mended\n", "Release Mended"),
        ("Text {ref}`a <b>`.\n\n:tada: Release\n", "Text a.\n\nRelease"),
    ],
)
def test_terms_and_fields_are_apart_from_their_definitions(source, text):
    assert read(source) == text


def test_all_emoji_codes_are_no_text():
    assert read("A :tada: b :100: c :+1: d :-1: e :1234: f") == "A b c d e f"
    assert read("At 10:30:45 or :30: or :50:") == "At 10:30:45 or :30: or :50:"


def test_words_know_their_lines_in_the_file():
    source = (
        "> [!TIP] Title\n> Body.\n\n$$\na\n\n- b\n$$\n\n!> Callout.\n\n"
        '```{csv-table}\n:header: "A", "B"\n\nx, y\n"1\n2", z\n```\n\n'
        ":::{glossary}\nPond\n  Water.\n:::\n\n:param a: The name.\n  More.\n"
    )
    assert places(source) == [
        ("Title", "> [!TIP] Title"),
        ("Body.", "> Body."),
        ("$$ a - b $$", "$$\na\n\n- b\n$$"),
        ("Callout.", "!> Callout."),
        ("A | B", ':header: "A", "B"'),
        ("x | y", "x, y"),
        ("1 2 | z", '"1\n2", z'),
        ("Pond", "Pond"),
        ("Water.", "  Water."),
        ("param a", ":param a: The name."),
        ("The name. More.", ":param a: The name.\n  More."),
    ]


@pytest.mark.parametrize(
    "example",
    [
        "$$\n{.x}\n$$",
        "::: a.b\n    options:\n      x: 1",
        "{* a.py *}",
        "!> b",
        "{ref}`a`",
        ":::{card}\na\n^^^\nb\n:::",
        ":param a: b",
    ],
)
def test_an_example_in_a_fence_stays_code(example):
    assert read(f"Text.\n\n````\n{example}\n````\n") == f"Text.\n\n```\n{example}\n```"


HOSTILE = [
    *(
        "$1 a b",
        "$1 ",
        "$a",
        "$$",
        "$$a",
        "$$\n",
        "$$a\n",
        "\\\\(a",
        "\\(",
        "\\[\n",
        "\\\\[\n",
        "\\(\\a",
    ),
    *("[a]{.b", "[a][a.b", "[](#", "[](a", "<path:#", "::: a.b\n", "::: a.b\n    a\n", "#!a "),
    *("{* a", "!> a\n\n", "# a :id=a ", "# a" + " " * 999 + "b\n", "{cite", "{ref}`a`", "^^^\n"),
    *(
        ":::{card}\n^^^\n",
        "> [!a] b\n> c\n\n",
        "```{csv-table}\n",
        'a,"',
        ":param a: b\n",
        ":a: b\n",
    ),
    *(":::{glossary}\na\n  b\n", "```{csv-table}\n:header: a\n\na,b\n```\n", ":100:"),
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_pages_take_seconds_at_most(unit):
    start = time.process_time()
    # A page may be refused as well.
    with contextlib.suppress(PageError):
        read((unit * 20_000)[:20_000])
    assert time.process_time() - start < 5


def test_one_large_table_takes_seconds_at_most():
    start = time.process_time()
    read("```{csv-table}\n" + 'a,"b' * 5_000 + "\n```\n")
    read(":::{glossary}\n" + "a\n" * 5_000 + "  b\n:::\n")
    read("{ref}`a <b>`\n\n" + ":a: b\n" * 3_000)
    assert time.process_time() - start < 5
    assert open_parser().parse(":::{glossary}\n:::\n")
