"""What the page, the workbook's summary and the notebooks show, as plain values without markup."""

from typing import Any

# What a template is rendered with: plain values by name.
Context = dict[str, Any]
