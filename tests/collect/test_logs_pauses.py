"""A turn that Claude paused is one answer with its continuations."""

import itertools

import pytest

from tests.collect.log_samples import account, kinds, read_records, spans

QUESTION = {"role": "user", "content": "When do I prune roses?"}
FIRST, SECOND = "https://rose.example/prune", "https://bush.example/march"


def text(words, url=None):
    cited = {"type": "web_search_result_location", "url": url, "title": "T", "cited_text": "x"}
    return {"type": "text", "text": words, **({"citations": [cited]} if url else {})}


def search(name, query):
    return {"type": "server_tool_use", "id": name, "name": "web_search", "input": {"query": query}}


def found(name, url):
    page = {"type": "web_search_result", "url": url, "title": "T", "encrypted_content": "x"}
    return {"type": "web_search_tool_result", "tool_use_id": name, "content": [page]}


PAUSED = [text("I look it up. "), text("Most say March.", FIRST), search("s1", "prune roses")]
LAST = [found("s1", SECOND), text("Prune them "), text("when the forsythia blooms", SECOND)]


def call(name, content, before=(), reason="end_turn", said=None, **outer):
    """Return a logged call; `before` is what the assistant said so far, `said` further messages."""
    messages = [QUESTION, *([{"role": "assistant", "content": list(before)}] if before else [])]
    body = {"id": name, "type": "message", "role": "assistant", "model": "claude-x"}
    return {
        "request": {"model": "claude-x", "messages": [*messages, *(said or ())]},
        "response": {**body, "content": content, "stop_reason": reason},
        **outer,
    }


def pause(name="m1", **options):
    return call(name, PAUSED, reason="pause_turn", **options)


@pytest.fixture
def read(tmp_path):
    return lambda *records: read_records(tmp_path, *records)


OTHER = {
    "request": {"model": "claude-x", "messages": [{"role": "user", "content": "Which mulch?"}]},
    "response": {
        **call("m9", [])["response"],
        "content": [text("Bark.")],
    },
}
SAME_WORDS = [{"type": "text", "text": "I look it up. "}, search("s1", "prune roses")]


@pytest.mark.parametrize(
    "records",
    [
        (pause(), OTHER, call("m2", LAST, before=PAUSED)),
        (pause(), call("m2", [*PAUSED, *LAST], before=PAUSED), OTHER),
        (pause(), call("m2", [*PAUSED, *LAST]), OTHER),
        (pause(), call("m2", LAST, before=SAME_WORDS), OTHER),
        (pause(), call("m2", [PAUSED[0], *LAST], before=SAME_WORDS), OTHER),
        (call("m2", LAST, before=PAUSED), OTHER, pause()),
        (
            pause(),
            OTHER,
            call("m2", LAST, before=PAUSED, said=[{"role": "user", "content": "Continue."}]),
        ),
    ],
    ids=[
        *("the continuation alone", "with the paused words", "the same request again"),
        *("a part repeated in the request", "a part repeated", "newest first", "told to go on"),
    ],
)
def test_a_paused_turn_and_its_continuation_are_one_answer(read, records):
    log = read(*records)
    assert dict(log.queries[["text", "demand"]].to_numpy()) == {
        "When do I prune roses?": 1,
        "Which mulch?": 1,
    }
    assert sorted(log.answers["text"]) == [
        "Bark.",
        "I look it up. Most say March.\nPrune them when the forsythia blooms",
    ]
    assert sorted(spans(log)) == [
        ("bush.example", "when the forsythia blooms"),
        ("rose.example", "Most say March."),
    ]
    assert log.searches["text"].tolist() == ["prune roses"]
    assert log.failures.empty
    assert sum(map(sum, account(log))) == 3


def test_several_pauses_in_a_row_are_one_answer(read):
    further = [found("s1", SECOND), text("Or April.", SECOND), search("s2", "prune in april")]
    last = [found("s2", FIRST), text("March it is.", FIRST)]
    log = read(
        pause(asked_at="2026-09-01T10:00:00Z"),
        call("m2", further, before=PAUSED, reason="pause_turn", asked_at="2026-09-01T10:01:00Z"),
        call("m3", last, before=[*PAUSED, *further], asked_at="2026-09-01T10:02:00Z"),
    )
    answer = log.answers.iloc[0]
    assert answer["text"] == "I look it up. Most say March.\nOr April.\nMarch it is."
    assert str(answer["asked_at"]) == "2026-09-01 10:00:00+00:00"
    assert log.searches["text"].tolist() == ["prune roses", "prune in april"]
    assert log.queries["demand"].tolist() == [1]
    assert kinds(log) == [["rose.example", "cited"], ["bush.example", "cited"]]


def test_a_pause_that_nothing_continues_is_a_failure(read):
    log = read(pause(), OTHER)
    assert log.failures["error"].tolist() == [
        "the turn was paused, and its continuation is not in the log"
    ]
    assert log.answers["text"].tolist() == ["Bark."]


def test_each_of_two_pauses_of_the_same_question_has_its_own_continuation(read):
    other = [text("Let me see."), search("s7", "roses")]
    log = read(
        pause(),
        call("m5", other, reason="pause_turn"),
        call("m6", [found("s7", FIRST), text("In May.")], before=other),
        call("m2", LAST, before=PAUSED),
    )
    assert sorted(log.answers["text"]) == [
        "I look it up. Most say March.\nPrune them when the forsythia blooms",
        "Let me see.\nIn May.",
    ]
    assert log.queries["demand"].tolist() == [2]


def test_the_next_question_of_a_dialogue_is_no_continuation(read):
    history = [{"role": "assistant", "content": [*PAUSED, *LAST]}]
    log = read(
        pause(),
        call("m2", LAST, before=PAUSED),
        call(
            "m3",
            [text("Sharp ones.")],
            said=[*history, {"role": "user", "content": "Which shears?"}],
        ),
    )
    assert sorted(log.queries["text"]) == ["When do I prune roses?", "Which shears?"]
    assert len(log.answers) == 2


def test_lines_of_a_batch_and_bare_responses_are_joined_too(read):
    first, then = pause(), call("m2", LAST, before=PAUSED)
    batch = [
        {
            "custom_id": f"c{number}",
            "params": record["request"],
            "result": {"type": "succeeded", "message": record["response"]},
        }
        for number, record in enumerate((first, then))
    ]
    bare = [{"request": record["request"], **record["response"]} for record in (first, then)]
    for number, records in enumerate(itertools.chain([batch, bare])):
        log = read(*records)
        assert len(log.answers) == 1, number
        assert log.failures.empty
        assert log.queries["demand"].tolist() == [1]
