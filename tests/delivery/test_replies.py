"""Replies of servers are said in words, in both languages, and never fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.replies import Reason, explain


@pytest.mark.parametrize(
    ("code", "enhanced", "text", "words"),
    [
        (550, "5.1.1", "User unknown", "This address does not exist there."),
        (550, "", "5.1.1 User unknown", "This address does not exist there."),
        (
            451,
            "4.2.1",
            "disabled",
            "The mailbox is closed for the moment; their server says: try again later.",
        ),
        (450, "", "come back", "Their server asks us to try again later."),
        (499, "", "", "Their server asks us to try again later."),
        (599, "5.9.9", "", "Their server refuses the message."),
        (None, "", Reason.NO_ANSWER, "Our mail server did not answer."),
    ],
)
def test_codes_are_said_in_words(code: int | None, enhanced: str, text: str, words: str) -> None:
    assert explain(code, enhanced, text) == words


@given(code=st.none() | st.integers(), enhanced=st.text(), text=st.text())
def test_nothing_a_server_says_breaks_it(code: int | None, enhanced: str, text: str) -> None:
    assert isinstance(explain(code, enhanced, text), str)
