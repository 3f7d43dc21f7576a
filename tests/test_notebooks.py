"""The notebooks, run by papermill with a run's folder as their one parameter: on the sample, and on the least a run can be."""

import json
import shutil
from pathlib import Path

import nbformat
import papermill
import pytest

from coverage_kit.analysis import save_analysis
from coverage_kit.pipeline.analyze import analyze
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
    "07_under_the_hood": 1,
}
UNATTENDED = [
    path for path in NOTEBOOKS if path.stem in ("03_where_the_gaps_are", "04_what_to_change")
]  # less is shown then
# the others are run on the sample by JupyterLab in tests/browser, where there is a browser, and
# papermill would show the same
ON_SAMPLE = UNATTENDED if shutil.which("chromium") else NOTEBOOKS
MOST_BYTES = 2_500_000  # of a notebook that was run: the library of the tables is 1 MB of it; plotly's would be 5 more


def run_notebook(path, run, folder):
    """Return a notebook as papermill leaves it, and its outputs."""
    done = folder / path.name
    papermill.execute_notebook(
        path, done, {"RUN": str(run)}, cwd=path.parent, kernel_name="python3", progress_bar=False
    )
    notebook = nbformat.read(done, as_version=4)
    return done, [output for cell in notebook.cells for output in cell.get("outputs", [])]


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
def least_folder(tmp_path_factory):
    """A run of one page and two questions without an answer: no dates, no competitors, no exports."""
    folder = tmp_path_factory.mktemp("least_run")
    named = write_small(folder, ("how do I bleed a brake", "what does a bike cost"))
    settings = {
        "site": {"source": named["--site"]},
        "log": {"files": [named["--log"]]},
        "cache": str(folder / "cache"),
    }
    return save_analysis(analyze(make_settings(settings, where="test")), folder / "run")


def test_the_seven_are_there():
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
def test_the_folder_of_the_run_is_the_one_parameter(path):
    notebook = nbformat.read(path, as_version=4)
    tagged = [
        cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])
    ]
    assert tagged == ['RUN = "../runs/demo"']


@pytest.mark.filterwarnings("ignore")  # of the kernel's own connection
@pytest.mark.parametrize("path", ON_SAMPLE, ids=lambda path: path.stem)
def test_each_runs_top_to_bottom_and_draws_safely(path, sample_folder, tmp_path):
    done, outputs = run_notebook(path, sample_folder, tmp_path)
    assert not [output.text for output in outputs if output.get("name") == "stderr"]
    figures = read_figures(outputs)
    assert len(figures) == FIGURES[path.stem]
    for figure in figures:
        assert figure["config"]["showSendToCloud"] is False
        assert figure["config"]["plotlyServerURL"] == ""
        assert json.dumps(figure["data"]) != "[]"
    assert done.stat().st_size < MOST_BYTES


@pytest.mark.filterwarnings("ignore")  # of the kernel's own connection
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_runs_top_to_bottom_on_a_run_that_lacks_nearly_everything(
    path, least_folder, tmp_path
):
    done, outputs = run_notebook(path, least_folder, tmp_path)
    assert not [output.text for output in outputs if output.get("name") == "stderr"]
    assert len(read_figures(outputs)) == FIGURES[path.stem]
    assert done.stat().st_size < MOST_BYTES


@pytest.mark.filterwarnings("ignore")  # of the kernel's own connection
def test_without_a_run_the_error_says_how_to_make_one(tmp_path):
    with pytest.raises(papermill.PapermillExecutionError, match=r"make demo.*coverage-kit run"):
        run_notebook(NOTEBOOKS[0], tmp_path / "absent", tmp_path)
