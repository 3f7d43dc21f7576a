"""The notebooks, run by papermill on the sample and on the smallest possible run.

The only parameter of a notebook is the folder of a run.
"""

import json
import shutil
from pathlib import Path

import nbformat
import papermill
import pytest

from coverage_kit.analysis import save_analysis
from coverage_kit.pipeline.analyze import analyze
from coverage_kit.report.notebook import HEADINGS
from coverage_kit.settings import make_settings
from tests.world import write_small

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
FIGURES = {
    "01_what_people_ask": 1,
    "02_where_we_stand": 4,
    "03_where_the_gaps_are": 3,
    "04_what_to_change": 1,
    "05_did_it_work": 3,
    "06_how_good_are_the_pages": 2,
    "07_under_the_hood": 2,
    "08_check_fifty_questions": 0,
}
# Notebooks that show less when nobody can click.
UNATTENDED = [
    path
    for path in NOTEBOOKS
    if path.stem in ("03_where_the_gaps_are", "04_what_to_change", "08_check_fifty_questions")
]
# Where there is a browser, tests/browser runs the other notebooks on the sample in JupyterLab, and
# papermill would show the same.
ON_SAMPLE = UNATTENDED if shutil.which("chromium") else NOTEBOOKS
# Largest size of an executed notebook. The library of the tables takes 1 MB of it; plotly's library
# would add 5 MB.
MAX_BYTES = 2_500_000


def run_notebook(path, run, folder):
    """Return the path of the notebook that papermill executed, and its outputs."""
    executed = folder / path.name
    papermill.execute_notebook(
        path,
        executed,
        {"RUN": str(run)},
        cwd=path.parent,
        kernel_name="python3",
        progress_bar=False,
    )
    notebook = nbformat.read(executed, as_version=4)
    return executed, [output for cell in notebook.cells for output in cell.get("outputs", [])]


def read_figures(outputs):
    bundles = [output.data for output in outputs if "data" in output]
    return [
        bundle["application/vnd.plotly.v1+json"]
        for bundle in bundles
        if "application/vnd.plotly.v1+json" in bundle
    ]


@pytest.fixture(scope="session")
def sample_folder(sample_analysis, tmp_path_factory):
    """The sample's run on disk."""
    return save_analysis(sample_analysis, tmp_path_factory.mktemp("sample_run") / "run")


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory):
    """A run of a single page and two queries, without answers, dates, competitors or exports."""
    folder = tmp_path_factory.mktemp("small_run")
    options = write_small(folder, ("how do I bleed a brake", "what does a bike cost"))
    settings = {
        "site": {"source": options["--site"]},
        "log": {"files": [options["--log"]]},
        "cache": str(folder / "cache"),
    }
    return save_analysis(analyze(make_settings(settings, where="test")), folder / "run")


def test_the_eight_notebooks_exist():
    assert [path.stem for path in NOTEBOOKS] == list(FIGURES)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_call_the_package_and_hold_no_output(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert "def " not in cell.source or cell.cell_type == "markdown"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_folder_of_the_run_is_the_only_parameter(path):
    notebook = nbformat.read(path, as_version=4)
    tagged = [
        cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])
    ]
    assert tagged == ['RUN = "../runs/demo"']


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_answer_follows_the_title_and_one_line_imports_all(path):
    title, parameters, first, *others = nbformat.read(path, as_version=4).cells
    assert title.source.startswith("# ")
    assert "parameters" in parameters.metadata.tags
    assert first.source.startswith("from coverage_kit import notebook as ck\n")
    assert "ck.show_lead(" in first.source
    assert not [cell.source for cell in others if "import " in cell.source]
    assert others[-1].source == "ck.show_trust(analysis, RUN)"


def test_every_heading_is_one_that_a_notebook_shows():
    cells = [cell for path in NOTEBOOKS for cell in nbformat.read(path, as_version=4).cells]
    source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    assert [name for name in HEADINGS if f'"{name}"' not in source] == []


@pytest.mark.filterwarnings("ignore")  # warnings of the kernel's own connection
@pytest.mark.parametrize("path", ON_SAMPLE, ids=lambda path: path.stem)
def test_each_runs_top_to_bottom_and_draws_safely(path, sample_folder, tmp_path):
    executed, outputs = run_notebook(path, sample_folder, tmp_path)
    assert not [output.text for output in outputs if output.get("name") == "stderr"]
    figures = read_figures(outputs)
    assert len(figures) == FIGURES[path.stem]
    for figure in figures:
        assert figure["config"]["showSendToCloud"] is False
        assert figure["config"]["plotlyServerURL"] == ""
        assert json.dumps(figure["data"]) != "[]"
    assert executed.stat().st_size < MAX_BYTES


@pytest.mark.filterwarnings("ignore")  # warnings of the kernel's own connection
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_runs_top_to_bottom_on_a_run_that_lacks_nearly_everything(
    path, small_folder, tmp_path
):
    executed, outputs = run_notebook(path, small_folder, tmp_path)
    assert not [output.text for output in outputs if output.get("name") == "stderr"]
    assert len(read_figures(outputs)) == FIGURES[path.stem]
    assert executed.stat().st_size < MAX_BYTES


@pytest.mark.filterwarnings("ignore")  # warnings of the kernel's own connection
def test_without_a_run_the_error_says_how_to_make_one(tmp_path):
    with pytest.raises(papermill.PapermillExecutionError, match=r"make demo.*coverage-kit run"):
        run_notebook(NOTEBOOKS[0], tmp_path / "absent", tmp_path)
