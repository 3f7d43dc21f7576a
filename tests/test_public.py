import subprocess
import sys

import pytest

import coverage_kit


def test_every_public_name_is_there():
    for name in coverage_kit.__all__:
        assert getattr(coverage_kit, name) is not None
        assert name in dir(coverage_kit)
    assert 20 <= len(coverage_kit.__all__) <= 40


def test_an_unknown_name_is_an_error():
    with pytest.raises(AttributeError, match="no public name 'analyse'"):
        coverage_kit.analyse  # noqa: B018 (reading the name raises)


def test_import_is_quick_and_light():
    code = (
        "import sys, time; start = time.perf_counter(); import coverage_kit; "
        "print(time.perf_counter() - start, [m for m in ('torch', 'umap', 'plotly', 'faiss', "
        "'sklearn') if m in sys.modules])"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    seconds, _, heavy = process.stdout.strip().partition(" ")
    assert heavy == "[]"
    assert float(seconds) < 1


def test_help_needs_no_model():
    code = (
        "import sys; from typer.testing import CliRunner; from coverage_kit.commands.app import "
        "app; "
        "r = CliRunner().invoke(app, ['--help']); print(r.exit_code, 'torch' in sys.modules, "
        "'analysis' in r.output.lower())"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout.split()[:2] == ["0", "False"]
