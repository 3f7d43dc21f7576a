"""Makes the pictures of README and docs, and what the tutorial's commands say, from the sample's run: `make pictures`.

Needs chromium and LibreOffice.
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

from playwright.sync_api import Browser, Error, Locator, Page, sync_playwright
from typer.testing import CliRunner

from coverage_kit import load_analysis
from coverage_kit.commands.app import app
from coverage_kit.report.run_summary import describe_run

HERE = Path(__file__).parent
ROOT = HERE.parent
OUT = HERE / "pictures"
NOTEBOOK = "03_where_the_gaps_are.ipynb"
LAB = {
    "apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',  # else it asks
    "notebook-extension/tracker": '{"windowingMode": "none"}',  # else cells out of sight are not drawn
}
WIDTH, HEIGHT, SCALE = 1280, 820, 0.8
_SAID = re.compile(r"(<!-- said by (\w+) -->\n```text\n).*?(```\n)", re.DOTALL)
_COMMANDS = {
    "apply": "apply runs/demo --to {folder}/larkmoor --top 3",
    "inspect": "inspect data/log/answers.jsonl",
}


def keep(page: Page, name: str, top: Locator | None = None, height: int = HEIGHT) -> None:
    """Write what a page shows from the top of an element on, as a picture of that height."""
    y = (
        0.0
        if top is None
        else top.evaluate("one => one.getBoundingClientRect().top + window.scrollY") - 16
    )
    page.screenshot(
        path=OUT / f"{name}.png",
        full_page=True,
        clip={"x": 0, "y": y, "width": WIDTH, "height": height},
    )


def draw_page(browser: Browser, run: Path) -> None:
    """Write the page's headline, its map with a gap chosen, and its first edit."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE)
    page.goto((run / "page.html").resolve().as_uri())
    page.wait_for_selector(".js-plotly-plot .cartesianlayer")
    keep(page, "page")
    page.goto((run / "page.html").resolve().as_uri() + "#gap-1")
    page.locator("#tab-strategist").click()
    page.locator("#pick").select_option(index=1)
    page.wait_for_selector("#plot-map .cartesianlayer")
    page.wait_for_timeout(1500)
    keep(page, "map", page.locator("#map"))
    page.locator("#tab-editor").click()
    first = page.locator("#edit-1")
    first.locator("summary").first.click()
    keep(page, "edits", first)


def draw_workbook(browser: Browser, run: Path, folder: Path) -> None:
    """Write the charts of the workbook's summary as LibreOffice prints them."""
    choice = {"PageRange": {"type": "string", "value": "2"}}
    command = [
        "soffice",
        "--headless",
        "--convert-to",
        f"pdf:calc_pdf_Export:{json.dumps(choice)}",
        "--outdir",
        str(folder),
    ]
    subprocess.run([*command, str(run / "gaps.xlsx")], check=True, capture_output=True)
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE)
    page.goto((folder / "gaps.pdf").as_uri() + "#toolbar=0&zoom=150")
    page.wait_for_timeout(5000)  # the viewer does not tell when it is done
    page.screenshot(
        path=OUT / "workbook.png", clip={"x": 130, "y": 96, "width": 960, "height": 690}
    )  # without the viewer's bars


def draw_notebook(browser: Browser, run: Path, folder: Path) -> None:
    """Write the map of the notebook on gaps, run in a JupyterLab on this machine alone."""
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
    ]
    command += [
        "--IdentityProvider.token=",
        "--LabApp.extension_manager=readonly",
        "--LabApp.news_url=None",
    ]
    places = {
        name: str(folder / name)
        for name in ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "JUPYTER_CONFIG_DIR")
    }
    lab = subprocess.Popen(
        [*command, f"--ServerApp.root_dir={folder}"],
        env={**os.environ, **places},
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
        page.wait_for_timeout(4000)  # until the menus belong to the notebook
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.wait_for_selector(".js-plotly-plot .points path")
        page.keyboard.press("Control+b")
        page.wait_for_timeout(20_000)  # until the cells below have run
        page.locator(".js-plotly-plot").first.evaluate("one => one.scrollIntoView()")
        page.wait_for_timeout(2000)
        page.screenshot(path=OUT / "notebook.png")
    finally:
        lab.terminate()
        lab.wait(20)


def tell_tutorial(run: Path, folder: Path) -> None:
    """Write into the tutorial what its commands say."""

    def say(found: re.Match[str]) -> str:
        if found[2] == "demo":
            told = describe_run(load_analysis(run), Path("runs/demo"))
        else:
            done = CliRunner().invoke(
                app, shlex.split(_COMMANDS[found[2]].format(folder=folder)), catch_exceptions=False
            )
            told = done.output.replace(str(folder), "runs/copy").replace(f"{ROOT}/", "")
        return (
            found[1]
            + "".join(f"{line.rstrip()}\n" for line in told.strip("\n").splitlines())
            + found[3]
        )

    path = HERE / "tutorial.md"
    path.write_text(_SAID.sub(say, path.read_text(encoding="utf-8")), encoding="utf-8")


def draw_all(run: Path) -> None:
    """Write every picture and the tutorial's outputs."""
    options = {
        "executable_path": shutil.which("chromium"),
        "headless": False,
    }  # headless by its option: it shows PDFs too
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            **options, args=["--headless=new", "--no-sandbox", "--disable-gpu"]
        )
        draw_page(browser, run)
        draw_workbook(browser, run, Path(folder))
        draw_notebook(browser, run, Path(folder))
        tell_tutorial(run, Path(folder))


if __name__ == "__main__":
    draw_all(Path(sys.argv[1]))
