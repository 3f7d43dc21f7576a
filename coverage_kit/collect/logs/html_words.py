"""The words of an answer or a message that a log holds as HTML."""

from coverage_kit.collect.blocks import read_blocks
from coverage_kit.collect.logs.record import Citation
from coverage_kit.collect.logs.values import citations_of
from coverage_kit.collect.page_try import PageError
from coverage_kit.collect.structured import parse_html


def html_words(html: str) -> str:
    """Return the words of HTML, each block on lines of its own; what is no HTML as it is."""
    try:
        tree = parse_html(html)
    except PageError:
        return html
    if tree is None:
        return html
    return "\n\n".join(block.text for block in read_blocks(tree) if block.text.strip())


def html_links(html: str) -> tuple[Citation, ...]:
    """Return the http pages that HTML links to, with the words of the links as titles."""
    try:
        tree = parse_html(html)
    except PageError:
        return ()
    links = () if tree is None else tree.iter("a")
    return citations_of([{"url": link.get("href"), "title": link.text_content()} for link in links])
