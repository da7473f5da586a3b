"""Remembers what failed and when to try it again, so that one bad order holds up no other."""

from __future__ import annotations

from time import monotonic
from typing import Generic, TypeVar

Key = TypeVar("Key", str, int)

_FIRST_SECONDS = 1.0
_LONGEST_SECONDS = 15.0


class Patience(Generic[Key]):
    """Pauses by key; each further failure doubles the pause, by default up to a quarter of a minute."""

    def __init__(
        self, *, first_seconds: float = _FIRST_SECONDS, longest_seconds: float = _LONGEST_SECONDS
    ) -> None:
        self._first_seconds, self._longest_seconds = first_seconds, longest_seconds
        self._pauses: dict[Key, tuple[float, float]] = {}  # pause, moment of the next try

    def resting(self) -> list[Key]:
        """Return what must not be tried yet."""
        now = monotonic()
        return [key for key, (_, until) in self._pauses.items() if until > now]

    def failed(self, key: Key) -> None:
        """Let `key` rest."""
        pause, _ = self._pauses.get(key, (self._first_seconds / 2, 0.0))
        pause = min(self._longest_seconds, pause * 2)
        self._pauses[key] = (pause, monotonic() + pause)

    def done(self, key: Key) -> None:
        """Forget that `key` ever failed."""
        self._pauses.pop(key, None)
