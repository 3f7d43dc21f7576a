import json

import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.settings import LogSettings
from tests.collect.log_samples import account, kinds, spans

ROOT = "00000000-0000-4000-8000-000000000000"


def said(name, sender, words, parent=None, **fields):
    message = {
        "uuid": name,
        "sender": sender,
        "text": words,
        "content": [{"type": "text", "text": words, "citations": []}],
        "created_at": f"2026-08-0{name[-1]}T07:00:00.1Z",
        "attachments": [],
        "files": [],
    }
    return message | ({"parent_message_uuid": parent} if parent else {}) | fields


def conversation(*messages, name="c-1", **fields):
    return {
        "uuid": name,
        "name": "Bread",
        "summary": "",
        "created_at": "2026-08-01T06:00:00Z",
        "updated_at": "2026-08-09T06:00:00Z",
        "account": {"uuid": "a-1"},
        "chat_messages": list(messages),
        **fields,
    }


@pytest.fixture
def read(tmp_path):
    def read(value):
        (tmp_path / "conversations.json").write_text(json.dumps(value), encoding="utf-8")
        return read_log(LogSettings(files=(str(tmp_path),)))

    return read


DIALOGUE = conversation(
    said("m1", "human", "Why is my crumb dense?"),
    said("m2", "assistant", "It rose too short."),
    said("m3", "human", "How long then?"),
    said("m4", "assistant", "Four hours."),
)
PAIRS = [["Four hours.", "c-1"], ["It rose too short.", "c-1"]]


@pytest.mark.parametrize(
    "export",
    [
        [DIALOGUE, conversation(name="c-2")],
        {"conversations": [DIALOGUE, conversation(name="c-2")]},
        {"exported_at": "2026-09-01", "version": 1, "conversations": [conversation(), DIALOGUE]},
    ],
)
def test_the_turns_of_a_conversation_are_questions_and_answers(read, export):
    log = read(export)
    assert sorted(log.queries["text"]) == ["How long then?", "Why is my crumb dense?"]
    assert sorted(log.answers[["text", "run_id"]].to_numpy().tolist()) == PAIRS
    assert set(log.answers["engine"]) == {"claude"}
    assert set(log.answers["surface"]) == {"app"}
    assert sorted(log.answers["asked_at"].dt.day) == [1, 3]
    # The empty conversation is set aside.
    assert account(log) == [(2, 1)]
    assert log.rejects.empty


def test_a_single_conversation_is_an_export_too(read):
    assert sorted(read(DIALOGUE).queries["text"]) == ["How long then?", "Why is my crumb dense?"]


def test_words_may_be_in_the_content_alone_or_in_the_text_alone(read):
    log = read(
        [
            conversation(
                said("m1", "human", "Why is my crumb dense?") | {"text": ""},
                said("m2", "assistant", "It rose too short.") | {"content": []},
            )
        ]
    )
    assert log.answers["text"].tolist() == ["It rose too short."]
    assert log.queries["text"].tolist() == ["Why is my crumb dense?"]


def test_a_web_search_shows_what_was_sought_found_and_cited(read):
    url, other = "https://bread.example/rise", "https://dough.example"
    content = [
        {"type": "thinking", "thinking": "I look."},
        {"type": "tool_use", "name": "web_search", "input": {"query": "dense crumb"}},
        {
            "type": "tool_result",
            "name": "web_search",
            "content": [
                {"type": "knowledge", "title": "Rise", "url": url},
                {"type": "knowledge", "title": "Dough", "url": other},
            ],
        },
        {"type": "text", "text": "I looked."},
        {
            "type": "text",
            "text": "It rose too short.",
            "citations": [
                {
                    "uuid": "x",
                    "start_index": 3,
                    "end_index": 17,
                    "details": {"type": "web_search_citation", "url": url},
                }
            ],
        },
    ]
    log = read(
        [
            conversation(
                said("m1", "human", "Why is my crumb dense?"),
                said("m2", "assistant", "?", content=content),
            )
        ]
    )
    assert log.answers["text"].tolist() == ["I looked.\nIt rose too short."]
    assert kinds(log) == [["bread.example", "cited"], ["dough.example", "retrieved"]]
    assert spans(log) == [("bread.example", "rose too short")]
    assert log.searches["text"].tolist() == ["dense crumb"]


def test_a_pasted_file_without_words_is_no_question(read):
    paste = {"file_name": "", "file_type": "txt", "extracted_content": "my whole diary"}
    log = read(
        [
            conversation(
                said("m1", "human", "", content=[], attachments=[paste]),
                said("m2", "assistant", "A diary."),
                said("m3", "human", "Why is my crumb dense?", attachments=[paste]),
                said("m4", "assistant", "It rose too short."),
            )
        ]
    )
    assert log.queries["text"].tolist() == ["Why is my crumb dense?"]
    assert log.answers["text"].tolist() == ["It rose too short."]
    assert log.rejects["reason"].tolist() == [
        "no query: a message of the user without words; an answer without a question before it"
    ]


def test_of_edited_questions_the_branch_in_which_the_conversation_ends_counts(read):
    tree = (
        said("m1", "human", "Why is my crumb dense?", ROOT),
        said("m2", "assistant", "It rose too short.", "m1"),
        said("m3", "human", "And the crust?", "m2"),
        said("m4", "assistant", "Too cold.", "m3"),
        said("m5", "human", "How long then?", "m2"),
        said("m6", "assistant", "Four hours.", "m5"),
    )
    log = read([conversation(*tree)])
    assert sorted(log.queries["text"]) == ["How long then?", "Why is my crumb dense?"]
    assert account(log) == [(2, 2)]
    log = read([conversation(*tree, current_leaf_message_uuid="m4")])
    assert sorted(log.queries["text"]) == ["And the crust?", "Why is my crumb dense?"]


def test_a_question_without_an_answer_is_a_failure(read):
    log = read(
        [
            conversation(
                said("m1", "human", "Why is my crumb dense?"),
                said("m2", "human", "Hello?"),
                said("m3", "assistant", "It rose too short."),
                said("m4", "human", "How long then?"),
            )
        ]
    )
    assert log.answers["text"].tolist() == ["It rose too short."]
    assert sorted(log.failures["error"]) == [
        "no answer follows",
        "no answer: the next message is the user's again",
    ]
