"""Pages in MDX are read as their words: none of their code is text, and no word is lost."""

import re

import pytest

from coverage_kit.collect.extract import Extract
from coverage_kit.collect.markdown import extract_markdown, read_markdown_page
from coverage_kit.collect.page_try import PageError
from coverage_kit.collect.passages import split_text
from tests.mdx_pages import PAGES, PARTIALS
from tests.timing import is_in_proportion

# What no text of a page may hold, outside its code.
LITTER = re.compile(
    r"^import\b.*\bfrom\b|^export (?:const|default|function)|:::|\{#|</?[A-Za-z][\w.]*[\s/>]"
    r"|\[\^|\[[ x]\] |className|style=|=>|\[!",
    re.MULTILINE,
)
# Code, and the ids at the end of headings.
CODE = re.compile(r"^(`{3,})\w*\n.*?^\1$| \{#[^\s{}]+\}$", re.MULTILINE | re.DOTALL)


def read(name: str) -> Extract:
    return extract_markdown(PAGES[name].encode(), PARTIALS.get, is_mdx=name.endswith(".mdx"))


def part(name: str, heading: str) -> str:
    """Return the text of a page under a heading."""
    page = read(name)
    texts = [text for path, text in split_text(page.text, page.title) if path.endswith(heading)]
    return "\n\n".join(texts)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_text_without_code_of_its_generator(name):
    page = read(name)
    assert page.text
    assert LITTER.findall(CODE.sub("", page.text)) == []
    assert "{" not in CODE.sub("", page.text).replace("{rooms}", "")


@pytest.mark.parametrize("name", PAGES)
def test_the_signs_of_a_file_are_enough_to_read_it_as_mdx(name):
    assert extract_markdown(PAGES[name].encode(), PARTIALS.get) == read(name)


def test_a_page_of_docusaurus_is_its_prose_its_labels_and_its_partial():
    assert read("start/install.mdx").text == (
        "The hub needs a board with 1 GB of memory and answers on port 8080.\n\n"
        "Before you begin\n"
        "Write down the serial number, because support asks for it.\n\n"
        "## Pick your board {#boards}\n\n"
        "Arm boards\n"
        "Flash the image with dd if=hub.img of=/dev/sda and boot twice.\n\n"
        "intel\n"
        "Start the installer with sudo ./hub-install, one boot is enough.\n\n"
        "The hub draws four watts. Never unplug it while the green light blinks.\n\n"
        "## Take it off again {#take-off}\n\n"
        "Stop the service, then delete /opt/hub."
    )


def test_lists_keep_their_numbers_around_tabs_and_directives():
    text = part("guides/sensors.mdx", "Pair a sensor")
    lines = [line for line in text.split("\n") if line]
    assert lines[2:] == [
        "1. Press the button of the sensor for five seconds.",
        "In the app",
        "Tap Add, then Sensor.",
        "On the wall panel",
        "Hold the plus sign.",
        "2. Wait for the tone.",
        "No tone means no radio: move closer.",
        "3. Name the sensor.",
    ]
    assert part("guides/sensors.mdx", "Pair it by script") == (
        '```\nconst hub = connect();\nhub.pair("door");\n```\n\n'
        "The page lists the sensor within a minute."
    )


def test_tables_tasks_and_footnotes_are_words():
    text = read("guides/alarms.md").text
    assert "water | none | wet | dry\ndoor | 30 s | after ten at night" in text
    assert "- Test the siren once a month.\n- Replace the battery" in text
    assert "Ten at night is 22:00 in the time zone of the hub." in text
    assert "Kind | Most\nRooms | 64\nRules | 500 per room" in read("reference/limits.mdx").text


@pytest.mark.parametrize(
    ("name", "label", "words"),
    [
        ("quickstart.mdx", "Make a key", "Open Settings and make a key."),
        ("quickstart.mdx", "Read a value", "Call GET /values with the key in the header."),
        ("api/values.mdx", "since", "The first moment of the values, as a date."),
        ("api/values.mdx", "X-Hub-Key", "The key of the hub."),
        ("api/values.mdx", "properties of a value\nsensor", "The name of the sensor."),
        ("help.mdx", "Which radio does it use?", "It uses 868 MHz, as KNX-RF does."),
        ("help.mdx", "Ask us", "We answer within a day."),
        ("docs/updates.mdx", "Stable", "Stable updates come four times a year."),
        ("docs/updates.mdx", "Beta", "Beta updates come every week."),
        ("src/content/docs/rules.mdx", "Short rules win", "Rules with one condition are"),
        ("src/content/docs/rules.mdx", "Time", "Every day at seven."),
        ("src/content/docs/rules.mdx", "Share rules", "Send a rule to a friend as a file."),
        ("src/content/docs/rules.mdx", "All conditions", "A list of forty conditions."),
        ("src/content/docs/rules.mdx", "Loops", "A rule that starts itself never ends."),
        ("content/backup.mdx", "USB", "Plug in a stick of 1 GB."),
        ("content/backup.mdx", "Cloud", "Give the address of your store."),
        ("docs/radio.mdx", "Repeat the signal\nList of channels", "Which country allows which."),
        ("docs/radio.mdx", "Why is channel one loud?", "Most routers leave the factory on"),
        ("src/content/docs/scenes.mdx", "Not for alarms", "A scene never switches a siren."),
        ("src/content/docs/voice.mdx", "Mind the neighbours", "Who shouts through the window"),
        ("src/content/docs/voice.mdx", "In German", "Say Hub, Licht an."),
        ("src/content/docs/voice.mdx", "Teach it words", "Up to fifty words of your own."),
        ("content/energy.mdx", "A cheap night", "Between one and five the tariff is half."),
        ("content/energy.mdx", "Does it count solar panels?", "Yes, panels count as negative use."),
        ("content/move.mdx", "Make a backup", "Takes a minute."),
    ],
)
def test_labels_lead_to_their_text(name, label, words):
    assert f"{label}\n{words}" in read(name).text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("quickstart.mdx", "Keys end after ninety days without use."),
        ("content/backup.mdx", "To restore, hold the reset key while the hub starts."),
        ("content/move.mdx", "Keep the old hub until the new one has answered for a day."),
        ("docs/repeat.mdx", "A repeater reaches 30 metres in the open."),
    ],
)
def test_an_included_file_is_text_where_it_is_used_if_it_can_be_read(name, words):
    assert words in read(name).text
    unread = extract_markdown(PAGES[name].encode(), {}.get, is_mdx=True)
    assert words not in unread.text
    assert LITTER.findall(CODE.sub("", unread.text)) == []


def test_headings_of_nextra_and_fumadocs_keep_their_ids_alone():
    assert read("docs/radio.mdx").text.startswith("# The radio {#radio}\n")
    assert "\n### Choose a channel\n" in read("docs/radio.mdx").text
    assert "## Settings {#energy-settings}\n" in read("content/energy.mdx").text
    words = extract_markdown(b"# Fix [#123] [toc\n\nText.\n\n## See [notes]\n\nMore.").text
    assert words == "# Fix [#123] [toc\n\nText.\n\n## See [notes]\n\nMore."


def test_components_for_the_parts_of_a_table_are_its_rows():
    assert "Wall | Loss\nbrick | half" in read("docs/repeat.mdx").text
    table = "<Table>\n<TableBody>\n<TableRow><TableCell>a</TableCell><TableCell>b</TableCell>"
    end = "</TableRow>\n</TableBody>\n</Table>\n\n<Table rows={rows} />"
    page = read_markdown_page(f"import T from './t'\n\n{table}{end}".encode())
    assert (page.extract.text, page.unknown.components) == ("a | b", ["<Table rows={rows} />"])


@pytest.mark.parametrize(
    ("source", "values", "components"),
    [
        ("{events.map((e) => <Event {...e} />)}", 1, 0),
        ("The port is {port}.", 1, 0),
        ("<Card title={t('x')}>Words.</Card>", 1, 0),
        ("<Card title={t('x')} />", 1, 0),
        ("<Card title />", 0, 1),
        ("<Clock />", 0, 1),
        ("See <Icon name='x' /> there.", 0, 1),
        ("{/* a note */}\n\n{' '}\n\n{true}\n\n{children}", 0, 0),
        ("<Card title='Words' />\n\n<Tabs items={['a']}>\n<Tab>Words.</Tab>\n</Tabs>", 0, 0),
        ("<Features items={['Alpha', 'Beta']} />", 1, 0),
        ("<Features items={features} />", 0, 1),
        ("<Faq items={[{q: 'Why so', a: 'Because'}]} />", 1, 0),
        ("<Hero title='T' links={[{label: 'Docs', href: '/x'}]} />", 1, 0),
        ("<Start before={[{ title: 'Set up', link: '/x' }]}>\nWords.\n</Start>", 1, 0),
        ("<Tabs items={[<b>pnpm</b>, 'npm']}>\n<Tab>P.</Tab>\n<Tab>N.</Tab>\n</Tabs>", 1, 0),
        ("<Chart data={[1, 2]} style={{color: 'red'}}>\nWords.\n</Chart>", 0, 0),
        ("<$Partial path='a.mdx' />\n\n<$Show if='a'>\n\nWords.\n\n</$Show>", 0, 1),
        ("```js\n{port} <Clock />\n```\n\n`{port}` {'known'}", 0, 0),
        ("<Within />", 1, 1),
    ],
)
def test_what_only_the_build_of_a_site_knows_is_counted(source, values, components):
    files = {"./within.mdx": "Inner {port}.\n\n<Clock />\n"}
    page = read_markdown_page(
        f"import Within from './within.mdx'\n\n{source}\n".encode(), files.get, is_mdx=True
    )
    assert (len(page.unknown.values), len(page.unknown.components)) == (values, components)


def test_names_of_components_may_begin_with_a_dollar():
    source = b'<$Show if="a">\n\nIn show.\n\n</$Show>\n\n<$Partial path="a.mdx" />\n\nIt costs $5.'
    assert extract_markdown(source, is_mdx=True).text == "In show.\n\nIt costs $5."
    assert extract_markdown(source).text == "In show.\n\nIt costs $5."


def test_files_that_include_each_other_end():
    files = {
        "./a.mdx": "import B from './b.mdx'\n\nWords of a.\n\n<B />",
        "./b.mdx": "import A from './a.mdx'\n\nWords of b.\n\n<A />",
    }
    page = extract_markdown(b"import A from './a.mdx'\n\nText.\n\n<A />\n\n<A />", files.get)
    assert page.text == "Text.\n\nWords of a.\n\nWords of b.\n\nWords of a.\n\nWords of b."


def test_a_page_that_includes_very_many_files_is_an_error():
    files = {f"./{n}.mdx": f"import A from './{n + 1}.mdx'\n\n" + "<A />\n\n" * 9 for n in range(9)}
    with pytest.raises(PageError, match="included files"):
        extract_markdown(files["./0.mdx"].encode(), files.get)


def test_an_included_file_names_others_from_its_own_folder():
    files = {"./notes/a.mdx": "import B from '../b.mdx'\n\n<B />", "./b.mdx": "Words of b."}
    page = extract_markdown(b"import A from './notes/a.mdx'\n\n<A />", files.get)
    assert page.text == "Words of b."


def test_a_page_of_components_alone_has_no_text():
    source = (
        b"---\ntitle: All\n---\nimport A from '@theme/A'\n\n<DocCardList />\n\n<A rows={[1]} />\n"
    )
    assert extract_markdown(source).text == ""


def test_headings_keep_their_words_and_their_ids_at_the_end():
    assert "## Alarms by mail {#mail}\n\nMails leave" in read("guides/alarms.md").text


@pytest.mark.parametrize("line", ["<Tabs>\n", ":::tip\n", "<div>\n"])
def test_markup_that_is_nested_without_end_is_an_error_of_the_page(line):
    with pytest.raises(PageError, match="nested too deeply"):
        extract_markdown((line * 100_000)[:500_000].encode(), is_mdx=True)


@pytest.mark.parametrize(
    "piece", ["<", "{", ":::\n", "<A x={", "{`${", "export const a = {\n\n", "{/*\n\n", "<!--\n"]
)
def test_hostile_pages_take_time_in_proportion_to_their_length(piece):
    def extract(n_characters: int) -> None:
        extract_markdown((piece * n_characters)[:n_characters].encode(), is_mdx=True)

    assert is_in_proportion(extract, 20_000, 80_000)
