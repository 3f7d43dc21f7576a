import json
import logging

import pytest

from coverage_kit.collect.statements import Brand, collect_statements, compared_form
from coverage_kit.tables import ANSWERS, PAGES

HOME = "https://www.larkmoor.example/"
ORGANISATION = {
    "@type": "Organization",
    "name": "Larkmoor",
    "legalName": "Larkmoor Cargo Bikes Ltd",
    "url": HOME,
    "sameAs": ["https://www.linkedin.com/company/larkmoor/", "http://x.com/larkmoor"],
    "contactPoint": [
        {
            "@type": "ContactPoint",
            "telephone": "tel:+44 1632 960417",
            "email": "mailto:hello@larkmoor.example",
        }
    ],
    "address": {
        "@type": "PostalAddress",
        "streetAddress": "1 Mill Street",
        "addressLocality": "Kendal",
        "addressCountry": "GB",
    },
    "foundingDate": "2014-04-01",
    "founder": [{"@type": "Person", "name": "Isla Brathay"}, "Tom Ferreira"],
    "numberOfEmployees": {"@type": "QuantitativeValue", "value": 64},
}


def write_page(folder, name, words="", *blocks):
    scripts = "".join(
        '<script type="application/ld+json">'
        f"{block if isinstance(block, str) else json.dumps(block)}</script>"
        for block in blocks
    )
    path = folder / f"{name}.html"
    path.write_text(
        f"<html><head><title>t</title>{scripts}</head><body>{words}</body></html>", encoding="utf-8"
    )
    row = {
        "page_id": f"larkmoor.example/{name}",
        "site": "larkmoor.example",
        "url": f"{HOME}{name}",
        "status": "ok",
    }
    return {**row, "html_path": str(path), "text": ""}


def answers(*texts):
    rows = [
        {"answer_id": f"a{n}", "query_id": "q", "engine": "e", "text": t, "has_searched": True}
        for n, t in enumerate(texts)
    ]
    return ANSWERS.table(rows)


def collect(*pages, texts=(), names=("Larkmoor",)):
    return collect_statements(PAGES.table(list(pages)), answers(*texts), names)


def stated(statements, source, *properties):
    rows = statements[statements["source"] == source]
    pairs = list(zip(rows["property"], rows["value"], strict=True))
    return [pair for pair in pairs if not properties or pair[0] in properties]


def test_an_organisation_in_a_graph_is_read_whole(tmp_path):
    statements = collect(
        write_page(tmp_path, "a", "", {"@context": "https://schema.org", "@graph": [ORGANISATION]})
    )
    assert stated(statements, "structured data") == [
        ("name", "Larkmoor"),
        ("legalName", "Larkmoor Cargo Bikes Ltd"),
        ("url", HOME),
        ("sameAs", "https://www.linkedin.com/company/larkmoor/"),
        ("sameAs", "http://x.com/larkmoor"),
        ("telephone", "+44 1632 960417"),
        ("email", "hello@larkmoor.example"),
        ("address", "1 Mill Street, Kendal"),
        ("founded", "2014-04-01"),
        ("founder", "Isla Brathay"),
        ("founder", "Tom Ferreira"),
        ("numberOfEmployees", "64"),
    ]
    assert stated(statements, "settings") == [("name", "Larkmoor")]


def test_nested_nodes_lists_and_types_as_lists_are_read(tmp_path):
    article = {
        "@type": "Article",
        "publisher": {"@type": ["Organization", "Brand"], "name": "LARKMOOR Ltd"},
    }
    product = {"@type": "Product", "brand": {"@type": "Brand", "name": "Lark Moor"}}
    statements = collect(write_page(tmp_path, "a", "", [article, product]))
    assert stated(statements, "structured data") == [
        ("name", "LARKMOOR Ltd"),
        ("name", "Lark Moor"),
    ]


def test_others_are_not_the_brand(tmp_path):
    nodes = [
        {"@type": "Organization", "name": "Haulwright", "telephone": "01632 960999"},
        {"@type": "Person", "name": "Larkmoor Smith", "telephone": "01632 960998"},
        {"@type": "Product", "name": "Larkmoor Heron"},
    ]
    assert stated(collect(write_page(tmp_path, "a", "", nodes)), "structured data") == []


def test_the_home_page_is_the_brand_whatever_its_name(tmp_path):
    node = {"@type": "WebSite", "name": "LM Bikes", "url": "http://larkmoor.example"}
    assert stated(collect(write_page(tmp_path, "a", "", node)), "structured data", "name") == [
        ("name", "LM Bikes")
    ]


def test_a_branch_has_a_phone_and_an_address_of_its_own_and_no_name(tmp_path):
    branch = {
        "@type": "BicycleStore",
        "name": "Larkmoor Leeds",
        "telephone": "0113 496 0100",
        "address": {"addressLocality": "Leeds"},
    }
    rows = stated(collect(write_page(tmp_path, "a", "", branch)), "structured data")
    assert rows == [("telephone (Leeds)", "0113 496 0100"), ("address (Leeds)", "Leeds")]


def test_broken_json_is_counted_and_the_rest_read(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        statements = collect(
            write_page(tmp_path, "a", "", '{"@type": "Organization",', ORGANISATION)
        )
    assert ("name", "Larkmoor") in stated(statements, "structured data")
    assert "1 blocks of structured data are broken JSON" in caplog.text


def test_words_of_the_whole_page_with_its_footer(tmp_path):
    words = """<p>Lark Moor has been building bikes.
    Larkmoor was founded in 2014 by two neighbours.</p>
    <p>Ring <a href="tel:+441632960417">01632 960417</a> or write to hello@larkmoor.example.</p>
    <footer>Larkmoor Cargo Bikes Ltd, Kendal</footer><script>"Larkmoor founded in 1999"</script>"""
    statements = collect(write_page(tmp_path, "a", words))
    assert set(stated(statements, "page")) == {
        ("name", "Lark Moor"),
        ("name", "Larkmoor"),
        ("legalName", "Larkmoor Cargo Bikes Ltd"),
        ("founded", "2014"),
        ("telephone", "01632 960417"),
        ("telephone", "+441632960417"),
        ("email", "hello@larkmoor.example"),
    }
    names_brand = dict(zip(statements["value"], statements["names_brand"], strict=True))
    assert names_brand["2014"]
    assert not names_brand["01632 960417"]


def test_markdown_pages_and_pages_without_a_stored_source_are_read_by_their_text():
    row = {"page_id": "larkmoor.example/a", "site": "larkmoor.example", "url": HOME, "status": "ok"}
    pages = [{**row, "text": "Larkmoor, established 2014.", "html_path": None}]
    assert stated(collect(*pages), "page") == [("name", "Larkmoor"), ("founded", "2014")]


def test_answers_count_near_the_brand_only():
    texts = (
        "Call Larkmoor. The number is 01632 960111. Haulwright has 01632 960222.",
        "Haulwright was founded in 2009. Write to info@haulwright.example. Lark-Moor, "
        "founded in 2012, is smaller.",
    )
    assert stated(collect(texts=texts), "answer") == [
        ("name", "Larkmoor"),
        ("telephone", "01632 960111"),
        ("name", "Lark-Moor"),
        ("founded", "2012"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Larkmoor's designer Tom Ferreira, who had spent eleven years with other makers in "
        "Leeds, founded Haulwright in 1999.",
        "Any Larkmoor Curlew made since 2019 fits.",
        "Larkmoor has sold 38,200 packs, 1,860 of them in 2021/22.",
        "Larkmoor's order number is 2024-0045-001234567890123.",
        "See https://www.larkmoor.example/01632960417 for Larkmoor.",
        "Larkmoor costs £0 123 456 789 00.",
    ],
)
def test_what_only_looks_like_a_fact_is_none(text):
    assert stated(collect(texts=(text,)), "answer", "telephone", "founded") == []


def test_names_in_addresses_are_no_spellings():
    text = "See www.larkmoor.example, lark-moor.example or hello@larkmoor.example, and clarkmoor."
    assert stated(collect(texts=(text,)), "answer", "name") == []


def test_a_short_name_has_no_split_spellings():
    assert Brand(("Acme",)).spelled.findall("ac me, acme and ACME") == ["acme", "ACME"]
    assert Brand(("Blue River",)).spelled.findall("Blue-River and blueriver, not bluerivers") == [
        "Blue-River",
        "blueriver",
    ]


@pytest.mark.parametrize(
    ("prop", "value", "other"),
    [
        ("telephone", "+44 (0)1632 960417", "01632 960 417"),
        ("telephone (Leeds)", "0044 113 496 0100", "(0113) 4960100"),
        ("name", "LARKMOOR GmbH & Co. KG", "Larkmoor"),
        ("legalName", "Larkmoor Limited", "Larkmoor, Ltd."),
        ("sameAs", "http://www.x.com/larkmoor/", "https://twitter.com/Larkmoor"),
        ("url", "http://a.example", "https://www.a.example/"),
        ("address", "1, Mill Street; Kendal.", "1 Mill St, Kendal"),
        ("founded", "2014-04-01", "2014"),
        ("email", "Hello@a.example", "hello@a.example"),
        ("founder", "Tom  Ferreira", "tom ferreira"),
    ],
)
def test_forms_that_agree(prop, value, other):
    assert compared_form(prop, value) == compared_form(prop, other)


def test_forms_that_differ():
    assert compared_form("telephone", "01632 960417") != compared_form("telephone", "01632 960418")
    assert compared_form("name", "Lark Moor") != compared_form("name", "Larkmoor")


def test_without_a_name_there_is_nothing_to_collect(tmp_path):
    assert collect(write_page(tmp_path, "a", "", ORGANISATION), names=("", " ")).empty


@pytest.mark.parametrize("piece", ["a", "a.", "0 ", "founded 2", "l-", "@a.", "(0"])
def test_hostile_words_are_read_in_time(piece):
    text = f"Larkmoor {piece * 100_000}"
    assert stated(collect(texts=(text,)), "answer", "name") == [("name", "Larkmoor")]


def test_half_a_surrogate_pair_in_structured_data_is_replaced(tmp_path):
    block = '{"@type": "Organization", "name": "Larkmoor", "founder": "Isla \\ud83d"}'
    statements = collect(write_page(tmp_path, "a", "", block))
    assert stated(statements, "structured data", "founder") == [("founder", "Isla \ufffd")]


@pytest.mark.parametrize("key", ["streetAddress", "name"])
def test_values_nested_without_end_are_empty(tmp_path, key):
    nested = f'{{"{key}": ' * 600 + '"Mill Street"' + "}" * 600
    block = f'{{"@type": "Organization", "name": "Larkmoor", "address": {nested}}}'
    statements = collect(write_page(tmp_path, "a", "", block))
    assert stated(statements, "structured data") == [("name", "Larkmoor")]
