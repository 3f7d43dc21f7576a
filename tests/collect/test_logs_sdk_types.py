"""The hand-written samples have the shapes that the vendors' own SDKs declare."""

import copy

import pytest

from tests.collect.log_samples import (
    ANTHROPIC,
    GEMINI,
    GEMINI_SNAKE,
    OPENAI_CHAT,
    kinds,
    read_records,
)
from tests.collect.test_logs_apis import OPENAI, PERPLEXITY

# The types know sources of type url alone; the API also sends feeds of its own.
PUBLIC = copy.deepcopy(OPENAI)
PUBLIC["output"][0]["action"]["sources"].pop()


def test_openai_samples_are_responses_of_the_sdk():
    responses = pytest.importorskip("openai.types.responses")
    response = responses.Response.model_validate(PUBLIC)
    assert response.output_text == "Sure.Acme is best."
    assert [item.type for item in response.output] == [
        "web_search_call",
        "web_search_call",
        "message",
    ]
    chat = pytest.importorskip("openai.types.chat")
    completion = chat.ChatCompletion.model_validate(OPENAI_CHAT)
    assert completion.choices[0].message.annotations[1].url_citation.end_index == 23


def test_anthropic_sample_is_a_message_of_the_sdk():
    types = pytest.importorskip("anthropic.types")
    message = types.Message.model_validate(ANTHROPIC)
    names = [type(block).__name__ for block in message.content]
    assert names[:4] == [
        "ThinkingBlock",
        "TextBlock",
        "ServerToolUseBlock",
        "WebSearchToolResultBlock",
    ]
    assert [len(block.citations or ()) for block in message.content if block.type == "text"] == [
        0,
        0,
        2,
        0,
        1,
    ]


def test_perplexity_sample_is_a_chunk_of_the_sdk():
    types = pytest.importorskip("perplexity.types")
    chunk = types.StreamChunk.model_validate(PERPLEXITY)
    assert chunk.usage.num_search_queries == 2
    assert [page.title for page in chunk.search_results] == ["D", "A"]


def test_gemini_samples_are_responses_of_the_sdk():
    types = pytest.importorskip("google.genai.types")
    response = types.GenerateContentResponse.model_validate(GEMINI)
    assert response.text == "Größe zählt. Acme führt."
    assert response.candidates[0].grounding_metadata.grounding_supports[0].segment.end_index == 15
    assert (
        types.GenerateContentResponse.model_validate(GEMINI_SNAKE).model_version == "gemini-2.5-pro"
    )


def test_what_the_gemini_sdk_dumps_is_read_like_what_the_api_sends(tmp_path):
    types = pytest.importorskip("google.genai.types")
    dumped = types.GenerateContentResponse.model_validate(GEMINI).model_dump(mode="json")
    log = read_records(tmp_path, {"request": {"contents": "Best CRM?"}, "response": dumped})
    assert kinds(log) == [["a.com", "cited"], ["b.com", "retrieved"]]
    assert len(log.spans) == 2


def test_what_the_openai_sdk_dumps_is_read_like_what_the_api_sends(tmp_path):
    responses = pytest.importorskip("openai.types.responses")
    dumped = responses.Response.model_validate(PUBLIC).model_dump(mode="json")
    log = read_records(tmp_path, {"request": {"input": "Best CRM?"}, "response": dumped})
    assert kinds(log) == [["a.com", "cited"], ["b.com", "retrieved"], ["c.com", "retrieved"]]
    assert log.answers["engine"].tolist() == ["openai"]


def test_what_the_anthropic_sdk_dumps_is_read_like_what_the_api_sends(tmp_path):
    types = pytest.importorskip("anthropic.types")
    dumped = types.Message.model_validate(ANTHROPIC).model_dump(mode="json")
    log = read_records(
        tmp_path,
        {"request": {"messages": [{"role": "user", "content": "Best CRM?"}]}, "response": dumped},
    )
    assert kinds(log) == [["a.com", "cited"], ["c.com", "cited"], ["b.com", "retrieved"]]
    assert len(log.spans) == 2
