import pytest

from coverage_kit.collect.statements import compared_form
from coverage_kit.measure.consistency import find_disagreements
from coverage_kit.tables import STATEMENTS

SETTINGS = ("settings", "settings", "name", "Larkmoor")


def find(*rows):
    """Return the disagreements by (property, value).

    Rows are (source, place, property, value[, names_brand]).
    """
    names = ("source", "place", "property", "value", "names_brand")
    rows_of_statements = [
        dict(zip(names, (*row, True)[:5], strict=True)) for row in (SETTINGS, *rows)
    ]
    statements = STATEMENTS.table(
        [
            {**row, "compared_as": compared_form(row["property"], row["value"])}
            for row in rows_of_statements
        ]
    )
    return find_disagreements(statements).set_index(["property", "value"])


def data(page, prop, *values):
    return [("structured data", f"larkmoor.example/{page}", prop, value) for value in values]


def words(page, prop, value, names_brand=True):
    return ("page", f"larkmoor.example/{page}", prop, value, names_brand)


def answer(number, prop, value):
    return ("answer", f"a{number}", prop, value)


def test_a_name_variant_is_counted_on_pages_and_in_answers():
    disagreements = find(
        *data("a", "name", "Larkmoor"),
        words("a", "name", "Lark Moor"),
        answer(1, "name", "lark moor"),
        answer(2, "name", "Lark Moor"),
    )
    assert list(disagreements.index) == [("name", "Lark Moor")]
    row = disagreements.iloc[0]
    assert (row["kind"], row["n_pages"], row["n_answers"], row["other_value"]) == (
        "name variant",
        1,
        2,
        "Larkmoor",
    )
    assert row["example"] == "larkmoor.example/a"


def test_case_legal_forms_and_declared_names_are_no_variants():
    declared = [
        *data("a", "legalName", "Larkmoor Cargo Bikes Ltd"),
        *data("a", "alternateName", "LM"),
    ]
    statements = ["LARKMOOR", "Larkmoor Ltd", "Larkmoor Cargo Bikes Limited", "LM"]
    assert find(*declared, *(row for name in statements for row in data("b", "name", name))).empty


def test_two_legal_names_disagree():
    pages = [words(page, "legalName", "Larkmoor Cargo Bikes Ltd") for page in "abc"]
    disagreements = find(*pages, words("d", "legalName", "Larkmoor Bikes Ltd"))
    assert list(disagreements.index) == [("legalName", "Larkmoor Bikes Ltd")]
    assert disagreements.iloc[0]["other_value"] == "Larkmoor Cargo Bikes Ltd"


@pytest.mark.parametrize(
    ("prop", "usual", "odd"),
    [
        ("telephone", "01632 960417", "01632 960471"),
        ("founded", "2014", "2012"),
        ("address", "1 Mill St, Kendal", "9 Canal Head, Kendal"),
        ("email", "hello@larkmoor.example", "larkmoor@mail.example"),
        ("url", "https://larkmoor.example/", "https://larkmoor-bikes.example/"),
    ],
)
def test_conflicting_facts(prop, usual, odd):
    disagreements = find(*data("a", prop, usual), *data("b", prop, usual), *data("c", prop, odd))
    assert list(disagreements.index) == [(prop, odd)]
    row = disagreements.iloc[0]
    assert (row["kind"], row["n_pages"], row["other_value"]) == ("conflicting fact", 1, usual)


def test_facts_that_belong_together_do_not_conflict():
    assert find(
        *data("a", "telephone", "01632 960417", "01632 960500"),
        *data("b", "telephone", "+44 1632 960417"),
        *data("c", "telephone", "01632 960500"),
        *data("a", "email", "hello@larkmoor.example"),
        *data("b", "email", "press@larkmoor.example"),
        *data("a", "address", "1 Mill Street, Kendal, Cumbria, LA9 5AB"),
        *data("b", "address", "1 Mill St, Kendal"),
        *data("a", "telephone (Leeds)", "0113 496 0100"),
        *data("b", "founded", "2014-04-01"),
        words("c", "founded", "2014"),
    ).empty


def test_a_year_in_words_contradicts_only_where_they_name_the_brand():
    assert find(*data("a", "founded", "2014"), words("b", "founded", "2009", False)).empty
    disagreements = find(
        *data("a", "founded", "2014"), *data("c", "founded", "2014"), words("b", "founded", "2009")
    )
    assert list(disagreements.index) == [("founded", "2009")]


def test_a_declared_phone_that_no_page_shows_where_its_page_shows_another():
    declared = data("a", "telephone", "01632 960471")
    disagreements = find(*declared, words("a", "telephone", "01632 960417", False))
    assert list(disagreements.index) == [("telephone", "01632 960471")]
    assert disagreements.iloc[0]["other_value"] == "01632 960417"
    assert find(
        *declared, words("b", "telephone", "01632 960417", False)
    ).empty  # another page: a dealer's, perhaps
    assert find(
        *declared,
        words("a", "telephone", "01632 960417", False),
        words("b", "telephone", "+44 1632 960471", False),
    ).empty


def test_profiles_that_are_missing_doubled_or_no_profiles():
    linkedin, x = "https://www.linkedin.com/company/larkmoor", "https://x.com/larkmoor"
    disagreements = find(
        *data("a", "sameAs", linkedin, x),
        *data("b", "sameAs", linkedin.replace("https", "http") + "/", "https://x.com/lark_moor"),
        *data(
            "c",
            "sameAs",
            linkedin,
            x,
            "https://www.facebook.com/",
            "https://larkmoor.example/about",
        ),
    )
    assert set(disagreements.index) == {
        *[("sameAs", "https://x.com/lark_moor"), ("sameAs", x)],
        *[("sameAs", "https://www.facebook.com/"), ("sameAs", "https://larkmoor.example/about")],
    }
    assert set(disagreements["kind"]) == {"missing or odd sameAs"}
    assert disagreements.loc[("sameAs", "https://x.com/lark_moor"), "other_value"] == x
    assert "1 lack it" in disagreements.loc[("sameAs", x), "what_to_do"]


def test_pages_that_list_no_profiles_at_all_lack_none():
    assert find(
        *data("a", "sameAs", "https://x.com/larkmoor"), *data("b", "name", "Larkmoor")
    ).empty


def test_what_answers_say_and_the_site_does_not():
    disagreements = find(
        words("a", "telephone", "01632 960417", False),
        words("a", "founded", "2014", False),
        *[
            answer(1, "telephone", "+44 1632 960417"),
            answer(1, "founded", "2014"),
            answer(2, "telephone", "01632 960999"),
        ],
        *[answer(3, "telephone", "01632 960999"), answer(3, "email", "old@larkmoor.example")],
    )
    assert set(disagreements.index) == {
        ("telephone", "01632 960999"),
        ("email", "old@larkmoor.example"),
    }
    row = disagreements.loc[("telephone", "01632 960999")]
    assert (row["kind"], row["n_pages"], row["n_answers"], row["other_value"]) == (
        "unsupported by the site",
        0,
        2,
        "01632 960417",
    )
    assert disagreements.loc[("email", "old@larkmoor.example"), "other_value"] == "nothing"


def test_no_statements_are_no_disagreement():
    assert find().empty
    assert find_disagreements(STATEMENTS.empty()).empty
