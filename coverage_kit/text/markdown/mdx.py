"""MDX: imports and exports, components, directives of Docusaurus, ids of headings."""

from markdown_it import MarkdownIt


def add_mdx_rules(parser: MarkdownIt) -> None:
    """Add the rules of MDX and of Docusaurus, Mintlify, Nextra and Astro to a parser."""
