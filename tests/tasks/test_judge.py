"""A run judged: by a model behind a real server, whose verdicts count only where it can be trusted, and without a model."""

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
model = "gpt-4.1-nano"
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
    """A judge that sees one claim as wrong, and is deaf to orders; usage lets the price be reckoned."""

    def answer(number, body):
        claim = claim_in(body)
        grade = "1" if wrong in claim else "5" if sum(map(ord, claim[:12])) % 2 else "4"
        return Reply(text=grade, top_logprobs=({grade: math.log(0.99)},), usage=(100, 1))

    return answer


def gullible(wrong):
    """A judge that does what any text tells it."""
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


def judge(monkeypatch, capsys, run, chat, *more, money=1.0):
    (run.parent / "coverage.toml").write_text(SETTINGS.format(url=chat.base_url, money=money))
    return call(
        monkeypatch,
        capsys,
        "judge",
        run,
        "--settings",
        run.parent / "coverage.toml",
        "--rubric",
        BRAND,
        "--items",
        40,
        *more,
    )


def test_a_model_that_can_be_trusted_gives_the_verdicts_and_is_asked_nothing_twice(
    monkeypatch, capsys, run, tmp_path
):
    with chat_server(honest(first_claim(run))) as chat:
        status, said = judge(monkeypatch, capsys, run, chat, "--dry-run")
        assert (status, chat.asked) == (0, [])
        assert "requests" in said
        status, said = judge(monkeypatch, capsys, run, chat)
        assert status == 0, said
        assert "used: it meets every mark" in said
        n_asked = len(chat.asked)
        assert judge(monkeypatch, capsys, run, chat)[0] == 0
        assert len(chat.asked) == n_asked
    claims = load_analysis(run).brand_claims
    judged = claims[claims["judge"] == "gpt-4.1-nano"]
    assert judged["text"].nunique() == 40
    is_wrong = judged["text"] == first_claim(run)
    assert set(judged.loc[is_wrong, "verdict"]) == {"contradicted"}
    assert set(judged.loc[~is_wrong, "verdict"]) == {"supported"}
    page = (run / "page.html").read_text()
    assert "brand-described-rightly" in page
    spent = Ledger(tmp_path / "cache" / LEDGER, read_prices()).read()
    assert list(spent["n_calls"]) == [n_asked, 0]
    assert spent["money"].iloc[0] == pytest.approx(n_asked * (100 * 0.1 + 1 * 0.4) / 1e6)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not [file for file in files if KEY.encode() in file.read_bytes()]


def test_a_judge_that_obeys_a_text_is_not_used_and_the_page_says_so(monkeypatch, capsys, run):
    before = load_analysis(run).brand_claims
    with chat_server(gullible(first_claim(run))) as chat:
        status, said = judge(monkeypatch, capsys, run, chat)
    assert status == 0
    assert "not used. Attacks that raise no grade" in said
    assert load_analysis(run).brand_claims[list(before.columns)].equals(before)
    assert "misses injection_resistance" in (run / "page.html").read_text()


def test_a_budget_that_ends_early_is_told_and_nothing_counts(monkeypatch, capsys, run):
    before = load_analysis(run).brand_claims
    with chat_server(honest(first_claim(run))) as chat:
        status, said = judge(monkeypatch, capsys, run, chat, money=0.001)
        assert status == 0
    assert "not judged to the end" in said
    assert len(chat.asked) * (100 * 0.1 + 1 * 0.4) / 1e6 <= 0.001
    assert load_analysis(run).brand_claims[list(before.columns)].equals(before)


def test_without_a_model_words_judge_and_change_no_verdict(monkeypatch, capsys, run):
    before = load_analysis(run).brand_claims
    status, said = call(monkeypatch, capsys, "judge", run, "--items", 25)
    assert status == 0, said
    assert "Faithful to the source" in said
    assert "by plain@1: not used" in said
    after = load_analysis(run)
    assert after.brand_claims[list(before.columns)].equals(before)
    assert after.reliability["rubric"].nunique() == 3


def test_every_shipped_rubric_finds_its_items_in_a_run(sample_analysis):
    for rubric in RUBRICS.values():
        items = list_items(sample_analysis, rubric, 30)
        assert len(items) == 30, rubric.name
        assert all(
            item.parts[part].strip()
            for item in items
            for part in rubric.parts
            if part != "other sources"
        )


def test_a_rubric_of_other_parts_and_an_unknown_one_are_told(
    monkeypatch, capsys, sample_analysis, run
):
    strange = Rubric(name="ten", title="Ten", criterion="c", steps=("s",), parts=("poem",))
    with pytest.raises(SettingsError, match="poem"):
        list_items(sample_analysis, strange, 5)
    status, said = call(monkeypatch, capsys, "judge", run, "--rubric", "nonsense")
    assert status == 2
    assert "answers-query" in said


def test_labels_of_people_are_read_and_a_file_that_is_none_is_told(tmp_path):
    (tmp_path / "labels.csv").write_text("item_id,grade\n007,4\na,1.5\n")
    assert read_labels(tmp_path / "labels.csv") == {"007": 4.0, "a": 1.5}
    (tmp_path / "labels.csv").write_text("item,grade\n1,4\n")
    with pytest.raises(SettingsError, match="item_id"):
        read_labels(tmp_path / "labels.csv")


def test_a_second_judging_keeps_what_the_first_found_and_a_judge_that_lost_trust_loses_its_verdicts(
    monkeypatch, capsys, run
):
    before = load_analysis(run).brand_claims
    assert (
        call(monkeypatch, capsys, "judge", run, "--items", 20, "--rubric", "answers-query")[0] == 0
    )
    with chat_server(honest(first_claim(run))) as chat:
        assert judge(monkeypatch, capsys, run, chat)[0] == 0
    both = load_analysis(run)
    assert both.reliability["judge"].nunique() == 2
    assert not both.brand_claims["verdict"].equals(before["verdict"])
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
    told = apply_verdicts(claims, rows, "m")
    assert set(told.loc[told["text"] == text, "verdict"]) == {"supported"}
    assert set(told.loc[told["text"] == text, "judge"]) == {"m"}
