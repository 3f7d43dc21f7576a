"""Logs with one message a row: people ask, assistants answer, and nothing else is a question."""

import csv
import io
import json

import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.collect.logs.parts import merge_log_parts, plan_log, read_log_part
from coverage_kit.errors import LogError
from coverage_kit.settings import LogSettings
from tests.collect.log_samples import account

ASKED = ("How do I bleed the brake?", "With which oil?")
ANSWERED = ("Open the valve at the caliper.", "Mineral oil.")


def write_csv(path, rows):
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    path.with_suffix(".csv").write_text(stream.getvalue(), encoding="utf-8")


def write_jsonl(path, rows):
    path.with_suffix(".jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


def write_json(path, rows):
    path.with_suffix(".json").write_text(json.dumps(rows), encoding="utf-8")


def write_object(path, rows):
    path.with_suffix(".json").write_text(
        json.dumps({"messages": 4, "data": rows}), encoding="utf-8"
    )


WRITERS = pytest.mark.parametrize("write", [write_csv, write_jsonl, write_json, write_object])


@pytest.fixture
def read(tmp_path):
    def read(rows, write=write_jsonl):
        write(tmp_path / "log", rows)
        return read_log(LogSettings(files=(str(tmp_path),)))

    return read


def pairs(log):
    table = log.answers.merge(log.queries, on="query_id")
    return sorted(table[["text_y", "text_x"]].to_numpy().tolist())


def dialogue(who, speakers=("user", "assistant"), text="content", **fields):
    """Return two questions with their answers, in the columns `who` and `text`."""
    words = (ASKED[0], ANSWERED[0], ASKED[1], ANSWERED[1])
    return [
        {
            **{name: value.format(n=n) for name, value in fields.items()},
            who: speakers[n % 2],
            text: said,
            "created_at": f"2026-09-01T10:00:0{n}Z",
        }
        for n, said in enumerate(words)
    ]


SHAPES = {
    "OpenAI's roles": dialogue("role", conversation_id="k1"),
    "without conversations": dialogue("role", text="message"),
    "LangChain": dialogue("type", ("human", "ai"), session_id="k1"),
    "names of bots": dialogue("author", ("Anna Berg", "BrakeBot"), text="body"),
    "ShareGPT": dialogue("from", ("human", "gpt"), text="value", id="{n}"),
    "Botpress": dialogue(
        "direction", ("incoming", "outgoing"), text="payload", conversationId="k1", userId="u{n}"
    ),
    "Intercom": dialogue("author_type", ("lead", "bot"), text="body", conversation_id="k1"),
    "Zendesk": dialogue("sender_type", ("end_user", "answer_bot"), text="message", ticket_id="7"),
    "Rasa": dialogue("type_name", ("user", "bot"), text="text", sender_id="k1", id="{n}"),
    "Open WebUI": dialogue("role", chat_id="k1", id="{n}"),
    "a flag": dialogue("is_bot", ("false", "true"), text="text", thread_id="k1"),
    "a user": dialogue("role", user_id="u1"),
    "users of both": dialogue("role", user_id="u{n}"),
    "German": dialogue("sender", ("Kunde", "Assistent"), text="text"),
}


@WRITERS
@pytest.mark.parametrize("shape", SHAPES)
def test_messages_are_paired_whatever_their_columns_are_called(read, shape, write):
    log = read(SHAPES[shape], write)
    assert pairs(log) == sorted(map(list, zip(ASKED, ANSWERED, strict=True)))
    assert log.failures.empty
    assert log.rejects.empty
    assert log.sources["format"].tolist() == ["one message a row"]
    assert account(log) == [(2, 2)]


def test_the_model_the_run_and_the_time_are_read(read):
    rows = dialogue("role", conversation_id="k1", model="gpt-5", market="de", feedback="good")
    answer = read(rows).answers.sort_values("asked_at").iloc[0]
    assert (answer["engine"], answer["model"], answer["run_id"]) == ("openai", "gpt-5", "k1")
    assert answer["market"] == "de"
    assert str(answer["asked_at"]) == "2026-09-01 10:00:00+00:00"
    assert json.loads(answer["extra"]) == {"feedback": "good"}


def librechat(*messages):
    return [
        {
            "sender": sender,
            "text": text,
            "isCreatedByUser": str(sender == "User").lower(),
            "error": "false",
            "messageId": name,
            "parentMessageId": parent,
            "createdAt": f"2026-09-01T10:00:0{n}Z",
        }
        for n, (name, parent, sender, text) in enumerate(messages)
    ]


@WRITERS
def test_an_answer_belongs_to_its_parent_and_made_again_counts_once(read, write):
    rows = librechat(
        ("m1", "0", "User", ASKED[0]),
        ("m2", "m1", "GPT-5", "Cut the hose."),
        ("n1", "0", "User", "Which pads squeal?"),
        ("m3", "m1", "GPT-5", ANSWERED[0]),
        ("m4", "m3", "User", ASKED[1]),
        ("n2", "n1", "Claude", "Metal ones."),
        ("m5", "m4", "GPT-5", ANSWERED[1]),
    )
    log = read(rows, write)
    assert pairs(log) == sorted(
        [*map(list, zip(ASKED, ANSWERED, strict=True)), ["Which pads squeal?", "Metal ones."]]
    )
    assert sorted(log.answers["engine"]) == ["claude", "openai", "openai"]
    assert account(log) == [(3, 4)]


@WRITERS
@pytest.mark.parametrize("order", [[3, 2, 1, 0], [2, 0, 3, 1]])
def test_messages_of_a_conversation_are_in_the_order_of_their_times(read, write, order):
    rows = dialogue("role", conversation_id="k1")
    log = read([rows[n] for n in order], write)
    assert pairs(log) == sorted(map(list, zip(ASKED, ANSWERED, strict=True)))


def test_the_newest_may_come_first_also_within_a_second(read):
    rows = [row | {"created_at": "2026-09-01T10:00:00Z"} for row in dialogue("role")]
    later = [row | {"created_at": "2026-09-01T11:00:00Z"} for row in dialogue("role")]
    log = read([*reversed(later), *reversed(rows)])
    assert sorted(log.queries["demand"]) == [2, 2]
    assert pairs(log)[0] == [ASKED[0], ANSWERED[0]]
    assert log.rejects.empty


@WRITERS
def test_conversations_may_be_interleaved(read, write):
    streams = [dialogue("role", conversation_id=f"k{n}") for n in range(3)]
    rows = [row for turn in zip(*streams, strict=True) for row in turn]
    log = read(rows, write)
    assert sorted(log.queries["demand"]) == [3, 3]
    assert sorted(set(log.answers["run_id"])) == ["k0", "k1", "k2"]
    assert len(pairs(log)) == 6


@WRITERS
def test_messages_of_systems_and_tools_are_set_aside(read, write):
    rows = dialogue("role")
    rows.insert(0, {"role": "system", "content": "What you are: a mechanic."} | {"created_at": ""})
    rows.insert(2, {"role": "tool", "content": "How much is the oil?"} | {"created_at": ""})
    log = read(rows, write)
    assert sorted(log.queries["text"]) == sorted(ASKED)
    assert log.answers["text"].tolist().count(ANSWERED[0]) == 1
    assert account(log) == [(2, 4)]


@WRITERS
@pytest.mark.parametrize("by", [{}, {"conversation_id": "k1"}])
def test_two_questions_in_a_row_and_an_answer_without_a_question(read, write, by):
    words = [
        ("assistant", "Hello! How can I help?"),
        ("user", ASKED[0]),
        ("user", ASKED[1]),
        ("assistant", ANSWERED[1]),
        ("assistant", "Anything else?"),
        ("user", "Which pads squeal?"),
    ]
    log = read([{"role": who, "content": text, **by} for who, text in words], write)
    assert pairs(log) == [[ASKED[1], "Mineral oil.\nAnything else?"]]
    assert log.rejects["reason"].tolist() == ["an answer without a question before it"]
    failed = log.failures.merge(log.queries, on="query_id")[["text", "error"]].to_numpy().tolist()
    assert sorted(failed) == [
        [ASKED[0], "no answer: the next message is the user's again"],
        ["Which pads squeal?", "no answer follows"],
    ]


def test_only_questions_are_a_log_of_questions(read):
    log = read([{"role": "user", "content": words} for words in ASKED])
    assert log.queries["demand"].tolist() == [1, 1]
    assert log.answers.empty
    assert log.failures.empty


@WRITERS
def test_an_answer_is_no_question_where_only_answers_are_logged(read, write):
    rows = [{"sender": "bot", "text": words, "time": "2026-09-01"} for words in ANSWERED]
    with pytest.raises(LogError, match="an answer without a question before it"):
        read(rows, write)


@WRITERS
def test_where_nobody_is_known_nothing_is_guessed(read, write):
    rows = dialogue("sender", ("Anna", "Ben"), text="text")
    with pytest.raises(LogError, match="it is not known who says this: 'Anna'"):
        read(rows, write)


def test_a_speaker_who_is_not_known_among_others_is_rejected(read):
    rows = [*dialogue("role", chat_id="k1"), *dialogue("role", chat_id="k2")]
    rows[1]["role"] = "Ms. X"
    log = read(rows)
    assert log.rejects["reason"].tolist() == ["it is not known who says this: 'Ms. X'"]
    assert len(log.answers) == 3


def test_tables_of_questions_are_no_messages(read):
    rows = [
        {"role": "user", "question": asked, "answer": answered, "text": "x"}
        for asked, answered in zip(ASKED, ANSWERED, strict=True)
    ]
    assert pairs(read(rows)) == sorted(map(list, zip(ASKED, ANSWERED, strict=True)))
    posts = [{"author": f"Person {n}", "text": f"Question {n}?"} for n in range(9)]
    assert len(read(posts).queries) == 9


def test_parts_of_a_log_are_read_as_the_whole(tmp_path):
    write_csv(tmp_path / "a", SHAPES["Intercom"])
    write_jsonl(tmp_path / "b", SHAPES["OpenAI's roles"])
    settings = LogSettings(files=(str(tmp_path),))
    log = read_log(settings)
    plan = plan_log(settings)
    again = merge_log_parts((read_log_part(settings, file, plan) for file in plan.files), settings)
    assert again.queries.equals(log.queries)
    assert again.answers.equals(log.answers)
