"""What changes domains and mailboxes: one verb per module, keyword arguments, the actor first."""

from __future__ import annotations
