"""What is wrong with a spreadsheet as a whole; rows have their own messages."""

from __future__ import annotations

from portal.errors import InvalidInput


class SheetRefused(InvalidInput):
    """The file cannot be read as a table; the message says why and what to do."""

    code = "sheet_refused"
