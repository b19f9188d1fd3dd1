"""Build tools that people already use, each a thin reader of what a build has written."""
