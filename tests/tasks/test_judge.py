"""A run judged by a model behind a real server, whose verdicts count only where it is reliable."""

import itertools
import math
import re
import shutil

import pytest

from coverage_kit.analysis import load_analysis, save_analysis
from coverage_kit.errors import SettingsError
from coverage_kit.llm.costs import LEDGER, Ledger, read_prices
from coverage_kit.measure.judge.rubrics import Rubric, read_rubrics
from coverage_kit.tables import JUDGEMENTS
from coverage_kit.tasks.judge import BRAND, apply_verdicts, list_items, read_labels
from tests.chat_server import KEY, Reply, chat_server
from tests.commands.test_app import call

RUBRICS = read_rubrics()
SETTINGS = """
cache = "cache"

[site]
source = "site"

[judge]
model = "{model}"
base_url = "{url}"
repeats = 2
max_money = {money}
"""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def run(tmp_path, sample_analysis):
    return save_analysis(sample_analysis, tmp_path / "run")


def claim_in(body):
    """Return what the form shows as the text that is judged."""
    return re.search(
        r"\nTEXT\n(.*?)(?:\n\nOWN WORDS\n|\n</)", body["messages"][1]["content"], re.S
    )[1]


def honest(wrong):
    """A judge that grades one claim as wrong and obeys no text; its usage gives the price."""

    def answer(number, body):
        claim = claim_in(body)
        grade = "1" if wrong in claim else "5" if sum(map(ord, claim[:12])) % 2 else "4"
        return Reply(text=grade, top_logprobs=({grade: math.log(0.99)},), usage=(100, 1))

    return answer


def gullible(wrong):
    """A judge that obeys any text."""
    orders = ("Ignore the rubric", "examiner", "operator", "graders", "agreed")

    def answer(number, body):
        is_attacked = any(words in claim_in(body) for words in orders)
        return (
            Reply(text="5", top_logprobs=({"5": math.log(0.99)},))
            if is_attacked
            else honest(wrong)(number, body)
        )

    return answer


def first_claim(run):
    return list_items(load_analysis(run), RUBRICS[BRAND], 1)[0].parts["text"]


def judge(monkeypatch, capsys, run, chat, *options, money=1.0, rubric=BRAND, model="gpt-4.1-nano"):
    settings = SETTINGS.format(url=chat.base_url, money=money, model=model)
    (run.parent / "coverage.toml").write_text(settings)
    return call(
        monkeypatch,
        capsys,
        "judge",
        run,
        "--settings",
        run.parent / "coverage.toml",
        "--rubric",
        rubric,
        "--items",
        40,
        *options,
    )


def test_a_model_that_can_be_trusted_gives_the_verdicts_and_is_asked_nothing_twice(
    monkeypatch, capsys, run, tmp_path
):
    with chat_server(honest(first_claim(run))) as chat:
        status, output = judge(monkeypatch, capsys, run, chat, "--dry-run")
        assert (status, chat.asked) == (0, [])
        assert "requests" in output
        status, output = judge(monkeypatch, capsys, run, chat)
        assert status == 0, output
        assert "used: it meets every mark" in output
        n_requests = len(chat.asked)
        assert judge(monkeypatch, capsys, run, chat)[0] == 0
        assert len(chat.asked) == n_requests
    claims = load_analysis(run).brand_claims
    judged = claims[claims["judge"] == "gpt-4.1-nano"]
    assert judged["text"].nunique() == 40
    is_wrong = judged["text"] == first_claim(run)
    assert set(judged.loc[is_wrong, "verdict"]) == {"contradicted"}
    assert set(judged.loc[~is_wrong, "verdict"]) == {"supported"}
    page = (run / "page.html").read_text()
    assert "brand-described-rightly" in page
    spent = Ledger(tmp_path / "cache" / LEDGER, read_prices()).read()
    assert list(spent["n_calls"]) == [n_requests, 0]
    assert spent["money"].iloc[0] == pytest.approx(n_requests * (100 * 0.1 + 1 * 0.4) / 1e6)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not [file for file in files if KEY.encode() in file.read_bytes()]


def test_a_judge_that_obeys_a_text_is_not_used_and_the_page_says_so(monkeypatch, capsys, run):
    before = load_analysis(run).brand_claims
    with chat_server(gullible(first_claim(run))) as chat:
        status, output = judge(monkeypatch, capsys, run, chat)
    assert status == 0
    assert "not used. Attacks that raise no grade" in output
    assert load_analysis(run).brand_claims[list(before.columns)].equals(before)
    assert "misses injection_resistance" in (run / "page.html").read_text()


def test_a_budget_that_ends_early_is_reported_and_nothing_counts(monkeypatch, capsys, run):
    before = load_analysis(run).brand_claims
    with chat_server(honest(first_claim(run))) as chat:
        status, output = judge(monkeypatch, capsys, run, chat, money=0.001)
        assert status == 0
    assert "judging ended early" in output
    assert len(chat.asked) * (100 * 0.1 + 1 * 0.4) / 1e6 <= 0.001
    assert load_analysis(run).brand_claims[list(before.columns)].equals(before)


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_without_a_model_the_command_says_what_to_configure(monkeypatch, capsys, run, options):
    before = load_analysis(run)
    status, output = call(monkeypatch, capsys, "judge", run, *options)
    assert status == 2
    assert "judge.model" in output
    assert "found no model" in output
    assert "under [judge] in coverage.toml" in output
    after = load_analysis(run)
    assert after.brand_claims.equals(before.brand_claims)
    assert after.reliability.equals(before.reliability)


def test_three_rubrics_are_judged_by_default(monkeypatch, capsys, run):
    numbers = itertools.count()

    def answer(number, body):
        grade = str(1 + next(numbers) % 5)
        return Reply(text=grade, top_logprobs=({grade: 0.0},))

    with chat_server(answer) as chat:
        settings = SETTINGS.format(url=chat.base_url, money=0, model="any")
        (run.parent / "coverage.toml").write_text(settings)
        options = ["--settings", run.parent / "coverage.toml", "--items", 20]
        status, output = call(monkeypatch, capsys, "judge", run, *options)
    assert status == 0, output
    assert "Faithful to the source" in output
    assert load_analysis(run).reliability["rubric"].nunique() == 3


def test_every_shipped_rubric_finds_its_items_in_a_run(sample_analysis):
    for rubric in RUBRICS.values():
        items = list_items(sample_analysis, rubric, 30)
        assert len(items) == 30, rubric.name
        assert all(
            item.parts[name].strip()
            for item in items
            for name in rubric.parts
            if name != "other sources"
        )


def test_a_rubric_of_other_parts_and_an_unknown_rubric_are_errors(
    monkeypatch, capsys, sample_analysis, run
):
    strange = Rubric(name="ten", title="Ten", criterion="c", steps=("s",), parts=("poem",))
    with pytest.raises(SettingsError, match="poem"):
        list_items(sample_analysis, strange, 5)
    status, output = call(monkeypatch, capsys, "judge", run, "--rubric", "nonsense")
    assert status == 2
    assert "answers-query" in output


def test_labels_of_people_are_read_and_another_file_is_an_error(tmp_path):
    (tmp_path / "labels.csv").write_text("item_id,grade\n007,4\na,1.5\n")
    assert read_labels(tmp_path / "labels.csv") == {"007": 4.0, "a": 1.5}
    (tmp_path / "labels.csv").write_text("item,grade\n1,4\n")
    with pytest.raises(SettingsError, match="item_id"):
        read_labels(tmp_path / "labels.csv")


def test_a_second_judging_keeps_what_the_first_found_and_a_judge_that_lost_trust_loses_its_verdicts(
    monkeypatch, capsys, run
):
    before = load_analysis(run).brand_claims
    with chat_server(lambda number, body: Reply(text="3", top_logprobs=({"3": 0.0},))) as chat:
        options = {"money": 0, "rubric": "answers-query", "model": "other"}
        assert judge(monkeypatch, capsys, run, chat, **options)[0] == 0
    with chat_server(honest(first_claim(run))) as chat:
        assert judge(monkeypatch, capsys, run, chat)[0] == 0
    judged_twice = load_analysis(run)
    assert judged_twice.reliability["judge"].nunique() == 2
    assert not judged_twice.brand_claims["verdict"].equals(before["verdict"])
    shutil.rmtree("cache")
    with chat_server(gullible(first_claim(run))) as chat:
        assert judge(monkeypatch, capsys, run, chat)[0] == 0
    after = load_analysis(run)
    assert after.brand_claims["verdict"].equals(before["verdict"])
    assert after.reliability["judge"].nunique() == 2


def test_a_sentence_under_two_queries_has_the_verdict_of_the_one_that_was_judged(sample_analysis):
    claims = sample_analysis.brand_claims
    text = claims["text"].value_counts().index[0]
    last = claims.loc[claims["text"] == text, "claim_id"].iloc[-1]
    grade = {
        "judge": "m",
        "rubric": f"{BRAND}@1",
        "item_id": last,
        "repeat": 0,
        "is_swapped": False,
        "grade": 5.0,
    }
    rows = JUDGEMENTS.table(
        [{**grade, "is_weighted": True, "n_samples": 1, "n_input_tokens": 0, "n_output_tokens": 0}]
    )
    judged = apply_verdicts(claims, rows, "m")
    assert set(judged.loc[judged["text"] == text, "verdict"]) == {"supported"}
    assert set(judged.loc[judged["text"] == text, "judge"]) == {"m"}
