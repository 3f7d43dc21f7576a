"""Text itself: words, sentences, sections, languages, years, and what marks up a page."""
