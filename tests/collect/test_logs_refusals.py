"""Refusals, answers that were cut off and turns that end in a tool are failures with a reason."""

import pytest

from tests.collect.log_samples import kinds, read_records


@pytest.fixture
def read(tmp_path):
    return lambda *records: read_records(tmp_path, *records)


def responses(output, **fields):
    body = {"id": "r", "object": "response", "model": "gpt-5", "output": output, **fields}
    return {"request": {"model": "gpt-5", "input": "Which saw cuts oak?"}, "response": body}


def chat(message, reason="stop"):
    choice = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", **message}}
    body = {"id": "c", "object": "chat.completion", "model": "gpt-4o", "choices": [choice]}
    asked = [{"role": "user", "content": "Which saw cuts oak?"}]
    return {"request": {"model": "gpt-4o", "messages": asked}, "response": body}


def claude(text, reason):
    content = [{"type": "text", "text": text}] if text else []
    body = {"id": "m", "type": "message", "role": "assistant", "model": "claude-x"}
    asked = [{"role": "user", "content": "Which saw cuts oak?"}]
    return {
        "request": {"model": "claude-x", "messages": asked},
        "response": {**body, "content": content, "stop_reason": reason},
    }


def gemini(**body):
    return {"request": {"contents": "Which saw cuts oak?"}, "response": body}


def message(*parts):
    return {"type": "message", "role": "assistant", "content": list(parts)}


def words(text):
    return {"type": "output_text", "text": text, "annotations": []}


REFUSAL = {"type": "refusal", "refusal": "I won't say."}
CUT = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
FILTERED = {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}
CALL = {"id": "t", "type": "function", "function": {"name": "find_saw", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (responses([message(REFUSAL)]), "refusal: I won't say."),
        (responses([message(words("Well, ")), message(REFUSAL)]), "refusal: I won't say."),
        (responses([], **CUT), "no answer text, incomplete: max_output_tokens"),
        (
            responses([message(words(" "))], **FILTERED),
            "no answer text, incomplete: content_filter",
        ),
        (
            responses([{"type": "reasoning"}, {"type": "function_call", "name": "find_saw"}]),
            "no answer text, it ends with function_call find_saw",
        ),
        (chat({"content": None, "refusal": "I won't say."}), "refusal: I won't say."),
        (chat({"content": [REFUSAL]}), "refusal: I won't say."),
        (
            chat({"content": None, "tool_calls": [CALL]}, "tool_calls"),
            "no answer text, finish reason tool_calls: it calls find_saw",
        ),
        (
            chat({"content": None, "function_call": {"name": "find_saw"}}, "function_call"),
            "no answer text, finish reason function_call: it calls find_saw",
        ),
        (chat({"content": ""}, "length"), "no answer text, finish reason length"),
        (chat({"content": None}, "content_filter"), "no answer text, finish reason content_filter"),
        (chat({"content": None}), "no answer text"),
        (claude("", "max_tokens"), "no answer text, stop reason max_tokens"),
        (claude("That I must leave.", "refusal"), "refusal: That I must leave."),
        (
            gemini(candidates=[{"finishReason": "MAX_TOKENS", "content": {}}]),
            "no answer text, finish reason MAX_TOKENS",
        ),
        (
            gemini(promptFeedback={"blockReason": "PROHIBITED_CONTENT"}),
            "the prompt was blocked: PROHIBITED_CONTENT",
        ),
    ],
)
def test_an_answer_without_its_text_is_a_failure_that_says_why(read, record, reason):
    log = read(record)
    assert log.failures["error"].tolist() == [reason]
    assert log.answers.empty
    assert log.queries["text"].tolist() == ["Which saw cuts oak?"]


@pytest.mark.parametrize(
    "record",
    [
        responses([message(words("A rip saw, and"))], **CUT),
        chat({"content": "A rip saw, and", "refusal": None}, "length"),
        claude("A rip saw, and", "max_tokens"),
        gemini(
            candidates=[
                {"finishReason": "MAX_TOKENS", "content": {"parts": [{"text": "A rip saw, and"}]}}
            ]
        ),
    ],
)
def test_an_answer_that_was_cut_off_counts_as_far_as_it_goes(read, record):
    log = read(record)
    assert log.answers["text"].tolist() == ["A rip saw, and"]
    assert log.failures.empty


def test_a_dialogue_says_where_it_was_refused_and_where_it_ends_in_a_tool(read):
    log = read(
        {
            "messages": [
                {"role": "user", "content": "Which saw cuts oak?"},
                {"role": "assistant", "content": None, "refusal": "I won't say."},
                {"role": "user", "content": "Which saw cuts ash?"},
                {"role": "assistant", "content": None, "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "t", "content": "a rip saw"},
                {"role": "assistant", "content": "A rip saw."},
                {"role": "user", "content": "And elm?"},
                {"role": "assistant", "content": None, "tool_calls": [CALL]},
            ]
        }
    )
    assert log.answers["text"].tolist() == ["A rip saw."]
    assert sorted(log.failures["error"]) == [
        "no answer text, it calls find_saw",
        "refusal: I won't say.",
    ]


def test_pages_that_were_opened_or_searched_for_words_are_retrieved(read):
    def call(action):
        return {"type": "web_search_call", "status": "completed", "action": action}

    cited = {
        "type": "url_citation",
        "start_index": 0,
        "end_index": 10,
        "url": "https://saw.example/rip",
    }
    answer = {"type": "output_text", "text": "A rip saw.", "annotations": [cited]}
    log = read(
        responses(
            [
                call({"type": "search", "query": "saw for oak", "sources": None}),
                call({"type": "open_page", "url": "https://saw.example/rip"}),
                call({"type": "find_in_page", "pattern": "oak", "url": "https://oak.example/wood"}),
                call({"type": "open_page", "url": None}),
                message(answer),
            ]
        )
    )
    assert kinds(log) == [["saw.example", "cited"], ["oak.example", "retrieved"]]
    assert log.searches["text"].tolist() == ["saw for oak"]
