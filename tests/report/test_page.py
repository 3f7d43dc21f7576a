import base64
import hashlib
import json
import re
import shutil
import subprocess
from dataclasses import replace

import lxml.html
import pytest

from coverage_kit.report.page import render_page, write_page
from coverage_kit.tables import GROUPS

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module")
def text(analysis):
    return render_page(analysis)


@pytest.fixture(scope="module")
def page(text):
    return lxml.html.document_fromstring(text)


def test_only_our_scripts_are_there_and_run_by_their_hash(page):
    running = [script for script in page.iter("script") if script.get("type") != "application/json"]
    policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    hashes = [base64.b64encode(hashlib.sha256(one.text.encode()).digest()).decode() for one in running]
    assert len(running) == 2
    assert re.search("script-src ([^;]*);", policy)[1].split() == [f"'sha256-{one}'" for one in hashes]
    assert policy.startswith("default-src 'none';")


def test_no_text_became_an_element_or_a_handler(page):
    assert {"img", "iframe", "object", "embed", "link", "base", "svg"}.isdisjoint(one.tag for one in page.iter())
    assert not [name for one in page.iter() for name in one.attrib if name.startswith("on")]
    assert "<script>alert(1)</script>" in page.text_content()


def test_nothing_is_loaded_from_elsewhere(page, text):
    assert not page.xpath("//@src")
    hrefs = {str(href) for href in page.xpath("//@href")}
    assert all(href.startswith(("#", "https://", "http://")) for href in hrefs)
    assert {one.tag for one in page.xpath("//*[@href]")} == {"a"}
    assert "url(" not in page.xpath("//style")[0].text
    assert "@import" not in text


def test_links_outward_tell_nothing(page):
    outward = [one for one in page.iter("a") if not one.get("href").startswith("#")]
    assert outward
    assert {one.get("rel") for one in outward} == {"noopener noreferrer"}


def test_links_inward_lead_somewhere(page):
    ids = set(page.xpath("//@id"))
    assert {href[1:] for href in map(str, page.xpath("//a/@href")) if href.startswith("#")} <= ids
    assert len(ids) == len(page.xpath("//@id"))


def test_figures_have_no_upload_button(page):
    plots = [json.loads(one.text) for one in page.xpath("//script[@type='application/json']")]
    assert len(plots) == 12
    assert all(plot["config"]["showSendToCloud"] is False for plot in plots)
    assert all(plot["data"] for plot in plots)


def test_text_of_data_blocks_cannot_end_them(text):
    blocks = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL)
    assert len(blocks) == 12
    assert not [block for block in blocks if "<" in block]


def test_gap_tells_queries_places_answers_and_edits(page):
    gap = page.get_element_by_id("gap-2")
    words = " ".join(gap.text_content().split())
    for part in ("battery, bike", "Answered, in other words", "80%", "70% to 85%", "Nearest own passage", "Edits: 2, 7, 12"):
        assert part in words
    assert gap.get("data-cause") == "Answered, in other words"


def test_edit_tells_brief_before_and_gain(page):
    words = " ".join(page.get_element_by_id("edit-2").text_content().split())
    for part in ("Add a question and its answer", "[FACT NEEDED: range]", "11 min", "19", "9 to 29", "planned"):
        assert part in words


def test_edit_shows_its_diff_with_words_for_those_who_hear_it(page):
    edit = page.get_element_by_id("edit-1")
    diffs = edit.xpath(".//blockquote[@class='diff']")
    assert len(diffs) == 2
    assert "".join(diffs[1].itertext()) == "It goes 55 [added: to 90] km."
    assert "Replace the passage" in edit.text_content()


def test_edit_tells_why_and_coverage_of_its_queries(page):
    edit = page.get_element_by_id("edit-2")
    words = " ".join(edit.text_content().split())
    assert "Why: Answered, in other words (coverage 10%; nearest own passage at cosine 0.41)" in words
    rows = [[" ".join(cell.text_content().split()) for cell in row.iter("td")] for row in edit.xpath(".//tbody/tr")]
    assert [row[1:] for row in rows] == [["3", "20%", "50%"], ["2", "20%", "60%"], ["4", "20%", "40%"]]
    assert rows[0][0].endswith("drafted from it: not counted")


def test_a_log_that_was_cut_down_is_told_of(tiny):
    def muted(analysis):
        return [one.text for one in lxml.html.fromstring(render_page(analysis)).findall(".//header/p[@class='muted']")]

    first, *others = tiny.queries["query_id"]
    rows = [{"query_id": one, "group_id": one, "similarity": 1.0, "text": one, "demand": 1.0} for one in (first, *others)]
    joined = {"query_id": "q-gone", "group_id": first, "similarity": 0.875, "text": "gone", "demand": 1.0}
    about = tiny.about | {"share_of_answers_kept": 0.25, "n_answers_read": 4_000}
    cut = replace(tiny, groups=GROUPS.table([*rows, joined]), about=about)
    grouped, sampled = muted(cut)
    assert grouped.startswith(f"{len(rows) + 1} distinct queries in {len(rows)} groups")
    assert "cosine of 0.88 or more" in grouped
    assert sampled == "Of 4,000 answers a sample of 25.0% is kept; all are counted."
    assert muted(tiny) == []


def test_harm_is_told_only_where_there_is_some(page):
    assert "harm" not in page.get_element_by_id("edit-1").text_content()
    assert "harm to others: 0.50 queries" in page.get_element_by_id("edit-2").text_content()


def test_no_edit_is_listed_apart(page):
    assert "winter, bike: Answers cite <b>third parties</b> only." in page.get_element_by_id("edits").text_content()
    assert not page.xpath("//*[@id='edit-13']")


def test_same_analysis_gives_the_same_bytes(analysis, text, tmp_path):
    assert write_page(analysis, tmp_path / "page.html").read_bytes() == text.encode("utf-8")


def test_empty_analysis_says_that_coverage_cannot_be_told(empty):
    page = lxml.html.document_fromstring(render_page(empty))
    assert "cannot be told well" in page.xpath("//p[contains(@class, 'warning')]")[0].text_content()
    assert "No cluster of questions was found." in page.text_content()


def test_weak_self_test_is_a_warning(tiny):
    weak = replace(tiny, about={**tiny.about, "self_test": {**tiny.about["self_test"], "auc": 0.6}})
    page = lxml.html.document_fromstring(render_page(weak))
    assert "read the ranking as a list of things to look at" in page.xpath("//p[@class='trust warning']")[0].text_content()


def test_five_thousand_queries_stay_light(large):
    text = render_page(large)
    page = lxml.html.document_fromstring(text)
    assert len(text) < 8_000_000
    assert len(list(page.iter())) < 2_000
    assert "and 617 more" in page.get_element_by_id("gap-1").text_content()  # 5,000 / 8 queries, 8 shown


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium to draw the page: install Debian's package")
def test_figures_are_drawn_under_the_pages_own_policy(tiny, tmp_path):
    path = write_page(tiny, tmp_path / "page.html")
    switches = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    switches += ["--disable-background-networking", "--disable-component-update", "--window-size=1200,9000"]
    command = [CHROMIUM, *switches, f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=3000", "--dump-dom"]
    run = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, timeout=60, check=True)
    drawn = lxml.html.document_fromstring(run.stdout)
    assert len(drawn.xpath("//div[contains(@class, 'js-plotly-plot')]")) == 12
    assert drawn.xpath("//*[local-name()='path' and contains(@class, 'point')]")
    assert drawn.xpath("//button[contains(@class, 'modebar-btn')]")
    buttons = " ".join(map(str, drawn.xpath("//*[contains(@class, 'modebar-btn')]/@data-title")))
    assert not re.search("cloud|share|plotly", buttons, re.IGNORECASE)
    assert drawn.get_element_by_id("count").text == "1 gap"
