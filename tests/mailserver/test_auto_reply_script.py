"""The script of an automatic reply: nothing that somebody types leaves its quotes."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from mailserver.render import auto_reply_script, sieve_string

QUOTED = re.compile(r'"(?:[^"\\]|\\["\\])*"', re.DOTALL)


def script(text: str, subject: str = "", until: datetime | None = None) -> str:
    return auto_reply_script(
        text=text,
        subject=subject,
        days=7,
        addresses=["a@x.test"],
        sender="a@x.test",
        handle="h",
        until=until,
    )


@given(st.text())
def test_any_text_stays_one_quoted_string(text: str) -> None:
    quoted = sieve_string(text)
    assert QUOTED.fullmatch(quoted)
    inner = quoted[1:-1].replace("\\\\", "\0").replace('\\"', '"').replace("\0", "\\")
    assert inner.replace("\r\n", "\n") == text.replace("\0", "").replace("\r\n", "\n").replace(
        "\r", ""
    )


@given(st.text(), st.text(max_size=50))
def test_the_rule_is_the_same_whatever_is_typed(text: str, subject: str) -> None:
    plain = QUOTED.sub('""', script("x", "y" if subject else ""))
    assert QUOTED.sub('""', script(text, subject)) == plain
    assert "variables" not in plain


def test_a_reply_with_an_end_compares_the_moment_in_utc() -> None:
    text = script("x", until=datetime(2026, 12, 1, 8, 30, tzinfo=UTC))
    assert '"iso8601" "2026-12-01T08:30:00"' in text
