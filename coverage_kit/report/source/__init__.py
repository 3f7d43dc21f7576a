"""Read a page's source file, HTML or Markdown, with the position of every word.

With the positions known, words can be changed in the file, and everything else in it stays.
"""
