"""The pauses between tries add up to the day we promise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from delivery.retry import GIVE_UP_AFTER, MOST_ATTEMPTS, next_try

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def test_a_message_nobody_takes_is_given_up_within_a_day() -> None:
    now, attempts = START, 1
    while (at := next_try(attempts=attempts, now=now)) is not None:
        now, attempts = at, attempts + 1
    assert GIVE_UP_AFTER - timedelta(minutes=30) < now - START <= GIVE_UP_AFTER


@given(attempts=st.integers(min_value=1, max_value=MOST_ATTEMPTS - 2))
def test_pauses_never_shrink(attempts: int) -> None:
    first = next_try(attempts=attempts, now=START)
    second = next_try(attempts=attempts + 1, now=START)
    assert first is not None
    assert second is not None
    assert START < first <= second
