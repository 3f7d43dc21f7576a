from datetime import UTC, datetime

import pytest

from tests.collect.log_samples import GEMINI, GEMINI_SNAKE, REDIRECT, A, kinds, read_records, spans

ASKED = {
    "model": "gemini-2.5-flash",
    "contents": [{"role": "user", "parts": [{"text": "Best CRM?"}]}],
}


@pytest.fixture
def read(tmp_path):
    return lambda *records, **options: read_records(tmp_path, *records, **options)


def test_supported_chunks_are_cited_and_the_others_retrieved(read):
    log = read({"request": ASKED, "response": GEMINI})
    answer = log.answers.iloc[0]
    assert answer["text"] == "Größe zählt. Acme führt.", "thoughts are no answer"
    assert (answer["engine"], answer["model"], answer["surface"]) == (
        "gemini",
        "gemini-2.5-flash",
        "api",
    )
    assert (answer["run_id"], answer["has_searched"]) == ("g1", True)
    assert answer["asked_at"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert kinds(log) == [["a.com", "cited"], ["b.com", "retrieved"]]
    assert log.queries["text"].tolist() == ["Best CRM?"]
    assert log.searches["text"].tolist() == ["crm größe"], "the verbatim prompt is no fan-out"


def test_byte_offsets_of_a_part_are_characters_of_the_whole_answer(read):
    assert spans(read({"request": ASKED, "response": GEMINI})) == [
        ("a.com", "Größe zählt."),
        ("a.com", "führt."),
    ]


def test_redirects_are_the_start_page_of_the_domain_they_are_titled_by(read):
    log = read({"request": ASKED, "response": GEMINI})
    assert log.citations.loc[0, "url"] == "https://a.com/"
    assert not log.citations["site"].str.contains("google").any()
    assert f"{REDIRECT}three" in log.answers.loc[0, "extra"]
    assert "usageMetadata" in log.answers.loc[0, "extra"]


def test_fields_in_snake_case_are_read_alike(read):
    log = read({"request": {"contents": "Best CRM?"}, "response": GEMINI_SNAKE})
    assert spans(log) == [("a.com", "Acme.")]
    assert kinds(log) == [["a.com", "cited"], ["b.com", "retrieved"]]
    assert log.citations["title"].tolist() == ["A", "B"]
    assert log.answers.loc[0, "model"] == "gemini-2.5-pro"


@pytest.mark.parametrize(
    ("segment", "words"),
    [
        ({"endIndex": 6, "text": "Größe zählt."}, "Größe zählt."),  # offsets that miss the words
        ({"partIndex": 2, "endIndex": 4}, "Acme"),
        ({"startIndex": 16, "endIndex": 20, "text": "Acme"}, "Acme"),  # counted over all parts
        ({"startIndex": "0", "endIndex": "4"}, None),
        ({"partIndex": 9, "endIndex": 4, "text": "not there"}, None),
        ({}, None),
    ],
)
def test_a_span_leads_to_the_words_of_its_segment_or_is_left_out(read, segment, words):
    candidate = GEMINI["candidates"][0]
    grounding = {"groundingChunks": [{"web": {"uri": A}}]}
    grounding["groundingSupports"] = [{"segment": segment, "groundingChunkIndices": [0, 7, "x"]}]
    log = read(
        {
            "request": ASKED,
            "response": {"candidates": [{**candidate, "groundingMetadata": grounding}]},
        }
    )
    assert kinds(log) == [["a.com", "cited"]]
    assert [cited for _, cited in spans(log)] == ([words] if words else [])


@pytest.mark.parametrize(
    "contents",
    [
        "Best CRM?",
        ["Best CRM?"],
        {"parts": [{"text": "Best CRM?"}]},
        [
            {"role": "user", "parts": [{"text": "hi"}]},
            {"role": "model", "parts": [{"text": "yes?"}]},
            {"text": "Best CRM?"},
        ],
        [
            {"role": "user", "parts": [{"text": "Best CRM?"}]},
            {
                "role": "user",
                "parts": [
                    {
                        "functionResponse": {
                            "name": "f",
                            "response": {"text": "no words of the user"},
                        }
                    }
                ],
            },
        ],
    ],
)
def test_every_shape_of_contents_gives_the_query(read, contents):
    assert read({"request": {"contents": contents}, "response": GEMINI}).queries[
        "text"
    ].tolist() == ["Best CRM?"]


def test_batches_carry_request_and_response_on_one_line(read):
    failed = {"key": "2", "request": ASKED, "error": {"code": 13, "message": "internal"}}
    log = read({"key": "1", "request": ASKED, "response": GEMINI}, failed)
    assert len(log.answers) == 1
    assert log.failures["error"].tolist() == ["internal"]


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ({"promptFeedback": {"blockReason": "SAFETY"}}, "the prompt was blocked: SAFETY"),
        ({"candidates": [{"finishReason": "SAFETY"}]}, "no answer text, finish reason SAFETY"),
        (
            {"candidates": [{"finish_reason": "FinishReason.RECITATION"}]},
            "no answer text, finish reason RECITATION",
        ),
        ({"candidates": [{"content": {"parts": []}, "finishReason": "STOP"}]}, "no answer text"),
    ],
)
def test_blocked_prompts_and_answers_are_failures(read, response, reason):
    log = read({"request": ASKED, "response": response})
    assert log.failures["error"].tolist() == [reason]
    assert log.failures["engine"].tolist() == ["gemini"]
    assert log.answers.empty


def test_an_answer_that_was_cut_off_or_not_grounded_is_an_answer(read):
    candidate = {"content": {"parts": [{"text": "Acme."}]}, "finishReason": "SAFETY"}
    log = read({"request": ASKED, "response": {"candidates": [candidate]}})
    assert log.answers[["text", "has_searched"]].to_numpy().tolist() == [["Acme.", False]]
    assert log.citations.empty


def test_pages_of_the_url_context_are_retrieved(read):
    candidate = {
        "content": {"parts": [{"text": "Acme."}]},
        "urlContextMetadata": {"urlMetadata": [{"retrievedUrl": A}]},
    }
    assert kinds(read({"request": ASKED, "response": {"candidates": [candidate]}})) == [
        ["a.com", "retrieved"]
    ]
