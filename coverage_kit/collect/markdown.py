"""Turn one Markdown file, with or without front matter, into the same extract as an HTML page."""

from collections.abc import Callable
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
from coverage_kit.text.markdown.parser import open_parser

# The parser looks for the end of each open bracket: its time grows with the square of their number,
# and 100,000 take a second (measured).
_MAX_BRACKETS = 50_000


@dataclass(frozen=True)
class MarkdownPage:
    """A page that is a Markdown file.

    Attributes:
        extract: its content.
        front: its front matter; `front.problem` says what of it could not be read.
        is_draft: whether its generator does not publish it.
    """

    extract: Extract
    front: FrontMatter
    is_draft: bool


def read_markdown_page(
    content: bytes, read_include: Callable[[str], str | None] | None = None
) -> MarkdownPage:
    """Return the content of a Markdown file and its front matter.

    Title, URL, dates and language come from its front matter where it has them. Raises PageError as
    `render_markdown` does.

    Args:
        content: the bytes of the file.
        read_include: returns the Markdown of a file that the page includes, by its name there, or
            None where there is no such file; without it nothing is included.
    """
    front, html = render_markdown(content, read_include)
    page = extract_page(html.encode(), is_article=True)
    extract = replace(
        page,
        title=front.title or page.title or front.short_title,
        language=front.language,
        url=front.url,
        published_at=front.date(PUBLISHED_KEYS),
        modified_at=front.date(MODIFIED_KEYS),
    )
    return MarkdownPage(extract, front, front.is_draft)


def extract_markdown(content: bytes) -> Extract:
    """Return the content of a Markdown file, as `read_markdown_page` does."""
    return read_markdown_page(content).extract


def render_markdown(
    content: bytes, read_include: Callable[[str], str | None] | None = None
) -> tuple[FrontMatter, str]:
    """Return the front matter of a Markdown file and its body as HTML.

    Raises PageError for what is no text, and for so many brackets that parsing would take long.
    """
    text = decode_page(content)
    if text.count("[") > _MAX_BRACKETS:
        raise PageError(f"more than {_MAX_BRACKETS:,} brackets")
    lines = find_front(text)
    front = FrontMatter()
    if lines is not None:
        front = read_front_matter(lines.kind, text[lines.start : lines.end])
        text = text[lines.body :]
    body = open_parser().render(text, {"read_include": read_include})
    return front, f"<html><body><main>{body}</main></body></html>"
