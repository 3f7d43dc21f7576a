"""Settings of Sphinx: the site from docs/ with the API from docstrings; it needs no network."""

from coverage_kit import __version__

project = "coverage_kit"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
myst_heading_anchors = 4

html_theme = "furo"
html_title = f"coverage_kit {release}"
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
napoleon_use_rtype = False
nitpicky = True
# Types of other packages have no page here; links to documents and labels are still checked.
nitpick_ignore_regex = [("py:.*", r".*")]
