"""Make the pictures of README and docs from a run of the sample (`make pictures`).

The outputs of the commands in the tutorial are renewed too. Needs chromium and LibreOffice.
"""

import contextlib
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Locator, Page, sync_playwright
from typer.testing import CliRunner

from coverage_kit import Analysis, load_analysis
from coverage_kit.commands.app import app
from coverage_kit.report.edit_records import list_records
from coverage_kit.report.engine_names import name_engine
from coverage_kit.report.run_summary import describe_run
from coverage_kit.report.templating import open_templates
from coverage_kit.report.texts import shorten
from coverage_kit.vocabulary import FACT_SLOT

HERE = Path(__file__).parent
ROOT = HERE.parent
OUT = HERE / "pictures"
NOTEBOOK = "03_where_the_gaps_are.ipynb"
LAB = {
    # By default JupyterLab asks whether to fetch news.
    "apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
    # By default cells outside the window are not drawn.
    "notebook-extension/tracker": '{"windowingMode": "none"}',
}
# Width and height of the window in pixels (assumed). The scale of the pictures keeps their files
# below the limits in tests/test_docs.py.
WIDTH = 1280
HEIGHT = 820
SCALE = 0.76
# The output of a command in the tutorial: a line "<!-- said by demo -->" and a block of `text`.
_OUTPUT = re.compile(r"(<!-- said by (\w+) -->\n```text\n).*?(```\n)", re.DOTALL)
# A slot of an edit's text: "[FACT NEEDED: range in km]".
_SLOT = re.compile(rf"{re.escape(FACT_SLOT)}\s*(?P<fact>[^\]]+)\]")
# The heading of a section that an edit proposes, in Markdown.
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_COMMANDS = {
    "apply": "apply runs/demo --to {folder}/larkmoor --top 3",
    "inspect": "inspect data/log/answers.jsonl",
}


def keep(page: Page, name: str, top: Locator | None = None, height: int = HEIGHT) -> None:
    """Write a picture of the page, from the top of the element (or of the page) downwards."""
    y = 0.0
    if top is not None:
        offset = "element => element.getBoundingClientRect().top + window.scrollY"
        y = top.evaluate(offset) - 16  # a margin of 16 pixels
    page.screenshot(
        path=OUT / f"{name}.png",
        full_page=True,
        clip={"x": 0, "y": y, "width": WIDTH, "height": height},
    )


def describe_first_gap(analysis: Analysis) -> dict[str, Any]:
    """Return the first gap with what people ask, who answers instead, and its edit.

    It is the first gap that has a planned edit with an opening. The answer is the first to the most
    asked question that cites the other site which the gap's answers cite most.

    Raises:
        ValueError: no gap of the run has such an edit.
        IndexError: no answer cites another site.
    """
    edit = min(
        (edit for edit in list_records(analysis) if edit["is_chosen"] and edit["brief"]["opening"]),
        key=lambda edit: edit["gap"]["gap_rank"],
    )
    gap = analysis.gaps.set_index("cluster_id").loc[edit["gap"]["cluster_id"]]
    queries = analysis.clusters.query("cluster_id == @gap.name")["query_id"]
    answers = analysis.answers[analysis.answers["query_id"].isin(queries)]
    cited = analysis.citations.query("kind == 'cited' and answer_id in @answers.answer_id")
    n_citing = cited.groupby("site")["answer_id"].nunique().sort_values(ascending=False)
    own_site = analysis.about.own_site
    rival = str(n_citing.drop(own_site, errors="ignore").index[0])
    is_shown = answers["answer_id"].isin(cited.query("site == @rival")["answer_id"])
    is_asked_most = answers["query_id"] == edit["brief"]["questions"][0]["query_id"]
    answer = answers[is_shown & is_asked_most].iloc[0]
    sites = cited[cited["answer_id"] == answer["answer_id"]]["site"].unique()
    # Odd parts are the facts of slots.
    parts = _SLOT.split(edit["brief"]["opening"])
    return {
        "topic": gap["label"],
        "gap": gap,
        "questions": [
            question | {"text": shorten(question["text"], 92)}
            for question in edit["brief"]["questions"][:4]
        ],
        "rival": rival,
        "engine": name_engine(answer["engine"]),
        "answer": shorten(answer["text"], 260),
        "cited": list(sites),
        "n_rival": int(n_citing[rival]),
        "n_own": int(n_citing.get(own_site, 0)),
        "n_answers": len(answers),
        "edit": edit,
        "task": edit["task"],
        "address": edit["page_id"].removeprefix(f"{own_site}/"),
        "opening": [(text, i % 2 == 1) for i, text in enumerate(parts) if text],
        "headings": _HEADING.findall(edit["changes"][0]["after"])[:3],
    }


def draw_question_to_edit(browser: Browser, run: Path) -> None:
    """Write a picture of the first gap: the question, the rival's answer, and the edit."""
    template = open_templates(HERE).get_template("question_to_edit.html.j2")
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.set_content(template.render(describe_first_gap(load_analysis(run))))
    page.locator("main").screenshot(path=OUT / "question_to_edit.png")


def draw_page(browser: Browser, run: Path) -> None:
    """Write pictures of the page's headline, its map with a chosen gap, and its first edit."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE)
    page.goto((run / "page.html").resolve().as_uri())
    page.wait_for_selector(".js-plotly-plot .cartesianlayer")
    keep(page, "page")
    page.locator("#tab-gaps").click()
    page.wait_for_selector("#plot-map .cartesianlayer")
    page.wait_for_timeout(1500)
    keep(page, "map", page.locator("#map"), 640)
    page.locator("#tab-edits").click()
    first = page.locator("#edit-1")
    first.locator("summary").first.click()
    keep(page, "edits", first)


def draw_workbook(browser: Browser, run: Path, folder: Path) -> None:
    """Write a picture of the charts in the workbook's summary, as LibreOffice prints them."""
    page_choice = {"PageRange": {"type": "string", "value": "4"}}
    command = [
        "soffice",
        "--headless",
        "--convert-to",
        f"pdf:calc_pdf_Export:{json.dumps(page_choice)}",
        "--outdir",
        str(folder),
    ]
    command.append(str(run / "gaps.xlsx"))
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 (a fixed command)
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE)
    page.goto((folder / "gaps.pdf").as_uri() + "#toolbar=0&zoom=125")
    page.wait_for_timeout(5000)  # the viewer does not signal when it is ready
    # The clip leaves out the bars of the viewer.
    clip = {"x": 146, "y": 70, "width": 985, "height": 700}
    page.screenshot(path=OUT / "workbook.png", clip=clip)


def draw_notebook(browser: Browser, run: Path, folder: Path) -> None:
    """Write a picture of the map in the notebook on gaps, which a local JupyterLab runs."""
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns("runs"))
    shutil.copytree(run, folder / "runs/demo")
    for name, text in LAB.items():
        path = folder / f"JUPYTERLAB_SETTINGS_DIR/@jupyterlab/{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--IdentityProvider.token=",
        "--LabApp.extension_manager=readonly",
        "--LabApp.news_url=None",
        f"--ServerApp.root_dir={folder}",
    ]
    variables = {
        name: str(folder / name)
        for name in ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "JUPYTER_CONFIG_DIR")
    }
    lab = subprocess.Popen(  # noqa: S603 (a fixed command)
        command,
        env={**os.environ, **variables},
        stderr=subprocess.DEVNULL,
    )
    try:
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE
        )
        page.set_default_timeout(120_000)
        for _ in range(120):
            with contextlib.suppress(Error):
                page.goto(f"http://127.0.0.1:{port}/lab/tree/notebooks/{NOTEBOOK}")
                break
            page.wait_for_timeout(500)
        page.wait_for_selector(".jp-CodeCell .jp-InputPrompt")
        page.wait_for_timeout(4000)  # until the menus apply to the notebook
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.wait_for_selector(".js-plotly-plot .points path")
        page.keyboard.press("Control+b")
        page.wait_for_timeout(20_000)  # until the cells below have run
        page.locator(".js-plotly-plot").first.evaluate("plot => plot.scrollIntoView()")
        page.wait_for_timeout(2000)
        page.screenshot(path=OUT / "notebook.png")
    finally:
        lab.terminate()
        lab.wait(20)


def renew_tutorial(run: Path, folder: Path) -> None:
    """Write the outputs of the tutorial's commands into the tutorial."""

    def renew(block: re.Match[str]) -> str:
        name = block[2]
        if name == "demo":
            output = describe_run(load_analysis(run), Path("runs/demo"))
        else:
            arguments = shlex.split(_COMMANDS[name].format(folder=folder))
            result = CliRunner().invoke(app, arguments, catch_exceptions=False)
            output = result.output.replace(str(folder), "runs/copy").replace(f"{ROOT}/", "")
        lines = output.strip("\n").splitlines()
        return block[1] + "".join(f"{line.rstrip()}\n" for line in lines) + block[3]

    path = HERE / "tutorial.md"
    path.write_text(_OUTPUT.sub(renew, path.read_text(encoding="utf-8")), encoding="utf-8")


def draw_all(run: Path) -> None:
    """Write every picture and renew the outputs in the tutorial."""
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        # Headless by chromium's own option, because playwright's headless mode shows no PDFs.
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            headless=False,
            args=["--headless=new", "--no-sandbox", "--disable-gpu"],
        )
        draw_question_to_edit(browser, run)
        draw_page(browser, run)
        draw_workbook(browser, run, Path(folder))
        draw_notebook(browser, run, Path(folder))
        renew_tutorial(run, Path(folder))


if __name__ == "__main__":
    draw_all(Path(sys.argv[1]))
