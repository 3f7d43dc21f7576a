"""The command that lets a model write drafts, with made-up tables and a local server."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from coverage_kit import tables
from coverage_kit.analysis import Analysis, save_analysis
from coverage_kit.tasks.briefs import list_briefs
from coverage_kit.tasks.draft import write_prompt
from coverage_kit.tasks.draft_check import check_draft
from tests.chat_server import KEY, Reply, chat_server
from tests.commands.test_app import call
from tests.commands.test_apply import write_run

LEAD = "Mineral oil of 99 brands works well in each of our brakes."
SECTION = "## Which oil?\n\n[FACT NEEDED: what is true of your own offer?]"
PASSAGE = "shop.example/p.html#0"


def write_drafted(folder) -> Analysis:
    """Write a run with four edits, and return it.

    It has a heading to reword (e1), a section to add (e2), a passage to extend (e3) and a page to
    add (e5).
    """
    run = write_run(folder)
    texts = {
        "e1": (None, "How?"),
        "e2": (None, SECTION),
        "e3": ("Open the lever.", f"Open the lever.\n\n{SECTION[15:]}"),
        "e5": (None, "# Oils\n\n## Which oil?\n\n[FACT NEEDED: oil]"),
    }
    kinds = {
        "e1": "reword_heading",
        "e2": "add_question_and_answer",
        "e3": "extend_passage",
        "e5": "add_page",
    }
    edits = run.edits.assign(edit_id=run.edits["edit_id"].replace("e4", "e5"))
    edits["operation"] = edits["edit_id"].map(kinds)
    edits["before"] = edits["edit_id"].map(lambda edit_id: texts[edit_id][0])
    edits["after"] = edits["edit_id"].map(lambda edit_id: texts[edit_id][1])
    changes = run.changes.assign(before=[None, None, "Open the lever."], passage_id=[PASSAGE] * 3)
    questions = [
        ("q1", "which oil do I need", 5.0),
        ("q2", "how much oil", 9.0),
        ("q3", "is it dear", 1.0),
    ]
    rows = [
        {
            "query_id": name,
            "text": text,
            "demand": demand,
            "first_asked_at": pd.NaT,
            "last_asked_at": pd.NaT,
        }
        for name, text, demand in questions
    ]
    effects = [
        {
            "edit_id": "e2",
            "query_id": name,
            "coverage_before": 0.0,
            "coverage_after": 0.5,
            "answer_probability": 1.0,
            "weight": 1.0,
            "is_drafted_from": name != "q3",
        }
        for name, _, _ in questions
    ]
    clusters = [{"cluster_id": "c", "query_id": "q3", "membership": 1.0}]
    # your own words are no extract, nor is what you have to find out
    facts = [
        {
            "edit_id": edit_id,
            "position": position,
            "text": text,
            "n_answers": 1,
            "n_answers_of_edit": 2,
            "is_known": is_known,
            "slot": slot,
        }
        for edit_id in ("e2", "e3")
        for position, (text, is_known, slot) in enumerate(
            [(LEAD, False, None), ("It is red.", True, None), ("Theirs is blue.", False, "colour")]
        )
    ]
    made = {
        "edits": tables.EDITS.table(edits.to_dict("records")),
        "changes": tables.CHANGES.table(changes.to_dict("records")),
        "queries": tables.QUERIES.table(rows),
        "effects": tables.EFFECTS.table(effects),
        "clusters": tables.CLUSTERS.table(clusters),
        "facts": tables.FACTS.table(facts),
    }
    analysis = Analysis(**{**run.tables(), **made}, about=run.about)
    save_analysis(analysis, folder / "run")
    return analysis


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("SHOP_KEY", KEY)
    return tmp_path


def write_settings(folder, chat):
    draft = f'[draft]\nmodel = "small"\nbase_url = "{chat.base_url}"\napi_key_env = "SHOP_KEY"\n'
    (folder / "c.toml").write_text(f'[site]\nsource = "site"\n{draft}')
    return ("--settings", "c.toml")


def test_briefs_hold_the_section_the_questions_and_the_marked_extracts(folder):
    section, longer, page = list_briefs(write_drafted(folder), ["e1", "e2", "e3", "e5"])
    assert section.headings == ("## Which oil?",)
    assert section.questions == ("how much oil", "which oil do I need")
    assert section.own_words == "Our name: Shop\n\nBrakes > Bleed\nOpen the lever."
    assert section.extracts == (f"[EXTRACT TO CHECK] “{LEAD}”",)
    assert (longer.headings, longer.before, longer.questions) == (
        (),
        "Open the lever.",
        ("is it dear",),
    )
    assert longer.extracts == section.extracts
    assert page.headings == ("# Oils", "## Which oil?")


def test_a_drafter_sees_what_is_missing_of_the_answers_to_its_questions(folder):
    items = [("q1", "the grade"), ("q2", "the amount"), ("q3", "the price")]
    run = replace(
        write_drafted(folder),
        missing_items=tables.MISSING_ITEMS.table(
            [{"query_id": name, "item": item, "checked_by": "m"} for name, item in items]
        ),
    )
    (brief,) = list_briefs(run, ["e2"])
    assert brief.missing == ("the grade", "the amount")
    system, user = write_prompt(brief)
    assert "MISSING\n- the grade\n- the amount\n</missing-" in user
    assert "the grade" not in system


def test_drafts_are_written_kept_and_applied(folder, monkeypatch, capsys):
    write_drafted(folder)
    with chat_server(lambda number, body: Reply(text="Open the lever. Use Oily 5 W oil.")) as chat:
        options = write_settings(folder, chat)
        status, output = call(
            monkeypatch, capsys, "draft", "run", *options, "--top", "3", "--out", "drafts.json"
        )
        assert status == 0, output
        assert "2 drafted, 0 kept from before, 0 failed, in drafts.json." in output
        assert "1 edits need none" in output
        assert len(chat.asked) == 2
        status, output = call(
            monkeypatch,
            capsys,
            "draft",
            "run",
            *options,
            "--edit",
            "e2",
            "--edit",
            "e5",
            "--out",
            "drafts.json",
        )
        assert status == 0, output
        assert "1 drafted, 1 kept" in output
        assert len(chat.asked) == 3
    drafts = json.loads((folder / "drafts.json").read_text())
    text = "Open the lever. Use [FACT NEEDED: is “Oily 5 W” true?] oil."
    assert drafts == {
        "e2": f"## Which oil?\n\n{text}",
        "e3": f"Open the lever.\n\n{text}",
        "e5": f"# Oils\n\n{text}",
    }
    assert KEY not in "".join(
        file.read_text(errors="replace") for file in folder.rglob("*") if file.is_file()
    )
    (folder / "drafts.json").write_text(
        json.dumps({"e2": drafts["e2"].replace("[FACT NEEDED: is “Oily 5 W” true?]", "our")})
    )
    status, output = call(
        monkeypatch,
        capsys,
        "apply",
        "run",
        "--to",
        "copy",
        "--edit",
        "e2",
        "--drafts",
        "drafts.json",
    )
    assert status == 0, output
    assert (
        "<h2>Which oil?</h2>\n<p>Open the lever. Use our oil.</p>"
        in (folder / "copy/p.html").read_text()
    )


def test_an_edit_that_fails_is_reported_and_the_others_are_drafted(folder, monkeypatch, capsys):
    write_drafted(folder)
    with chat_server(
        lambda number, body: Reply(404, "no") if number == 0 else Reply(text="Open it.")
    ) as chat:
        options = write_settings(folder, chat)
        status, output = call(monkeypatch, capsys, "draft", "run", *options, "--top", "3")
    assert status == 1
    assert "e2: no draft." in output
    assert "1 drafted, 0 kept from before, 1 failed" in output
    assert KEY not in output
    assert list(json.loads((folder / "run/drafts.json").read_text())) == ["e3"]


def test_a_kept_draft_of_another_run_is_reported(folder, monkeypatch, capsys):
    write_drafted(folder)
    (folder / "d.json").write_text('{"e2": "## Which saddle?\\n\\nOurs."}')
    with chat_server(lambda number, body: Reply()) as chat:
        status, output = call(
            monkeypatch,
            capsys,
            "draft",
            "run",
            *write_settings(folder, chat),
            "--edit",
            "e2",
            "--out",
            "d.json",
        )
        assert (status, chat.asked) == (0, [])
    assert "begins unlike the edit" in output


def test_without_a_model_the_cure_is_shown_and_nothing_is_written(folder, monkeypatch, capsys):
    write_drafted(folder)
    status, output = call(monkeypatch, capsys, "draft", "run")
    assert status == 2
    assert "[draft] in coverage.toml" in output
    assert not (folder / "run/drafts.json").exists()
    status, output = call(monkeypatch, capsys, "draft", "run", "--top", "1", "--edit", "e2")
    assert (status, "--top or --edit" in output) == (2, True)


@pytest.mark.parametrize(
    "line", ['api_key_env = "sk-secret-1"', 'base_url = "https://me:sk-secret-1@x.example"']
)
def test_a_key_written_into_the_settings_is_refused_and_not_repeated(
    folder, monkeypatch, capsys, line
):
    write_drafted(folder)
    (folder / "c.toml").write_text(f'[site]\nsource = "site"\n[draft]\nmodel = "m"\n{line}\n')
    status, output = call(monkeypatch, capsys, "draft", "run", "--settings", "c.toml")
    assert status == 2
    assert "draft." in output
    assert "secret" not in output


def test_a_heading_that_repeats_a_logged_question_asks(folder):
    run = write_drafted(folder)
    queries = run.queries.replace({"which oil do I need": "oil of 5 W from https://oil.example/x"})
    passages = run.passages.assign(heading_path="Brakes > Oil of 5 W from")
    (brief,) = list_briefs(replace(run, queries=queries, passages=passages), ["e2"])
    assert brief.own_words.endswith("\n\nBrakes > Oil of 5 W from?\nOpen the lever.")
    assert "5 W" not in check_draft("Use 5 W.", brief).replace("“5 W”", "")
