"""Cells of a CSV that people open in a spreadsheet: a text that begins like a formula would be one, and might fetch more."""

import pandas as pd

SIGNS = ("=", "+", "-", "@", "\t", "\r")
MARK = "'"  # what a spreadsheet takes for "this is text"; it does not show it


def safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula: one that could be gets a mark in front, and so does one that begins
    with marks before such a sign, so that `plain` gives back what was there."""
    return MARK + text if text.lstrip(MARK).startswith(SIGNS) else text


def plain(text: str) -> str:
    """What `safe` was given."""
    return text[1:] if text.startswith(MARK) and text.lstrip(MARK).startswith(SIGNS) else text


def safe_table(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose texts and headings are no formulas."""
    texts = table.select_dtypes(["object", "string"]).columns
    changed = {name: [safe(cell) if isinstance(cell, str) else cell for cell in table[name]] for name in texts}
    return table.assign(**changed).rename(columns=lambda name: safe(str(name)))
