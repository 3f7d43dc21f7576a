"""MDX: imports and exports, components, directives of Docusaurus, ids of headings."""

from markdown_it import MarkdownIt


def looks_like_mdx(text: str) -> bool:
    """Return whether a Markdown text has signs of MDX."""
    return False


def add_mdx_rules(parser: MarkdownIt, *, is_mdx: bool) -> None:
    """Add the rules of MDX and of Docusaurus, Mintlify, Nextra and Astro to a parser."""
