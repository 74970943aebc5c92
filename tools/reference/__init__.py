"""The pages of `docs/reference/` that are made from the source, so that they cannot lie.

Each module makes one page with `page() -> str` and writes nothing. `tests/tools/test_pages.py`
compares them with what is checked in; `make golden` rewrites them, and the diff is read.
"""
