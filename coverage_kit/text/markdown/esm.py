"""Statements of JavaScript in MDX: imports and exports."""

import re

from coverage_kit.text.markdown.jsx import Scanner

# What an import names: Tabs, {Tab}, * as all, or the first and one of the others.
_NAMED = r"\{[^{}]{0,5000}\}"
_NAMES = (
    rf"(?:type\s+)?(?:[\w$]+|\*\s*as\s+[\w$]+|{_NAMED})(?:\s*,\s*(?:{_NAMED}|\*\s*as\s+[\w$]+))?"
)
_TAIL = r"(?:\s+(?:with|assert)\s*\{[^{}\n]{0,200}\})?[ \t]*;?"
_IMPORT = re.compile(
    rf"import\s*(?P<names>{_NAMES})\s*from\s*(?P<quote>[\"'])(?P<target>[^\"'\n]+)(?P=quote){_TAIL}"
    rf"|import\s*(?P<bare>[\"'])[^\"'\n]+(?P=bare){_TAIL}"
)
# What may follow an import on its line.
_LINE_REST = re.compile(r"[ \t]*(?://[^\n]*|/\*[^\n]*\*/[ \t]*)?(?:\n|\Z)")
# The forms of an export. Words such as "export default settings to a file" have none of them.
_EXPORT = re.compile(
    r"export\s+(?:"
    r"(?:declare\s+)?(?:const|let|var)\s+(?:[\w$]+\s*[=:]|[{\[])"
    r"|(?:default\s+)?(?:async\s+)?function\b\s*\*?\s*[\w$]*\s*[(<]"
    r"|(?:default\s+)?(?:abstract\s+)?class\b[^\n{]{0,200}\{"
    r"|(?:declare\s+)?type\s+[\w$]+\s*(?:<[^\n=]{0,200}>)?\s*="
    r"|(?:declare\s+)?(?:interface|enum|namespace)\s+[\w$]+[^\n{]{0,200}\{"
    r"|default\s+(?:async\s*)?(?:[(\[{\"'`<]|[\w$.]+\s*(?:\(|=>))"
    r"|default\s+[\w$.]+[ \t]*;?[ \t]*(?=\n[ \t]*(?:\n|\Z)|\Z)"
    r")"
    r"|export\s*(?:type\s*)?\{[^{}]{0,5000}\}"
    r"|export\s*\*\s*(?:as\s+[\w$]+\s*)?from\s*[\"']"
)
# A line that ends with one of these, or is followed by one of those, goes on.
_GOES_ON = re.compile(r"(?:[=,+*/%&|?:<(\[{.]|=>|\bfrom|\bextends)[ \t]*\Z")
_CONTINUES = re.compile(r"[ \t]*(?:[.=?:+|)\]}{,]|&&|from\b|extends\b)")
_BLANK_LINE = re.compile(r"\n[ \t\r]*(?:\n|\Z)|\Z")
# The default import of a name.
_DEFAULT_NAME = re.compile(r"[\w$]+")


def find_esm(text: str, start: int, scanner: Scanner) -> tuple[int, dict[str, str]] | None:
    """Return where the import or export at a position ends, and what it imports.

    The result is None where there is none: not every line that begins with "import" is one. What is
    imported is the target by each name that is the default of its file.
    """
    if text.startswith("import", start):
        return _find_imports(text, start)
    if _EXPORT.match(text, start) is None:
        return None
    for end in scanner.find_statement(text, start, len(text)):
        line_start = text.rfind("\n", start, end) + 1 or start
        goes_on = _GOES_ON.search(text[max(line_start, end - 200) : end]) is not None
        if not goes_on and _CONTINUES.match(text, end + 1) is None:
            return end, {}
    # A bracket stays open: the statement ends at the first blank line, so that no prose is lost.
    blank = _BLANK_LINE.search(text, start)
    return (blank.start() if blank is not None else len(text)), {}


def _find_imports(text: str, start: int) -> tuple[int, dict[str, str]] | None:
    imports: dict[str, str] = {}
    position = start
    while (match := _IMPORT.match(text, position)) is not None:
        name = _DEFAULT_NAME.match(match["names"] or "")
        if name is not None:
            imports[name[0]] = match["target"]
        position = match.end()
        if _LINE_REST.match(text, position) is not None:
            end = text.find("\n", position)
            return (end if end >= 0 else len(text)), imports
        while text.startswith((" ", "\t"), position):
            position += 1
    return None
