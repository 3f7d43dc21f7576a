"""The page as readers use it, in a real browser.

What a link, a click on a summary or a point of the map changes comes a moment later: `expect` waits
for it, a plain assertion does not.
"""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import expect

from coverage_kit.report import figures
from coverage_kit.report.page import write_page
from tests.report.conftest import HOSTILE, make_analysis, make_second_run

VIEWS = ("overview", "gaps", "edits", "visibility", "pages", "engine")
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
# The page's ground, and the text of the first plot that the reader sees.
COLOURS = """[
  getComputedStyle(document.body).backgroundColor,
  document.querySelector('.view.shown .plot').layout.font.color,
]"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The page of a second run of the made-up shop, with hostile texts in every table."""
    return write_page(
        make_second_run(make_analysis()), tmp_path_factory.mktemp("page") / "page.html"
    )


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """The page of 5,000 questions, some of them hostile, in 250 gaps, with a hundred edits."""
    return write_page(
        repeat(make_analysis(5_000), n_gaps=250, n_edits=100),
        tmp_path_factory.mktemp("large") / "page.html",
    )


def repeat(analysis, n_gaps, n_edits):
    """Return the analysis with its questions spread over `n_gaps` gaps, and `n_edits` edits."""
    names = [f"c{n % n_gaps}" for n in range(len(analysis.queries))]
    gaps = pd.concat([analysis.gaps] * -(-n_gaps // len(analysis.gaps)), ignore_index=True).head(
        n_gaps
    )
    ranks = range(1, n_gaps + 1)
    gaps = gaps.assign(
        cluster_id=[f"c{n}" for n in range(n_gaps)],
        rank=ranks,
        medoid_query_id=[f"q{n}" for n in range(n_gaps)],
    )
    own = analysis.edits[analysis.edits["operation"] != "no_edit"]
    edits = pd.concat([own] * -(-n_edits // len(own)), ignore_index=True).head(n_edits)
    edits = edits.assign(edit_id=[f"e{n}" for n in range(n_edits)], rank=range(1, n_edits + 1))
    return replace(
        analysis, clusters=analysis.clusters.assign(cluster_id=names), gaps=gaps, edits=edits
    )


def at(path, hash_=""):
    return path.as_uri() + hash_


def shown_gaps(page):
    return [
        int(item.get_attribute("data-rank"))
        for item in page.locator("#gaps .item[data-rank]:visible").all()
    ]


def scroll_through(page):
    """Scroll to every figure of the view, and wait until it is drawn."""
    for plot in page.locator(".view.shown .plot").all():
        plot.scroll_into_view_if_needed()
        page.wait_for_function(
            "name => document.getElementById(name).querySelector('.main-svg')",
            arg=plot.get_attribute("id"),
        )


def test_every_figure_is_drawn_under_the_pages_own_policy_without_a_button_to_upload(
    open_page, small, keep_screenshot
):
    page = open_page(small)
    for view in VIEWS:
        page.click(f"#tab-{view}")
        scroll_through(page)
        keep_screenshot(page, f"page-{view}", full_page=True)
    assert page.locator(".js-plotly-plot").count() == len(figures.FIGURES)
    assert page.locator(".plot path.point").count() > 100
    titles = page.eval_on_selector_all(
        "[data-title]", "all => all.map((button) => button.dataset.title).join(' ').toLowerCase()"
    )
    assert "pan" in titles
    assert not [word for word in ("cloud", "share", "upload") if word in titles]


def test_no_hostile_text_acts(open_page, small):
    page = open_page(small)
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    for text in HOSTILE:
        page.fill("#search", text[:80])
    page.click("#tab-gaps")
    page.select_option("#pick", "1")
    for details in page.locator(".view.shown .drawn").all():
        details.locator("summary").click()
    assert page.evaluate("document.querySelectorAll('img, iframe, object').length") == 0


def test_tabs_are_walked_by_arrow_keys_and_kept_in_the_address(open_page, small):
    page = open_page(small)
    page.focus("#tab-overview")
    page.keyboard.press("ArrowRight")
    assert page.locator("#tab-gaps").get_attribute("aria-selected") == "true"
    assert page.evaluate("document.activeElement.id") == "tab-gaps"
    assert page.evaluate("location.hash") == "#view=gaps"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("location.hash") == "#view=engine"
    visible = [view.get_attribute("id") for view in page.locator(".view:visible").all()]
    assert visible == ["view=engine"]
    page.go_back()
    starts = page.locator("#gaps, #hour, #retrieval, #plan").locator("visible=true")
    expect(starts.first).to_have_id("plan")


def test_the_first_screen_names_the_answer_the_gaps_the_edits_and_the_trust(open_page, small):
    page = open_page(small, viewport={"width": 1440, "height": 900})
    assert " in 10 of what people ask AI." in page.locator("h1").inner_text()
    for part in (".chip", ".tile >> nth=4", "#largest-gaps li >> nth=1", "#first li >> nth=2"):
        box = page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= 900
    page.click(".chip")
    expect(page.locator("#trust details")).to_be_in_viewport()
    page.click("#largest-gaps a >> nth=1")
    expect(page.locator("#gap-1 .body")).to_be_visible()


def test_the_name_of_a_view_is_a_link_to_it(open_page, small):
    page = open_page(at(small, "#engine"))
    expect(page.locator("#retrieval")).to_be_visible()
    expect(page.locator("text=This page has no")).to_have_count(0)


def test_the_bar_takes_a_line_on_a_desk_and_two_on_a_phone(open_page, small):
    for options, most in (({"viewport": {"width": 1280, "height": 800}}, 64), (PHONE, 96)):
        page = open_page(at(small, "#view=edits"), **options)
        assert page.locator(".bar").bounding_box()["height"] <= most


@pytest.mark.parametrize(
    ("link", "text"),
    [
        ("#gap-3", "What people ask"),
        ("#edit-2", "What to write"),
        ("#view=edits", "The next hour"),
        ("#ledger", "minilm"),
    ],
)
def test_a_link_opens_its_view_and_its_target(open_page, small, link, text):
    page = open_page(at(small, link))
    target = page.locator(f"[id='{link[1:]}']")
    expect(target.get_by_text(text).first).to_be_visible()
    assert target.evaluate("target => Math.abs(target.getBoundingClientRect().top) < innerHeight")


def test_a_link_to_a_view_keeps_the_headline_in_sight(open_page, small):
    for view in VIEWS:
        page = open_page(at(small, f"#view={view}"))
        page.wait_for_timeout(300)
        assert page.evaluate("scrollY") == 0
        page.context.close()


@pytest.mark.parametrize(
    ("link", "width"),
    [("#gap-3", 1280), ("#edit-2", 900), ("#questions", 390), ("#ledger", 900), ("#gap-3", 390)],
)
def test_a_link_scrolls_to_its_target_below_the_bar(open_page, small, link, width):
    page = open_page(at(small, link), viewport={"width": width, "height": 800})
    page.wait_for_timeout(300)
    top, ground, end = page.evaluate(
        """(name) => {
          const bar = document.querySelector(".bar").getBoundingClientRect();
          const target = document.getElementById(name).getBoundingClientRect();
          const page = document.documentElement;
          const isEnd = Math.ceil(scrollY + innerHeight) >= page.scrollHeight;
          return [target.top, Math.max(0, bar.bottom), isEnd];
        }""",
        link[1:],
    )
    assert top >= ground
    assert top < ground + 60 or end


@pytest.mark.parametrize("width", [1440, 1280, 390])
def test_a_reload_keeps_the_target_below_the_bar(open_page, small, width):
    page = open_page(at(small, "#edit-3"), viewport={"width": width, "height": 800})
    page.wait_for_timeout(300)
    page.reload()
    page.wait_for_timeout(600)
    top, ground = page.evaluate(
        """() => [
          document.getElementById("edit-3").getBoundingClientRect().top,
          document.querySelector(".bar").getBoundingClientRect().bottom,
        ]"""
    )
    assert ground <= top < ground + 60


def test_a_link_within_the_page_leads_into_another_view(open_page, small):
    page = open_page(at(small, "#edit-1"))
    page.locator("#edit-1 a[href='#gap-1']").click()
    expect(page.locator("#gap-1 .body")).to_be_visible()
    expect(page.locator("#edit-1")).to_be_hidden()
    expect(page.locator("#gap-1 summary.row")).to_be_focused()


@pytest.mark.parametrize("link", ["#gap-999", "#%E0%A4%A"])
def test_a_link_that_leads_nowhere_shows_the_overview_and_says_so(open_page, small, link):
    page = open_page(at(small, link))
    assert page.locator("#plan").is_visible()
    expect(page.locator("#notice")).to_contain_text("This page has no")
    page.click("#tab-gaps")
    assert page.locator("#notice").is_hidden()


def test_search_finds_gaps_by_any_of_their_questions_and_lists_these(open_page, small):
    page = open_page(small)
    page.keyboard.press("/")
    page.keyboard.type("THEFT bikes")
    # Of 40 questions, those numbered 20, 22 and 23 are about theft (hostile texts replace 21 and
    # 24). They are in the gaps n % 8 + 1.
    assert (
        page.locator("#found-count").inner_text()
        == "Search results: 3 of 8 topics, 3 of 40 questions, 2 of 12 edits."
    )
    heads = page.locator("#found-list a[href^='#gap-']").all_inner_texts()
    assert [head.split(":")[0] for head in heads] == ["topic 5", "topic 7", "topic 8"]
    first = page.locator("#found-list > div").first
    assert "how does theft matter for cargo bikes" in first.inner_text()
    assert set(map(str.lower, first.locator("mark").all_inner_texts())) == {"theft", "bikes"}
    page.click("#tab-gaps")
    # The list of covered topics is above that of topics out of reach.
    assert shown_gaps(page) == [5, 8, 7]
    assert page.locator("#asked tbody tr").count() == 3
    page.locator("#found-list a").first.click()
    expect(page.locator("#gaps .item[open]")).to_have_count(1)
    page.focus("#search")
    page.keyboard.press("Escape")
    assert page.locator("#found").is_hidden()
    assert shown_gaps(page) == [1, 2, 3, 4, 5]


def test_nothing_found_says_what_to_do_and_offers_no_link(open_page, small):
    page = open_page(at(small, "#view=gaps"))
    page.fill("#search", "no such words")
    expect(page.locator("#found-count")).to_contain_text("Search for fewer or shorter words")
    assert page.locator("#found a").count() == 0
    expect(page.locator("#no-gap")).to_contain_text("No topic fits")
    assert page.locator("#gaps .list:visible").count() == 0
    page.locator("#no-gap button").click()
    assert shown_gaps(page) == [1, 2, 3, 4, 5]


def test_search_filters_and_order_are_in_the_address_and_come_back_from_it(open_page, small):
    page = open_page(at(small, "#view=gaps"))
    page.locator("[data-key='theme']").select_option(label="Care (2)")
    page.locator("[data-of='gaps'][data-sort='demand']").click()
    page.fill("#search", "bike")
    address = page.evaluate("location.hash")
    assert address == "#view=gaps&q=bike&theme=t1&sort-gaps=-demand"
    page.locator("#gap-2 summary.row").click()
    expect(page.locator("#gap-2 .body")).to_be_visible()
    opened = page.evaluate("location.hash")
    assert opened == "#gap-2&q=bike&theme=t1&sort-gaps=-demand"
    again = open_page(at(small, opened))
    expect(again.locator("#gap-2 .body")).to_be_visible()
    assert again.input_value("#search") == "bike"
    assert again.input_value("[data-key='theme']") == "t1"
    assert shown_gaps(again) == [2, 4, 8, 6]  # the search shows the rest too
    again.evaluate("location.hash = '#view=gaps'")
    expect(again.locator("#search")).to_have_value("")
    assert shown_gaps(again) == [1, 2, 3, 4, 5]


def read_download(page, button):
    with page.expect_download() as download:
        page.locator(button).click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_what_is_shown_can_be_taken_as_csv_without_formulas(open_page, small):
    page = open_page(at(small, "#view=gaps"), accept_downloads=True)
    rows = read_download(page, "[data-csv='gaps']")
    assert [row["rank"] for row in rows] == ["1", "2", "3", "4", "5", "8", "6", "7"]
    page.locator("[data-key='theme']").select_option(label="Care (2)")
    rows = read_download(page, "[data-csv='gaps']")
    assert (rows[0]["rank"], rows[0]["gap"]) == ("2", "battery, bike")
    page.locator("[data-key='theme']").select_option("")
    texts = [row["question"] for row in read_download(page, "[data-csv='questions']")]
    assert len(texts) == 40
    assert any(text.startswith("'=") for text in texts)
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@"))]
    page.click("#tab-edits")
    rows = read_download(page, "[data-csv='edits']")
    assert [row["minutes"] for row in rows[:2]] == ["10", "11"]


def test_filters_keep_the_gaps_that_fit_all_of_them_and_show_the_count(open_page, small):
    page = open_page(at(small, "#view=gaps"))
    # The lists: 1 and 2 to close, 3 to 5 not seen, and 8, 6 and 7 in the rest, which is closed.
    assert shown_gaps(page) == [1, 2, 3, 4, 5]
    assert page.locator("#count").inner_text() == "5 topics, 3 more topics"
    page.select_option("[data-key='list']", "out of reach")
    assert shown_gaps(page) == [6, 7]
    page.select_option("[data-key='cause']", label="Off the site's subject (1)")
    assert shown_gaps(page) == [7]
    assert page.locator("#count").inner_text() == "0 of 5 topics, 1 of 3 more topics"
    assert page.locator("#asked-count").inner_text() == "1 to 5 of 5"
    page.select_option("[data-key='cause']", "")
    page.select_option("[data-key='list']", "")
    page.select_option("[data-key='theme']", label="Care (2)")
    assert shown_gaps(page) == [2, 4]
    page.select_option("[data-key='likelihood']", label="possible (1)")
    assert shown_gaps(page) == [2]
    expect(page.locator("#gaps .list[data-list='unseen'] .none")).to_be_visible()
    page.select_option("[data-key='theme']", "")
    page.select_option("[data-key='likelihood']", "")
    # Demand is 7 times the square of the rank: 112 at rank 4, 175 at 5, 252 at 6, 448 at 8.
    page.fill("[data-key='demand']", "150")
    assert shown_gaps(page) == [5]
    page.fill("[data-key='demand']", "200")
    assert shown_gaps(page) == [8, 6, 7]


def test_gaps_and_edits_can_be_sorted_by_any_heading(open_page, small):
    page = open_page(at(small, "#view=gaps"))
    assert shown_gaps(page) == [1, 2, 3, 4, 5]
    page.focus("[data-of='gaps'][data-sort='demand']")
    page.keyboard.press("Enter")
    # Demand is 7 times the square of the rank; each list keeps its gaps.
    assert shown_gaps(page) == [2, 1, 5, 4, 3]
    page.select_option("[data-key='list']", "out of reach")
    assert shown_gaps(page) == [7, 6]
    page.select_option("[data-key='list']", "")
    page.keyboard.press("Escape")
    page.click("[data-of='gaps'][data-sort='demand']")
    assert shown_gaps(page) == [1, 2, 3, 4, 5]  # ascending
    page.click("[data-of='gaps'][data-sort='name']")
    names = page.locator("#gaps .list[data-list='to close'] .name").all_inner_texts()
    assert names == sorted(names, key=str.casefold)
    page.click("[data-of='gaps'][data-sort='rank']")
    assert shown_gaps(page) == [1, 2, 3, 4, 5]
    page.click("#tab-edits")
    page.click("[data-of='edits'][data-sort='minutes']")
    page.click("[data-of='edits'][data-sort='minutes']")
    rows = page.locator("#edits .tickable")
    minutes = [float(row.get_attribute("data-minutes")) for row in rows.all()]
    assert minutes == sorted(minutes, reverse=True)


def test_filters_act_on_the_charts_too(open_page, small):
    page = open_page(at(small, "#view=gaps"))
    scroll_through(page)
    names = page.locator("#plot-gaps .ytick text")
    expect(names.first).to_have_text("<script>alert(7)</script>, =1+1")
    page.select_option("[data-key='theme']", label="Care (2)")
    expect(names).to_have_text(["battery, bike", "lease, bike"])
    points = page.locator("#plot-map path.point")
    hidden = points.evaluate_all("all => all.filter((one) => one.style.display === 'none').length")
    assert hidden > 0


def test_a_link_to_a_covered_topic_opens_its_list(open_page, small):
    page = open_page(at(small, "#gap-8"))
    expect(page.locator("#gap-8 .body")).to_be_visible()
    assert page.locator("#rest").get_attribute("open") is not None


def test_the_name_of_a_theme_on_the_map_lists_its_gaps(open_page, small):
    page = open_page(at(small, "#map"))
    page.wait_for_selector("#plot-map path.point")
    page.locator("#plot-map .annotation", has_text="Care").click()
    assert page.input_value("[data-key='theme']") == "t1"
    assert shown_gaps(page) == [2, 4]


def test_names_of_gaps_are_on_the_map_of_those_who_zoom_in(open_page, small):
    page = open_page(at(small, "#map"))
    page.wait_for_selector("#plot-map path.point")
    names = page.locator("#plot-map .annotation-text")
    assert names.all_text_contents() == ["<b>Rides</b> & range", "Care"]
    zoom = """(share) => {
      const map = document.getElementById("plot-map"), half = share / 2;
      const gap = map.layout.annotations.find((one) => one.name === "gap-2");
      const within = (at, length) => [at - half * length, at + half * length];
      const ranges = { "xaxis.range": within(gap.x, 8), "yaxis.range": within(gap.y, 3) };
      return Plotly.relayout(map, ranges);
    }"""
    page.evaluate(zoom, 0.4)
    expect(names.filter(has_text="battery, bike")).to_have_count(1)
    expect(names.filter(has_text="Care")).to_have_count(0)
    page.evaluate(zoom, 2)
    expect(names).to_have_text(["<b>Rides</b> & range", "Care"])


def test_edits_are_filtered_by_page_and_text(open_page, small):
    page = open_page(at(small, "#view=edits"))
    page.select_option("[data-key='page']", "shop.example/p1")
    assert page.locator(".tickable:visible").count() == 3
    assert page.locator("#edit-count").inner_text() == "3 of 12 edits"
    page.fill("#search", "retitle-nothing")
    assert page.locator("#edit-count").inner_text() == "0 of 12 edits"
    expect(page.locator("#no-edit")).to_be_visible()


def test_ticked_edits_are_summed_only_where_their_gains_add_up(open_page, small):
    page = open_page(at(small, "#view=edits"))
    page.check("#hour [data-edit='1']")
    page.check(".tickable [data-edit='2']")
    # The edits take 10 and 11 minutes; their marginal gains are 20 and 19.
    assert (
        page.locator("#ticked").inner_text()
        == "2 ticked: 21 minutes; together predicted to answer 39 more."
    )
    assert page.is_checked("#hour [data-edit='2']")
    page.uncheck(".tickable [data-edit='1']")
    # Without the first, the second may answer more: they may share questions.
    expect(page.locator("#ticked")).to_have_text(
        "1 ticked: 11 minutes; together predicted to answer at least 19 more."
    )
    page.reload()
    assert page.is_checked(".tickable [data-edit='2']")
    assert not page.is_checked(".tickable [data-edit='1']")


def test_questions_are_sorted_by_any_column_and_paged(open_page, large):
    page = open_page(at(large, "#questions"))
    cells = page.locator("#asked tbody tr")
    assert page.locator("#asked-count").inner_text() == "1 to 50 of 5,000"
    page.click("#next")
    assert page.locator("#asked-count").inner_text() == "51 to 100 of 5,000"
    page.locator("#asked [data-by='coverage']").click()
    shares = [int(text.rstrip("%")) for text in cells.locator("td:nth-child(3)").all_inner_texts()]
    assert shares == sorted(shares, reverse=True)
    page.locator("#asked [data-by='coverage']").click()
    shares = [int(text.rstrip("%")) for text in cells.locator("td:nth-child(3)").all_inner_texts()]
    assert shares == sorted(shares)
    assert page.locator("#asked [aria-sort]").get_attribute("aria-sort") == "ascending"
    by_times = page.locator("#asked [data-by='demand']")
    first = cells.first.locator("td").first
    by_times.click()
    most = first.inner_text()
    by_times.click()
    assert first.inner_text() != most
    by_times.click()
    assert first.inner_text() == most


def expect_lit_points(page, n):
    expect(page.locator("#plot-map path.point.lit")).to_have_count(n)


def test_a_gap_chosen_from_the_list_lights_its_points_on_the_map(open_page, small):
    page = open_page(at(small, "#view=gaps"))
    scroll_through(page)
    page.locator("#gap-5 summary.row").click()
    expect_lit_points(page, 5)
    assert page.input_value("#pick") == "5"
    page.select_option("#pick", "")
    expect_lit_points(page, 0)


def test_a_point_of_the_map_shows_its_gap_beside_the_map_and_only_there(
    open_page, small, keep_screenshot
):
    page = open_page(at(small, "#view=gaps"))
    page.wait_for_selector("#plot-map path.point")
    n_headings = page.get_by_text("What people ask", exact=True).count()
    point = page.locator("#plot-map .scatterlayer .trace").last.locator("path.point").first
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("#chosen .body")
    rank = page.input_value("#pick")
    assert page.locator("#chosen h3").inner_text().startswith(f"{rank}. ")
    for heading in ("What people ask", "Nearest on your site", "Nearest on another site"):
        assert heading in page.locator("#chosen").inner_text()
    expect_lit_points(page, 5)
    assert page.get_by_text("What people ask", exact=True).count() == n_headings
    keep_screenshot(page, "page-linked")
    page.locator(f"#gap-{rank} summary.row").click()
    expect(page.locator(f"#gap-{rank} .body")).to_be_visible()
    expect(page.locator("#chosen .body")).to_have_count(0)


def test_a_gap_is_chosen_by_keyboard_alone(open_page, small):
    page = open_page(at(small, "#view=gaps"))
    expect(page.locator("#chosen h3")).to_contain_text("1. ")  # the first is open from the start
    page.focus("#pick")
    page.keyboard.press("ArrowDown")
    assert page.locator("#chosen h3").inner_text().startswith("2. battery, bike")


def test_what_a_figure_draws_can_be_read_as_a_table(open_page, small):
    page = open_page(at(small, "#view=gaps"))
    page.locator("[data-plot='plot-gaps'] summary").click()
    rows = page.locator("[data-plot='plot-gaps'] tbody tr")
    expect(rows).to_have_count(5)
    assert "<script>alert(7)</script>" in rows.first.inner_text()
    assert "It was asked 7 times; 5 of 5 questions unanswered." in rows.first.inner_text()


def test_the_theme_follows_the_system_until_the_reader_chooses(open_page, small):
    def colours(page):
        return page.evaluate(COLOURS)

    def await_colours(page, expected):
        # Browsers report a change of the system's scheme after they repaint, and plots follow it.
        page.wait_for_function(f"wanted => ({COLOURS}).join() === wanted.join()", arg=expected)

    light, dark = open_page(small), open_page(small, color_scheme="dark")
    for page in (light, dark):
        scroll_through(page)
    by_light, by_dark = colours(light), colours(dark)
    assert by_light[0] != by_dark[0]
    assert by_light[1] != by_dark[1]
    light.click("#theme")
    await_colours(light, by_dark)
    light.click("#theme")
    await_colours(light, by_light)
    dark.emulate_media(color_scheme="light")
    await_colours(dark, by_light)


def walk_views(page, path):
    """Show each view in the same page with every figure drawn, and yield its name."""
    for view in VIEWS:
        # The address differs only in its fragment, so that nothing is loaded again.
        page.goto(at(path, f"#view={view}"))
        page.locator(f"[id='view={view}'].shown").wait_for()
        scroll_through(page)
        yield view


def test_a_phone_scrolls_no_view_sideways(open_page, small, keep_screenshot):
    page = open_page(small, **PHONE)
    for view in walk_views(page, small):
        for details in page.locator(".view.shown .item:not([hidden])").all()[:3]:
            details.evaluate("details => { details.open = true }")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        keep_screenshot(page, f"page-phone-{view}", full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_has_a_serious_fault_of_accessibility(
    open_page, small, check_accessibility, keep_screenshot, scheme
):
    page = open_page(small, color_scheme=scheme)
    for view in walk_views(page, small):
        for details in page.locator(".view.shown details:not([hidden])").all()[:4]:
            details.evaluate("details => { details.open = true }")
        page.fill("#search", "bike")
        check_accessibility(page)
        keep_screenshot(page, f"page-{scheme}-{view}")
        page.fill("#search", "")


def test_without_scripts_all_content_is_there(open_page, small):
    page = open_page(small, java_script_enabled=False)
    for name in ("plan", "gap-1", "hour", "pillars", "ledger", "visibility"):
        assert page.locator(f"#{name}").is_visible()
    assert page.locator("#search").is_hidden()
    assert "need JavaScript" in page.locator("noscript").inner_text()


def test_what_is_shown_is_printed_within_the_margins(open_page, small):
    page = open_page(small)
    for view in walk_views(page, small):
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        assert page.locator(".view:visible").evaluate_all("all => all.map((one) => one.id)") == [
            f"view={view}"
        ]
        hidden = page.locator("#search, .tabs, #theme, .filters, [data-csv]")
        assert hidden.locator("visible=true").count() == 0
        widths = page.eval_on_selector_all(
            ".view.shown .plot .main-svg",
            "all => all.map((plot) => plot.getBoundingClientRect().width)",
        )
        # The width of A4 without margins of 14 mm, at 96 pixels an inch.
        assert max(widths, default=0) <= 688
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        page.emulate_media(media="screen")


def test_a_managers_report_takes_six_pages_at_most(open_page, small):
    page = open_page(small)
    scroll_through(page)
    pdf = page.pdf(prefer_css_page_size=True)
    (n_pages,) = re.findall(rb"/Type /Pages\b[^>]*?/Count (\d+)", pdf)
    assert 2 <= int(n_pages) <= 6
    page.emulate_media(media="print")
    text = page.locator("#main").inner_text()
    for heading in ("Largest gaps", "Do first", "The plan", "How far to trust this"):
        assert heading in text


def test_a_page_of_five_thousand_questions_opens_and_searches_fast(open_page, large):
    assert large.stat().st_size < 15_000_000
    opened = []
    searched = []
    # The best of a few, because the machine has other work.
    for _ in range(5):
        page = open_page(large)
        opened.append(page.evaluate(ASK, "theft bikes"))
        count = page.locator("#found-count").inner_text()
        page.evaluate(ASK, "")
        page.click("#tab-gaps")
        page.wait_for_selector("#plot-map path.point")
        searched.append(
            max(page.evaluate(ASK_OFTEN, ["winter", "e", "question 47", "no such words", ""]))
        )
        page.context.close()
        if min(opened) < 3_000 and min(searched) < 200:
            break
    # Of 40 questions 5 are about theft; hostile texts replace two of these.
    assert "623 of 5,000 questions" in count
    assert min(opened) < 3_000
    assert min(searched) < 200


ASK = """(words) => { // milliseconds from the start of loading to the answer on the screen
  const box = document.getElementById("search");
  box.value = words;
  box.dispatchEvent(new Event("input"));
  document.body.getBoundingClientRect();
  return performance.now();
}"""
ASK_OFTEN = """(all) => all.map((words) => {
  const box = document.getElementById("search"), start = performance.now();
  box.value = words;
  box.dispatchEvent(new Event("input"));
  document.body.getBoundingClientRect();
  return performance.now() - start;
})"""
