import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def load_generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_fresh():
    generate = load_generator()
    assert (ROOT / "docs/tables.md").read_text(encoding="utf-8") == generate.tables_page(), "run make docs"
    assert (ROOT / "docs/settings.md").read_text(encoding="utf-8") == generate.settings_page(), "run make docs"


def test_links_between_documents_lead_somewhere():
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "data/README.md"]
    assert len(documents) >= 8
    for document in documents:
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_dependency_is_explained_in_the_readme():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = project.split("dependencies = [", 1)[1].split("\n]", 1)[0]
    names = re.findall(r'"([A-Za-z0-9_-]+)', listed)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(names) > 15
    assert [name for name in names if f"| {name} |" not in readme and f"{name}," not in readme] == []


def test_the_readme_example_is_valid_python():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", readme, re.S)
    assert blocks
    for block in blocks:
        compile(block, "README.md", "exec")


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_the_readme_names_the_two_commands(command):
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")
