"""Marks of site generators in Markdown: their words stay under their labels, their signs go."""

import contextlib
import time

import pytest

from coverage_kit.collect.folder import read_folder
from coverage_kit.collect.markdown import extract_markdown, read_markdown_page
from coverage_kit.collect.page_try import PageError
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.report.source.changes import make_change
from coverage_kit.text.markdown.parser import open_parser
from coverage_kit.text.markdown.template_html import (
    replace_template_tags,
    without_template_tags,
)


def read(source):
    return extract_markdown(source.encode()).text


def includes(source):
    tokens = open_parser().parse(source)
    return [token.meta["target"] for token in tokens if token.type == "include"]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('!!! warning "Wear gloves"\n\n    Lime burns.\n', "Wear gloves\nLime burns."),
        ('??? tip "Save lime"\n    Mix less.\n', "Save lime\nMix less."),
        ('???+ tip "Save *lime*"\n    Mix less.\n', "Save lime\nMix less."),
        ("!!! note\n    Lime burns.\n\nNext.\n", "Lime burns.\n\nNext."),
        ('!!! note ""\n    Lime burns.\n', "Lime burns."),
        (
            'Wait.\n!!! note inline end "Time"\n    A day.\nGo on.\n',
            "Wait.\n\nTime\nA day.\n\nGo on.",
        ),
        ('!!! danger "Never touch it"\n', "Never touch it"),
        ('=== "Red"\n\n    Warm.\n\n=== "Blue"\n\n    Cold.\n', "Red\nWarm.\n\nBlue\nCold."),
        ("===! 'Red'\n    Warm.\n", "Red\nWarm."),
        (
            '=== "Red"\n\n    !!! tip "Mix"\n\n        Stir it.\n\n        - One\n        - Two\n',
            "Red\nMix\nStir it.\n\n- One\n- Two",
        ),
        (
            '1.  First\n\n    !!! note "Mix"\n        Stir it.\n\n2.  Second\n',
            "1. First\n\nMix\nStir it.\n\n2. Second",
        ),
        ("!!! tip\n    ```sh\n    ls\n    ```\n", "```sh\nls\n```"),
        (
            "/// note | Wear gloves\n    type: warning\n\nLime burns.\n///\n",
            "Wear gloves\nLime burns.",
        ),
    ],
)
def test_parts_of_mkdocs_are_prose_under_their_labels(source, text):
    assert read(source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Press ++ctrl+shift+p++ now.", "Press Ctrl+Shift+P now."),
        ("Press ++arrow-up++.", "Press Arrow Up."),
        ("A :material-clock-outline:{ .lg } day :smile:", "A day"),
        ("A ==bright== and ^^new^^ ~~old~~ colour", "A bright and new old colour"),
        ("H~2~O and 2^10^", "H2O and 210"),
        ("A [link](a.md){ .md-button target=_blank } here", "A link here"),
        ("Text.\n{: .lead }\n", "Text."),
        ("## Head { #head .x }\n\nText.", "## Head\n\nText."),
        (
            "It {++grows++}{--shrinks--} {~~here~>there~~} {==now==}{>>why?<<}.",
            "It grows there now.",
        ),
        (
            "Version 4[^1] is new.\n\n[^1]: Version 3 is *old*.\n",
            "Version 4 is new.\n\nVersion 3 is old.",
        ),
        ("The HTML.\n\n*[HTML]: HyperText\n*[W3C]: Consortium\n", "The HTML."),
        ("[TOC]\n\nText.", "Text."),
        ("Lime\n:   A white *powder*.\n:   A fruit.\n", "Lime\nA white powder.\nA fruit."),
        ("Version {{ version }} is out.", "Version … is out."),
        ('<div class="grid" markdown>\n**Bold** words.\n</div>\n', "Bold words."),
        (
            '<figure markdown="span">\n  ![x](y){ width="3" }\n'
            "  <figcaption>Pond</figcaption>\n</figure>",
            "Pond",
        ),
        ("$$\nx = y\n$$", "$$ x = y $$"),
        ('```py title="a.py" hl_lines="1"\n--8<-- "a.py"\n```', '```py\n--8<-- "a.py"\n```'),
    ],
)
def test_inline_marks_of_mkdocs_are_no_text(source, text):
    assert read(source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{% notice tip %}}\nStir it.\n{{% /notice %}}\n", "Stir it."),
        ('{{% notice tip "Mix" %}}\nStir it.\n{{% /notice %}}\n', "Mix\nStir it."),
        ('{{% alert title="Mix" color="warning" %}}\nStir it.\n{{% /alert %}}\n', "Mix\nStir it."),
        (
            '{{< tabs name="id1" >}}\n{{< tab "Red" >}}\nWarm.\n'
            '{{< /tab >}}{{< tab "Blue" >}}\nCold.\n'
            "{{< /tab >}}\n{{< /tabs >}}\n",
            "Red\nWarm.\n\nBlue\nCold.",
        ),
        (
            '{{< tabs items="Red,Blue" >}}\n  {{< tab >}}Warm.{{< /tab >}}\n'
            "  {{< tab >}}\n    Cold.\n"
            "  {{< /tab >}}\n{{< /tabs >}}\n",
            "Red\nWarm.\n\nBlue\nCold.",
        ),
        ('{{< details summary="More" >}}Stir it.{{< /details >}}\n', "More\nStir it."),
        ('{{< figure\n  src="a.png"\n  caption="A pond."\n>}}\n', "A pond."),
        ("{{< youtube abc >}}\n\nText.<!--more-->\n", "Text."),
        (
            'See [the pond]({{< ref "pond.md" >}}) and [it](/a/{{< param v >}}/b "T").',
            "See the pond and it.",
        ),
        ('A {{< glossary_tooltip text="pod" term_id="pod" >}} runs.', "A pod runs."),
        ("Press {{< ui >}}Save{{< /ui >}} now.", "Press Save now."),
        ('Write {{</* ref "a" */>}} for it.', 'Write {{< ref "a" >}} for it.'),
        ("{{< highlight go >}}\nx := {{ y }}\n{{< /highlight >}}\n", "```\nx := {{ y }}\n```"),
        (
            "1. Do\n\n   {{< note >}}\n   Stir it.\n   {{< /note >}}\n\n2. Go\n",
            "1. Do\n\nStir it.\n\n2. Go",
        ),
        (
            '{{% tab name="Red" %}}\n```sh\nls\n{{% /tab %}}\n\nText.\n',
            "Red\n\n```sh\nls\n```\n\nText.",
        ),
    ],
)
def test_shortcodes_of_hugo_are_no_text(source, text):
    assert read(source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{% include pond.html %}\n\nText.", "Text."),
        ('{% include note.html content="Stir it." %}\n', "Stir it."),
        (
            "{% highlight js %}\nvar a = {{ b }};\n{% endhighlight %}\n",
            "```\nvar a = {{ b }};\n```",
        ),
        ("{% if site.a %}\nStir it.\n{% endif %}\n", "Stir it."),
        ("{% comment %}\nHidden.\n{% endcomment %}\n\nText.", "Text."),
        ("Hello {{ site.name | upcase }}, {% comment %}x{% endcomment %}you.", "Hello …, you."),
        (
            "Use {% raw %}{{ a }}{% endraw %} and `{% raw %}{{ b }}{% endraw %}`.",
            "Use {{ a }} and {{ b }}.",
        ),
        ("See [post]({% post_url 2024-01-02-a %}), [it]({% link _a/b c.md %}).", "See post, it."),
        ("* TOC\n{:toc}\n\n## Pond\n{: .no_toc }\n\nText.\n{: .fs-6 }\n", "## Pond\n\nText."),
        ("{::options toc_levels='1' /}\n\n{: .note }\n> Stir it.\n", "Stir it."),
        (
            '<details markdown="block">\n  <summary>Menu</summary>\n'
            "  {: .x }\n1. TOC\n{:toc}\n</details>\n",
            "Menu",
        ),
        ("<p>{{ site.a }} words {% include b %}</p>", "words"),
        ("{% blockquote Ann Lee %}\nStir it.\n{% endblockquote %}\n", "Ann Lee\nStir it."),
        ("{% codeblock lang:js %}\nlet a\n{% endcodeblock %}\n", "```\nlet a\n```"),
        ("{% note info Mix %}\nStir it.\n{% endnote %}\n", "Mix\nStir it."),
        ("{% asset_img a.png %}\n\nSee {% post_link a-b 'the pond' %}.", "See the pond."),
    ],
)
def test_tags_of_jekyll_and_hexo_are_no_text(source, text):
    assert read(source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('{% hint style="info" %}\nStir it.\n{% endhint %}\n', "Stir it."),
        (
            '{% tabs %}\n{% tab title="Red" %}\nWarm.\n'
            '{% endtab %}\n\n{% tab title="Blue" %}\nCold.\n'
            "{% endtab %}\n{% endtabs %}\n",
            "Red\nWarm.\n\nBlue\nCold.",
        ),
        ('{% content-ref url="a.md" %}\n[a.md](a.md)\n{% endcontent-ref %}\n\nText.', "Text."),
        ('{% content-ref url="a.md" %}\n[All ponds](a.md)\n{% endcontent-ref %}\n', "All ponds"),
        (
            '{% code title="a.js" %}\n```js\nlet a\n```\n{% endcode %}\n',
            "a.js\n\n```js\nlet a\n```",
        ),
        ('{% embed url="https://a.example" %}\nA film.\n{% endembed %}\n', "A film."),
        (
            "{% stepper %}\n{% step %}\n### One\n\nStir.\n{% endstep %}\n{% endstepper %}\n",
            "### One\n\nStir.",
        ),
        (
            '{% swagger summary="Add a pond" %}\n'
            "{% swagger-description %}\nNew.\n{% endswagger-description %}\n"
            "{% endswagger %}\n",
            "Add a pond\nNew.",
        ),
    ],
)
def test_blocks_of_gitbook_are_their_words(source, text):
    assert read(source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("[[toc]]\n\nText.", "Text."),
        ('## Ponds <Badge type="tip" text="^1.9.0" />\n\nText.', "## Ponds ^1.9.0\n\nText."),
        ("# {{ $frontmatter.title }}\n\nText.", "Text."),
        ("<script setup>\nconst a = 1\n</script>\n\nText.\n\n<style>\n.a {}\n</style>\n", "Text."),
        ("<<< @/snippets/a.js{2}\n\nText.", "Text."),
    ],
)
def test_marks_of_vitepress_are_no_text(source, text):
    assert read(source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("```{note} Mix\n:class: x\n\nStir it.\n```\n", "Mix\nStir it."),
        (":::{tip}\nStir it.\n:::\n", "Stir it."),
        (
            "::::{tab-set}\n:::{tab-item} Red\n:sync: r\nWarm.\n:::\n"
            ":::{tab-item} Blue\nCold.\n:::\n::::\n",
            "Red\nWarm.\n\nBlue\nCold.",
        ),
        (
            ":::{tab-set}\n:::{tab-item} Red\nWarm.\n:::\n"
            ":::{tab-item} Blue\nCold.\n:::\n:::\n\nText.",
            "Red\nWarm.\n\nBlue\nCold.\n\nText.",
        ),
        (
            "````{admonition} Outer\n```{warning}\nInner.\n```\nMore.\n````\n",
            "Outer\nInner.\n\nMore.",
        ),
        (
            "::::{grid} 1 2\n:::{grid-item-card} {octicon}`a;1em` Ponds\n"
            ":link: a\n\nAll.\n+++\nMore\n:::\n::::\n",
            "Ponds\nAll.\n\nMore",
        ),
        ("```{dropdown} Mix\nStir it.\n```\n", "Mix\nStir it."),
        ("```{figure} a.png\n:name: a\n\nA pond.\n```\n", "A pond."),
        ("```{toctree}\n:hidden:\na\nb\n```\n\nText.", "Text."),
        ("```{code-block} python\n:linenos:\nx = 1\n```\n", "```\nx = 1\n```"),
        (
            "See {ref}`the pond <pond>`, {doc}`lime </a/b>`, {term}`soil` and {py:func}`~a.b`.",
            "See the pond, lime, soil and a.b.",
        ),
        ("Fish{cite}`a2020` swim.", "Fish swim."),
        ("(pond)=\n# Pond\n\n% a comment\n\n+++\n\nText {{ sub }}.", "# Pond\n\nText …."),
        ("---\nmyst: {}\n---\n:orphan:\n\n# Pond\n\nText.", "# Pond\n\nText."),
        ("- One\n\n  ```{note}\n  Stir it.\n  ```\n\n- Two\n", "- One\n\nStir it.\n\n- Two"),
    ],
)
def test_marks_of_myst_are_their_words(source, text):
    assert read(source) == text


@pytest.mark.parametrize(
    ("source", "targets"),
    [
        ('--8<-- "parts/a.md"\n', ["parts/a.md"]),
        ('--8<-- "parts/a.md:intro"\n', ["parts/a.md"]),
        ("--8<--\na.md\n; b.md\nc.md\n--8<--\n", ["a.md", "c.md"]),
        ("<!--@include: ./parts/a.md{1,3}-->\n", ["./parts/a.md"]),
        ("```{include} ../a.md\n:start-line: 1\n```\n", ["../a.md"]),
        ('{{% include "a.md" %}}\n', ["a.md"]),
        ("{% include_relative parts/a.md %}\n", ["parts/a.md"]),
        ("{% include [a note](../_parts/a.md) %}\n", ["../_parts/a.md"]),
        ("{% include a.html %}\n", []),
        (';--8<-- "a.md"\n', []),
    ],
)
def test_files_that_a_page_includes_are_named(source, targets):
    assert includes(source) == targets


def test_an_included_file_is_read_where_it_is_included():
    page = read_markdown_page(b'Before.\n\n--8<-- "a.md"\n\nAfter.\n', {"a.md": "*Within*."}.get)
    assert page.extract.text == "Before.\n\nWithin.\n\nAfter."


@pytest.mark.parametrize(
    "text",
    [
        "Costs rose by\n% 5 in a year",
        "!!! what a day",
        "It was ... ??? really",
        "Use a == b, x==y, i++ and C++ or D++ for 10:30:45",
        "Walk ~5 to ~10 km, x^2 + y^2, ~/a/~b",
        "The class [^a-z] and {a, b} and {x}",
        "A set {1: 2} and fe80::1 and a:b:c",
        "e^{{x}} is a formula",
        "Say :: and ::: and {: and {% and {{ and {{< at once",
        "(a)= b and (c) = d",
    ],
)
def test_ordinary_prose_stays_as_it_is(text):
    assert read(text) == " ".join(text.split())


def test_ordinary_markdown_keeps_its_meaning():
    assert read("Pond\n===\n\nText.") == "# Pond\n\nText."
    assert read("Text.\n\n    indented {{ code }}\n") == "Text.\n\n```\nindented {{ code }}\n```"
    assert read("Use `{{ name }}` and `{% if %}`.") == "Use {{ name }} and {% if %}."
    assert read("- TOC\n- Ponds\n") == "- TOC\n- Ponds"
    assert read("```{python}\nx = 1\n```\n") == "```\nx = 1\n```"
    assert read("``` { .python }\nx = 1\n```\n") == "```\nx = 1\n```"


@pytest.mark.parametrize(
    "example",
    [
        '!!! note "A"\n    b',
        '=== "A"\n\n    b',
        "{{< tab >}}\nb\n{{< /tab >}}",
        "{% hint %}\nb\n{% endhint %}",
        ":::{note}\nb\n:::",
        "(a)=\n% b\n+++",
    ],
)
def test_an_example_in_a_fence_stays_code(example):
    assert read(f"Text.\n\n````\n{example}\n````\n") == f"Text.\n\n```\n{example}\n```"


def test_tags_that_are_not_closed_lose_no_text():
    assert read('{% tab title="Red" %}\nWarm.\n') == "Warm."
    assert read("{{% /tab %}}\nWarm.\n{{< /x >}}\n") == "Warm."
    assert (
        read("- One\n  {% hint %}\n\nTwo.\n\n{% endhint %}\nThree.\n") == "- One\n\nTwo.\n\nThree."
    )
    assert read(":::{note} Mix\nStir it.\n") == "Mix\nStir it."


def test_parts_know_their_lines_in_the_file():
    source = 'Text.\n\n!!! note "Mix"\n\n    Stir it.\n\n{% hint %}\nWait.\n{% endhint %}\n'
    tokens = open_parser().parse(source)
    assert [token.map for token in tokens if token.type == "part_open"] == [[2, 5], [6, 9]]
    words = {token.content: token.map for token in tokens if token.type == "inline"}
    assert words == {"Text.": [0, 1], "Mix": [2, 3], "Stir it.": [4, 5], "Wait.": [7, 8]}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('{{< hextra/feature-card title="Fast" subtitle="Simple" >}}\n', "Fast\nSimple"),
        (
            "{{< hextra/hero-headline >}}\n  Build fast&nbsp;\n{{< /hextra/hero-headline >}}\n",
            "Build fast",
        ),
        (
            '{{< figure src="a.png" title="Pond" caption="Deep." attr="Ann Lee" >}}\n',
            "Pond. Deep. Ann Lee",
        ),
        (
            '{{< card header="**Imagine**" title="Artist" subtitle="S" footer="foot" >}}\n'
            "Body.\n{{< /card >}}\n",
            "Imagine\nArtist\n\nS\n\nBody.\n\nfoot",
        ),
        (
            '{{< card title="Artist" subtitle="S" footer="foot" >}}Body.{{< /card >}}\n',
            "Artist\nS\n\nBody.\n\nfoot",
        ),
        ('A {{< badge "new one" >}} {{< term "CSS" >}} here.', "A new one CSS here."),
        ('Press {{< kbd "Ctrl" >}} or {{< button "Go" "/go" >}}.', "Press Ctrl or Go."),
        ("{{< columns >}}\nLeft\n<--->\nRight\n{{< /columns >}}\n", "Left\n\nRight"),
        (
            "{{< columns >}}\nLeft\n\n<---> <!-- separator -->\n\nRight\n{{< /columns >}}\n",
            "Left\n\nRight",
        ),
        ("An arrow\n<--->\nhere", "An arrow <---> here"),
        ("Write `{{</* note */>}}` now.", "Write {{< note >}} now."),
        ('{{</* figure src="a" */>}}\n', '{{< figure src="a" >}}'),
        ("```\n{{%/* tab */%}}\n```\n", "```\n{{% tab %}}\n```"),
        ("{{< toc/>}}\n\nText.", "Text."),
    ],
)
def test_shortcodes_of_hugo_show_all_their_words(source, text):
    assert read(source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "After {% raw %}<b>bold</b>{% endraw %} word {{ v }}.",
            "After bold word ….",
        ),
        (
            "A {% raw %}{{ x }} {% y %} `{{ z }}`{% endraw %} {{ v }}.",
            "A {{ x }} {% y %} {{ z }} ….",
        ),
        (
            "A [{% raw %}{{a}}{% endraw %} {% raw %}{{b}}{% endraw %}](x) b.",
            "A {{a}} {{b}} b.",
        ),
        (
            "{% raw %}\n# H\n\n{{ x }} word\n{% endraw %}\n{{ x }} end\n",
            "# H\n\n{{ x }} word\n\n… end",
        ),
        ("{% note info Some md title %}\nStir.\n{% endnote %}\n", "Some md title\nStir."),
        (
            "A {% label @inline words %} {% label primary@other words %}.",
            "A inline words other words.",
        ),
        (
            "A {% button https://x.example, Button words, home %} {% btn #, Go %}.",
            "A Button words Go.",
        ),
        (
            "{% tabs Name %}\n<!-- tab Second label -->\nWarm.\n\n- One\n<!-- endtab -->\n"
            "<!-- tab Third@home -->\nCold.\n<!-- endtab -->\n{% endtabs %}\n",
            "Second label\nWarm.\n\n- One\n\nThird\nCold.",
        ),
        (
            '{% include note.html title="Mix" content="Stir **it**." %}\n',
            "Mix\nStir it.",
        ),
        (
            '{% include note.html title=page.title content="Stir it." %}\n',
            "Stir it.",
        ),
        ('{% callout "info", "md" %}\nStir it.\n{% endcallout %}\n', "Stir it."),
        ('{% callout "info", "Mix" %}\nStir it.\n{% endcallout %}\n', "Mix\nStir it."),
        (
            "{% css %}.a{}{% endcss %}\n\n{% js %}\nlet a = 1;\n{% endjs %}\n\n"
            "A {% css %}.b{}{% endcss %}word.",
            "A word.",
        ),
    ],
)
def test_tags_of_liquid_and_hexo_show_all_their_words(source, text):
    assert read(source) == text


@pytest.mark.parametrize(
    ("source", "text", "n_values"),
    [
        ('Version {{< param "version" >}} is out.', "Version … is out.", 1),
        ("It is {{< skew currentVersion >}}.", "It is ….", 1),
        ('A {{< glossary_tooltip term_id="pod" >}} runs.', "A … runs.", 1),
        ('A {{< glossary_tooltip text="pod" term_id="pod" >}} runs.', "A pod runs.", 0),
        ("Use {% data variables.product.x %} or {% mytag words %}.", "Use … or ….", 2),
        ('Press {% octicon "gear" %} {{< icon "gear" >}}now.', "Press now.", 0),
        ("Press {{< icon/gear >}}now.", "Press now.", 0),
        ("Line one{{< br >}} and {{< youtube abc >}}two.", "Line one and two.", 0),
        ("{% ifversion a %}Old{% else %}New{% endif %} {% assign x = 1 %}pond.", "OldNew pond.", 0),
        ("A {% include pond.html %}{% link a.md %} pond.", "A pond.", 0),
        ("Press {{< ui >}}Save{{< /ui >}} now.", "Press Save now.", 0),
        ("{{% notice note %}}First.\n\nSecond.{{% /notice %}}\n", "First.\n\nSecond.", 0),
        ("{{< param version >}}\n\nText.", "Text.", 0),
    ],
)
def test_a_tag_without_words_in_a_sentence_leaves_a_mark(source, text, n_values):
    page = read_markdown_page(source.encode())
    assert (page.extract.text, len(page.unknown.values)) == (text, n_values)


def test_a_tag_without_words_on_its_own_line_is_a_component():
    page = read_markdown_page(b"{% data reusables.a %}\n\n{{< pods >}}\n\n{% assign a = 1 %}\n")
    assert page.unknown.components == ["{% data reusables.a %}", "{{< pods >}}"]


HTML_OF_HUGO = """---
title: "Front title"
date: 2024-02-03
---
{{< blocks/section >}}
{{% blocks/feature title="F" %}}
<p>Groups **words** here. Version {{< param version >}} is out.</p>
<p>Stir it.</p>
{{% /blocks/feature %}}
{{< /blocks/section >}}
"""


def read_html(folder, source):
    (folder / "a.html").write_text(source)
    unread = UnreadItems()
    (page,) = read_folder(folder, "https://example.com/", unread=unread)
    return page, unread


def test_html_with_front_matter_has_its_title_and_no_tags(tmp_path):
    page, unread = read_html(tmp_path, HTML_OF_HUGO)
    assert page.extract.title == "Front title"
    assert page.extract.text == "F\n\nGroups **words** here. Version … is out.\n\nStir it."
    assert page.extract.published_at.year == 2024
    # An edit might change the words of a tag.
    assert page.html_path is None
    assert [n_items for _, n_items, _ in unread.reasons()] == [1]


def test_html_of_jekyll_has_no_tags(tmp_path):
    source = (
        '---\ntitle: "About {{ site.name }}"\n---\n<div class="{% if a > 1 %}b{% endif %}">\n'
        '{% for p in posts %}<li><a href="{{ p.url }}">{{ p.title }}</a></li>{% endfor %}\n'
        "<p>Hello <b>{{ site.name }}</b>.</p>\n{% highlight js %}\nlet a = '<b>{{ x }}';\n"
        "{% endhighlight %}\n<p>Use {% raw %}{{ a }}{% endraw %}.</p>\n"
        '{% include note.html title="Mix" content="Stir it." %}\n'
        "<script>let a = '{{ x }} y';</script>{% comment %}gone{% endcomment %}</div>\n"
    )
    page, _ = read_html(tmp_path, source)
    assert page.extract.title == "About …"
    assert page.extract.text == (
        "Hello ….\n\n```\nlet a = '<b>{{ x }}';\n```\n\nUse {{ a }}.\n\nMix\n\nStir it."
    )


def test_html_without_front_matter_keeps_its_braces(tmp_path):
    page, _ = read_html(tmp_path, "<p>Write {{ x }} now.</p>")
    assert page.extract.text == "Write {{ x }} now."


def test_a_draft_in_html_is_no_page(tmp_path):
    (tmp_path / "b.html").write_text("---\ndraft: true\n---\n<p>Text.</p>")
    page, unread = read_html(tmp_path, "<p>Text.</p>")
    assert page.extract.text == "Text."
    assert len(unread.reasons()) == 1


def test_html_whose_tags_are_apart_from_its_words_can_be_edited(tmp_path):
    source = (
        "---\ntitle: Pond\n---\n{{< blocks/section >}}\n<p class='{{ a }}'>Stir it.</p>\n"
        "{% for p in posts %}\n<li><a href='{{ p.url }}'>{{ p.title }}</a></li>\n{% endfor %}\n"
        "{{< /blocks/section >}}\n"
    )
    page, _ = read_html(tmp_path, source)
    assert (page.extract.text, page.html_path) == ("Stir it.", str(tmp_path / "a.html"))
    change = {"action": "replace_passage", "heading_path": "Pond", "before": "Stir it."}
    result = make_change(source, change | {"after": "Stir it well."}, [], is_markdown=False)
    assert result == source.replace("Stir it.", "Stir it well.")


@pytest.mark.parametrize(
    "body",
    ["<p>{% if a %}Stir.{% endif %}</p>", "<p>A {{ b }}.</p>", "{% comment %}A.{% endcomment %}"],
)
def test_html_whose_tags_are_beside_words_is_no_file_to_edit(tmp_path, body):
    page, _ = read_html(tmp_path, f"---\ntitle: A\n---\n<p>Text.</p>\n{body}\n")
    assert page.html_path is None


def test_a_title_has_a_mark_in_place_of_a_tag():
    assert without_template_tags("About {% data x.y %} {a} {{ b }}") == "About … {a} …"


@pytest.mark.parametrize(
    "source",
    [
        "Write `{{</* note */>}}` now.\n",
        "Write `{% raw %}{{ b }}{% endraw %}` now.\n",
        "Write {% raw %}<b>{{ b }}</b>{% endraw %} now.\n",
        "{% raw %}\nWrite {{ b }} now.\n{% endraw %}\n",
        "Use {% data variables.x %} now.\n",
        '{{< card title="A" subtitle="now" >}}\nStir now.\n{{< /card >}}\n',
        "<!-- tab A -->\nStir now.\n<!-- endtab -->\n",
    ],
)
def test_edits_beside_tags_leave_the_tags(source):
    before = read(source)
    start, _, end = before.rpartition("now")
    change = {"action": "replace_passage", "heading_path": "", "before": before}
    result = make_change(source, change | {"after": f"{start}then{end}"}, [], is_markdown=True)
    start, _, end = source.rpartition("now")
    assert result == f"{start}then{end}"


def test_tabs_in_comments_know_their_lines_in_the_file():
    source = "Text.\n\n<!-- tab Red -->\nWarm.\n<!-- endtab -->\n"
    tokens = open_parser().parse(source)
    assert [token.map for token in tokens if token.type == "part_open"] == [[2, 5]]
    words = {token.content: token.map for token in tokens if token.type == "inline"}
    assert words == {"Text.": [0, 1], "Red": [2, 3], "Warm.": [3, 4]}


HOSTILE = [
    *("{", "{%", "{{", "{{<", "{% a %}", "{% a %}\n", '{{< tab "a" >}}\n', "{% raw %}\n", "{# "),
    *("{% tab x %}{% endtab %}\n", "!!! note\n", "/// a\n", "///\n", ":::{a}\n", "```{note}\n"),
    *("{ref}`", "% x\n", "++a", "==", "^^a", ":a", "~a", "{: .a", '{a="', "{++", "{--a"),
    *("*[a]: b\n", "<Badge text=", "<div markdown>\n", "{::comment}\n", "a\n: b\n", "[a]({{ x }}"),
    *("w {{< a >}}", "{% raw %}x", "{% raw %}{% endraw %}", "<!-- tab a -->\n", "<!-- tab "),
    *("{{</* a", "{% css %}a", "{% x %} w", "{{< a >}}<b ", "<--->\n", "{{< card title='a' >}}\n"),
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_pages_take_seconds_at_most(unit):
    start = time.process_time()
    # A page may be refused as well.
    with contextlib.suppress(PageError):
        extract_markdown((unit * 40_000)[:40_000].encode())
    assert time.process_time() - start < 5


@pytest.mark.parametrize("unit", [*HOSTILE, "<a {{ x }}", "{% highlight %}{{ x }}", "{% endraw %}"])
def test_hostile_html_takes_seconds_at_most(unit):
    start = time.process_time()
    replace_template_tags((unit * 200_000)[:200_000])
    without_template_tags((unit * 40_000)[:40_000])
    assert time.process_time() - start < 5
