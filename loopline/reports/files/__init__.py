"""Reports as files and as tables of text."""
