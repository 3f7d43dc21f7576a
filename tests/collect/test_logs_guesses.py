"""Columns without a known name are read by their content, or left out: always with a sentence."""

import csv
import io
import json

import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.errors import LogError
from coverage_kit.settings import LogSettings

ANSWER = (
    "It depends on what you carry and how far you ride on a day, but most testers of such bikes "
    "recommend a motor between the pedals, number {}."
)
ENGLISH = (
    "Which cargo bike is best for hills?",
    "how far does a cargo bike go",
    "Can I carry two children?",
    "what does a service cost",
    "Is theft insured?",
)
GERMAN = (
    "Welches Lastenrad ist gut für Berge?",
    "wie weit kommt man mit einem Akku",
    "Darf ich zwei Kinder mitnehmen?",
    "Was kostet eine Wartung?",
    "Ist Diebstahl versichert?",
)
JAPANESE = (
    "カーゴバイクの価格はいくらですか",
    "子供を何人乗せられますか？",  # noqa: RUF001 (Japanese)
    "保険は必要ですか",
    "バッテリーは何キロ走りますか",
    "雨でも乗れますか",
)
ROWS = range(5)


@pytest.fixture
def read(tmp_path):
    def of_table(table, delimiter=",", **columns):
        """Return the log of a table, given as its columns by their names."""
        text = io.StringIO()
        writer = csv.writer(text, delimiter=delimiter)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))
        path = tmp_path / "log.csv"
        path.write_text(text.getvalue(), encoding="utf-8")
        return read_log(LogSettings(files=(str(path),), columns=columns))

    return of_table


def notes_of(log):
    doubts = log.sources["doubts"].iloc[0]
    return doubts.split("\n") if isinstance(doubts, str) else []


@pytest.mark.parametrize(
    ("names", "questions", "dates", "delimiter"),
    [
        (
            ("Tool", "They typed", "It said", "Sources cited", "When we looked"),
            ENGLISH,
            [f"2026-09-{n + 1:02}" for n in ROWS],
            ",",
        ),
        (
            ("Helfer", "Eingabe", "Was er sagte", "Belege", "Abgefragt am"),
            GERMAN,
            [f"{n + 1:02}.09.2026" for n in ROWS],
            ";",
        ),
        (
            ("ツール", "入力", "出力", "出典", "日付"),
            JAPANESE,
            [f"9/{n + 11}/2026" for n in ROWS],
            "\t",
        ),
    ],
    ids=["English", "German", "Japanese"],
)
def test_columns_of_any_language_are_read_by_their_content(
    read, names, questions, dates, delimiter
):
    tool, typed, said, cited, when = names
    log = read(
        {
            tool: ["ChatGPT", "Perplexity", "Gemini 2.5", "Copilot", "ChatGPT"],
            typed: questions,
            said: [ANSWER.format(n) for n in ROWS],
            cited: [f"https://a{n}.example/x; https://b.example/y" for n in ROWS],
            when: dates,
        },
        delimiter,
    )
    assert log.mapping == {
        "query": typed,
        "answer": said,
        "engine": tool,
        "asked_at": when,
        "citations": cited,
    }
    assert set(log.queries["text"]) == set(questions)
    assert log.citations["site"].nunique() == 6
    assert log.answers["asked_at"].dt.month.unique().tolist() == [9]
    notes = notes_of(log)
    assert [note.split(":")[0] for note in notes] == [
        "Read as questions",
        "Read as answers",
        "Read as engines",
        "Read as citations",
        "Read as dates",
    ]
    assert f"column “{cited}” (URLs in 5 of 5 rows). Not right? [log.columns] citations" in notes[3]


@pytest.mark.parametrize(
    "cell",
    [
        "https://a.example/x\nhttps://b.example/y",
        "https://a.example/x; https://b.example/y",
        "https://a.example/x,https://b.example/y",
        "https://a.example/x | https://b.example/y",
        "https://a.example/x https://b.example/y",
        '["https://a.example/x", "https://b.example/y"]',
        '[{"url": "https://a.example/x", "title": "A"}, {"url": "https://b.example/y"}]',
        "['https://a.example/x', 'https://b.example/y']",
        "[A guide](https://a.example/x) [A test](https://b.example/y)",
        "A guide: https://a.example/x | A test: https://b.example/y",
        "[1] https://a.example/x [2] https://b.example/y",
        "a.example/x, b.example/y",
    ],
)
def test_cells_with_several_addresses_are_split(read, cell):
    log = read({"question": ENGLISH, "answer": ENGLISH, "Footer": [cell] * 5})
    assert log.mapping["citations"] == "Footer"
    assert log.citations.groupby("answer_id")["url"].agg(list).tolist() == [
        ["https://a.example/x", "https://b.example/y"]
    ] * len(ENGLISH)


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (
            {"Shot": [f"https://shots.example/{n}.png" for n in ROWS]},
            "Not read as citations: column “Shot” (URLs of shots.example alone)",
        ),
        (
            {
                "Left": [f"https://a{n}.example" for n in ROWS],
                "Right": [f"https://b{n}.example" for n in ROWS],
            },
            "Not read as citations: columns “Left”, “Right” (URLs)",
        ),
        (
            {
                "Sent": [f"2026-01-0{n + 1}" for n in ROWS],
                "Seen": [f"2026-02-0{n + 1}" for n in ROWS],
            },
            "Not read as dates: columns “Sent”, “Seen” (dates)",
        ),
        (
            {"Day": [f"0{n + 1}/0{n + 3}/2026" for n in ROWS]},
            "Not read as dates: column “Day”, such as “01/03/2026”, which may be month first",
        ),
    ],
    ids=["one site", "two columns of addresses", "two columns of dates", "day or month"],
)
def test_what_could_be_read_in_two_ways_is_not_read_and_says_so(read, column, reason):
    log = read({"question": ENGLISH, "answer": ENGLISH, **column})
    assert list(log.mapping) == ["query", "answer"]
    (note,) = notes_of(log)
    assert note.startswith(reason)
    assert "[log.columns]" in note


@pytest.mark.parametrize(
    "column",
    [
        {"Ticket": [1_700_000_000 + n for n in ROWS]},
        {"Version": [f"1.{n}" for n in ROWS]},
        {"Words": [f"https://a{n}.example is one of the {ANSWER.format(n)}" for n in ROWS]},
        {"File": ["notes.txt", "a.pdf", "b.csv", "c.doc", "index.html"]},
        {"Month": ["May", "June", "May", "June", "May"]},
        {"Empty": [""] * 5},
    ],
    ids=["ids", "versions", "prose with a link", "file names", "months", "empty"],
)
def test_what_only_resembles_a_date_or_an_address_is_left_aside(read, column):
    log = read({"question": ENGLISH, "answer": ENGLISH, **column})
    assert list(log.mapping) == ["query", "answer"]
    assert notes_of(log) == []


def test_dates_of_a_named_column_that_can_be_read_in_two_ways_are_said(read):
    log = read(
        {"question": ENGLISH, "answer": ENGLISH, "date": [f"0{n + 1}/0{n + 3}/2026" for n in ROWS]}
    )
    assert log.mapping["asked_at"] == "date"
    assert notes_of(log)[0].startswith("Dates of column “date” can be read in two ways.")
    dates = [f"0{n + 1}/1{n + 3}/2026" for n in ROWS]
    assert notes_of(read({"question": ENGLISH, "answer": ENGLISH, "date": dates})) == []


def test_two_columns_of_questions_are_an_error_that_shows_both(read):
    with pytest.raises(LogError) as caught:
        read({"Ask A": ENGLISH, "Ask B": ENGLISH[::-1], "Out": [ANSWER] * 5})
    assert f"“Ask A” (such as “{ENGLISH[0]}”), “Ask B” (such as “{ENGLISH[-1]}”)" in str(
        caught.value
    )


@pytest.mark.parametrize(
    "table",
    [
        {"SKU": [1, 2, 3], "Title": ["Red bike", "Blue bike", "Old bike"]},
        {"Topic": ["cargo bike hills", "cargo bike dog", "cargo bike rain"], "N": [4, 2, 1]},
    ],
    ids=["products", "keywords"],
)
def test_short_texts_that_do_not_ask_are_candidates_and_no_questions(read, table):
    with pytest.raises(LogError) as caught:
        read(table)
    assert "Likely: “T" in caught.value.found
    assert caught.value.cure.startswith("Say which column holds the questions: [log.columns] query")


def test_rows_of_messages_and_nested_exports_are_not_guessed_at(read, tmp_path):
    with pytest.raises(LogError) as caught:
        read({"said by": ["user", "assistant"] * 3, "words": ["When?", "Why not ask?"] * 3})
    assert "Likely" not in caught.value.found
    path = tmp_path / "export.jsonl"
    record = {"name": "Why does it smell?", "chat_messages": [{"sender": "human", "words": "Hi"}]}
    path.write_text(f"{json.dumps(record)}\n" * 3, encoding="utf-8")
    with pytest.raises(LogError):
        read_log(LogSettings(files=(str(path),)))


def test_a_column_of_the_settings_comes_first_and_an_empty_one_means_none(read):
    table = {
        "question": ENGLISH,
        "answer": ENGLISH,
        "Left": [f"https://a{n}.example" for n in ROWS],
        "Right": [f"https://b{n}.example" for n in ROWS],
        "sources": [f"https://c{n}.example" for n in ROWS],
    }
    assert read(table, citations="Right").mapping["citations"] == "Right"
    assert "citations" not in read(table, citations="").mapping
    assert notes_of(read(table, citations="")) == []


def test_beside_a_log_with_named_columns_no_other_table_is_taken_for_questions(tmp_path):
    faq = "\n".join(["Heading,Author", *(f"{question},Ann" for question in ENGLISH)])
    (tmp_path / "faq.csv").write_text(faq, encoding="utf-8")
    alone = read_log(LogSettings(files=(str(tmp_path),)))
    assert set(alone.queries["text"]) == set(ENGLISH)
    (tmp_path / "log.csv").write_text("query\nbest bike\n", encoding="utf-8")
    log = read_log(LogSettings(files=(str(tmp_path),)))
    assert log.queries["text"].tolist() == ["best bike"]
    assert log.rejects["reason"].tolist() == [
        "no column with questions; found columns 'Heading', 'Author'"
    ]


def test_addresses_without_answers_or_engines_are_cited_by_nothing(read):
    log = read({"question": ENGLISH, "Domain": [f"site{n}.example" for n in ROWS]})
    assert list(log.mapping) == ["query"]
    assert "because no column holds answers or engines" in notes_of(log)[0]


def test_records_of_json_are_guessed_like_rows(tmp_path):
    path = tmp_path / "log.jsonl"
    records = [
        {
            "asked_text": question,
            "said": ANSWER.format(number),
            "links_out": [f"https://a{number}.example", {"url": "https://b.example"}],
            "on": f"2026-03-0{number + 1}T10:00:00Z",
        }
        for number, question in enumerate(ENGLISH)
    ]
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    log = read_log(LogSettings(files=(str(path),)))
    assert log.mapping == {
        "query": "asked_text",
        "answer": "said",
        "asked_at": "on",
        "citations": "links_out",
    }
    assert len(log.citations) == 10
