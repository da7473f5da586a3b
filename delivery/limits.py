"""The windows that bound what a tenant may send. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from delivery.replies import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

NEAR = 80  # per cent: from here on the overview speaks


@dataclass(frozen=True, slots=True)
class Window:
    """An hour or a day of one plan, in recipients. `tenant_id` is whose plan it is."""

    tenant_id: int
    span: str  # "hour" or "day"
    allowed: int  # 0: nothing may be sent at all
    used: int  # by everything below that tenant
    ends_at: datetime

    @property
    def percent(self) -> int:
        """How much of it is used; 100 when nothing is allowed."""
        return min(100, self.used * 100 // self.allowed) if self.allowed else 100

    def waits(self, wanted: int) -> bool:
        """Whether `wanted` recipients find no room now, but would in a fresh window."""
        return self.used + wanted > self.allowed >= wanted


def blocking(windows: Sequence[Window], wanted: int) -> Window | None:
    """Return the window to wait for with so many recipients, the one that ends last; None: go."""
    full = [window for window in windows if window.waits(wanted)]
    return max(full, key=lambda window: window.ends_at, default=None)


def reason(window: Window) -> Reason:
    """Return why it waits."""
    return Reason.OVER_HOUR if window.span == "hour" else Reason.OVER_DAY
