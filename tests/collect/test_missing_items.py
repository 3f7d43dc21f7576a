"""The file of what answers lack: it survives reruns, edits by people and changed ids."""

import pytest

from coverage_kit.collect.missing_items import (
    missing_items_path,
    read_missing_items,
    write_missing_items,
)
from coverage_kit.errors import SchemaError
from coverage_kit.tables import MISSING_ITEMS, QUERIES


def queries(**texts):
    return QUERIES.table(
        [{"query_id": name, "text": text, "demand": 1.0} for name, text in texts.items()]
    )


LOG = queries(q1="How far does it go?", q2="=1+1, what is that?", q3="Who sells it?")


def items(*rows, model="small"):
    return MISSING_ITEMS.table(
        [{"query_id": query, "item": item, "checked_by": model} for query, item in rows]
    )


def listed(path, log=LOG):
    table = read_missing_items(path, log)
    return list(zip(table["query_id"], table["item"], table["checked_by"], strict=True))


@pytest.fixture
def path(tmp_path):
    return missing_items_path(tmp_path / "checks.csv")


def test_a_model_that_checks_again_replaces_what_it_said_of_these_questions_alone(path):
    first = items(("q1", "range on one charge"), ("q1", "range in winter"), ("q2", "the sum"))
    write_missing_items(path, first, LOG, ["q1", "q2"], "small")
    write_missing_items(path, items(("q1", "range"), model="large"), LOG, ["q1"], "large")
    write_missing_items(path, items(("q3", "a shop")), LOG, ["q1", "q3"], "small")
    assert listed(path) == [
        ("q2", "the sum", "small"),
        ("q1", "range", "large"),
        ("q3", "a shop", "small"),
    ]


def test_texts_of_models_and_logs_are_no_formulas_and_come_back_as_they_were(path):
    write_missing_items(path, items(("q2", "=HYPERLINK(1)\n-2")), LOG, ["q2"], "small")
    text = path.read_text("utf-8-sig")
    assert "\n=" not in text
    assert ",=" not in text
    assert '"=' not in text
    assert listed(path) == [("q2", "=HYPERLINK(1)\n-2", "small")]


def test_rows_are_found_by_their_words_where_ids_have_changed(path):
    write_missing_items(path, items(("q1", "range")), LOG, ["q1"], "small")
    assert listed(path, queries(other="how far does it go")) == [("other", "range", "small")]
    assert listed(path, queries(other="What else?")) == []


def test_a_file_that_a_spreadsheet_saved_with_a_deleted_row_is_read(path):
    path.write_bytes(
        "query_id;missing;question;checked_by;mine\nq1;Reichweite in Öhringen;How far;small;x\n"
        "q1;Reichweite in Öhringen;How far;small;x\nq2;;;small;\n".encode("cp1252")
    )
    assert listed(path) == [("q1", "Reichweite in Öhringen", "small")]


def test_no_file_holds_nothing_and_another_file_says_what_it_lacks(path):
    assert listed(path) == []
    for text in ("", "question,choice\na,b\n"):
        path.write_text(text)
        with pytest.raises(SchemaError, match=r"a column '(missing|question)'"):
            listed(path)
