import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
FIGURES = {
    "01_collect": 2,
    "02_map": 1,
    "03_gaps": 3,
    "04_edits": 1,
    "05_export": 0,
    "06_visibility": 4,
    "07_change_and_referrals": 3,
    "08_pillars_and_claims": 2,
}


def test_the_eight_are_there():
    assert [path.stem for path in NOTEBOOKS] == list(FIGURES)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_call_the_package_and_hold_no_output(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert "def " not in cell.source or cell.cell_type == "markdown"


@pytest.mark.filterwarnings("ignore")  # of the kernel's own connection
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_runs_top_to_bottom_and_draws_safely(path, sample_project, sample_analysis):
    notebook = nbformat.read(path, as_version=4)
    parameters = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    parameters.source = f"SETTINGS = {str(sample_project)!r}"
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output.text for output in outputs if output.get("name") == "stderr"]
    bundles = [output.data for output in outputs if "data" in output]
    figures = [bundle["application/vnd.plotly.v1+json"] for bundle in bundles if "application/vnd.plotly.v1+json" in bundle]
    assert len(figures) == FIGURES[path.stem]
    for figure in figures:
        assert figure["config"]["showSendToCloud"] is False
        assert figure["config"]["plotlyServerURL"] == ""
        assert json.dumps(figure["data"]) != "[]"
