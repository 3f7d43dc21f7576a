"""No shape of record may break a format, even one that does not recognise it.

Whole files that are damaged are read in tests/reliability/test_log_mutations.py.
"""

import copy
import json
import re

import pytest
from hypothesis import given, settings, strategies as st

from coverage_kit.collect.logs import LogRecord, UnreadableRecordError, generic, read_log
from coverage_kit.collect.logs.api_format import lone_request, open_exchange
from coverage_kit.collect.logs.columns import choose_columns
from coverage_kit.collect.logs.formats import FORMATS, TABLE_FORMATS
from coverage_kit.collect.logs.joined_source import join_rows
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.record import Aside, Merged, Reject
from coverage_kit.collect.logs.trace_index import TraceIndex
from coverage_kit.settings import LogSettings
from tests.collect.log_samples import ANTHROPIC, GEMINI, GEMINI_SNAKE, OPENAI_CHAT, REDIRECT, A
from tests.collect.test_logs_apis import OPENAI, PERPLEXITY
from tests.collect.test_logs_bots import ANSWER, SHAPES as BOTS, activity
from tests.collect.test_logs_chatgpt_export import FULL
from tests.collect.test_logs_claude_export import DIALOGUE
from tests.collect.test_logs_langfuse import ROW, api
from tests.collect.test_logs_langsmith import CALL, ROOT
from tests.collect.test_logs_messages import SHAPES
from tests.collect.test_logs_pauses import LAST, PAUSED, call, pause
from tests.collect.test_logs_spans import SHAPES as SPANS
from tests.collect.test_logs_streams import REQUESTS, beside, chat, listed
from tests.collect.test_logs_trackers import (
    AHREFS,
    OPENCITE,
    PROFOUND,
    PROFOUND_2,
    PROFOUND_CSV,
    SUPERLINES,
    SURFACEDBY,
)
from tests.collect.vendor_samples import SAMPLES as VENDOR_SAMPLES

ASKED = {
    "messages": [{"role": "user", "content": "Best CRM?"}],
    "contents": "Best CRM?",
    "input": "Best CRM?",
}
SAMPLES = (
    *(
        {"request": ASKED, "response": response}
        for response in (OPENAI, PERPLEXITY, OPENAI_CHAT, GEMINI, GEMINI_SNAKE, ANTHROPIC)
    ),
    {"custom_id": "1", "params": ASKED, "result": {"type": "succeeded", "message": ANTHROPIC}},
    {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}] * 2},
    *VENDOR_SAMPLES,
    *(
        FULL,
        DIALOGUE,
        activity("Prompted Best CRM?", ANSWER),
        BOTS["Intercom"],
        {"request_body": ASKED, "response_body": OPENAI_CHAT, "request_id": "1"},
        BOTS["pairs"],
        ROW,
        api(ROW),
        CALL,
        ROOT,
        PROFOUND,
        PROFOUND_2,
        PROFOUND_CSV,
        AHREFS,
        SUPERLINES,
        SURFACEDBY,
        OPENCITE,
    ),
    {"keys": ["best crm", A], "clicks": 1, "impressions": 2},
    {"Top queries": "best crm", "Clicks": "1", "Impressions": "2"},
    {
        "id": "t1",
        "timestamp": "2026-10-01T12:00:00Z",
        "input": "Best CRM?",
        "output": "Acme.",
        "session_id": "",
        "tags": "",
    },
)


def names_in(value):
    """Return every key of a record, however deep."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {
        *(value if isinstance(value, dict) else ()),
        *(name for item in inner for name in names_in(item)),
    }


def paths_in(value, path=()):
    """Yield the path of every part of a record."""
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        yield (*path, key)
        yield from paths_in(inner, (*path, key))


# Records of which several are one answer, or one conversation.
JOINED = (
    *(beside(api, api()) for api in REQUESTS),
    listed(chat, chat()),
    [pause(), call("m2", LAST, before=PAUSED)],
    *([record] for record in SPANS.values()),
    *(SHAPES[name] for name in ("OpenAI's roles", "a flag", "names of bots", "Botpress")),
)


KEYS = sorted(
    {name for sample in SAMPLES for name in names_in(sample)}
    | {"body", "error", "prompt", "question", "query"}
)
LEAVES = st.sampled_from(
    (
        *(
            "user",
            "assistant",
            "text",
            "output_text",
            "message",
            "web_search_call",
            "web_search_tool_result",
            "sonar",
        ),
        *(
            "claude-x",
            "errored",
            "GENERATION",
            "llm",
            "n0",
            A,
            f"{REDIRECT}1",
            "a.com",
            "[1]",
            "\ue200cite\ue201",
            "【1†s】",
        ),
        *('{"a": [1]}', "", "x"),
    )
)
LEAF = LEAVES | st.none() | st.booleans() | st.integers() | st.floats()
JSON = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)
ODD = st.sampled_from(
    [
        None,
        "",
        "x",
        0,
        -1,
        10**30,
        1.5,
        True,
        [],
        {},
        [None],
        ["x"],
        {"x": "y"},
        [[]],
        "half \ud83d",
        "[",
        float("nan"),
    ]
)


@settings(deadline=None, max_examples=120)  # the machine may be busy
@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6))
def test_no_shape_of_record_breaks_a_format(values):
    check(values)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(SAMPLES), st.data())
def test_no_record_of_a_vendor_that_is_changed_here_and_there_breaks_a_format(sample, data):
    check(mutated(sample, data))


@pytest.mark.parametrize("key", ["error", "input", "inputs", "messages", "contents", "outputs"])
def test_depth_breaks_nothing(key):
    for wrap in (lambda inner: [inner], lambda inner: {key: inner}):
        deep = "x"
        for _ in range(900):
            deep = wrap(deep)
        for sample in SAMPLES:
            check({**sample, key: deep})
        check({"prompt": "x", "response": {key: deep}})


class Records:
    """A source of records in memory."""

    location = "records"

    def __init__(self, records):
        self.records = records

    def header(self):
        return None

    def rows(self, columns):
        yield from (Row(number, record) for number, record in enumerate(self.records, 1))


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(JOINED), st.data())
def test_whatever_is_changed_each_joined_record_has_one_outcome(records, data):
    records = mutated({"records": records}, data).get("records")
    records = [r for r in records if isinstance(r, dict)] if isinstance(records, list) else []
    rows = list(join_rows(Records(records)).rows(()))
    assert sorted(row.line for row in rows) == list(range(1, len(records) + 1))
    for row in rows:
        check(row.values)


def mutated(sample, data):
    """Return a copy of a record with one to four parts taken out or changed into something odd."""
    record = json.loads(json.dumps(sample))
    for _ in range(data.draw(st.integers(1, 4))):
        paths = list(paths_in(record))
        if not paths:
            break
        *path, last = data.draw(st.sampled_from(paths))
        holder = record
        for key in path:
            holder = holder[key]
        if data.draw(st.booleans()):
            del holder[last]
        else:
            holder[last] = copy.deepcopy(data.draw(ODD))
    return record


def check(values):
    """Read a record by every format, whether or not it recognises it."""
    exchange = open_exchange(values, {"x": "asked"})
    lone_request(values)
    for log_format in FORMATS:
        log_format.recognises(exchange)
    readers = [lambda log_format=log_format: log_format.read(exchange) for log_format in FORMATS]
    readers += [
        lambda log_format=log_format: log_format.read(values, log_format.fields)
        for log_format in TABLE_FORMATS
    ]
    readers += [
        lambda log_format=log_format: log_format.outcomes(values, log_format.fields, TraceIndex())
        for log_format in TABLE_FORMATS
    ]
    for read_all in (*readers, lambda: generic.read_rows(values, choose_columns(list(values), {}))):
        try:
            assert all(
                isinstance(outcome, (LogRecord, Aside, Merged, Reject)) for outcome in read_all()
            )
        except UnreadableRecordError as error:
            assert str(error).startswith(("no query", "no prompt"))


def test_every_format_has_a_sample(tmp_path):
    # A sample by itself may hold no question, such as a page of Bing's.
    question = tmp_path / "question.jsonl"
    question.write_text('{"query": "Best CRM?", "answer": "Acme"}', encoding="utf-8")
    formats = set()
    for number, records in enumerate((*([sample] for sample in SAMPLES), *JOINED)):
        path = tmp_path / f"{number}.jsonl"
        path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
        files = (str(path), str(question))
        formats |= set(read_log(LogSettings(files=files)).sources["format"])
    names = {log_format.name for log_format in (*FORMATS, *TABLE_FORMATS)}
    # Search Console has a format for each language of its headers; one sample is enough.
    assert {name for name in names if not re.search(r" \(\w\w\)$", name)} <= formats
