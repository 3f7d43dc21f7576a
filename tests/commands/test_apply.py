"""The command that makes a run's edits in a copy of its site, on a run with made-up tables."""

import json
import tomllib

import pandas as pd
import pytest

from coverage_kit import tables
from coverage_kit.analysis import FORMAT, About, Analysis, save_analysis
from coverage_kit.collect.passages import split_pages
from coverage_kit.collect.site import read_site
from coverage_kit.settings import make_settings, read_settings
from coverage_kit.storage.digests import write_manifest
from tests.commands.test_app import call

PAGE = (
    "<html lang=en><title>Brakes</title><body><main><h1>Brakes</h1><h2>Bleed</h2>"
    "<p>Open the lever.</p></main></body></html>"
)
BASE = "https://www.shop.example"


def edit(number: int, *, is_chosen: bool, operation: str = "reword_heading") -> dict:
    zeros = dict.fromkeys(("gain", "low", "high", "harm", "marginal_gain"), 0.0)
    values = {
        "cluster_id": "c",
        "page_id": "shop.example/p.html",
        "heading_path": "Bleed",
        "brief": "brief",
    }
    own = {"edit_id": f"e{number}", "operation": operation, "is_chosen": is_chosen, "rank": number}
    return {**zeros, **values, **own, "cost_minutes": 3.0, "n_words": 3}


def change(
    number: int, action: str, before: str | None, after: str, passage: str | None = None
) -> dict:
    target = {
        "page_id": "shop.example/p.html",
        "heading_path": "Brakes > Bleed",
        "passage_id": passage,
    }
    return {
        "edit_id": f"e{number}",
        "position": 0,
        "action": action,
        **target,
        "before": before,
        "after": after,
    }


def write_run(folder, base_url=BASE, source=None) -> Analysis:
    """Write a site and a run on it, and return the run.

    Edit 2 is chosen, edit 1 is not, edit 3 cannot be made, and edit 4 is for a gap without an edit.
    """
    site = folder / "site"
    site.mkdir()
    (site / "p.html").write_text(PAGE)
    settings = make_settings(
        {
            "site": {"source": str(site), "base_url": base_url, "brand": ["Shop"]},
            "competitors": [{"source": "https://rival.example"}],
            "log": {"files": [str(folder / "log.jsonl")], "columns": {"query": 'The "Prompt"'}},
        }
    )
    pages = read_site(settings.site)
    empty = {
        schema.name: schema.empty()
        for schema in tables.SCHEMAS
        if schema.name in Analysis.__dataclass_fields__
    }
    edits = [edit(1, is_chosen=False), edit(2, is_chosen=True), edit(3, is_chosen=False)]
    edits.append(edit(4, is_chosen=False, operation="no_edit"))
    changes = [
        change(1, "replace_heading", "Bleed", "How do I bleed a brake?"),
        change(
            2,
            "insert_section",
            None,
            "## Which oil?\n\n[FACT NEEDED: oil]",
            "shop.example/p.html#0",
        ),
        change(3, "replace_passage", "Never there.", "x"),
    ]
    values = settings.model_dump(mode="json")
    if source is not None:
        values["site"]["source"] = source
    about = About(own_site="shop.example", settings=values)
    made = {"pages": pages, "passages": split_pages(pages), "edits": tables.EDITS.table(edits)}
    analysis = Analysis(**{**empty, **made, "changes": tables.CHANGES.table(changes)}, about=about)
    save_analysis(analysis, folder / "run")
    return analysis


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_chosen_edits_are_made_and_the_settings_lead_to_the_copy(folder, monkeypatch, capsys):
    write_run(folder)
    status, output = call(monkeypatch, capsys, "apply", "run", "--to", "copy")
    assert status == 0, output
    assert "<h2>Which oil?</h2>" in (folder / "copy/p.html").read_text()
    assert "<h2>Bleed</h2>" in (folder / "copy/p.html").read_text()
    assert (folder / "site/p.html").read_text() == PAGE
    assert "1 of 1 edits made in copy" in output
    assert f"coverage-kit run {folder / 'copy.toml'}" in output
    again = read_settings(folder / "copy.toml")
    assert again.site.source == str(folder / "copy")
    assert (again.site.base_url, again.site.brand, again.out) == (
        BASE,
        ("Shop",),
        str(folder / "copy-run"),
    )
    assert again.competitors[0].source == "https://rival.example"
    assert again.log.columns == {"query": 'The "Prompt"'}
    pages = read_site(again.site)
    assert list(pages["page_id"]) == ["shop.example/p.html"]
    assert tomllib.loads((folder / "copy.toml").read_text())["seed"] == 0


def test_top_and_named_edits_are_made_in_the_order_of_ranks(folder, monkeypatch, capsys):
    write_run(folder)
    status, output = call(monkeypatch, capsys, "apply", "run", "--to", "copy", "--top", "3")
    assert status == 0, output
    text = (folder / "copy/p.html").read_text()
    assert text.index("How do I bleed a brake?") < text.index("Which oil?")
    assert "2 of 3 edits made in copy" in output
    assert "the words are not in the file" in output
    status, output = call(monkeypatch, capsys, "apply", "run", "--to", "copy", "--edit", "e1")
    assert status == 0, output
    assert "Which oil?" not in (folder / "copy/p.html").read_text()


def test_an_edit_without_changes_is_reported(folder, monkeypatch, capsys):
    analysis = write_run(folder)
    few = analysis.changes[analysis.changes["edit_id"] != "e1"]
    save_analysis(Analysis(**{**analysis.tables(), "changes": few}, about=analysis.about), "run")
    status, output = call(monkeypatch, capsys, "apply", "run", "--to", "copy", "--top", "2")
    assert status == 0, output
    assert "the run lists no change for it" in output
    assert "1 of 2 edits made in copy" in output


def test_drafts_are_inserted(folder, monkeypatch, capsys):
    write_run(folder)
    (folder / "drafts.json").write_text(json.dumps({"e2": "Mineral oil, <b>never</b> DOT."}))
    status, output = call(
        monkeypatch, capsys, "apply", "run", "--to", "copy", "--drafts", "drafts.json"
    )
    assert status == 0, output
    text = (folder / "copy/p.html").read_text()
    assert "<h2>Which oil?</h2>\n<p>Mineral oil, &lt;b&gt;never&lt;/b&gt; DOT.</p>" in text
    assert "FACT NEEDED" not in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--edit", "e9"], "ids of edits of the run"),
        (["--edit", "e4"], "ids of edits of the run"),  # no_edit has nothing to make
        (["--edit", "e1", "--top", "2"], "--top or --edit"),
        (["--drafts", "none.json"], "a JSON file of drafts"),
        (["--drafts", "list.json"], "an object of texts"),
        (["--drafts", "other.json"], "drafts of edits that are applied"),
        (["--to", "site/inner"], "a folder outside the site"),
        (["--to", "full"], "a new or empty folder"),
        (["--to", "taken"], "a free path for the copy's settings"),
    ],
)
def test_what_cannot_be_used_is_reported_and_nothing_written(
    folder, monkeypatch, capsys, options, message
):
    write_run(folder)
    (folder / "list.json").write_text("[]")
    (folder / "other.json").write_text('{"e1": "x"}')
    (folder / "taken.toml").write_text("mine")
    (folder / "full").mkdir()
    (folder / "full/file").write_text("mine")
    before = sorted(folder.rglob("*"))
    status, output = call(
        monkeypatch,
        capsys,
        "apply",
        "run",
        *(options if "--to" in options else ["--to", "copy", *options]),
    )
    assert status == 2, output
    assert message in output
    assert sorted(folder.rglob("*")) == before


def test_a_site_that_is_no_folder_is_reported(folder, monkeypatch, capsys):
    write_run(folder, source="https://www.shop.example/sitemap.xml")
    status, output = call(monkeypatch, capsys, "apply", "run", "--to", "copy")
    assert status == 2
    assert (
        "a run on a site that is a local folder; found https://www.shop.example/sitemap.xml"
        in output
    )


def test_nothing_chosen_is_reported(folder, monkeypatch, capsys):
    analysis = write_run(folder)
    save_analysis(
        Analysis(
            **{**analysis.tables(), "edits": analysis.edits.assign(is_chosen=False)},
            about=analysis.about,
        ),
        "run",
    )
    status, output = call(monkeypatch, capsys, "apply", "run", "--to", "copy")
    assert status == 2
    assert "no edit chosen" in output


def test_without_a_base_url_the_copys_name_matters(folder, monkeypatch, capsys):
    write_run(folder, base_url="")
    changes = pd.read_parquet(folder / "run/tables/changes.parquet").assign(
        page_id="site/p.html", passage_id="site/p.html#0"
    )
    changes.to_parquet(folder / "run/tables/changes.parquet")
    write_manifest(folder / "run/tables", FORMAT)
    status, output = call(monkeypatch, capsys, "apply", "run", "--to", "copy")
    assert status == 0, output
    assert "page ids agree only if the copy's folder is also named site" in output
    status, output = call(monkeypatch, capsys, "apply", "run", "--to", "other/site")
    assert status == 0, output
    assert "page ids agree" not in output


def test_report_writes_json_and_lists(folder, monkeypatch, capsys):
    write_run(folder)
    status, output = call(monkeypatch, capsys, "report", "run")
    assert status == 0, output
    assert json.loads((folder / "run/edits.json").read_text())["edits"][1]["slots"] == ["oil"]
    assert (
        "| [shop.example/p.html](shop-example-p-html.md) | 1 | 3 | 0 |"
        in (folder / "run/todo/index.md").read_text()
    )


@pytest.mark.parametrize(
    "to",
    [
        "site",
        "site/copy",
        "site/../site/copy",
        "link",
        "link/copy",
        "out/back/copy",
        ".",
        "link/..",
    ],
)
def test_no_spelling_of_a_path_leads_into_the_site(tmp_path, monkeypatch, capsys, to):
    write_run(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "site")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/back").symlink_to("../site")
    before = sorted(path.name for path in (tmp_path / "site").rglob("*"))
    monkeypatch.chdir(tmp_path)
    status, output = call(monkeypatch, capsys, "apply", "run", "--to", to)
    assert status == 2, output
    assert "coverage-kit: " in output
    assert sorted(path.name for path in (tmp_path / "site").rglob("*")) == before
    assert (tmp_path / "site/p.html").read_text() == PAGE


def test_a_site_behind_a_link_is_copied_and_a_link_that_leaves_it_is_not(
    tmp_path, monkeypatch, capsys
):
    write_run(tmp_path)
    (tmp_path / "site").rename(tmp_path / "real")
    (tmp_path / "site").symlink_to("real")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/key.html").write_text("secret")
    (tmp_path / "real/out.html").symlink_to(tmp_path / "secret/key.html")
    (tmp_path / "real/folder").symlink_to(tmp_path / "secret")
    (tmp_path / "real/same.html").symlink_to("p.html")
    (tmp_path / "copies").mkdir()
    (tmp_path / "to").symlink_to("copies")
    monkeypatch.chdir(tmp_path)
    status, output = call(monkeypatch, capsys, "apply", "run", "--to", "to/copy")
    assert status == 0, output
    copy = tmp_path / "copies/copy"
    assert sorted(path.name for path in copy.rglob("*.html")) == ["p.html", "same.html"]
    assert (copy / "p.html").read_text() == (copy / "same.html").read_text() != PAGE
    assert not any(path.is_symlink() for path in copy.rglob("*"))
    assert (tmp_path / "secret/key.html").read_text() == "secret"
    assert (tmp_path / "real/p.html").read_text() == PAGE
