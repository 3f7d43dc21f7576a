import json

import pytest
from typer.testing import CliRunner

from coverage_kit.commands.app import app
from coverage_kit.errors import LogError
from coverage_kit.tasks.inspect_log import inspect_log


@pytest.fixture
def log(tmp_path):
    records = [
        {
            "prompt": "best crm",
            "response": "Acme.",
            "engine": "ChatGPT",
            "date": "2026-01-05",
            "citations": ["https://a.com"],
            "cost": 2,
        },
        {"prompt": "cheap\x1b[31m crm", "response": "", "engine": "ChatGPT", "date": "2026-01-06"},
    ]
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(map(json.dumps, records)) + "\n{broken\n[1]\n", encoding="utf-8")
    return path


def test_it_says_what_was_found_what_not_and_why(log, tmp_path):
    description = inspect_log(log, {}, tmp_path / "rejects.csv")
    assert f"{log}: mapped columns, 2 records" in description
    assert (
        "query = prompt, answer = response, engine = engine, asked_at = date, citations = citations"
        in description
    )
    assert "2 questions, 1 answer, 0 failed, 1 question without a logged answer" in description
    assert "\n1 citation of 1 site\n" in description
    assert "engines: ChatGPT 1" in description
    assert "2 records not read" in description
    assert "first in line 3" in description
    assert "1 x a JSON object was expected, found list, first in line 4" in description
    assert "Kept aside, in answers.extra: cost" in description
    assert description.splitlines()[-1].split() == [
        "best",
        "crm",
        "ChatGPT",
        "2026-01-05",
        "00:00",
        "Acme.",
        "a.com",
    ]
    kept = (tmp_path / "rejects.csv").read_text(encoding="utf-8-sig").splitlines()
    assert kept[0] == "file,line,reason"
    assert [line.split(",")[1] for line in kept[1:]] == ["3", "4"]


def test_a_log_of_queries_alone_shows_them(tmp_path):
    (tmp_path / "q.csv").write_text("keyword,volume\nbest crm,70\n", encoding="utf-8")
    description = inspect_log(tmp_path / "q.csv", {})
    assert "1 question, 0 answers" in description
    assert description.splitlines()[-1].split() == ["best", "crm", "70.0"]


def test_control_characters_do_not_reach_the_terminal(log):
    assert "\x1b" not in inspect_log(log, {})


def test_the_command_maps_columns_by_hand_and_fails_plainly(tmp_path):
    (tmp_path / "q.csv").write_text("asked of it\nbest crm\n", encoding="utf-8")
    result = CliRunner().invoke(
        app, ["inspect", str(tmp_path / "q.csv"), "--column", "query=asked of it"]
    )
    assert result.exit_code == 0
    assert "query = asked of it" in result.output
    assert isinstance(
        CliRunner().invoke(app, ["inspect", str(tmp_path / "q.csv")]).exception, LogError
    )


def test_halves_of_surrogate_pairs_are_no_trouble(tmp_path):
    (tmp_path / "log.jsonl").write_text(
        '{"query": "q", "answer": "a", "engine": "e", "note": "cut \\ud83d"}', encoding="utf-8"
    )
    assert "Kept aside, in answers.extra: note" in inspect_log(tmp_path / "log.jsonl", {})


@pytest.fixture
def odd(tmp_path):
    """A table whose columns no name shows."""
    rows = [
        f"{question},{' '.join(['word'] * 20)} {n},https://a{n}.example https://b.example"
        for n, question in enumerate(("How far is it?", "What does it cost?", "Is it safe?"))
    ]
    path = tmp_path / "odd.csv"
    path.write_text("\n".join(["Typed,Said,Belege", *rows]), encoding="utf-8")
    return path


def test_a_guess_is_shown_with_the_option_that_corrects_it(odd):
    output = CliRunner().invoke(app, ["inspect", str(odd)]).output
    line = "Read as citations: column “Belege” (URLs in 3 of 3 rows). Not right? --column"
    assert f'{line} "citations=…" (empty: none)' in output
    assert "6 citations of 4 sites" in output
    output = CliRunner().invoke(app, ["inspect", str(odd), "--column", "citations="]).output
    assert "Read as questions" in output
    assert "no citations" in output


def test_a_missing_column_is_answered_with_an_option(tmp_path):
    path = tmp_path / "q.csv"
    path.write_text("colour,size\nred apple,4\nblue plum,5\n", encoding="utf-8")
    error = CliRunner().invoke(app, ["inspect", str(path)]).exception
    assert isinstance(error, LogError)
    assert error.cure == 'Say which column holds the questions: --column "query=colour"'
    assert "[log" not in str(error)
