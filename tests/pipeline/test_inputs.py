"""What a run reads of a site: not itself, not its cache, not other sites; each text once."""

import json

import pytest

from coverage_kit.pipeline.inputs import collect_pages, read_inputs
from coverage_kit.pipeline.run import open_run
from coverage_kit.settings import make_settings
from tests.encoder import WordEncoder


def settings_of(folder, **sections):
    values = {
        "site": {"source": str(folder / "site"), "base_url": "https://a.com"},
        "out": str(folder / "site" / "results"),
        "cache": str(folder / "site" / "kept"),
    }
    return make_settings(values | sections)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site").mkdir()
    return tmp_path / "site"


def write(path, words):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"<html><title>{path.stem}</title><body><main><p>{words}</p></main></body></html>"
    )


def test_out_cache_and_other_sites_inside_the_sites_folder_are_not_its_content(site, tmp_path):
    write(site / "a.html", "Words of ours.")
    write(site / "results" / "page.html", "Every answer.")
    write(site / "kept" / "b.com" / "x.html", "Words that were fetched.")
    write(site / "rivals" / "b" / "c.html", "Words of theirs.")
    rival = {"source": str(site / "rivals" / "b"), "base_url": "https://b.com"}
    sites = collect_pages(settings_of(tmp_path, competitors=[rival]))
    assert sites.pages["page_id"].tolist() == ["a.com/a.html", "b.com/c.html"]


def test_a_citation_of_a_copy_is_a_citation_of_the_site(site, tmp_path):
    write(site / "tea.html", "Green tea is steeped for two minutes in water of 80 degrees.")
    write(
        site / "print" / "tea.html", "Green tea is steeped for two minutes in water of 80 degrees."
    )
    log = tmp_path / "log.jsonl"
    records = [
        {"query": f"how long {name}", "answer": "Two.", "citations": [f"https://a.com/{path}"]}
        for name, path in (("copy", "print/tea.html"), ("page", "tea.html"), ("other", "no.html"))
    ]
    log.write_text("\n".join(map(json.dumps, records)))
    settings = settings_of(tmp_path, log={"files": [str(log)]})
    inputs = read_inputs(open_run(settings, WordEncoder()))
    cited = dict(zip(inputs.log.queries["text"], inputs.is_cited, strict=True))
    assert cited == {"how long copy": True, "how long page": True, "how long other": False}


def test_a_site_of_nothing_but_copies_of_one_page_is_read_as_that_page(site, tmp_path):
    for number in range(10):
        write(site / f"tea-{number}.html", "Green tea is steeped for two minutes.")
    log = tmp_path / "log.jsonl"
    log.write_text(json.dumps({"query": "how long"}))
    settings = settings_of(tmp_path, log={"files": [str(log)]})
    inputs = read_inputs(open_run(settings, WordEncoder()))
    assert inputs.own_passages["page_id"].tolist() == ["a.com/tea-0.html"]
    assert inputs.pages["status"].tolist() == [
        "ok",
        *["duplicate of https://a.com/tea-0.html"] * 9,
    ]
