"""Turn one Markdown file, with or without front matter, into the same extract as an HTML page."""

import re
import tomllib
from dataclasses import replace

from coverage_kit.collect.dates import parse_time
from coverage_kit.collect.decode import decode_page
from coverage_kit.collect.extract import Extract, extract_page
from coverage_kit.collect.page_try import PageError
from coverage_kit.text.markdown.includes import ReadInclude
from coverage_kit.text.markdown.limits import MarkupError
from coverage_kit.text.markdown.mdx import looks_like_mdx
from coverage_kit.text.markdown.parser import open_parser

# Front matter at the start of a file: lines between two "---" (YAML) or two "+++" (TOML).
_FRONT = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?)\n\1[ \t]*(?:\n|\Z)", re.DOTALL)
# A line of YAML such as "title: Tea".
_PAIR = re.compile(r"([A-Za-z_][\w-]*)\s*:\s*(.*?)\s*$")
# The parser looks for the end of each open bracket: its time grows with the square of their number,
# and 100,000 take a second (measured).
_MAX_BRACKETS = 50_000
# Keys of front matter that give the URL of the page, in order of preference.
_URL_KEYS = ("url", "canonical", "canonical_url", "permalink")
# Keys of front matter that give the date of publication, in order of preference.
_PUBLISHED_KEYS = (
    "date",
    "published",
    "published_at",
    "publishdate",
    "pubdate",
)
# Keys of front matter that give the date of the last change, in order of preference.
_MODIFIED_KEYS = (
    "lastmod",
    "last_modified",
    "modified",
    "modified_at",
    "updated",
    "updated_at",
    "last_modified_at",
)


def extract_markdown(
    content: bytes, read_include: ReadInclude | None = None, *, is_mdx: bool = False
) -> Extract:
    """Return the content of a Markdown file.

    Title, URL, dates and language come from its front matter where it has them. The arguments are
    those of `render_markdown`.
    """
    values, html = render_markdown(content, read_include, is_mdx=is_mdx)
    page = extract_page(html.encode(), is_article=True)
    return replace(
        page,
        title=values.get("title", "") or page.title,
        language=_first(values, ("lang", "language", "locale"))[:2].lower(),
        url=_first(values, _URL_KEYS),
        published_at=parse_time(_first(values, _PUBLISHED_KEYS)),
        modified_at=parse_time(_first(values, _MODIFIED_KEYS)),
    )


def render_markdown(
    content: bytes, read_include: ReadInclude | None = None, *, is_mdx: bool = False
) -> tuple[dict[str, str], str]:
    """Return the front matter of a Markdown file, keys in lower case, and its body as HTML.

    Raises PageError for what is no text, for so many brackets that parsing would take long, and
    for markup that is nested too deeply or includes too many files.

    Args:
        content: the file.
        read_include: returns the text of a file that the page includes, by its target as the page
            writes it ("./_note.mdx", "@site/docs/_x.md"), or None where it cannot be read. None
            reads no files.
        is_mdx: whether the file is MDX by its name. Other files are MDX where they have its signs.
    """
    text = decode_page(content)
    if text.count("[") > _MAX_BRACKETS:
        raise PageError(f"more than {_MAX_BRACKETS:,} brackets")
    front = _FRONT.match(text)
    values = _read_front_matter(front[1], front[2]) if front is not None else {}
    source = text[front.end() :] if front is not None else text
    parser = open_parser(is_mdx=is_mdx or looks_like_mdx(source))
    try:
        body = parser.render(source, {"read_include": read_include})
    except MarkupError as error:
        raise PageError(str(error)) from error
    return values, f"<html><body><main>{body}</main></body></html>"


def _read_front_matter(mark: str, text: str) -> dict[str, str]:
    """Return the top-level text values of front matter, by keys in lower case.

    `mark` is '---' for YAML, of which lines of the form `key: value` are read, or '+++' for TOML.
    """
    if mark == "+++":
        try:
            return {key.lower(): str(value) for key, value in tomllib.loads(text).items()}
        except tomllib.TOMLDecodeError:
            return {}
    matches = (_PAIR.match(line) for line in text.split("\n"))
    return {match[1].lower(): _unquote(match[2]) for match in matches if match is not None}


def _unquote(value: str) -> str:
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    # Only an unquoted value may have a comment behind it: within quotes "#" is text.
    return value[1:-1] if is_quoted else re.sub(r"\s+#.*$", "", value)


def _first(values: dict[str, str], keys: tuple[str, ...]) -> str:
    return next((values[key] for key in keys if values.get(key)), "")
