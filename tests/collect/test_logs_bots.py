"""Conversations of own bots and chat tools: a record each, with the messages in a list."""

import json

import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.settings import LogSettings
from tests.collect.log_samples import account, kinds, read_records

ASKED = ("How do I bleed the brake?", "With which oil?")
ANSWERED = ("Open the valve at the caliper.", "Mineral oil.")
SAID = (ASKED[0], ANSWERED[0], ASKED[1], ANSWERED[1])


def messages(who, speakers, text="text", **fields):
    return [
        {
            who: speakers[n % 2],
            text: said,
            "timestamp": 1788256800 + n,
            **{name: value.format(n=n, parent=n - 1) for name, value in fields.items()},
        }
        for n, said in enumerate(SAID)
    ]


PARTS = [
    {
        "type": "conversation_part",
        "part_type": "comment",
        "body": f"<p>{said}</p>",
        "created_at": 1788256801 + n,
        "author": {"type": "bot" if n % 2 == 0 else "user", "id": str(n)},
    }
    for n, said in enumerate(SAID[1:])
]
SHAPES = {
    "LibreChat": {
        "conversationId": "k1",
        "endpoint": "openAI",
        "title": "Brakes",
        "messages": [
            {**message, "sender": "GPT-5" if n % 2 else "User"}
            for n, message in enumerate(
                messages(
                    "isCreatedByUser",
                    (True, False),
                    messageId="m{n}",
                    parentMessageId="m{parent}",
                )
            )
        ],
    },
    "Open WebUI": {
        "id": "k1",
        "user_id": "u1",
        "title": "Brakes",
        "chat": {
            "models": ["gpt-5"],
            "history": {"messages": {}},
            "messages": messages("role", ("user", "assistant"), "content", id="m{n}"),
        },
    },
    "Open WebUI with its history alone": {
        "id": "k1",
        "chat": {
            "history": {
                "currentId": "m3",
                "messages": {
                    message["id"]: message
                    for message in messages("role", ("user", "assistant"), "content", id="m{n}")
                },
            }
        },
    },
    "Rasa": {
        "sender_id": "k1",
        "events": [
            {"event": "action", "name": "action_listen", "timestamp": 1788256799},
            *messages("event", ("user", "bot")),
            {"event": "slot", "name": "oil", "value": "x", "timestamp": 1788256809},
        ],
    },
    "Intercom": {
        "type": "conversation",
        "id": "k1",
        "created_at": 1788256800,
        "source": {"body": f"<p>{SAID[0]}</p>", "author": {"type": "user", "id": "u"}},
        "conversation_parts": {"type": "list", "conversation_parts": PARTS, "total_count": 3},
    },
    "ShareGPT": {"id": "k1", "conversations": messages("from", ("human", "gpt"), "value")},
    "pairs": {
        "id": "k1",
        "created_at": 1788256800,
        "question_answers": [
            {"question": asked, "answer": answered, "is_uncertain": False}
            for asked, answered in zip(ASKED, ANSWERED, strict=True)
        ],
    },
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_conversation_is_a_question_for_each_turn(tmp_path, shape):
    other = {"question": "Which pads?", "answer": "Organic ones."}
    log = read_records(tmp_path, SHAPES[shape], other)
    table = log.answers.merge(log.queries, on="query_id")
    assert sorted(table[["text_y", "text_x"]].to_numpy().tolist()) == sorted(
        [*map(list, zip(ASKED, ANSWERED, strict=True)), ["Which pads?", "Organic ones."]]
    )
    assert table["run_id"].dropna().tolist() == ["k1"] * 2
    assert table["asked_at"].notna().sum() == 2
    assert "dialogues of a bot" in log.sources["format"].tolist()
    assert log.failures.empty
    assert log.rejects.empty


def test_an_answer_is_no_question_in_a_conversation_that_the_bot_opens(tmp_path):
    opened = {"id": "k1", "turns": [{"speaker": "bot", "message": "How can I help?"}]}
    opened["turns"] += [{"speaker": "customer", "message": ASKED[0]}]
    log = read_records(tmp_path, opened)
    assert log.queries["text"].tolist() == [ASKED[0]]
    assert log.rejects["reason"].tolist() == ["an answer without a question before it"]


def activity(title, *answers, **fields):
    return {
        "header": "Gemini Apps",
        "title": title,
        "time": "2026-09-01T10:00:00.123Z",
        "products": ["Gemini Apps"],
        "activityControls": ["Gemini Apps Activity"],
        **({"safeHtmlItem": [{"html": html} for html in answers]} if answers else {}),
        **fields,
    }


ANSWER = (
    "<p>Use <strong>mineral oil</strong>.</p><ul><li>Never water.</li></ul>"
    '<p>See <a href="https://brake.example/oil">the guide</a>.</p>'
)


def read_activities(folder, *activities):
    (folder / "MyActivity.json").write_text(json.dumps(activities), encoding="utf-8")
    return read_log(LogSettings(files=(str(folder),)))


def test_the_activity_of_gemini_is_read_from_takeout(tmp_path):
    chat = {"details": [{"name": "Gemini", "url": "https://gemini.google.com/app/0a1b2c"}]}
    log = read_activities(
        tmp_path,
        activity("Prompted With which oil? Attached 2 files.", ANSWER, **chat),
        activity("Prompted How do I bleed the brake?"),
        activity("Used Gemini Apps"),
        activity("Created Canvas", "<p>What a plan?</p>"),
        activity("Searched for brake oil") | {"header": "Search", "products": ["Search"]},
        activity("Bremse entlüften", "<p>Ventil öffnen.</p>")
        | {"header": "Gemini-Apps", "products": ["Gemini-Apps"]},
    )
    assert sorted(log.queries["text"]) == ["Bremse entlüften", ASKED[0], ASKED[1]]
    answer = log.answers.loc[log.answers["run_id"] == "0a1b2c"].iloc[0]
    assert answer["text"] == "Use mineral oil.\n\nNever water.\n\nSee the guide."
    assert (answer["engine"], answer["surface"]) == ("gemini", "app")
    assert kinds(log) == [["brake.example", "cited"]]
    assert log.failures.empty
    assert log.sources["format"].tolist() == ["Gemini activity (Takeout)"]
    assert account(log) == [(3, 3)]
