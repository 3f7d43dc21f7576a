"""Turn one Markdown file, with or without front matter, into the same extract as an HTML page."""

import re
from dataclasses import dataclass, replace

from coverage_kit.collect.decode import decode_page
from coverage_kit.collect.extract import Extract, extract_page
from coverage_kit.collect.front_matter import (
    MODIFIED_KEYS,
    PUBLISHED_KEYS,
    FrontMatter,
    read_front_matter,
)
from coverage_kit.collect.page_try import PageError
from coverage_kit.text.markdown.front import find_front
from coverage_kit.text.markdown.includes import ReadInclude
from coverage_kit.text.markdown.limits import MarkupError
from coverage_kit.text.markdown.mdx import looks_like_mdx
from coverage_kit.text.markdown.parser import open_parser
from coverage_kit.text.markdown.template_html import without_template_tags
from coverage_kit.text.markdown.unknown import Unknown, unknown_of
from coverage_kit.text.markdown.values import new_env

# The parser looks for the end of each open bracket: its time grows with the square of their number,
# and 100,000 take a second (measured).
_MAX_BRACKETS = 50_000
# A heading that begins a text, without its id.
_HEADING = re.compile(r"#{2,6} ([^\n]{1,300}?)(?: \{#[^\s{}]*\})?(?:\n|\Z)")


@dataclass(frozen=True)
class MarkdownPage:
    """A page that is a Markdown file.

    Attributes:
        extract: its content.
        front: its front matter; `front.problem` says what of it could not be read.
        is_draft: whether its generator does not publish it.
        unknown: the values and components whose words the file does not hold.
    """

    extract: Extract
    front: FrontMatter
    is_draft: bool
    unknown: Unknown


def read_markdown_page(
    content: bytes, read_include: ReadInclude | None = None, *, is_mdx: bool = False
) -> MarkdownPage:
    """Return the content of a Markdown file and its front matter.

    Title, URL, dates and language come from its front matter where it has them. The arguments and
    errors are those of `render_markdown`.
    """
    front, html, unknown = render_markdown(content, read_include, is_mdx=is_mdx)
    page = extract_page(html.encode(), is_article=True)
    extract = replace(
        page,
        title=without_template_tags(front.title)
        or page.title
        or front.short_title
        or _first_heading(page.text),
        language=front.language,
        url=front.url,
        published_at=front.date(PUBLISHED_KEYS),
        modified_at=front.date(MODIFIED_KEYS),
    )
    return MarkdownPage(extract, front, front.is_draft, unknown)


def _first_heading(text: str) -> str:
    """Return the heading with which a text begins, or empty text."""
    heading = _HEADING.match(text)
    return heading[1] if heading is not None else ""


def extract_markdown(
    content: bytes, read_include: ReadInclude | None = None, *, is_mdx: bool = False
) -> Extract:
    """Return the content of a Markdown file, as `read_markdown_page` does."""
    return read_markdown_page(content, read_include, is_mdx=is_mdx).extract


def render_markdown(
    content: bytes, read_include: ReadInclude | None = None, *, is_mdx: bool = False
) -> tuple[FrontMatter, str, Unknown]:
    """Return the front matter of a Markdown file, its body as HTML, and what is not in the file.

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
    lines = find_front(text)
    front = FrontMatter()
    body = text
    if lines is not None:
        front = read_front_matter(lines.kind, text[lines.start : lines.end])
        body = text[lines.body :]
    has_signs = not is_mdx and looks_like_mdx(body)
    env = new_env(text, lines, read_include, is_mdx_by_signs=has_signs)
    try:
        html = open_parser(is_mdx=is_mdx or has_signs).render(body, env)
    except MarkupError as error:
        raise PageError(str(error)) from error
    return front, f"<html><body><main>{html}</main></body></html>", unknown_of(env)
