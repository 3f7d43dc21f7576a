"""The notebooks in JupyterLab, in a real browser: cells run, figures and tables are drawn."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import replace
from statistics import median
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
import numpy as np
import openpyxl
import pytest
from axe_playwright_python.sync_playwright import Axe
from scipy.spatial.distance import cdist

from coverage_kit import what_if
from coverage_kit.analysis import save_analysis
from coverage_kit.collect.question_checks import read_checks_file
from coverage_kit.report.figure_data import query_points
from coverage_kit.report.outputs import write_outputs
from coverage_kit.report.wording import amount, minutes
from coverage_kit.vocabulary import CHOICES
from tests.test_notebooks import FIGURES, NOTEBOOKS, UNATTENDED

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
SETTINGS = {
    # By default JupyterLab asks whether to fetch news, and looks for updates.
    "apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
    # By default cells outside the window are not drawn.
    "notebook-extension/tracker": '{"windowingMode": "none"}',
}
PLAIN = [path for path in NOTEBOOKS if path not in UNATTENDED]
# Messages of JupyterLab on a busy machine: "Plugin x ... took 900.1ms to activate".
NOISE = r"Plugin \S+ .*(took [\d.]+ms|taking too long) to activate"

HAS_RUN = """([nCells, nFigures, nTables]) =>
    document.querySelector('[data-mime-type="application/vnd.jupyter.error"]')
    || [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
        .filter(prompt => /\\[\\d+\\]/.test(prompt.innerText)).length == nCells
    && document.querySelectorAll('.js-plotly-plot .cartesianlayer').length >= nFigures
    && document.querySelectorAll('.dt-container table.dataTable').length >= nTables"""
PLOTS_ARE_SAFE = """() => [...document.querySelectorAll('.js-plotly-plot')].every(
    plot => plot._context.showSendToCloud === false
        && plot._context.plotlyServerURL === '' && plot.data.length > 0)"""
# Whatever is wider than its output, cut off, or to be scrolled sideways. A line of a list of gaps
# cannot wrap, so its text is measured.
TOO_WIDE = """() => {
    const pen = document.createElement('canvas').getContext('2d');
    const isLong = option => {
        const list = option.closest('select');
        pen.font = getComputedStyle(list).font;
        return pen.measureText(option.text).width > list.clientWidth;
    };
    return [...document.querySelectorAll('.jp-OutputArea-output')].flatMap(output => {
        const right = output.getBoundingClientRect().right + 1;
        const parts = [output, ...output.querySelectorAll('*')].filter(
            part => !part.closest('svg, .modebar, .heard, .dt-scroll-sizing')
                && part.getBoundingClientRect().width > 1);
        return parts.filter(part => part.getBoundingClientRect().right > right
            || getComputedStyle(part).overflowX !== 'visible'
                && part.scrollWidth > part.clientWidth + 1
            || part.tagName === 'OPTION' && isLong(part));
    }).map(part => `${part.tagName} ${part.className}: ${part.textContent.slice(0, 80)}`);
}"""
# The headings of each table.
HEADINGS = """() => [...document.querySelectorAll('.dt-container table.dataTable')].map(
    table => [...table.querySelectorAll('th')].map(heading => heading.innerText.trim()))"""
MIDDLE_OF_POINT = """index => {
    const plot = document.querySelector('.js-plotly-plot');
    const layer = plot.querySelectorAll('.scatterlayer .trace')[4];
    const box = layer.querySelectorAll('path.point')[index].getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory, sample_analysis):
    """URL and folder of a local JupyterLab with a copy of the notebooks and a run of the sample."""
    root = tmp_path_factory.mktemp("lab")
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(
        NOTEBOOKS[0].parent,
        root / "notebooks",
        ignore=shutil.ignore_patterns("runs", ".ipynb_checkpoints"),
    )
    checks = {"checks": {"path": str(root / "checks.csv")}}
    about = replace(sample_analysis.about, settings=sample_analysis.about.settings | checks)
    analysis = replace(sample_analysis, about=about)
    write_outputs(analysis, save_analysis(analysis, root / "runs/demo"))
    for name, text in SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folders = {
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
    }
    variables = {name: str(home / folder) for name, folder in folders.items()}
    options = [
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={root}",
        "--IdentityProvider.token=",
        "--allow-root",
        "--LabApp.extension_manager=readonly",
        "--LabApp.news_url=None",
    ]
    log_path = home / "log.txt"
    with log_path.open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env={**os.environ, **variables},
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/api", server, log_path)
        yield f"http://127.0.0.1:{port}", root
    finally:
        server.terminate()
        server.wait(20)


def wait_for(address, server, log_path):
    for _ in range(240):
        assert server.poll() is None, log_path.read_text()
        try:
            return urlopen(address, timeout=2)  # noqa: S310 (an address on this machine)
        except (URLError, OSError):
            time.sleep(0.25)
    pytest.fail(log_path.read_text())


@pytest.fixture(scope="module")
def desk(browser):
    """A context of the browser for all notebooks, so that JupyterLab itself is loaded once."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.fixture
def run_all(lab, desk, open_page, keep_screenshot):
    """Return a function that opens a notebook and runs all its cells.

    It asserts that every cell ran and that every figure and table is drawn.
    """

    def run(name):
        address, _ = lab
        url = f"{address}/lab/workspaces/{name}/tree/notebooks/{name}.ipynb"
        page = open_page(url, noise=NOISE, within=desk)
        page.set_default_timeout(60_000)
        page.wait_for_function(
            "() => / Idle/.test(document.querySelector('#jp-main-statusbar')?.innerText)"
        )
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.locator(".lm-Menu-item", has_text=re.compile("^Run All Cells")).click()
        cells = [
            cell
            for cell in nbformat.read(NOTEBOOKS[0].with_name(f"{name}.ipynb"), 4).cells
            if cell.cell_type == "code"
        ]
        n_tables = sum(cell.source.count("show_table(") for cell in cells)
        page.wait_for_function(HAS_RUN, arg=[len(cells), FIGURES[name], n_tables], timeout=120_000)
        for kind in ("error", "stderr"):
            assert (
                page.locator(f'[data-mime-type="application/vnd.jupyter.{kind}"]').all_inner_texts()
                == []
            )
        assert page.locator(".js-plotly-plot").count() == FIGURES[name]
        assert page.locator(".dt-container").count() == n_tables
        assert page.evaluate(PLOTS_ARE_SAFE)
        # The list of files, which JupyterLab opens with, takes a fifth of the window.
        assert page.locator("#filebrowser").is_visible()
        assert page.evaluate(TOO_WIDE) == []
        tables = page.evaluate(HEADINGS)
        assert {len(table) for table in tables} <= {2, 3, 4, 5, 6}
        assert [name for table in tables for name in table if not name or "_" in name] == []
        keep_screenshot(page, f"lab_{name}")
        return page

    return run


@pytest.mark.parametrize("path", PLAIN, ids=lambda path: path.stem)
def test_each_runs_in_the_lab_and_draws_its_figures_and_tables(path, run_all):
    run_all(path.stem)


def test_numbers_and_shares_are_sorted_by_their_size(run_all):
    page = run_all("01_what_people_ask")
    for table, heading in (("topic", "times asked"), ("question", "answered")):
        box = page.locator(".dt-container", has=page.get_by_role("columnheader", name=heading))
        box = box.filter(has=page.locator("th:first-child", has_text=re.compile(f"^{table}$")))
        title = box.locator("thead th", has_text=heading).first
        column = title.evaluate("cell => cell.cellIndex")
        orders = []
        for order in ("ascending", "descending"):
            title.locator(".dt-column-order").click()
            box.locator(f"thead th[aria-sort={order}]").wait_for()
            cells = box.locator(f"tbody td:nth-child({column + 1})").all_inner_texts()
            orders.append([float(re.sub("[,%]", "", text)) for text in cells])
        assert orders == [sorted(orders[0]), sorted(orders[1], reverse=True)]
        assert orders[0][0] < orders[1][0]


def test_a_figure_has_its_title_in_the_colour_of_the_text(run_all):
    page = run_all("02_where_we_stand")
    colour = page.locator(".ck-lead").evaluate("lead => getComputedStyle(lead).color")
    titles = page.locator(".js-plotly-plot .gtitle")
    fills = {title.evaluate("title => getComputedStyle(title).fill") for title in titles.all()}
    assert fills == {colour}


def gap_of_a_free_point(analysis):
    """Return the gap, beyond the second, whose point on the map is farthest from other questions.

    Of two points at one spot, nobody can say which of them a click means.
    """
    points = query_points(analysis).set_index("query_id")[["x", "y"]]
    gaps = analysis.gaps[analysis.gaps["rank"] > 2]
    # Each point is at no distance from itself.
    distances = np.sort(cdist(points.loc[gaps["medoid_query_id"]], points), axis=1)[:, 1]
    return gaps.iloc[int(distances.argmax())]


def test_a_click_on_the_map_shows_the_gap_of_the_question_and_typing_opens_another(
    run_all, sample_analysis, keep_screenshot
):
    page = run_all("03_where_the_gaps_are")
    story = page.locator(".gap-story")
    first = sample_analysis.gaps.nsmallest(1, "rank").iloc[0]
    last = gap_of_a_free_point(sample_analysis)
    assert story.locator("h3").inner_text().startswith(f"{first['rank']}. ")
    index = list(query_points(sample_analysis)["query_id"]).index(last["medoid_query_id"])
    page.locator(".js-plotly-plot").first.scroll_into_view_if_needed()
    page.mouse.click(*page.evaluate(MIDDLE_OF_POINT, index))
    chosen = story.locator("tr.chosen td").first
    chosen.wait_for()
    query = sample_analysis.queries.set_index("query_id").loc[last["medoid_query_id"], "text"]
    assert chosen.inner_text().split() == query.split()
    assert story.locator("h3").inner_text().startswith(f"{last['rank']}. ")
    keep_screenshot(page, "lab_gap_clicked")
    page.get_by_placeholder("words, or a number").focus()
    page.keyboard.type("2.")
    story.locator("h3", has_text=re.compile("^2[.] ")).wait_for()


def test_ticked_edits_move_the_totals_and_the_workbook_is_written(
    run_all, lab, sample_analysis, keep_screenshot
):
    page = run_all("04_what_to_change")
    first, second = sample_analysis.edits.nsmallest(2, "rank")["edit_id"]
    boxes = page.locator(".widget-checkbox input")
    totals = page.locator(".edit-totals .large")
    assert totals.inner_text() == "Nothing is ticked."
    questions = page.locator(".edit-story td:first-child")
    assert questions.count() > 0
    alignment = "cell => getComputedStyle(cell).textAlign"
    assert {cell.evaluate(alignment) for cell in questions.all()} == {"left"}
    for number, ticked in enumerate([[first], [first, second]]):
        boxes.nth(number).check()
        prediction = what_if(sample_analysis, ticked)
        expected = (
            f"{minutes(prediction.cost_minutes)} minutes: "
            f"{amount(prediction.gain)} more questions answered"
        )
        page.locator(".edit-totals .large", has_text=expected).wait_for()
    page.get_by_role("button", name="Workbook").click()
    page.get_by_text(re.compile("Wrote .*gaps-2.xlsx")).wait_for()
    assert (
        "gaps"
        in openpyxl.load_workbook(lab[1] / "runs/demo/gaps-2.xlsx", read_only=True).sheetnames
    )
    keep_screenshot(page, "lab_edits_ticked")


CHECKS = "08_check_fifty_questions"
# The kind of each cell.
CELLS = """() => [...document.querySelectorAll('.jp-Cell')].map(
    cell => cell.classList.contains('jp-CodeCell'))"""


@pytest.fixture
def checker(run_all, lab):
    """The notebook of checks with a new draw, its widget, and a function that reads the file."""
    (lab[1] / "checks.csv").unlink(missing_ok=True)
    page = run_all(CHECKS)
    widget = page.locator(".question-checks")
    widget.wait_for()

    def read_choices():
        rows = read_checks_file(lab[1] / "checks.csv")
        return [*rows["choice"]], [*rows["note"]]

    return page, widget, read_choices


def wait_for_progress(widget, text):
    widget.locator(".state", has_text=re.compile(f"^{text}")).wait_for()


def test_keys_choose_undo_and_move_and_the_file_holds_each_choice(checker, keep_screenshot):
    page, widget, read_choices = checker
    cells = page.evaluate(CELLS)
    wait_for_progress(widget, "0 of 50, about 15 minutes left")
    assert "Click the question" in widget.locator(".hint").inner_text()
    widget.locator(".question").click()
    assert "Keys:" in widget.locator(".hint").inner_text()
    for number in (1, 2, 3, 4):
        page.keyboard.press(str(number))
        wait_for_progress(widget, f"{number} of 50")
    assert read_choices()[0][:5] == [*CHOICES, ""]
    page.keyboard.press("u")
    wait_for_progress(widget, "3 of 50")
    page.keyboard.press("Backspace")
    wait_for_progress(widget, "2 of 50")
    assert read_choices()[0][:4] == ["answered", "partly", "", ""]
    page.keyboard.press("ArrowLeft")
    widget.get_by_text("Question 2 of 50").wait_for()
    assert widget.locator("button[aria-pressed=true]").inner_text().split()[:2] == ["2", "partly"]
    page.keyboard.press("ArrowRight")
    widget.get_by_text("Question 3 of 50").wait_for()
    keep_screenshot(page, "lab_checks")
    # No key reached the notebook, where 1 makes a heading of a cell and a adds one.
    page.keyboard.type("ax")
    assert page.evaluate(CELLS) == cells


def test_a_note_may_hold_keys_and_is_saved_while_it_is_typed(checker):
    page, widget, read_choices = checker
    widget.locator(".question").click()
    position = page.evaluate("document.querySelector('.question-checks .quiet').innerText")
    before, _ = read_choices()
    page.keyboard.press("n")
    page.keyboard.type("u 1 2 see /help")
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    for _ in range(100):
        if "u 1 2 see /help" in read_choices()[1]:
            break
        page.wait_for_timeout(50)
    after, notes = read_choices()
    assert after == before
    assert "u 1 2 see /help" in notes
    assert page.evaluate("document.querySelector('.question-checks .quiet').innerText") == position
    page.keyboard.press("4")
    page.wait_for_function(
        "text => document.querySelector('.question-checks .quiet').innerText != text", arg=position
    )
    assert read_choices()[0].count("not our subject") == before.count("not our subject") + 1


def test_without_the_focus_keys_belong_to_the_notebook(checker):
    page, _, read_choices = checker
    before = read_choices()
    editor = page.locator(".jp-CodeCell .cm-content").last
    editor.click()
    page.keyboard.press("End")
    page.keyboard.type("  # 1234u")
    assert editor.inner_text().endswith("# 1234u")
    page.wait_for_timeout(300)
    assert read_choices() == before


def test_a_person_checks_all_and_a_closed_tab_loses_nothing(checker, run_all, keep_screenshot):
    page, widget, read_choices = checker
    widget.locator(".question").click()
    seconds = []
    for number in range(50):
        if number == 3:
            page.close()
            page = run_all(CHECKS)
            widget = page.locator(".question-checks")
            wait_for_progress(widget, f"{number} of 50")
            widget.locator(".question").click()
        start = time.perf_counter()
        # The last choices are clicked.
        if number < 48:
            page.keyboard.press(str(1 + number % 4))
        else:
            widget.get_by_role("button", name="not answered").click()
        wait_for_progress(widget, f"{number + 1} of 50")
        assert sum(choice != "" for choice in read_choices()[0]) == number + 1
        seconds.append(time.perf_counter() - start)
    # What a person waits; the rest of a question's time is reading.
    assert median(seconds) < 2
    assert "All 50 questions are checked" in widget.locator(".done").inner_text()
    keep_screenshot(page, "lab_checks_done")


def test_the_widget_is_accessible_in_light_and_dark(checker):
    page, widget, _ = checker
    widget.locator(".question").click()
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        page.get_by_role("menuitem", name="Settings", exact=True).click()
        page.locator(".lm-Menu-item", has_text=re.compile("^Theme$")).hover()
        page.locator(".lm-Menu-item", has_text=re.compile(f"^{theme}$")).click()
        page.locator(f"body[data-jp-theme-name='{theme}']").wait_for(state="attached")
        faults = Axe().run(page, context=".question-checks").response["violations"]
        assert [fault["id"] for fault in faults if fault["impact"] in ("serious", "critical")] == []


def test_a_choice_that_no_kernel_takes_is_reported(checker):
    page, widget, read_choices = checker
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.locator(".lm-Menu-item", has_text=re.compile("^Shut Down Kernel$")).click()
    page.locator("#jp-main-statusbar", has_text="No Kernel").wait_for()
    widget.locator(".question").click()
    page.keyboard.press("1")
    widget.locator(".failure", has_text="the last choice may not be saved").wait_for()
    assert set(read_choices()[0]) == {""}
