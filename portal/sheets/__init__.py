"""Spreadsheets in and out: CSV and XLSX files as rows of text, and lists as files to download."""

from __future__ import annotations

from portal.sheets.errors import SheetRefused
from portal.sheets.reading import ENCODINGS, SEPARATORS, Sheet, read_sheet
from portal.sheets.writing import csv_stream, neutral, xlsx_stream

__all__ = [
    "ENCODINGS",
    "SEPARATORS",
    "Sheet",
    "SheetRefused",
    "csv_stream",
    "neutral",
    "read_sheet",
    "xlsx_stream",
]
