"""Tables with a row for each citation: answers count once, whatever marks them."""

import csv
import io
import json

import pandas as pd
import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.collect.logs.parts import merge_log_parts, plan_log, read_log_part
from coverage_kit.settings import LogSettings

LAMP = "Which desk lamp does not flicker?"
BULB = "How long does a bulb last?"


@pytest.fixture
def read(tmp_path):
    def of_rows(names, *rows, name="log.csv", delimiter=",", **columns):
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter).writerows([names.split("|"), *rows])
        (tmp_path / name).write_text(text.getvalue(), encoding="utf-8")
        return read_log(LogSettings(files=(str(tmp_path / name),), columns=columns))

    return of_rows


def demand(log):
    return dict(zip(log.queries["text"], log.queries["demand"], strict=True))


def sites(log):
    """Return the cited sites of each answer, as sorted lists."""
    groups = log.citations.groupby("answer_id")["site"].agg(lambda names: " ".join(sorted(names)))
    return sorted(groups)


def note(log):
    """Return the guesses about the first file."""
    return log.sources["doubts"].iloc[0]


def test_runs_count_once_and_bare_domains_are_cited_sites(read):
    names = "Answer ID|Question|Web search|Cited domain|Title"
    log = read(
        names,
        ["a7", LAMP, "yes", "lux.example", "Lamps"],
        ["a7", LAMP, "yes", "www.hell.example", "Lamps"],
        names.split("|"),
        ["a8", BULB, "no", "", ""],
        ["a9", LAMP, "yes", "https://lux.example/lamps?utm_source=x", "Lamps"],
        ["a9", LAMP, "yes", "forum.example", "Re: lamps"],
    )
    assert demand(log) == {LAMP: 2, BULB: 1}
    assert sites(log) == ["forum.example lux.example", "hell.example lux.example"]
    assert log.answers.set_index("run_id")["has_searched"].to_dict() == {
        "a7": True,
        "a8": False,
        "a9": True,
    }
    assert log.rejects.empty
    columns = ["n_records", "n_merged", "n_aside"]
    assert log.sources[columns].to_numpy().tolist() == [[3, 2, 1]]
    assert "rows with the same “Answer ID” are one answer" in note(log)


@pytest.mark.parametrize(
    ("names", "yes", "no"),
    [
        ("Datei|Frage|Suche ausgelöst|Zitierte Domain", "ja", "nein"),
        ("ID réponse|Question|Recherche web|Domaine cité", "oui", "non"),
        ("ID|Pregunta|Búsqueda web|Dominio citado", "sí", "no"),
        ("ID|Domanda|Ricerca web|Dominio citato", "sì", "no"),
        ("Run-nr|Vraag|Zoekactie|Geciteerd domein", "ja", "nee"),
        ("ID|Pytanie|Wyszukiwanie|Cytowana domena", "tak", "nie"),
        ("ID|Pergunta|Pesquisa web|Domínio citado", "sim", "não"),
        ("Run|Fråga|Webbsökning|Citerad domän", "ja", "nej"),
        ("Run|Spørgsmål|Websøgning|Citeret domæne", "ja", "nej"),
        ("ID|Otázka|Vyhledávání|Citovaná doména", "ano", "ne"),
        ("ID|質問|ウェブ検索|引用ドメイン", "はい", "いいえ"),
        ("ID|问题|联网搜索|引用域名", "是", "否"),
    ],
)
def test_headers_and_flags_of_many_languages(read, names, yes, no):
    log = read(
        names,
        ["a1", LAMP, yes, "lux.example"],
        ["a1", LAMP, yes, "hell.example"],
        ["a2", BULB, no, ""],
        ["a3", BULB, yes, ""],
        delimiter=";",
    )
    assert demand(log) == {LAMP: 1, BULB: 2}
    assert sites(log) == ["hell.example lux.example"]
    flags = log.answers.set_index("run_id")["has_searched"].to_dict()
    assert flags == {"a1": True, "a2": False, "a3": True}


def test_a_rank_that_starts_again_begins_another_answer(read):
    log = read(
        "Prompt|Platform|Rank|URL",
        [LAMP, "ChatGPT", 1, "https://a.example/x"],
        [LAMP, "ChatGPT", 2, "https://b.example/x"],
        [LAMP, "ChatGPT", 1, "https://b.example/x"],
        [LAMP, "ChatGPT", 2, "https://c.example/x"],
        [LAMP, "Gemini", 1, "https://a.example/x"],
    )
    assert demand(log) == {LAMP: 3}
    assert sites(log) == ["a.example", "a.example b.example", "b.example c.example"]
    assert "an answer begins where “Rank” starts again" in note(log)


def test_a_page_that_comes_again_begins_another_answer(read):
    log = read(
        "question|source domain",
        [LAMP, "a.example"],
        [LAMP, "b.example"],
        [LAMP, "a.example"],
        [LAMP, "c.example"],
        [BULB, "a.example"],
    )
    assert demand(log) == {LAMP: 2, BULB: 1}
    assert log.answers["engine"].tolist() == ["unknown"] * 3


def test_rows_of_an_answer_need_not_be_next_to_each_other(read):
    log = read(
        "question|URL",
        [LAMP, "https://a.example/1"],
        [BULB, "https://a.example/2"],
        [LAMP, "https://b.example/1"],
        [BULB, "https://c.example/2"],
    )
    assert demand(log) == {LAMP: 1, BULB: 1}
    assert sites(log) == ["a.example b.example", "a.example c.example"]


def test_cells_left_blank_are_those_of_the_row_above(read):
    log = read(
        "Prompt|Platform|Answer|Source URL",
        [LAMP, "ChatGPT", "The Lux does not.", "https://a.example/x"],
        ["", "", "", "https://b.example/x"],
        ["", "", "", "https://c.example/x"],
        [LAMP, "Gemini", "Any LED lamp.", "https://a.example/x"],
        ["", "", "", "https://d.example/x"],
    )
    assert demand(log) == {LAMP: 2}
    assert sites(log) == ["a.example b.example c.example", "a.example d.example"]
    assert sorted(log.answers["text"]) == ["Any LED lamp.", "The Lux does not."]
    assert log.rejects.empty


def test_a_whole_address_counts_before_the_domain_beside_it_and_before_counts(read):
    log = read(
        "run id|prompt|engine|citations|domain|page",
        ["1", LAMP, "ChatGPT", "2", "a.example", "https://a.example/lamp"],
        ["1", LAMP, "ChatGPT", "2", "b.example", "https://b.example/lamp"],
    )
    assert log.citations["url"].tolist() == ["https://a.example/lamp", "https://b.example/lamp"]
    assert len(log.answers) == 1


@pytest.mark.parametrize(
    "rows",
    [
        # A row for each answer, with its first source, on several days.
        [["2026-09-01", LAMP, "https://a.example/1"], ["2026-09-02", LAMP, "https://b.example/1"]],
        # People ask the same on several pages of one site.
        [
            ["2026-09-01", LAMP, "https://us.example/1"],
            ["2026-09-01", LAMP, "https://us.example/2"],
        ],
        # A row for each answer, with all its sources.
        [["2026-09-01", LAMP, "https://a.example/1 https://b.example/1"]] * 3,
    ],
)
def test_tables_with_a_row_for_each_answer_are_none(read, rows):
    log = read("date|question|page", *rows)
    assert "answer of the row" not in log.mapping.values()


def test_records_of_json_may_be_citations(tmp_path):
    rows = [
        ("r1", LAMP, "a"),
        ("r1", LAMP, "b"),
        ("r2", LAMP, "a"),
        ("r2", LAMP, "c"),
        ("r2", BULB, ""),
    ]
    text = "".join(
        json.dumps(
            {"run": run, "question": question, "source_domain": f"{site}.example" if site else ""}
        )
        + "\n"
        for run, question, site in rows
    )
    (tmp_path / "log.jsonl").write_text(text, encoding="utf-8")
    log = read_log(LogSettings(files=(str(tmp_path / "log.jsonl"),)))
    assert demand(log) == {LAMP: 2, BULB: 1}
    assert sites(log) == ["a.example b.example", "a.example c.example"]
    assert sorted(log.answers["run_id"]) == ["r1", "r2", "r2"]


def test_rows_of_two_files_are_two_answers_in_parts_as_well(read, tmp_path):
    rows = [[LAMP, "a.example"], [LAMP, "b.example"]]
    read("question|cited domain", *rows, name="x.csv")
    read("question|cited domain", *rows, name="y.csv")
    log = LogSettings(files=(str(tmp_path),))
    whole = read_log(log)
    assert demand(whole) == {LAMP: 2}
    plan = plan_log(log)
    parts = merge_log_parts([read_log_part(log, file, plan) for file in plan.files], log)
    pd.testing.assert_frame_equal(whole.citations, parts.citations)
