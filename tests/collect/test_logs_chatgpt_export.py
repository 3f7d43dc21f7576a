import json
from datetime import UTC, datetime

import pytest

from tests.collect.log_samples import A, B, C, kinds, read_records, spans

CITE = "\ue200cite\ue202turn0search0\ue202turn0search1\ue201"
BETA = '\ue200entity\ue202["company","Beta","maker"]\ue201'
ANSWER = (
    f"It depends. Acme leads by far. {CITE}\n- {BETA} is cheap \ue200cite\ue202turn0search2\ue201."
)


def message(role, *texts, kind="text", **fields):
    about = {
        "author": {"role": role},
        "create_time": 1767225600.5,
        "content": {"content_type": kind, "parts": list(texts)},
    }
    return {"id": "m", "recipient": "all", "weight": 1.0, "metadata": {}, **about, **fields}


def reference(words, text=ANSWER, **fields):
    start = text.index(words)
    about = {"matched_text": words, "start_idx": start, "end_idx": start + len(words)}
    return {"type": "grouped_webpages", **about, **fields}


def conversation(*messages, branches=()):
    """Return a conversation whose messages follow each other.

    `branches` are (parent, message) of messages on other branches.
    """
    mapping = {"root": {"id": "root", "message": None, "parent": None, "children": ["n0"]}}
    for i, entry in enumerate(messages):
        following = [f"n{i + 1}"] if i + 1 < len(messages) else []
        mapping[f"n{i}"] = {
            "id": f"n{i}",
            "message": entry,
            "parent": f"n{i - 1}" if i else "root",
            "children": following,
        }
    for i, (parent, entry) in enumerate(branches):
        mapping[f"b{i}"] = {"id": f"b{i}", "message": entry, "parent": parent, "children": []}
    return {
        "title": "Private title",
        "create_time": 1767225000.0,
        "mapping": mapping,
        "current_node": f"n{len(messages) - 1}",
        "conversation_id": "c1",
        "default_model_slug": "auto",
        "safe_urls": [A],
    }


ABOUT = {
    "model_slug": "gpt-5",
    "content_references": [
        reference(
            CITE,
            items=[
                {
                    "title": "A",
                    "url": f"{A}?utm_source=chatgpt.com",
                    "supporting_websites": [{"title": "B", "url": f"{B}?utm_source=chatgpt.com"}],
                }
            ],
        ),
        reference("\ue200cite\ue202turn0search2\ue201", items=[{"title": "A again", "url": A}]),
        {
            "type": "sources_footnote",
            "matched_text": " ",
            "start_idx": 90,
            "sources": [{"title": "C", "url": C}],
        },
        {"type": "image_group", "items": [{"url": "https://images.com/1"}]},
    ],
    "search_result_groups": [
        {
            "type": "search_result_group",
            "domain": "d.com",
            "entries": [{"url": "https://d.com/1", "title": "D"}, {"url": A}],
        }
    ],
    "search_queries": [{"q": "best crm"}, "crm 2026"],
}
ASKED = message("user", "Best CRM?")
FULL = conversation(
    message("system", "", metadata={"is_visually_hidden_from_conversation": True}),
    message(
        "user",
        "About me",
        kind="user_editable_context",
        metadata={"is_visually_hidden_from_conversation": True},
    ),
    ASKED,
    message("assistant", "search('x')", kind="code", recipient="web.run"),
    message("tool", "raw results", metadata={"search_queries": [{"q": "crm for smb"}]}),
    message("assistant", "hm", kind="thoughts"),
    message("assistant", ANSWER, metadata=ABOUT),
    branches=[
        ("n2", message("assistant", "An answer that was regenerated.")),
        ("n1", message("user", "An edited question?")),
    ],
)


@pytest.fixture
def read(tmp_path):
    return lambda *records: read_records(tmp_path, list(records), name="conversations.json")


def test_the_current_branch_is_one_record_a_turn(read):
    log = read(FULL)
    assert log.queries["text"].tolist() == ["Best CRM?"], (
        "hidden, edited and tool messages are no queries"
    )
    answer = log.answers.iloc[0]
    assert answer["text"] == "It depends. Acme leads by far.\n- Beta is cheap.", (
        "markers are gone, names stay"
    )
    assert (answer["engine"], answer["model"], answer["surface"], answer["run_id"]) == (
        "chatgpt",
        "gpt-5",
        "app",
        "c1",
    )
    assert answer["asked_at"] == datetime(2026, 1, 1, 0, 0, 0, 500000, tzinfo=UTC)
    assert answer[["market", "extra"]].isna().all(), (
        "nothing private beside question and answer is kept"
    )
    assert answer["has_searched"]


def test_markers_cite_the_sentence_before_them(read):
    log = read(FULL)
    assert kinds(log) == [
        ["a.com", "cited"],
        ["b.com", "cited"],
        ["d.com", "retrieved"],
        ["c.com", "retrieved"],
    ]
    assert sorted(spans(log)) == [
        ("a.com", "- Beta is cheap"),
        ("a.com", "Acme leads by far."),
        ("b.com", "Acme leads by far."),
    ]
    assert not log.citations["url"].str.contains("utm_").any()
    assert log.searches["text"].tolist() == ["crm for smb", "crm 2026"]


def test_a_footnote_is_cited_where_nothing_is_marked(read):
    about = {
        "content_references": [{"type": "sources_footnote", "sources": [{"title": "C", "url": C}]}]
    }
    assert kinds(read(conversation(ASKED, message("assistant", "Acme.", metadata=about)))) == [
        ["c.com", "cited"]
    ]


def test_old_citations_have_spans_or_stand_at_a_marker(read):
    text = "Acme leads【3†source】. Beta lags."
    notes = [
        {"start_ix": 10, "end_ix": 20, "metadata": {"type": "webpage", "title": "A", "url": A}},
        {"start_ix": 22, "end_ix": 32, "metadata": {"type": "webpage", "title": "B", "url": B}},
        {"start_ix": None, "end_ix": 4, "metadata": {"type": "webpage", "url": C}},
    ]
    log = read(conversation(ASKED, message("assistant", text, metadata={"citations": notes})))
    assert log.answers.loc[0, "text"] == "Acme leads. Beta lags."
    assert spans(log) == [("a.com", "Acme leads"), ("b.com", "Beta lags.")]
    assert kinds(log) == [["a.com", "cited"], ["b.com", "cited"], ["c.com", "cited"]]


def test_several_turns_and_messages_of_one_turn(read):
    first, second = (
        message("assistant", "One moment."),
        message("assistant", "Acme.", metadata=None),
    )
    log = read(
        conversation(
            ASKED, first, second, message("user", "And cheap?"), message("assistant", "Beta.")
        )
    )
    assert log.answers["text"].tolist() == ["Beta.", "One moment.\n\nAcme."]
    assert log.answers["model"].tolist() == ["auto", "auto"]
    assert log.answers["has_searched"].tolist() == [False, False]
    assert log.queries["demand"].tolist() == [1.0, 1.0]


def test_spans_of_a_later_message_of_a_turn_are_moved(read):
    about = {
        "content_references": [
            reference("\ue200cite\ue201", "Acme. \ue200cite\ue201", items=[{"url": A}])
        ]
    }
    log = read(
        conversation(
            ASKED,
            message("assistant", "Wait."),
            message("assistant", "Acme. \ue200cite\ue201", metadata=about),
        )
    )
    assert spans(log) == [("a.com", "Acme.")]


def test_a_stopped_turn_is_a_failure(read):
    log = read(conversation(ASKED, message("assistant", "")))
    assert log.failures["error"].tolist() == ["no answer text"]
    assert log.answers.empty


def test_spoken_words_count_and_pictures_do_not(read):
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"}
    spoken = {"content_type": "audio_transcription", "text": "Best CRM?"}
    log = read(
        conversation(
            message("user", picture, spoken, kind="multimodal_text"),
            message("assistant", "Acme.", picture, kind="multimodal_text"),
            message("user", picture, kind="multimodal_text"),
            message("assistant", "A nice picture."),
        )
    )
    assert log.queries["text"].tolist() == ["Best CRM?"]
    assert log.answers["text"].tolist() == ["Acme."]


def test_conversations_without_current_node_or_in_a_circle_are_read(read):
    lost = conversation(ASKED, message("assistant", "Acme."))
    del lost["current_node"]
    circle = conversation(message("user", "Round?"), message("assistant", "And round."))
    circle["mapping"]["root"]["parent"] = "n1"
    assert read(lost, circle).queries["text"].tolist() == ["Best CRM?", "Round?"]


def test_files_of_an_export_are_read_together_and_empty_conversations_left_out(read, tmp_path):
    read_records(tmp_path, [FULL], name="conversations-000.json")
    log = read(
        conversation(message("user", "Why?"), message("assistant", "So.")),
        conversation(message("system", "")),
    )
    assert sorted(log.queries["text"]) == ["Best CRM?", "Why?"]
    assert log.rejects.empty


def canvas(recipient, **call):
    return message("assistant", json.dumps(call), recipient=f"canmore.{recipient}")


def test_a_canvas_is_part_of_the_answer_in_its_last_version(read):
    log = read(
        conversation(
            message("user", "Write a plan for a pond."),
            canvas("create_textdoc", name="Plan", type="document", content="Dig."),
            message("tool", "Successfully created."),
            canvas("update_textdoc", updates=[{"pattern": "Dig", "replacement": "Dug"}]),
            canvas("update_textdoc", updates=[{"pattern": ".*", "replacement": "Dig, then line."}]),
            message("assistant", "Here is the plan."),
            message("user", "And the code?"),
            canvas("create_textdoc", name="Code", type="code/python", content="print(1)"),
            message("assistant", "Here it is."),
        )
    )
    assert sorted(log.answers["text"]) == ["Here is the plan.\n\nDig, then line.", "Here it is."]


def research(status, text="", **metadata):
    report = {"content": {"content_type": "text", "parts": [text]}, "metadata": metadata}
    state = {"status": status, "report_message": report if text else None}
    return message(
        "tool",
        "widget",
        metadata={
            "chatgpt_sdk": {
                "attribution_id": "connector_openai_deep_research",
                "widget_state": json.dumps(state),
            }
        },
    )


def test_the_report_of_a_deep_research_is_the_answer_with_what_it_cites(read):
    log = read(
        conversation(
            message("user", "Which CRM leads?"),
            research("in_progress"),
            research("completed", ANSWER, **ABOUT),
        )
    )
    answer = log.answers.iloc[0]["text"]
    assert answer.startswith("It depends. Acme leads by far.")
    assert ["a.com", "cited"] in kinds(log)


def test_a_deep_research_without_a_report_is_a_failure(read):
    log = read(conversation(message("user", "Which CRM leads?"), research("cancelled")))
    assert log.failures["error"].tolist() == ["deep research: cancelled"]
