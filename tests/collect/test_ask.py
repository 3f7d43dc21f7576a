"""Asking: waves that resume, caps that hold, and keys that nothing shows.

The tests ask a real server on this machine.
"""

import base64
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter

import pandas as pd
import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.collect.panel import (
    ask_panel,
    describe_estimate,
    describe_wave,
    panel_version,
    price_wave,
    read_panel,
)
from coverage_kit.collect.panel.asker import Clock
from coverage_kit.collect.panel.http import Secret
from coverage_kit.errors import CoverageKitError, RunError, SettingsError
from coverage_kit.llm.costs import Price, Prices
from coverage_kit.llm.endpoint import MAX_BYTES
from coverage_kit.settings import AskedEngine, AskSettings, LogSettings
from tests.engine_server import KEY, TEXT, Reply, Request, answer_of, engine_server

FREE = Prices(currency="USD", models={"*": Price()})
HASTY = Clock(wait=lambda stop, seconds: stop.wait(min(seconds, 0.002)))
BASES = {
    "chat": "/openai/v1",
    "responses": "/openai/v1",
    "perplexity": "/perplexity",
    "gemini": "/gemini",
    "anthropic": "/anthropic",
}
MODELS = {
    "chat": "gpt-x",
    "responses": "gpt-x",
    "perplexity": "sonar",
    "gemini": "gemini-3-flash",
    "anthropic": "claude-x",
}
KINDS = tuple(BASES)


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("OPENAI_API_KEY", "PERPLEXITY_API_KEY", "GEMINI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, KEY)


def an_engine(url: str, kind: str, **knobs) -> AskedEngine:
    usual = {
        "name": kind,
        "kind": kind,
        "model": MODELS[kind],
        "base_url": url + BASES[kind],
        "requests_per_minute": 1e6,
    }
    return AskedEngine(**(usual | knobs))


def settings(tmp_path, engines, **knobs) -> AskSettings:
    usual = {
        "out": str(tmp_path / "waves"),
        "repeats": 1,
        "retries": 0,
        "max_tokens": 0,
        "max_money": 0,
    }
    return AskSettings(engines=tuple(engines), **(usual | knobs))


def a_panel(tmp_path, n=3):
    (tmp_path / "panel.csv").write_text(
        "query,is_holdout\n" + "".join(f"which thing {i},no\n" for i in range(n))
    )
    return read_panel(tmp_path / "panel.csv")


def records(wave) -> list[dict]:
    return [json.loads(line) for line in wave.path.read_text().split("\n") if line]


def read(tmp_path):
    return read_log(LogSettings(files=(str(tmp_path / "waves"),)))


def engine_of(wave, name=None):
    return next(engine for engine in wave.engines if name in (None, engine.name))


# --- what is asked comes back as a log


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_engine_answers_is_read_as_a_log(tmp_path, kind):
    with engine_server() as server:
        wave = ask_panel(
            settings(tmp_path, [an_engine(server.url, kind, name="Ours")], market="gb"),
            a_panel(tmp_path, 1),
            FREE,
        )
    tables = read(tmp_path)
    (answer,) = tables.answers.to_dict("records")
    assert tables.queries["text"].tolist() == ["which thing 0"]
    assert answer["query_id"] == a_panel(tmp_path, 1)["query_id"][0]
    assert (answer["engine"], answer["surface"], answer["run_id"]) == ("ours", "api", wave.wave_id)
    assert answer["text"].startswith("Acme leads") and answer["has_searched"]
    assert (None if pd.isna(answer["market"]) else answer["market"]) == (
        None if kind == "gemini" else "GB"
    )
    assert abs(time.time() - answer["asked_at"].timestamp()) < 60
    cited = tables.citations[tables.citations["kind"] == "cited"]
    assert cited["site"].tolist() == ["a.example"]
    assert set(tables.citations["site"]) == (
        {"a.example"} if kind == "chat" else {"a.example", "b.example", "c.example"}
    )
    assert tables.searches["text"].tolist() == (
        [] if kind == "chat" else ["which thing 0 2026", "acme reviews"]
    )
    assert tables.failures.empty and tables.rejects.empty
    assert json.loads(answer["extra"])["panel"] == panel_version(a_panel(tmp_path, 1))


def test_models_are_those_that_answered(tmp_path):
    with engine_server() as server:
        ask_panel(
            settings(tmp_path, [an_engine(server.url, kind) for kind in KINDS]),
            a_panel(tmp_path, 1),
            FREE,
        )
    models = read(tmp_path).answers.set_index("engine")["model"].to_dict()
    assert models["anthropic"] == "claude-x-2026" and models["responses"] == "gpt-x-2026"
    assert models["perplexity"] == "perplexity/sonar" and models["gemini"] == "gemini-3-flash"


def test_two_engines_of_one_kind_stay_apart_and_repeats_are_answers_of_their_own(tmp_path):
    engines = [{"name": "small", "model": "gpt-s"}, {"name": "large", "model": "gpt-l"}]
    with engine_server() as server:
        asked_engines = [an_engine(server.url, "responses", **knobs) for knobs in engines]
        ask_panel(settings(tmp_path, asked_engines, repeats=3), a_panel(tmp_path, 2), FREE)
        assert Counter(request.body["model"] for request in server.asked) == {
            "gpt-s": 6,
            "gpt-l": 6,
        }
    assert read(tmp_path).answers.groupby("engine").size().to_dict() == {"small": 6, "large": 6}


def test_requests_are_in_each_kinds_form(tmp_path):
    with engine_server() as server:
        engines = [an_engine(server.url, kind) for kind in KINDS]
        ask_panel(settings(tmp_path, engines, market="GB"), a_panel(tmp_path, 1), FREE)
    requests = {request.kind: request for request in server.asked}
    bodies = {kind: request.body for kind, request in requests.items()}
    location = {"type": "approximate", "country": "GB"}
    assert bodies["chat"]["web_search_options"]["user_location"] == {
        "type": "approximate",
        "approximate": {"country": "GB"},
    }
    assert bodies["responses"]["tools"] == [{"type": "web_search", "user_location": location}]
    assert bodies["responses"]["include"] == ["web_search_call.action.sources"]
    assert bodies["perplexity"]["model"] == "perplexity/sonar"
    assert bodies["perplexity"]["tools"] == [
        {"type": "web_search", "user_location": {"country": "GB"}}
    ]
    assert bodies["gemini"]["tools"] == [{"google_search": {}}]
    assert bodies["anthropic"]["tools"][0] | {"max_uses": 0} == {
        "type": "web_search_20250305",
        "name": "web_search",
        "max_uses": 0,
        "user_location": location,
    }
    assert requests["gemini"].path == "/gemini/v1beta/models/gemini-3-flash:generateContent"
    assert (
        requests["gemini"].headers["x-goog-api-key"]
        == requests["anthropic"].headers["x-api-key"]
        == KEY
    )
    assert requests["anthropic"].headers["anthropic-version"] == "2026-10-21"
    assert (
        requests["perplexity"].headers["authorization"]
        == requests["responses"].headers["authorization"]
        == f"Bearer {KEY}"
    )
    assert not any(KEY in request.path for request in server.asked)


@pytest.mark.parametrize("kind", KINDS)
def test_without_search_no_tool_is_sent(tmp_path, kind):
    with engine_server() as server:
        engine = an_engine(server.url, kind, has_search=False)
        ask_panel(settings(tmp_path, [engine], market="GB"), a_panel(tmp_path, 1), FREE)
    tool_fields = {"tools", "web_search_options", "include", "max_tool_calls", "max_steps"}
    assert tool_fields.isdisjoint(server.asked[0].body)
    assert "GB" not in json.dumps(server.asked[0].body)
    assert read(tmp_path).answers["market"].isna().all()


def test_perplexitys_older_form_is_asked_where_the_base_url_names_it(tmp_path):
    with engine_server() as server:
        engine = an_engine(
            server.url, "perplexity", base_url=f"{server.url}/perplexity/chat/completions"
        )
        ask_panel(settings(tmp_path, [engine]), a_panel(tmp_path, 1), FREE)
        assert server.asked[0].kind == "sonar"
    tables = read(tmp_path)
    assert tables.searches["text"].tolist() == ["which thing 0 2026", "acme reviews"]
    assert tables.citations[tables.citations["kind"] == "cited"]["site"].tolist() == ["a.example"]


def test_an_answer_that_claude_pauses_is_ended(tmp_path):
    def answer(number: int, request: Request) -> Reply:
        complete = answer_of("anthropic", request.query)
        blocks = complete["content"]
        content = blocks[:2] if number == 0 else blocks[2:]
        return Reply(
            body={
                **complete,
                "content": content,
                "stop_reason": "pause_turn" if number == 0 else "end_turn",
            }
        )

    with engine_server(answer) as server:
        wave = ask_panel(
            settings(tmp_path, [an_engine(server.url, "anthropic")]), a_panel(tmp_path, 1), FREE
        )
    again = server.asked[1].body["messages"]
    assert [message["role"] for message in again] == ["user", "assistant"]
    assert again[1]["content"][0]["type"] == "server_tool_use"
    tables = read(tmp_path)
    assert tables.answers["text"].tolist() == [TEXT]
    assert len(tables.searches) == 2
    assert (
        engine_of(wave).n_answered,
        engine_of(wave).spent.n_calls,
        engine_of(wave).spent.n_input_tokens,
    ) == (1, 2, 680)
    assert len(records(wave)[0]["parts"]) == 2


def paused(request: Request, is_last: bool = False) -> Reply:
    """Return a part of an answer, after which Claude pauses but at the last."""
    return Reply(
        body={
            **answer_of("anthropic", request.query),
            "stop_reason": "end_turn" if is_last else "pause_turn",
        }
    )


def test_a_pause_that_the_budgets_end_cuts_off_is_no_answer_and_is_asked_again(tmp_path):
    prices = Prices(currency="USD", models={"*": Price(call=1000.0)})
    with engine_server(lambda number, request: paused(request, is_last=number == 2)) as server:
        engine = an_engine(server.url, "anthropic")
        half = ask_panel(settings(tmp_path, [engine], max_money=1.0), a_panel(tmp_path, 1), prices)
        assert (engine_of(half).n_answered, half.n_left, half.money) == (0, 1, 1.0)
        tables = read(tmp_path)
        assert len(tables.answers) == 0
        assert tables.failures["error"].str.contains("paused and did not end").all()
        later = ask_panel(settings(tmp_path, [engine], max_money=9.0), a_panel(tmp_path, 1), prices)
    assert (later.wave_id, engine_of(later).n_answered, later.n_left, later.money) == (
        half.wave_id,
        1,
        0,
        3.0,
    )
    # The second run asks from the start, then for the part after the pause.
    assert [len(request.body["messages"]) for request in server.asked] == [1, 1, 2]
    assert [record["outcome"] for record in records(later)] == ["stopped", "answered"]


def test_a_last_request_whose_loss_was_not_recorded_is_recorded_before_a_new_wave(tmp_path):
    panel = a_panel(tmp_path, 2)
    with engine_server(lambda number, request: paused(request, is_last=True)) as server:
        ask = settings(tmp_path, [an_engine(server.url, "anthropic")])
        first = ask_panel(ask, panel, FREE)
        lines = first.path.read_bytes().splitlines(keepends=True)
        first.path.write_bytes(b"".join(lines[:-1]))
        again = ask_panel(ask, panel, FREE)
        assert len(server.asked) == 2
        assert again.wave_id == first.wave_id
        assert (engine_of(again).n_lost, again.n_left) == (1, 0)
        assert [record["outcome"] for record in records(again)] == ["answered", "lost"]
        assert ask_panel(ask, panel, FREE).wave_id != first.wave_id


def test_a_pause_that_ctrl_c_cuts_off_is_no_answer_and_is_asked_again(tmp_path):
    a_panel(tmp_path, 1)

    def answer(number: int, request: Request) -> Reply:
        return paused(request, is_last=number > 1)._replace(delay_seconds=1.0 if number == 0 else 0)

    with engine_server(answer) as server:
        ask = settings(tmp_path, [an_engine(server.url, "anthropic")])
        with start(ask, tmp_path / "panel.csv") as process:
            wait_for(server, 1, process)
            process.send_signal(signal.SIGINT)
            stderr = process.communicate(timeout=20)[1].decode()
            assert process.returncode == 0, stderr
        assert len(server.asked) == 1
        wave = ask_panel(ask, read_panel(tmp_path / "panel.csv"), FREE)
    assert (engine_of(wave).n_answered, engine_of(wave).n_lost, wave.n_left) == (1, 0, 0)
    assert [record["outcome"] for record in records(wave)] == ["stopped", "answered"]


def test_an_answer_that_is_paused_without_end_fails(tmp_path):
    with engine_server(lambda _number, request: paused(request)) as server:
        wave = ask_panel(
            settings(tmp_path, [an_engine(server.url, "anthropic")]), a_panel(tmp_path, 1), FREE
        )
    assert (
        len(server.asked),
        engine_of(wave).n_answered,
        engine_of(wave).n_failed,
        wave.n_left,
    ) == (6, 0, 1, 1)
    assert engine_of(wave).spent.n_calls == 6
    assert (records(wave)[0]["outcome"], len(records(wave)[0]["parts"])) == ("failed", 6)


# --- resuming


def test_a_finished_wave_is_not_asked_again_and_a_new_one_begins(tmp_path):
    with engine_server() as server:
        ask = settings(tmp_path, [an_engine(server.url, "responses")])
        first = ask_panel(ask, a_panel(tmp_path), FREE)
        second = ask_panel(ask, a_panel(tmp_path), FREE)
    assert second.wave_id == f"{first.wave_id}-2"
    assert len(server.asked) == 6
    assert set(read(tmp_path).answers["run_id"]) == {first.wave_id, second.wave_id}


def test_an_unfinished_wave_goes_on_unless_a_new_one_is_asked_for(tmp_path):
    prices = Prices(currency="USD", models={"*": Price(call=1000.0)})
    with engine_server() as server:
        engine = an_engine(server.url, "responses")
        first = ask_panel(settings(tmp_path, [engine], max_money=2.0), a_panel(tmp_path), prices)
        assert (engine_of(first).n_answered, engine_of(first).n_left) == (2, 1)
        then = ask_panel(settings(tmp_path, [engine], max_money=3.0), a_panel(tmp_path), prices)
        assert then.wave_id == first.wave_id
        assert (engine_of(then).n_answered, engine_of(then).n_reused, engine_of(then).n_left) == (
            1,
            2,
            0,
        )
        assert set(server.counts().values()) == {1}
        new = ask_panel(
            settings(tmp_path, [engine], max_money=3.0), a_panel(tmp_path), prices, is_new=True
        )
        assert engine_of(new).n_answered == 3
    assert then.money == pytest.approx(3.0)


def test_a_changed_panel_is_a_wave_of_its_own(tmp_path):
    with engine_server() as server:
        ask = settings(tmp_path, [an_engine(server.url, "responses")])
        first, then = (ask_panel(ask, a_panel(tmp_path, n), FREE) for n in (2, 3))
    assert first.wave_id != then.wave_id and engine_of(then).n_answered == 3
    copies = sorted(path.stem for path in (tmp_path / "waves/.asked").glob("*.csv"))
    assert copies == sorted([first.wave_id.rsplit("-", 3)[0], then.wave_id.rsplit("-", 3)[0]])
    assert len(read(tmp_path).answers) == 5


SCRIPT = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background has it ignored
import sys
from coverage_kit.collect.panel import ask_panel, read_panel
from coverage_kit.llm.costs import Price, Prices
from coverage_kit.settings import AskSettings
ask = AskSettings.model_validate_json(sys.argv[1])
ask_panel(ask, read_panel(sys.argv[2]), Prices(currency="USD", models={"*": Price()}))
"""


def start(ask: AskSettings, panel) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, ask.model_dump_json(), str(panel)], stderr=subprocess.PIPE
    )


def wait_for(server, n: int, process: subprocess.Popen) -> None:
    while len(server.asked) < n:
        assert process.poll() is None, process.stderr.read().decode()
        time.sleep(0.01)


def test_a_killed_wave_resumes_with_no_query_asked_twice(tmp_path):
    a_panel(tmp_path, 20)
    with engine_server(lambda _number, _request: Reply(delay_seconds=0.03)) as server:
        ask = settings(
            tmp_path,
            [an_engine(server.url, "responses"), an_engine(server.url, "anthropic")],
            repeats=2,
        )
        for n in (13, 43):
            with start(ask, tmp_path / "panel.csv") as process:
                wait_for(server, n, process)
                os.kill(process.pid, signal.SIGKILL)
        (path,) = (tmp_path / "waves").glob("*.jsonl")
        with path.open("ab") as file:
            file.write(b'{"custom_id": "torn')
        wave = ask_panel(ask, read_panel(tmp_path / "panel.csv"), FREE)
        counts = server.counts()
    assert wave.path == path and wave.n_left == 0
    lost = sum(engine.n_lost for engine in wave.engines)
    assert lost <= 4  # each kill can lose one exchange of each engine
    assert max(counts.values()) <= 2  # two repeats
    answered = [record for record in records(wave) if record["outcome"] == "answered"]
    assert len({record["custom_id"] for record in answered}) == len(answered) == 80 - lost
    assert len(answered) <= len(server.asked) <= 80
    tables = read(tmp_path)
    assert (len(tables.answers), len(tables.failures), len(tables.rejects)) == (80 - lost, lost, 0)
    assert tables.failures["error"].str.startswith("interrupted after it was sent").all()


def test_a_stop_by_hand_keeps_the_answers_under_way(tmp_path):
    a_panel(tmp_path, 20)
    with engine_server(lambda _number, _request: Reply(delay_seconds=0.1)) as server:
        ask = settings(tmp_path, [an_engine(server.url, "responses")])
        with start(ask, tmp_path / "panel.csv") as process:
            wait_for(server, 4, process)
            process.send_signal(signal.SIGINT)
            stderr = process.communicate(timeout=20)[1].decode()
            assert process.returncode == 0, stderr
        n_asked = len(server.asked)
        (path,) = (tmp_path / "waves").glob("*.jsonl")
        assert n_asked < 20
        assert [json.loads(line)["outcome"] for line in path.read_text().splitlines() if line] == [
            "answered"
        ] * n_asked
        wave = ask_panel(ask, read_panel(tmp_path / "panel.csv"), FREE)
        assert engine_of(wave).n_reused == n_asked and engine_of(wave).n_lost == 0
        assert set(server.counts().values()) == {1} and len(server.asked) == 20


def test_a_wave_of_which_nothing_could_be_paid_does_not_spoil_the_folder(tmp_path):
    prices = Prices(currency="USD", models={"*": Price(call=1000.0)})
    with engine_server() as server:
        engine = an_engine(server.url, "responses")
        ask_panel(settings(tmp_path, [engine]), a_panel(tmp_path), FREE)
        wave = ask_panel(settings(tmp_path, [engine], max_money=0.5), a_panel(tmp_path), prices)
    assert (engine_of(wave).n_answered, engine_of(wave).n_left) == (0, 3)
    assert len(read(tmp_path).answers) == 3


def test_a_wave_is_asked_by_one_process_at_a_time(tmp_path):
    a_panel(tmp_path, 20)
    with engine_server(lambda _number, _request: Reply(delay_seconds=0.2)) as server:
        ask = settings(tmp_path, [an_engine(server.url, "responses")])
        with start(ask, tmp_path / "panel.csv") as process:
            wait_for(server, 1, process)
            with pytest.raises(RunError, match="another process"):
                ask_panel(ask, read_panel(tmp_path / "panel.csv"), FREE)
            process.kill()


def test_one_wave_is_asked_in_one_way(tmp_path):
    prices = Prices(currency="USD", models={"*": Price(call=1000.0)})
    with engine_server() as server:
        ask_panel(
            settings(tmp_path, [an_engine(server.url, "responses")], max_money=2.0),
            a_panel(tmp_path),
            prices,
        )
        other = settings(
            tmp_path, [an_engine(server.url, "responses", model="gpt-y")], max_money=9.0
        )
        with pytest.raises(SettingsError, match=r"model was 'gpt-x', is 'gpt-y'.*--new"):
            ask_panel(other, a_panel(tmp_path), prices)
        assert engine_of(ask_panel(other, a_panel(tmp_path), prices, is_new=True)).n_answered == 3


# --- failures


@pytest.mark.parametrize("kind", KINDS)
def test_what_fails_for_a_moment_is_asked_again(tmp_path, kind):
    def answer(number: int, _request: Request) -> Reply:
        return Reply(503, {"error": {"message": "busy"}}) if number < 2 else Reply()

    with engine_server(answer) as server:
        ask = settings(tmp_path, [an_engine(server.url, kind)], retries=2)
        wave = ask_panel(ask, a_panel(tmp_path, 1), FREE, clock=HASTY)
    assert (engine_of(wave).n_answered, len(server.asked)) == (1, 3)
    assert records(wave)[0]["n_tries"] == 3


def test_a_failure_is_stored_and_asked_once_more_in_a_later_run(tmp_path):
    def answer(_number: int, request: Request) -> Reply:
        return (
            Reply(500, {"error": {"message": "broken"}}) if request.query.endswith("1") else Reply()
        )

    with engine_server(answer) as server:
        ask = settings(tmp_path, [an_engine(server.url, "gemini")], retries=1)
        waves = [ask_panel(ask, a_panel(tmp_path), FREE, clock=HASTY) for _ in range(2)]
        assert [(engine_of(wave).n_answered, engine_of(wave).n_failed) for wave in waves] == [
            (2, 1),
            (0, 1),
        ]
        assert waves[0].wave_id == waves[1].wave_id and waves[1].n_left == 0
        assert server.counts() == {
            ("gemini", "which thing 0"): 1,
            ("gemini", "which thing 1"): 4,
            ("gemini", "which thing 2"): 1,
        }
        assert ask_panel(ask, a_panel(tmp_path), FREE, clock=HASTY).wave_id != waves[0].wave_id
    tables = read_log(LogSettings(files=(str(waves[0].path),)))
    assert len(tables.answers) == 2
    assert tables.failures["error"].tolist() == ["broken", "broken"]
    assert set(tables.failures["engine"]) == {"gemini"}


def test_an_engine_is_waited_for_as_long_as_it_asks(tmp_path):
    waits = []

    def wait(stop, seconds):
        waits.append(round(seconds, 3))

    def answer(number: int, _request: Request) -> Reply:
        return [
            Reply(429, {}, headers={"Retry-After": "7"}),
            Reply(429, {}, headers={"Retry-After": "9999"}),
            Reply(529, {}),
            Reply(),
        ][number]

    with engine_server(answer) as server:
        ask = settings(tmp_path, [an_engine(server.url, "anthropic")], retries=3)
        ask_panel(ask, a_panel(tmp_path, 1), FREE, clock=Clock(now=lambda: 0.0, wait=wait))
    assert [seconds for seconds in waits if seconds >= 1] == [7.0, 120.0, 4.0]


def test_an_openai_compatible_engine_is_waited_for_too(tmp_path):
    waits = []
    with engine_server(
        lambda n, _: (
            Reply(429, {"error": {"message": "slow"}}, headers={"Retry-After": "7"})
            if not n
            else Reply()
        )
    ) as server:
        ask = settings(tmp_path, [an_engine(server.url, "chat")], retries=1)
        ask_panel(
            ask,
            a_panel(tmp_path, 1),
            FREE,
            clock=Clock(now=lambda: 0.0, wait=lambda _, seconds: waits.append(seconds)),
        )
    assert 7.0 in waits


@pytest.mark.parametrize("kind", ["chat", "anthropic"])
def test_an_engine_that_asks_for_years_gets_two_minutes_and_a_warning(tmp_path, caplog, kind):
    waits = []
    busy = Reply(429, {"error": {"message": "slow"}}, headers={"Retry-After": "123456789"})
    with engine_server(lambda number, _: busy if number < 2 else Reply()) as server:
        ask = settings(tmp_path, [an_engine(server.url, kind)], retries=2)
        clock = Clock(now=lambda: 0.0, wait=lambda _, seconds: waits.append(seconds))
        wave = ask_panel(ask, a_panel(tmp_path, 1), FREE, clock=clock)
    assert (wave.engines[0].n_answered, waits.count(120.0)) == (1, 2)
    assert caplog.text.count("asks for a pause of 123,456,789 s; the longest pause is 120 s") == 1


@pytest.mark.parametrize("kind", ["chat", "anthropic", "gemini"])
@pytest.mark.parametrize("status", [200, 401, 500])
def test_an_echoed_key_is_stored_in_no_spelling(tmp_path, kind, status):
    spelled = [
        KEY,
        KEY.upper(),
        "".join(f"%{byte:02x}" for byte in KEY.encode()),
        "".join(f"\\u{ord(character):04x}" for character in KEY),
        base64.b64encode(f"user:{KEY}".encode()).decode(),
    ]
    echo = {"error": {"message": " ".join(spelled)}, "echo": spelled, KEY: 1}
    with engine_server(lambda *_: Reply(status, echo)) as server:
        ask = settings(tmp_path, [an_engine(server.url, kind)], retries=0)
        wave = ask_panel(ask, a_panel(tmp_path, 1), FREE, clock=HASTY)
    written = wave.path.read_text() + describe_wave(wave)
    core = base64.b64encode(KEY.encode()).decode()[4:-4]
    # Of a refused key, the openai client's message is left out.
    assert "[key]" in written or (kind, status) == ("chat", 401)
    assert not [text for text in (*spelled, core) if text.lower() in written.lower()]


@pytest.mark.parametrize("kind", ["chat", "anthropic"])
@pytest.mark.parametrize("depth", [300, 450, 900, 2_000, 100_000])
def test_an_answer_that_is_nested_without_end_stops_nothing(tmp_path, kind, depth):
    nested = b'{"a":' * depth + b"1" + b"}" * depth
    with engine_server(lambda *_: Reply(raw=nested)) as server:
        ask = settings(tmp_path, [an_engine(server.url, kind)], retries=0)
        wave = ask_panel(ask, a_panel(tmp_path, 1), FREE, clock=HASTY)
    engine = engine_of(wave)
    assert engine.n_answered + engine.n_failed == 1


def test_requests_keep_their_distance(tmp_path):
    time_now, waits = [100.0], []

    def wait(_stop, seconds):
        waits.append(seconds)
        time_now[0] += seconds

    with engine_server() as server:
        engine = an_engine(server.url, "gemini", requests_per_minute=20)
        ask_panel(
            settings(tmp_path, [engine]),
            a_panel(tmp_path),
            FREE,
            clock=Clock(lambda: time_now[0], wait),
        )
    assert waits == [3.0, 3.0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_slow_answer_fails_and_counts_as_what_it_may_have_cost(tmp_path, kind):
    prices = Prices(currency="USD", models={"*": Price(call=1000.0)})
    with engine_server(lambda _number, _request: Reply(delay_seconds=3)) as server:
        engine = an_engine(server.url, kind, timeout_seconds=0.5)
        wave = ask_panel(settings(tmp_path, [engine], max_money=5.0), a_panel(tmp_path, 1), prices)
    assert (engine_of(wave).n_failed, wave.money) == (1, 1.0)
    assert read(tmp_path).failures["error"].str.contains("no answer in 0.5 s").all()


@pytest.mark.parametrize("kind", ["responses", "gemini"])
def test_an_engine_that_is_not_there_costs_nothing_and_is_left_soon(tmp_path, kind):
    prices = Prices(currency="USD", models={"*": Price(call=1000.0)})
    with engine_server() as server:
        url = server.url
    wave = ask_panel(
        settings(tmp_path, [an_engine(url, kind)], max_money=50.0),
        a_panel(tmp_path, 9),
        prices,
        clock=HASTY,
    )
    engine = engine_of(wave)
    assert (engine.n_failed, engine.n_left, wave.money) == (5, 9, 0.0)
    assert "5 queries in a row had no answer" in engine.stopped


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_engine_that_refuses_the_key_stops_alone(tmp_path, kind, status):
    other = "gemini" if kind != "gemini" else "anthropic"

    def answer(_number: int, request: Request) -> Reply:
        return (
            Reply(status, {"error": {"message": f"no: {request.headers}"}})
            if request.kind == kind
            else Reply()
        )

    with engine_server(answer) as server:
        ask = settings(
            tmp_path, [an_engine(server.url, kind), an_engine(server.url, other)], retries=3
        )
        wave = ask_panel(ask, a_panel(tmp_path), FREE, clock=HASTY)
        assert (engine_of(wave, kind).n_failed, engine_of(wave, kind).n_left) == (1, 3)
        assert (
            str(status) in engine_of(wave, kind).stopped
            and "check that" in engine_of(wave, kind).stopped
        )
        assert engine_of(wave, other).n_answered == 3
        assert "not asked further" in describe_wave(wave) and KEY not in describe_wave(wave)
        server.answer = lambda _number, _request: Reply()
        then = ask_panel(ask, a_panel(tmp_path), FREE)
    assert (
        then.wave_id == wave.wave_id and engine_of(then, kind).n_answered == 3 and then.n_left == 0
    )
    assert len(read(tmp_path).answers) == 6


@pytest.mark.parametrize("kind", KINDS)
def test_a_search_that_is_refused_is_reported_with_its_cure(tmp_path, kind):
    refusal = Reply(
        400,
        {
            "error": {
                "message": "Unknown parameter: web_search_options / "
                "tools google_search not supported"
            }
        },
    )
    with engine_server(lambda _number, _request: refusal) as server:
        wave = ask_panel(
            settings(tmp_path, [an_engine(server.url, kind)], retries=2), a_panel(tmp_path), FREE
        )
        assert len(server.asked) == 1
        assert "set has_search = false" in engine_of(wave).stopped
        server.answer = lambda _number, _request: Reply()
        engine = an_engine(server.url, kind, has_search=False)
        assert (
            engine_of(ask_panel(settings(tmp_path, [engine]), a_panel(tmp_path), FREE)).n_answered
            == 3
        )


@pytest.mark.parametrize("kind", ["chat", "anthropic"])
def test_redirects_are_not_followed(tmp_path, kind):
    with engine_server() as other:

        def answer(_number: int, request: Request) -> Reply:
            return Reply(307, {}, headers={"Location": f"{other.url}{request.path}"})

        with engine_server(answer) as server:
            wave = ask_panel(
                settings(tmp_path, [an_engine(server.url, kind)]), a_panel(tmp_path, 1), FREE
            )
        assert engine_of(wave).n_failed == 1
        assert other.asked == []


@pytest.mark.parametrize("kind", ["responses", "perplexity"])
@pytest.mark.parametrize(
    ("raw", "message"),
    [(b"<html>no</html>", "no"), (b"[1]", "no"), (b" " * (MAX_BYTES + 1), "32,000,000 bytes")],
)
def test_what_is_no_answer_is_a_failure(tmp_path, kind, raw, message):
    with engine_server(lambda _number, _request: Reply(raw=raw)) as server:
        wave = ask_panel(
            settings(tmp_path, [an_engine(server.url, kind)]), a_panel(tmp_path, 1), FREE
        )
    assert engine_of(wave).n_failed == 1
    assert message in read(tmp_path).failures["error"][0]


# --- money


def test_the_cap_of_money_holds(tmp_path):
    prices = Prices(currency="USD", models={"*": Price(call=1000.0)})
    with engine_server(lambda _number, _request: Reply(delay_seconds=0.01)) as server:
        ask = settings(
            tmp_path, [an_engine(server.url, kind) for kind in KINDS], repeats=2, max_money=7.0
        )
        wave = ask_panel(ask, a_panel(tmp_path, 5), prices)
        assert (len(server.asked), wave.money) == (7, 7.0)
        assert all("at most 7 USD" in engine.stopped for engine in wave.engines)
        ask_panel(ask, a_panel(tmp_path, 5), prices)
        assert len(server.asked) == 7


def test_the_cap_of_tokens_holds_with_the_search_results_that_a_request_may_read(tmp_path):
    with engine_server() as server:
        ask = settings(tmp_path, [an_engine(server.url, "responses")], max_tokens=62_500)
        wave = ask_panel(ask, a_panel(tmp_path, 20), FREE)
    # each answer uses 150 tokens; a request may use 62,000 and its own words
    assert engine_of(wave).spent.n_tokens == 150 * len(server.asked)
    assert 1 <= len(server.asked) <= 4


def test_an_answer_that_costs_more_than_was_thought_makes_the_next_one_dearer(tmp_path):
    def answer(_number: int, request: Request) -> Reply:
        return Reply(
            body={
                **answer_of("responses", request.query),
                "usage": {"input_tokens": 400_000, "output_tokens": 0},
            }
        )

    with engine_server(answer) as server:
        wave = ask_panel(
            settings(tmp_path, [an_engine(server.url, "responses")], max_tokens=1_000_000),
            a_panel(tmp_path, 9),
            FREE,
        )
    assert (len(server.asked), engine_of(wave).spent.n_tokens) == (2, 800_000)


def test_what_each_kind_used_is_counted(tmp_path):
    with engine_server() as server:
        wave = ask_panel(
            settings(tmp_path, [an_engine(server.url, kind) for kind in KINDS]),
            a_panel(tmp_path, 1),
            FREE,
        )
    used = {
        engine.name: (
            engine.spent.n_input_tokens,
            engine.spent.n_output_tokens,
            engine.spent.n_searches,
        )
        for engine in wave.engines
    }
    assert used == {
        "chat": (10, 20, 1),
        "responses": (100, 50, 3),
        "perplexity": (200, 30, 3),
        "gemini": (75, 26, 3),
        "anthropic": (340, 25, 3),
    }


@pytest.mark.parametrize("kind", [*KINDS, "sonar"])
def test_an_engine_that_reports_no_tokens_is_counted_with_what_it_read_where_it_searched(
    tmp_path, kind
):
    def answer(_number: int, request: Request) -> Reply:
        answer = answer_of(request.kind, request.query)
        return Reply(
            body={
                name: value
                for name, value in answer.items()
                if name not in ("usage", "usageMetadata")
            }
        )

    with engine_server(answer) as server:
        sonar = {"base_url": f"{server.url}/perplexity/chat/completions"} if kind == "sonar" else {}
        engine = an_engine(
            server.url, "perplexity" if sonar else kind, max_output_tokens=50, **sonar
        )
        wave = ask_panel(
            settings(tmp_path, [engine], max_tokens=1_000_000), a_panel(tmp_path, 1), FREE
        )
    (record,) = records(wave)
    n_sent = len(json.dumps(server.asked[0].body)) / 3
    searched = 100_000 if kind == "anthropic" else 60_000
    assert record["spent"]["n_input_tokens"] == pytest.approx(searched + n_sent, abs=1)
    assert record["spent"]["n_output_tokens"] == 50  # the answer is longer, but no more is written


def test_an_endpoint_that_reports_no_tokens_and_does_not_search_counts_words_and_meets_the_cap(
    tmp_path,
):
    answer = {"id": "c", "choices": [{"message": {"content": "Acme."}}]}
    n_written = -(-len(json.dumps(answer)) // 3)
    with engine_server(lambda _number, _request: Reply(body=answer)) as server:
        engine = an_engine(server.url, "chat", has_search=False, max_output_tokens=100)
        wave = ask_panel(settings(tmp_path, [engine], max_tokens=400), a_panel(tmp_path, 9), FREE)
        n_read = -(-len(json.dumps(server.asked[0].body)) // 3)
    assert engine_of(wave).spent.n_tokens == len(server.asked) * (n_read + n_written)
    assert 1 <= len(server.asked) < 9 and "at most 400 tokens" in engine_of(wave).stopped


def test_a_dry_run_says_which_engine_will_be_refused_and_which_the_sum_leaves_out(
    tmp_path,
):
    prices = Prices(currency="USD", models={"gpt-x": Price(output=100.0)})
    engines = [an_engine("http://127.0.0.1:9", kind) for kind in ("responses", "gemini")]
    lines = describe_estimate(
        price_wave(settings(tmp_path, engines, max_money=5.0), a_panel(tmp_path), prices)
    ).splitlines()
    assert lines[2].startswith("  gemini") and lines[2].endswith("no price in the table")
    assert (
        lines[3]
        .strip()
        .startswith("refused until it has a price: add one to the table that costs.prices names")
    )
    assert (
        lines[4] == "  At most 0.60 USD, without gemini, whose price is not known; capped at 5 USD"
    )
    free = describe_estimate(price_wave(settings(tmp_path, engines), a_panel(tmp_path), prices))
    assert "refused" not in free and "without gemini" in free


def test_a_model_without_a_price_is_refused_before_anything_is_sent(tmp_path):
    with engine_server() as server:
        ask = settings(tmp_path, [an_engine(server.url, "responses")], max_money=1.0)
        with pytest.raises(SettingsError, match="a price of 'gpt-x'"):
            ask_panel(ask, a_panel(tmp_path), Prices(currency="USD"))
        assert server.asked == []


def test_a_wave_is_priced_without_a_key_and_without_sending(tmp_path, monkeypatch):
    prices = Prices(currency="USD", models={"*": Price(output=100.0)})
    with engine_server() as server:
        ask = settings(tmp_path, [an_engine(server.url, "responses")], repeats=2, max_money=5.0)
        monkeypatch.delenv("OPENAI_API_KEY")
        estimate = price_wave(ask, a_panel(tmp_path), prices)
        assert server.asked == []
        (engine,) = estimate.engines
        assert (
            engine.n_calls,
            engine.max_spent.n_output_tokens,
            engine.max_spent.n_searches,
            engine.usual,
        ) == (
            6,
            12_000,
            60,
            None,
        )
        assert "6 requests; at most" in describe_estimate(
            estimate
        ) and "1.20 USD" in describe_estimate(estimate)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        ask_panel(ask, a_panel(tmp_path), prices)
        (usual,) = price_wave(ask, a_panel(tmp_path), prices).engines
    assert (usual.usual.n_input_tokens, usual.usual.n_output_tokens, usual.usual.n_calls) == (
        600,
        300,
        6,
    )


# --- keys


def everything_written(tmp_path) -> str:
    return "\n".join(
        path.read_bytes().decode("utf-8", "replace")
        for path in tmp_path.rglob("*")
        if path.is_file()
    )


@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
def test_no_key_is_in_any_file_log_or_error_though_the_engine_echoes_it(
    tmp_path, caplog, capfd, status
):
    def answer(_number: int, request: Request) -> Reply:
        echo = " ".join(
            request.headers.get(name, "")
            for name in ("authorization", "x-api-key", "x-goog-api-key")
        )
        content = (
            answer_of(request.kind, request.query)
            if status == 200
            else {"error": {"message": f"seen {echo}", "type": "t"}}
        )
        return Reply(status, {**content, "seen": {echo: [echo, {"deep": echo}]}})

    with caplog.at_level(logging.DEBUG), engine_server(answer) as server:
        for name in ("urllib3", "openai", "httpx", "httpx2", "httpcore", "httpcore2"):
            caplog.set_level(logging.DEBUG, name)
        ask = settings(tmp_path, [an_engine(server.url, kind) for kind in KINDS], retries=1)
        wave = ask_panel(ask, a_panel(tmp_path, 1), FREE, clock=HASTY)
        assert KEY in str(server.asked[0].headers)
    written = everything_written(tmp_path)
    assert KEY not in written and KEY not in caplog.text and KEY not in describe_wave(wave)
    assert KEY not in repr(wave) + "".join(capfd.readouterr())
    assert "[key]" in written or status == 401
    if status == 200:
        assert records(wave)[0]["response"]["body"]["seen"]


@pytest.mark.parametrize("key", ["", "sk with spaces-" + KEY, f"{KEY}\n{KEY}", f"{KEY}ö"])
def test_a_key_that_is_missing_or_malformed_is_reported_without_it(tmp_path, monkeypatch, key):
    monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    with engine_server() as server:
        ask = settings(
            tmp_path, [an_engine(server.url, "gemini"), an_engine(server.url, "anthropic")]
        )
        with pytest.raises(SettingsError, match="ANTHROPIC_API_KEY") as raised:
            ask_panel(ask, a_panel(tmp_path), FREE)
        assert server.asked == []
    assert KEY not in shown_with_locals(raised)


def shown_with_locals(raised) -> str:
    """Return a traceback with the locals of all frames but the test's own."""
    error, frames = raised.value, raised.tb.tb_next
    return "".join(
        traceback.TracebackException(type(error), error, frames, capture_locals=True).format()
    )


def test_no_key_is_among_the_locals_of_a_traceback(tmp_path):
    def answer(_number: int, request: Request) -> Reply:
        return Reply(500, {"error": {"message": str(request.headers)}})

    broken = Clock(wait=lambda _stop, _seconds: 1 / 0)
    with engine_server(answer) as server:
        ask = settings(tmp_path, [an_engine(server.url, kind) for kind in KINDS], retries=1)
        with pytest.raises(ZeroDivisionError) as raised:
            ask_panel(ask, a_panel(tmp_path), FREE, clock=broken)
    assert "[key]" in shown_with_locals(raised)
    assert KEY not in shown_with_locals(raised)


def test_a_secret_shows_itself_nowhere():
    secret = Secret(KEY)
    assert KEY not in f"{secret} {secret!r} {[secret]}"
    with pytest.raises(TypeError):
        secret.__reduce__()


def test_another_variable_may_hold_the_key_and_a_local_engine_needs_none(tmp_path, monkeypatch):
    monkeypatch.setenv("OUR_KEY", "other-key")
    monkeypatch.delenv("OPENAI_API_KEY")
    with engine_server() as server:
        engines = [
            an_engine(server.url, "gemini", api_key_env="OUR_KEY"),
            an_engine(server.url, "chat", has_search=False),
        ]
        ask_panel(settings(tmp_path, engines), a_panel(tmp_path, 1), FREE)
    headers = {request.kind: request.headers for request in server.asked}
    assert headers["gemini"]["x-goog-api-key"] == "other-key"
    assert headers["chat"]["authorization"] == "Bearer none"


# --- settings


@pytest.mark.parametrize(
    ("engines", "problem"),
    [
        ([], "engines to ask"),
        ([{"name": "A"}, {"name": "a"}], "several named a"),
        ([{"name": "A", "model": ""}], "the name of a model"),
    ],
)
def test_engines_that_cannot_be_asked_are_an_error(tmp_path, engines, problem):
    asked_engines = [an_engine("http://127.0.0.1:9", "gemini", **knobs) for knobs in engines]
    with pytest.raises(CoverageKitError, match=problem):
        ask_panel(settings(tmp_path, asked_engines), a_panel(tmp_path), FREE)


def test_a_file_that_is_no_wave_is_an_error(tmp_path):
    with engine_server() as server:
        ask = settings(tmp_path, [an_engine(server.url, "gemini")])
        wave = ask_panel(ask, a_panel(tmp_path), FREE)
        wave.path.write_text('{"query": "which thing"}\n' + wave.path.read_text())
        with pytest.raises(RunError, match="line 1"):
            ask_panel(ask, a_panel(tmp_path), FREE)


def test_the_wave_is_described_with_its_next_step(tmp_path):
    with engine_server() as server:
        wave = ask_panel(
            settings(tmp_path, [an_engine(server.url, "gemini")]), a_panel(tmp_path), FREE
        )
    description = describe_wave(wave)
    assert "gemini (gemini-3-flash): 3 answered, 0 failed; 303 tokens, 9 searches" in description
    assert f"name the folder {tmp_path / 'waves'} in files under [log]" in description


def test_no_thread_stays_behind(tmp_path):
    before = threading.active_count()
    with engine_server() as server:
        ask_panel(
            settings(tmp_path, [an_engine(server.url, kind) for kind in KINDS]),
            a_panel(tmp_path),
            FREE,
        )
    assert threading.active_count() <= before + 1
