"""Form fields that more than one room uses."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

BYTES_PER_GB = 1_000_000_000


class GigabytesField(forms.DecimalField):
    """Takes gigabytes from a person and gives bytes to the program; empty gives None."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", Decimal("0.01"))
        kwargs.setdefault("max_value", Decimal(1_000_000))
        super().__init__(decimal_places=2, **kwargs)
        self.widget.attrs.setdefault("inputmode", "decimal")

    def clean(self, value: Any) -> int | None:
        """Return bytes."""
        gigabytes = super().clean(value)
        return None if gigabytes is None else int(gigabytes * BYTES_PER_GB)

    def prepare_value(self, value: Any) -> Any:
        """Show bytes as gigabytes; what was typed stays as typed."""
        if isinstance(value, int) and not isinstance(value, bool):
            return f"{Decimal(value) / BYTES_PER_GB:.2f}".rstrip("0").rstrip(".")
        return value
