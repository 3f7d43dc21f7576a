"""The notebooks in JupyterLab, in a real browser: cells run, figures and tables are drawn."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
import openpyxl
import pytest

from coverage_kit import what_if
from coverage_kit.analysis import save_analysis
from coverage_kit.report.figure_data import query_points
from coverage_kit.report.outputs import write_outputs
from coverage_kit.report.wording import amount
from tests.test_notebooks import FIGURES, NOTEBOOKS, UNATTENDED

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
SETTINGS = {
    # By default JupyterLab asks whether to fetch news, and looks for updates.
    "apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
    # By default cells outside the window are not drawn.
    "notebook-extension/tracker": '{"windowingMode": "none"}',
}
PLAIN = [path for path in NOTEBOOKS if path not in UNATTENDED]
# A message of JupyterLab on a busy machine: "Plugin x ... took 900.1ms to activate".
NOISE = r"Plugin \S+ .*took [\d.]+ms to activate"

HAS_RUN = """([nCells, nFigures, nTables]) =>
    document.querySelector('[data-mime-type="application/vnd.jupyter.error"]')
    || [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
        .filter(prompt => /\\[\\d+\\]/.test(prompt.innerText)).length == nCells
    && document.querySelectorAll('.js-plotly-plot .cartesianlayer').length >= nFigures
    && document.querySelectorAll('.dt-container table.dataTable').length >= nTables"""
PLOTS_ARE_SAFE = """() => [...document.querySelectorAll('.js-plotly-plot')].every(
    plot => plot._context.showSendToCloud === false
        && plot._context.plotlyServerURL === '' && plot.data.length > 0)"""
N_CUT_OFF_TABLES = """() => [...document.querySelectorAll('.dt-layout-table')].filter(
    table => table.scrollWidth > table.clientWidth
        && getComputedStyle(table).overflowX !== 'auto').length"""
MIDDLE_OF_POINT = """index => {
    const plot = document.querySelector('.js-plotly-plot');
    const layer = plot.querySelectorAll('.scatterlayer .trace')[2];
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
    write_outputs(sample_analysis, save_analysis(sample_analysis, root / "runs/demo"))
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
    context = browser.new_context(viewport={"width": 1280, "height": 2400})
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
        assert page.evaluate(N_CUT_OFF_TABLES) == 0
        keep_screenshot(page, f"lab_{name}")
        return page

    return run


@pytest.mark.parametrize("path", PLAIN, ids=lambda path: path.stem)
def test_each_runs_in_the_lab_and_draws_its_figures_and_tables(path, run_all):
    run_all(path.stem)


def test_a_click_on_the_map_shows_the_gap_of_the_question_and_typing_opens_another(
    run_all, sample_analysis, keep_screenshot
):
    page = run_all("03_where_the_gaps_are")
    story = page.locator(".gap-story")
    first = sample_analysis.gaps.nsmallest(1, "rank").iloc[0]
    last = sample_analysis.gaps.nlargest(1, "rank").iloc[0]
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
            f"{amount(prediction.cost_minutes)} minutes: "
            f"{amount(prediction.gain)} more questions asked would be covered"
        )
        page.locator(".edit-totals .large", has_text=expected).wait_for()
    page.get_by_role("button", name="Workbook").click()
    page.get_by_text(re.compile("Wrote .*gaps-2.xlsx")).wait_for()
    assert (
        "gaps"
        in openpyxl.load_workbook(lab[1] / "runs/demo/gaps-2.xlsx", read_only=True).sheetnames
    )
    keep_screenshot(page, "lab_edits_ticked")
