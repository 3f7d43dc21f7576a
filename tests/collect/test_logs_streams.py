"""The events of a streamed answer are one answer, whatever API sent them and however they lie."""

import json

import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.collect.logs.parts import merge_log_parts, plan_log, read_log_part
from coverage_kit.settings import LogSettings
from tests.collect.log_samples import account, kinds, read_records, spans

SAW = "https://saw.example/rip"
QUESTION = "Which saw cuts oak?"
USAGE = {"completion_tokens": 3, "prompt_tokens": 4, "total_tokens": 7}


@pytest.fixture
def read(tmp_path):
    return lambda *records, **options: read_records(tmp_path, *records, **options)


def responses(name="resp_1", words=("A rip ", "saw."), end="response.completed", lean=False):
    """Return the events of a call of the Responses API; of a lean one the last is empty."""
    item = f"msg_{name}"
    annotation = {
        "type": "url_citation",
        "start_index": 0,
        "end_index": 5,
        "url": SAW,
        "title": "S",
    }
    part = {"type": "output_text", "text": "".join(words), "annotations": [annotation]}
    call = {
        "type": "web_search_call",
        "id": f"ws_{name}",
        "status": "completed",
        "action": {"type": "search", "query": "saw oak"},
    }
    message = {"type": "message", "id": item, "role": "assistant", "content": [part]}
    body = {"id": name, "object": "response", "created_at": 1788256800, "model": "gpt-5"}
    at = {"output_index": 1, "content_index": 0, "item_id": item}
    whole = {**body, "status": end.split(".")[-1], "output": [] if lean else [call, message]}
    return [
        {"type": "response.created", "response": {**body, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**call, "status": "x"}},
        {"type": "response.output_item.done", "output_index": 0, "item": call},
        {
            "type": "response.output_item.added",
            "output_index": 1,
            "item": {**message, "content": []},
        },
        *({"type": "response.output_text.delta", "delta": text, **at} for text in words),
        {
            "type": "response.output_text.annotation.added",
            "annotation_index": 0,
            "annotation": annotation,
            **at,
        },
        {"type": "response.output_text.done", "text": "".join(words), **at},
        *([{"type": end, "response": whole}] if end else []),
    ]


def chat(name="chatcmpl-1", words=("A rip ", "saw."), **fields):
    body = {"id": name, "object": "chat.completion.chunk", "created": 1788256800, "model": "gpt-4o"}
    body |= fields
    annotation = {
        "type": "url_citation",
        "url_citation": {"url": SAW, "start_index": 0, "end_index": 5, "title": "S"},
    }
    deltas = [{"role": "assistant", "content": ""}, *({"content": text} for text in words)]
    deltas.append({"annotations": [annotation]})
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    return [
        *({**body, "choices": [choice]} for choice in choices),
        {**body, "choices": [], "usage": USAGE},
    ]


def perplexity(name="p-1"):
    """Return chunks in Perplexity's older form: each has the whole message so far."""
    body = {"id": name, "model": "sonar-pro", "created": 1788256800, "object": "chat.completion"}
    texts = ["A rip", "A rip saw [2]."]
    return [
        {
            **body,
            "citations": ["https://oak.example/wood", SAW],
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop" if text == texts[-1] else None,
                    "message": {"role": "assistant", "content": text},
                    "delta": {"role": "assistant", "content": text.removeprefix(texts[0])},
                }
            ],
        }
        for text in texts
    ]


def claude(name="msg_1", end="end_turn"):
    citation = {"type": "web_search_result_location", "url": SAW, "title": "S", "cited_text": "r"}
    page = {"type": "web_search_result", "url": SAW, "title": "S"}
    blocks = [
        (
            {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
            [
                {"type": "input_json_delta", "partial_json": '{"query": '},
                {"type": "input_json_delta", "partial_json": '"saw oak"}'},
            ],
        ),
        ({"type": "web_search_tool_result", "tool_use_id": "s1", "content": [page]}, []),
        ({"type": "text", "text": ""}, [{"type": "text_delta", "text": "It is "}]),
        (
            {"type": "text", "text": "", "citations": []},
            [
                {"type": "citations_delta", "citation": citation},
                {"type": "text_delta", "text": "a rip "},
                {"type": "text_delta", "text": "saw."},
            ],
        ),
    ]
    message = {"id": name, "type": "message", "role": "assistant", "model": "claude-x"}
    events = [{"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}]
    for index, (block, deltas) in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        events += [{"type": "content_block_delta", "index": index, "delta": d} for d in deltas]
        events.append({"type": "content_block_stop", "index": index})
    return [
        *events,
        {"type": "ping"},
        *([{"type": "message_delta", "delta": {"stop_reason": end}}] if end else []),
        *([{"type": "message_stop"}] if end else []),
    ]


def gemini(name="g1", end="STOP"):
    grounding = {
        "webSearchQueries": ["saw oak"],
        "groundingChunks": [{"web": {"uri": SAW, "title": "S"}}],
        "groundingSupports": [
            {
                "segment": {"startIndex": 0, "endIndex": 5, "text": "A rip"},
                "groundingChunkIndices": [0],
            }
        ],
    }
    chunks = [
        {"candidates": [{"content": {"parts": [{"text": text}], "role": "model"}}]}
        for text in ("A ", "rip ", "saw.")
    ]
    if end:
        chunks[-1]["candidates"][0] |= {"finishReason": end, "groundingMetadata": grounding}
    identity = {"responseId": name} if name else {}
    return [{**chunk, **identity, "modelVersion": "gemini-2.5-flash"} for chunk in chunks]


REQUESTS = {
    responses: {"model": "gpt-5", "input": QUESTION, "stream": True},
    chat: {"model": "gpt-4o", "messages": [{"role": "user", "content": QUESTION}]},
    perplexity: {"model": "sonar-pro", "messages": [{"role": "user", "content": QUESTION}]},
    claude: {"model": "claude-x", "messages": [{"role": "user", "content": QUESTION}]},
    gemini: {"contents": [{"role": "user", "parts": [{"text": QUESTION}]}]},
}
ANSWERS = {claude: "It is a rip saw.", perplexity: "A rip saw [2]."}
WORDS = {claude: "a rip saw.", perplexity: "[2]"}
ENGINES = {perplexity: "perplexity", claude: "claude", gemini: "gemini"}
APIS = pytest.mark.parametrize("api", REQUESTS)


def beside(api, events):
    return [{"request": REQUESTS[api], **event} for event in events]


def wrapped(api, events):
    return [
        {"request": REQUESTS[api], "ts": 1788256800 + n, "chunk": e} for n, e in enumerate(events)
    ]


def as_sent(api, events):
    """Return the records of a stream of server-sent events: each names its event, with its data."""
    return [
        {"request": REQUESTS[api], "event": event.get("type", "message"), "data": json.dumps(event)}
        for event in events
    ]


def after(api, events):
    return [{"request": REQUESTS[api]}, *events]


def after_its_parameters(api, events):
    return [{**REQUESTS[api], "stream": True}, *events]


def listed(api, events):
    return [{"request": REQUESTS[api], "response": events}]


def as_text(api, events):
    text = "".join(f"event: x\ndata: {json.dumps(event)}\n\n" for event in events)
    return [{"request": REQUESTS[api], "response": {"body": text + "data: [DONE]\n\n"}}]


@APIS
@pytest.mark.parametrize(
    "form", [beside, wrapped, as_sent, after, after_its_parameters, listed, as_text]
)
def test_a_streamed_answer_is_one_answer(read, api, form):
    records = form(api, api())
    log = read(*records)
    assert log.queries[["text", "demand"]].to_numpy().tolist() == [[QUESTION, 1]]
    answer = log.answers.iloc[0]
    assert (answer["text"], answer["engine"]) == (
        ANSWERS.get(api, "A rip saw."),
        ENGINES.get(api, "openai"),
    )
    assert len(log.answers) == 1
    assert log.failures.empty
    assert log.rejects.empty
    assert spans(log) == [("saw.example", WORDS.get(api, "A rip"))]
    assert log.searches["text"].tolist() == ([] if api in (chat, perplexity) else ["saw oak"])
    assert log.sources["n_records"].sum() == 1
    # Each record is counted: as the answer, or with it.
    assert sum(map(sum, account(log))) == len(records)


def test_without_its_output_in_the_last_event_a_response_is_that_of_its_deltas(read):
    log = read(*beside(responses, responses(lean=True)))
    assert log.answers["text"].tolist() == ["A rip saw."]
    assert spans(log) == [("saw.example", "A rip")]
    assert log.searches["text"].tolist() == ["saw oak"]


@APIS
def test_streams_of_several_questions_may_be_interleaved(read, api):
    streams = []
    for n in range(3):
        request = json.loads(json.dumps(REQUESTS[api]).replace("oak", f"wood {n}"))
        streams.append([{"request": request, **event} for event in api(f"id-{n}")])
    log = read(*(event for events in zip(*streams, strict=True) for event in events))
    assert sorted(log.queries["text"]) == [f"Which saw cuts wood {n}?" for n in range(3)]
    assert log.answers["text"].tolist() == [ANSWERS.get(api, "A rip saw.")] * 3
    assert log.failures.empty
    assert log.rejects.empty


@pytest.mark.parametrize("api", [responses, chat, perplexity, gemini])
def test_streams_beside_the_same_request_are_distinguished_by_their_ids(read, api):
    streams = [beside(api, api(f"id-{n}")) for n in range(2)]
    log = read(*(event for events in zip(*streams, strict=True) for event in events))
    assert log.queries["demand"].tolist() == [2]
    assert sorted(log.answers["run_id"]) == ["id-0", "id-1"]
    assert log.failures.empty


def test_streams_that_nothing_distinguishes_are_failures(read):
    streams = [beside(claude, claude(f"id-{n}")) for n in range(2)]
    log = read(*(event for events in zip(*streams, strict=True) for event in events))
    assert log.answers.empty
    assert sorted(log.failures["error"]) == [
        "events of several streams without ids are mixed",
        "the stream broke off after 1 events",
    ]


@pytest.mark.parametrize("name", ["call_id", "id", "request_id"])
def test_ids_beside_the_events_distinguish_streams_too(read, name):
    streams = [
        [{name: f"c{n}", "request": REQUESTS[claude], "event": event} for event in claude(f"m{n}")]
        for n in range(2)
    ]
    log = read(*(event for events in zip(*streams, strict=True) for event in events))
    assert log.answers["text"].tolist() == ["It is a rip saw."] * 2
    assert log.failures.empty


@pytest.mark.parametrize(
    ("api", "events", "reason"),
    [
        (responses, responses(end=""), "the stream broke off after 8 events"),
        (chat, chat()[:3], "the stream broke off after 3 events"),
        (claude, claude(end=""), "the stream broke off after 16 events"),
        (gemini, gemini(end=""), "the stream broke off after 3 events"),
        (
            claude,
            [*claude(end="")[:4], {"type": "error", "error": {"message": "Overloaded"}}],
            "Overloaded",
        ),
        (responses, [*responses(end="")[:4], {"type": "error", "message": "too busy"}], "too busy"),
        (chat, [*chat()[:3], {"error": {"message": "too busy"}}], "too busy"),
        (
            responses,
            [
                responses()[0],
                {
                    "type": "response.failed",
                    "response": {"id": "resp_1", "status": "failed", "error": {"message": "down"}},
                },
            ],
            "down",
        ),
    ],
)
def test_a_stream_without_its_end_is_a_failure(read, api, events, reason):
    log = read(*beside(api, events))
    assert log.failures["error"].tolist() == [reason]
    assert log.answers.empty
    assert log.queries["text"].tolist() == [QUESTION]
    assert log.rejects.empty


def test_a_stream_that_broke_off_and_was_asked_again_is_a_failure_and_an_answer(read):
    for api in (responses, chat, claude):
        broken = beside(api, api("first")[:4])
        log = read(*broken, *beside(api, api("again")), name="log.jsonl")
        assert log.answers["run_id"].tolist() == ["again"]
        assert log.failures["error"].tolist() == ["the stream broke off after 4 events"]


def test_a_stream_without_a_request_is_one_reject(read):
    log = read(*chat(), {"question": "Which saw?", "answer": "A rip saw."})
    assert log.rejects["reason"].tolist() == ["no prompt: a response without its request"]
    assert log.queries["text"].tolist() == ["Which saw?"]


def test_of_two_requests_before_a_stream_neither_is_guessed(read):
    first = {"request": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Why?"}]}}
    log = read(first, *after(chat, chat()), {"question": "Which?", "answer": "A rip saw."})
    assert "A rip saw." in log.answers["text"].tolist()
    assert len(log.answers) == 1
    assert "no prompt: a response without its request" in log.rejects["reason"].tolist()


def test_whole_responses_of_gemini_without_a_finish_reason_are_not_joined(read):
    records = beside(gemini, gemini(name="", end=""))
    log = read(*records)
    assert len(log.answers) == 3
    assert log.failures.empty


def test_an_array_of_chunks_follows_its_request(tmp_path):
    (tmp_path / "log.json").write_text(
        json.dumps([{"request": REQUESTS[gemini]}, *gemini()]), encoding="utf-8"
    )
    log = read_log(LogSettings(files=(str(tmp_path),)))
    assert log.answers["text"].tolist() == ["A rip saw."]
    assert kinds(log) == [["saw.example", "cited"]]


def test_the_own_fields_beside_events_are_read(read):
    records = [{**record, "market": "de"} for record in beside(responses, responses())]
    assert read(*records).answers["market"].tolist() == ["de"]


def test_a_request_may_be_in_another_file_under_the_id_of_the_response(read, tmp_path):
    events = tmp_path / "events.jsonl"
    events.write_text("\n".join(json.dumps(event) for event in responses()), encoding="utf-8")
    log = read({"id": "resp_1", "request": REQUESTS[responses]}, name="asked.jsonl")
    assert log.answers["text"].tolist() == ["A rip saw."]
    settings = LogSettings(files=(str(tmp_path),))
    plan = plan_log(settings)
    again = merge_log_parts((read_log_part(settings, file, plan) for file in plan.files), settings)
    assert again.answers.equals(log.answers)
    assert sum(map(sum, account(log))) == len(responses()) + 1


def test_the_events_of_many_streams_are_not_kept(read):
    records = [event for n in range(450) for event in beside(chat, chat(f"id-{n}"))]
    log = read(*records)
    assert log.queries["demand"].tolist() == [450]
    assert log.rejects.empty


def test_the_events_are_those_of_the_vendors_sdks():
    pydantic = pytest.importorskip("pydantic")
    openai = pytest.importorskip("openai.types.responses")
    for event in responses():
        whole = {"sequence_number": 0, "logprobs": [], **event}
        if isinstance(event.get("response"), dict):
            needed = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
            whole["response"] = json.loads(json.dumps(event["response"] | needed))
            for item in whole["response"]["output"]:
                item["status"] = "completed"
        elif isinstance(event.get("item"), dict):
            whole["item"] = event["item"] | {"status": "completed"}
        pydantic.TypeAdapter(openai.ResponseStreamEvent).validate_python(whole)
    chunk = pytest.importorskip("openai.types.chat").ChatCompletionChunk
    assert [chunk.model_validate(event).id for event in chat()] == ["chatcmpl-1"] * len(chat())
    anthropic = pytest.importorskip("anthropic.types")
    kinds_of_claude = pydantic.TypeAdapter(anthropic.RawMessageStreamEvent)
    for event in claude():
        if event["type"] not in ("ping", "message_start", "message_delta"):
            if event.get("delta", {}).get("type") == "citations_delta":
                event["delta"]["citation"] |= {"encrypted_index": "E"}
            for page in event.get("content_block", {}).get("content", []):
                page |= {"encrypted_content": "E"}
            kinds_of_claude.validate_python(event)
    genai = pytest.importorskip("google.genai.types")
    last = genai.GenerateContentResponse.model_validate(gemini()[-1])
    assert last.candidates[0].grounding_metadata.grounding_chunks[0].web.uri == SAW


@pytest.mark.parametrize("api", [responses, claude])
def test_each_event_may_have_an_id_of_its_own(read, api):
    records = [
        {"id": f"event {n}", "request": REQUESTS[api], "event": event}
        for n, event in enumerate(api())
    ]
    log = read(*records)
    assert log.answers["text"].tolist() == [ANSWERS.get(api, "A rip saw.")]
    assert log.failures.empty


@APIS
def test_a_request_before_its_events_may_have_the_id_of_the_response(read, api):
    name = {"chat": "chatcmpl-1", "claude": "msg_1", "gemini": "g1", "perplexity": "p-1"}
    asked = {"type": "request", "id": name.get(api.__name__, "resp_1"), "request": REQUESTS[api]}
    log = read(asked, *api())
    assert log.answers["text"].tolist() == [ANSWERS.get(api, "A rip saw.")]
    assert log.rejects.empty
    assert log.failures.empty


@APIS
def test_a_stream_that_the_log_holds_twice_is_read_twice_and_not_joined(read, api):
    log = read(*beside(api, api()), *beside(api, api()))
    assert set(log.answers["text"]) == {ANSWERS.get(api, "A rip saw.")}
    assert log.failures.empty
