"""A page's source file, HTML or Markdown, read with the place of every word, so that words change where they stand."""
