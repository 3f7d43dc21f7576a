"""Hand-written records in the shapes of the vendors' APIs and exports, and a way to read them."""

import csv
import io
import json

from coverage_kit.collect.logs import read_log
from coverage_kit.settings import LogSettings

A, B, C = "https://a.com/x", "https://b.com/y", "https://c.com/z"
REDIRECT = "https://vertexaisearch.cloud.google.com/grounding-api-redirect/"


def read_records(folder, *records, name="log.jsonl"):
    """Return the tables of records, one a line of a file in a folder that may hold others."""
    (folder / name).write_text(
        "\n".join(json.dumps(record) for record in records), encoding="utf-8"
    )
    return read_log(LogSettings(files=(str(folder),)))


def read_rows(folder, *rows, name="log.csv"):
    """Return the tables of the rows of a CSV file."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    (folder / name).write_text(stream.getvalue(), encoding="utf-8")
    return read_log(LogSettings(files=(str(folder / name),)))


def kinds(log):
    return log.citations[["site", "kind"]].to_numpy().tolist()


def account(log):
    """Return (records, those counted with them or set aside) for each format of each file."""
    others = log.sources.columns.intersection(["n_merged", "n_aside"])
    n_others = log.sources[others].sum(axis=1)
    return list(zip(log.sources["n_records"], n_others, strict=True))


def spans(log):
    """Return the cited words: (site, words) for each span."""
    table = log.spans.merge(
        log.citations[["answer_id", "position", "site"]], on=["answer_id", "position"]
    )
    table = table.merge(log.answers[["answer_id", "text"]], on="answer_id")
    return [(row.site, row.text[row.start : row.end]) for row in table.itertuples()]


OPENAI_CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1767225600,
    "model": "gpt-5-search-api",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {
                "role": "assistant",
                "content": " Acme leads. Beta lags.",
                "refusal": None,
                "annotations": [
                    {
                        "type": "url_citation",
                        "url_citation": {
                            "start_index": 1,
                            "end_index": 12,
                            "title": "X",
                            "url": f"{A}?utm_source=openai",
                        },
                    },
                    {
                        "type": "url_citation",
                        "url_citation": {
                            "start_index": 13,
                            "end_index": 23,
                            "title": "X",
                            "url": A,
                        },
                    },
                ],
            },
        },
        {
            "index": 1,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Gamma.", "refusal": None},
        },
    ],
}
GEMINI = {
    "candidates": [
        {
            "content": {
                "role": "model",
                "parts": [
                    {"text": "Let me think.", "thought": True},
                    {"text": "Größe zählt. "},
                    {"text": "Acme führt."},
                ],
            },
            "finishReason": "STOP",
            "groundingMetadata": {
                "webSearchQueries": ["best crm", "crm größe"],
                "groundingChunks": [
                    {"web": {"uri": f"{REDIRECT}one", "title": "a.com"}},
                    {"web": {"uri": f"{REDIRECT}two", "title": "a.com"}},
                    {"web": {"uri": f"{REDIRECT}three", "title": "A long title"}},
                    {"web": {"uri": B, "title": "B"}},
                ],
                "groundingSupports": [
                    {
                        "segment": {"partIndex": 1, "endIndex": 15, "text": "Größe zählt."},
                        "groundingChunkIndices": [0, 2],
                        "confidenceScores": [0.9, 0.8],
                    },
                    {
                        "segment": {
                            "partIndex": 2,
                            "startIndex": 5,
                            "endIndex": 12,
                            "text": "führt.",
                        },
                        "groundingChunkIndices": [1],
                    },
                ],
            },
        }
    ],
    "modelVersion": "gemini-2.5-flash",
    "responseId": "g1",
    "createTime": "2026-01-01T00:00:00Z",
    "usageMetadata": {"promptTokenCount": 3},
}
GEMINI_SNAKE = {
    "candidates": [
        {
            "content": {"role": "model", "parts": [{"text": "Äh, Acme."}]},
            "finish_reason": "STOP",
            "grounding_metadata": {
                "web_search_queries": ["crm"],
                "grounding_chunks": [
                    {"web": {"uri": A, "title": "A", "domain": None}},
                    {"web": {"uri": B, "title": "B"}},
                ],
                "grounding_supports": [
                    {
                        "segment": {
                            "start_index": 5,
                            "end_index": 10,
                            "part_index": None,
                            "text": "Acme.",
                        },
                        "grounding_chunk_indices": [0],
                    }
                ],
            },
        }
    ],
    "model_version": "gemini-2.5-pro",
    "response_id": "g2",
}
ANTHROPIC = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "content": [
        {"type": "thinking", "thinking": "The user wants a CRM.", "signature": "s"},
        {"type": "text", "text": "I'll look it up."},
        {
            "type": "server_tool_use",
            "id": "srvtoolu_1",
            "name": "web_search",
            "input": {"query": "best crm 2026"},
        },
        {
            "type": "web_search_tool_result",
            "tool_use_id": "srvtoolu_1",
            "content": [
                {
                    "type": "web_search_result",
                    "url": A,
                    "title": "A",
                    "page_age": "2 days",
                    "encrypted_content": "e",
                },
                {
                    "type": "web_search_result",
                    "url": B,
                    "title": "B",
                    "page_age": None,
                    "encrypted_content": "e",
                },
            ],
        },
        {
            "type": "server_tool_use",
            "id": "srvtoolu_2",
            "name": "web_search",
            "input": {"query": "crm prices"},
        },
        {
            "type": "web_search_tool_result",
            "tool_use_id": "srvtoolu_2",
            "content": {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"},
        },
        {"type": "text", "text": "In short, "},
        {
            "type": "text",
            "text": "Acme leads",
            "citations": [
                {
                    "type": "web_search_result_location",
                    "url": f"{A}#top",
                    "title": "A",
                    "cited_text": "Acme is first",
                    "encrypted_index": "i",
                },
                {
                    "type": "char_location",
                    "document_index": 0,
                    "document_title": "Notes",
                    "file_id": None,
                    "start_char_index": 0,
                    "end_char_index": 4,
                    "cited_text": "Acme",
                },
            ],
        },
        {"type": "text", "text": ", and "},
        {
            "type": "text",
            "text": "Beta is cheap.",
            "citations": [
                {
                    "type": "search_result_location",
                    "source": C,
                    "title": "C",
                    "cited_text": "Beta",
                    "search_result_index": 0,
                    "start_block_index": 0,
                    "end_block_index": 1,
                }
            ],
        },
    ],
    "usage": {
        "input_tokens": 10,
        "output_tokens": 20,
        "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0},
    },
}
