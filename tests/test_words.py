"""What users read is in plain words: docs/style.md has the list of words that are not used.

Texts are read where they are written: documents, help, templates, the workbook's glossary and
headings, settings, and the strings of the modules that write texts for people.
"""

import ast
import json
import re
import tomllib
from pathlib import Path

import lxml.html
import pytest

from coverage_kit.report.workbook.glossary import list_terms
from tests.command_lines import COMMANDS, documents

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "coverage_kit/report"
# What may hold a banned word: that there is too little to tell, as the verdict of report/trust.py
# says; what belongs to somebody; a value of a table, headings of earlier workbooks, and the name
# that tables have for a question.
ALLOWED = re.compile(
    r"own passage(?=\s+passage of)|adds \(queries asked\)|question \(query\)"
    r"|tables call it query|"
    r"\b(?:enough|few|little|small)\b[^.;]{0,60}\bto tell\b"
    r"|\b(?:your|their|its|our|whose|\w+'s) own\b",
    re.IGNORECASE,
)
# The scopes of docs/style.md that hold for each kind of text; the front comes before the rest.
SCOPES = {
    "everywhere": {"everywhere"},
    "readers": {"everywhere", "readers"},
    "front": {"everywhere", "readers", "front"},
}
SCOPE_OF_TEMPLATE = {
    "engine.html.j2": "everywhere",
    "edits.html.j2": "front",
    "gaps.html.j2": "front",
    "overview.html.j2": "front",
    "page.html.j2": "front",
}
# A string of a script that is a sentence or a name of several words.
SCRIPT_STRING = re.compile(r"""(["'`])((?:(?!\1)[^\n])*\w \w(?:(?!\1)[^\n])*)\1""")
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
CODE = re.compile(r"^```.*?^```|`[^`\n]*`|\]\([^)]*\)|<!--.*?-->", re.DOTALL | re.MULTILINE)


def banned_words():
    """Return the rows of the table of docs/style.md: (words to write, pattern, where)."""
    style = (ROOT / "docs/style.md").read_text(encoding="utf-8")
    table = style.split("## Words that we do not use", 1)[1]
    rows = []
    for better, words, where in re.findall(r"^\| (.+) \| (`.+`) \| (\w+) \|$", table, re.MULTILINE):
        phrases = "|".join(re.escape(word) for word in re.findall("`([^`]+)`", words))
        rows.append((better, re.compile(rf"(?<![\w-])(?:{phrases})(?!\w)", re.I), where))
    return rows


def find_hits(text, scope):
    """Return what of a text is banned in a scope, as "words → better words"."""
    # The reader's own things are "your own pages"; what is allowed leaves a gap in the text.
    clean = ALLOWED.sub("…", text)
    return [
        f"{' '.join(clean[max(0, match.start() - 40) : match.end() + 40].split())} → {better}"
        for better, pattern, where in banned_words()
        if where in SCOPES[scope]
        for match in pattern.finditer(clean)
    ]


def texts_of_documents():
    """Yield (name, text, scope) of every document, without code and without the word list."""
    for path in documents():
        name = str(path.relative_to(ROOT))
        # The glossary is read where it is written; the word list holds all banned words.
        if name not in ("CHANGELOG.md", "docs/style.md", "docs/glossary.md"):
            text = CODE.sub(" ", path.read_text(encoding="utf-8"))
            yield name, text, "front" if name == "README.md" else "everywhere"


def texts_of_help():
    """Yield (name, text, scope) of the help of each command and its options."""
    for name, command in COMMANDS.items():
        texts = [command.help, *(param.help or "" for param in command.params)]
        # What comes behind "Example:" and pairs such as query=Prompt are for the machine.
        text = re.sub(r"^\s*Example: .*$|\b\w+=\S*", " ", "\n".join(texts), flags=re.MULTILINE)
        yield f"{name} --help", text, "readers"


def texts_of_templates():
    """Yield (name, text, scope) of each template: text nodes, and attributes that are read."""
    for path in sorted(REPORT.rglob("*.j2")):
        source = JINJA.sub(" ", path.read_text(encoding="utf-8"))
        tree = lxml.html.fromstring(f"<div>{source}</div>")
        nodes = tree.xpath(
            "//text()[not(parent::script or parent::style)] | //@title | //@aria-label "
            "| //@placeholder | //@alt"
        )
        yield path.name, "\n".join(nodes), SCOPE_OF_TEMPLATE.get(path.name, "readers")
    for path in sorted(REPORT.rglob("*.js")):
        strings = [match[2] for match in SCRIPT_STRING.finditer(path.read_text(encoding="utf-8"))]
        yield path.name, "\n".join(strings), "readers"


def texts_of_notebooks():
    """Yield (name, text, scope) of what each notebook says between its cells."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        yield path.name, CODE.sub(" ", "\n".join(texts)), "everywhere"


def texts_of_modules():
    """Yield (name, text, scope) of the strings of modules that write texts for people."""
    for package in ("report", "commands", "settings"):
        for path in sorted((ROOT / "coverage_kit" / package).rglob("*.py")):
            text = "\n".join(strings_of(path))
            yield str(path.relative_to(ROOT / "coverage_kit")), text, "everywhere"
    text = "\n".join(strings_of(REPORT / "wording.py"))
    yield "report/wording.py", text, "readers"


def strings_of(path):
    """Return the strings of a module that are sentences or names of several words, no docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and has_docstring(node)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node not in docstrings and re.search(r"\w \w", node.value)
    ]


def has_docstring(node):
    first = node.body[0]
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)


def texts_of_workbook():
    """Yield (name, text, scope) of the terms and the headings that the workbook explains."""
    glossary = tomllib.loads((REPORT / "workbook/glossary.toml").read_text(encoding="utf-8"))
    for section, entries in glossary.items():
        for name, meaning in entries.items():
            yield f"glossary.toml: [{section}] {name}", meaning, "readers"


SOURCES = {
    "documents": texts_of_documents,
    "help": texts_of_help,
    "templates": texts_of_templates,
    "notebooks": texts_of_notebooks,
    "modules": texts_of_modules,
    "workbook": texts_of_workbook,
}


@pytest.mark.parametrize("source", SOURCES)
def test_no_text_for_people_holds_a_banned_word(source):
    texts = list(SOURCES[source]())
    assert len(texts) >= 5
    assert [f"{name}: {hit}" for name, text, scope in texts for hit in find_hits(text, scope)] == []


def test_a_banned_word_would_be_found_and_an_allowed_one_not():
    assert find_hits("Nothing can be told of the own site.", "everywhere")
    assert find_hits("The query stands on the page.", "everywhere") != find_hits(
        "The query stands on the page.", "readers"
    )
    assert not find_hits("Not enough to tell. Read your own pages; it stands-in.", "readers")[1:]
    assert not find_hits("retold, querying, bestseller's own page", "readers")


def test_every_term_of_the_glossary_is_defined_once():
    names = [name for entry in list_terms() for name in re.sub(r" \(.*\)$", "", entry).split(", ")]
    assert len(names) == len(set(names))
