"""Lines of Postfix 3.7 and 3.10, and what they are read as."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailserver.logs.line import LogLine, moment, parse_line
from mailserver.logs.postfix import (
    Accepted,
    Event,
    Expired,
    MessageIdNamed,
    Reply,
    SignedIn,
    Status,
    TlsEstablished,
    read_event,
    read_reply,
)
from mailserver.logs.story import PostfixReader

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def event(line: str) -> Event | None:
    parsed = parse_line(line.encode())
    assert parsed is not None, line
    return read_event(parsed)


def test_a_line_has_time_program_process_and_text() -> None:
    line = parse_line(
        b"Nov 24 08:47:14 mail postfix-1a2b3c4d/submission/smtpd[4711]: connect from x[127.0.0.1]"
    )
    assert line == LogLine(
        "Nov 24 08:47:14", "postfix-1a2b3c4d/submission/smtpd", 4711, "connect from x[127.0.0.1]"
    )
    assert line.service == "smtpd"


def test_cleanup_names_the_message_id() -> None:
    assert event(
        "Nov 24 08:47:14 mail postfix/cleanup[12]: 4XyzQR1vBsz9t3D: message-id=<a.b@haivan.test>"
    ) == MessageIdNamed("4XyzQR1vBsz9t3D", "<a.b@haivan.test>")


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("sasl_method=PLAIN, sasl_username=Mai@haivan.test", "mai@haivan.test"),
        ("sasl_method=LOGIN, sasl_username=mai@haivan.test", "mai@haivan.test"),
        ("sasl_method=OAUTHBEARER, sasl_username=mai@haivan.test@webmail", None),
    ],
)
def test_who_sends_with_a_password_is_named(said: str, address: str | None) -> None:
    line = (
        f"Nov 24 08:47:14 mail postfix/submission/smtpd[9]: 4XyzQR1vBsz9t3D: client=a[::1], {said}"
    )
    assert event(line) == (SignedIn(address) if address else None)
    story = PostfixReader().read([line.encode()], now=NOW)
    assert story.sign_ins == ({address: moment("Nov 24 08:47:14", now=NOW)} if address else {})


@pytest.mark.parametrize(
    "text",
    [
        "4XyzQR1vBsz9t3D: message-id=<>",
        "4XyzQR1vBsz9t3D: message-id=no brackets",
        "4XyzQR1vBsz9t3D: resent-message-id=<a@b>",
        (
            "4XyzQR1vBsz9t3D: milter-reject: END-OF-MESSAGE from x[127.0.0.1]: 5.7.1 Spam message rejected;"
            " from=<a@b> to=<c@d> proto=ESMTP helo=<x>"
        ),
        "warning: message-id=<a@b>",
    ],
)
def test_other_lines_of_cleanup_prove_nothing(text: str) -> None:
    assert event(f"Nov 24 08:47:14 mail postfix/cleanup[12]: {text}") is None


@pytest.mark.parametrize(
    "text",
    [
        "4XyzQR1vBsz9t3D: from=<mai@haivan.test>, size=2044, nrcpt=2 (queue active)",
        "4XyzQR1vBsz9t3D: from=<>, size=2044, nrcpt=1 (queue active)",
        "4XyzQR1vBsz9t3D: removed",
        "0F3A21B4C5: removed",
    ],
)
def test_what_the_queue_manager_speaks_of_is_accepted(text: str) -> None:
    found = event(f"Nov 24 08:47:14 mail postfix/qmgr[12]: {text}")
    assert found == Accepted(text.partition(":")[0])


def test_somebody_else_who_says_removed_proves_nothing() -> None:
    assert event("Nov 24 08:47:14 mail postfix/smtpd[12]: 4XyzQR1vBsz9t3D: removed") is None


@pytest.mark.parametrize("word", ["expired", "force-expired"])
def test_expiry_is_seen(word: str) -> None:
    assert event(
        f"Nov 24 08:47:14 mail postfix/qmgr[12]: 4XyzQR1vBsz9t3D: from=<a@b>, status={word}, returned to sender"
    ) == Expired("4XyzQR1vBsz9t3D")


def status(text: str, service: str = "smtp") -> Status:
    found = event(f"Nov 24 08:47:14 mail postfix/{service}[12]: {text}")
    assert isinstance(found, Status), text
    return found


def test_a_delivery_is_read_with_relay_and_reply() -> None:
    assert status(
        "4XyzQR1vBsz9t3D: to=<echo@partner.test>, relay=mx.partner.test[127.101.144.25]:25, "
        "delay=0.12, delays=0.05/0.01/0.03/0.03, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 9F)"
    ) == Status(
        "4XyzQR1vBsz9t3D",
        "echo@partner.test",
        "",
        "mx.partner.test[127.101.144.25]:25",
        is_reused_connection=False,
        status="sent",
        reply=Reply(250, "2.0.0", "Ok: queued as 9F"),
    )


def test_an_alias_keeps_the_address_that_was_written() -> None:
    found = status(
        "4XyzQR1vBsz9t3D: to=<binh@haivan.test>, orig_to=<sales@haivan.test>, "
        "relay=/run/hopthu-1/dovecot/lmtp[/run/hopthu-1/dovecot/lmtp], delay=0.1, "
        "delays=0.05/0.01/0.03/0.01, dsn=2.0.0, status=sent (250 2.0.0 <binh@haivan.test> aBc Saved)",
        "lmtp",
    )
    assert (found.recipient, found.original_recipient) == ("binh@haivan.test", "sales@haivan.test")
    assert found.relay.startswith("/run/")


def test_a_refusal_is_read_without_the_frame_postfix_puts_around_it() -> None:
    found = status(
        "4XyzQR1vBsz9t3D: to=<no@partner.test>, relay=mx.partner.test[127.101.144.25]:25, delay=0.1, "
        "delays=0/0/0.1/0, dsn=5.1.1, status=bounced (host mx.partner.test[127.101.144.25] said: "
        "550 5.1.1 <no@partner.test>: nobody here (in reply to RCPT TO command))"
    )
    assert found.reply == Reply(550, "5.1.1", "<no@partner.test>: nobody here")


def test_a_greeting_that_refuses_is_a_reply_too() -> None:
    found = status(
        "4XyzQR1vBsz9t3D: to=<a@b.test>, relay=none, delay=0.1, delays=0/0/0.1/0, dsn=4.3.2, "
        "status=deferred (host mx.b.test[192.0.2.1] refused to talk to me: 421 too busy)"
    )
    assert found.relay == ""
    assert found.reply == Reply(421, "4.3.2", "too busy")


def test_postfix_own_words_have_no_code() -> None:
    found = status(
        "4XyzQR1vBsz9t3D: to=<a@b.test>, relay=none, delay=0.1, delays=0/0/0.1/0, dsn=4.4.1, "
        "status=deferred (connect to mx.b.test[192.0.2.1]:25: Connection refused)"
    )
    assert found.reply == Reply(
        None, "4.4.1", "connect to mx.b.test[192.0.2.1]:25: Connection refused"
    )


def test_of_several_lines_the_first_codes_count() -> None:
    reply = read_reply(
        "host x[1.2.3.4] said: 550-5.7.1 One. 550 5.7.1 Two (in reply to end of DATA command)"
    )
    assert reply == Reply(550, "5.7.1", "One. 550 5.7.1 Two")


def test_a_reused_connection_is_noted() -> None:
    assert status(
        "4XyzQR1vBsz9t3D: to=<a@b.test>, relay=mx.b.test[192.0.2.1]:25, conn_use=3, delay=0.1, "
        "delays=0/0/0.1/0, dsn=2.0.0, status=sent (250 ok)"
    ).is_reused_connection


def test_probes_for_an_address_are_no_delivery() -> None:
    assert (
        event(
            "Nov 24 08:47:14 mail postfix/smtp[12]: 4XyzQR1vBsz9t3D: to=<a@b.test>, "
            "relay=mx.b.test[192.0.2.1]:25, delay=0.1, delays=0/0/0.1/0, dsn=2.1.5, "
            "status=deliverable (250 2.1.5 Ok)"
        )
        is None
    )


def test_a_server_cannot_write_a_second_status_into_its_reply() -> None:
    found = status(
        "4XyzQR1vBsz9t3D: to=<a@b.test>, relay=mx.b.test[192.0.2.1]:25, delay=0.1, delays=0/0/0.1/0, "
        "dsn=5.0.0, status=bounced (host mx.b.test[192.0.2.1] said: 550 x), relay=y, delay=1, delays=1, "
        "dsn=2.0.0, status=sent (250 ok) (in reply to RCPT TO command))"
    )
    assert found.status == "bounced"


# ---- TLS

_TLS_37 = (
    "Untrusted TLS connection established to mx.partner.test[127.101.144.25]:25: TLSv1.3 with cipher "
    "TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits) "
    "server-digest SHA256"
)
_TLS_310 = (
    "Verified TLS connection established to mx.partner.test[127.101.144.25]:25: TLSv1.3 with cipher "
    "TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange x25519 server-signature ecdsa_secp256r1_sha256"
)
_SENT = (
    "{id}: to=<a@partner.test>, relay=mx.partner.test[127.101.144.25]:25, delay=0.1, "
    "delays=0/0/0.1/0, dsn=2.0.0, status=sent (250 ok)"
)


@pytest.mark.parametrize("text", [_TLS_37, _TLS_310])
def test_a_tls_line_names_the_peer(text: str) -> None:
    assert event(f"Nov 24 08:47:14 mail postfix/smtp[12]: {text}") == TlsEstablished(
        "mx.partner.test[127.101.144.25]:25", "TLSv1.3"
    )


def told(
    *texts: str, reader: PostfixReader | None = None, service: str = "smtp"
) -> list[bool | None]:
    lines = [f"Nov 24 08:47:14 mail postfix/{service}[12]: {text}".encode() for text in texts]
    return [entry.tls for entry in (reader or PostfixReader()).read(lines, now=NOW).outcomes]


def test_a_delivery_after_the_tls_line_of_its_process_was_encrypted() -> None:
    assert told(_TLS_37, _SENT.format(id="AAAAAAAAAA"), _SENT.format(id="AAAAAAAAAA")) == [
        True,
        True,
    ]


def test_a_later_message_without_a_tls_line_of_its_own_was_not() -> None:
    reader = PostfixReader()
    assert told(_TLS_37, _SENT.format(id="AAAAAAAAAA"), reader=reader) == [True]
    assert told(_SENT.format(id="BBBBBBBBBB"), reader=reader) == [False]


def test_of_a_process_met_for_the_first_time_nothing_is_claimed() -> None:
    assert told(_SENT.format(id="AAAAAAAAAA")) == [None]


def test_of_deliveries_inside_the_house_nothing_is_claimed() -> None:
    assert told(_TLS_37, _SENT.format(id="AAAAAAAAAA"), service="lmtp") == [None]


# ---- times


def test_a_time_without_year_is_the_latest_that_fits() -> None:
    assert moment("Nov 24 08:47:14", now=NOW) == datetime(2026, 11, 24, 8, 47, 14, tzinfo=UTC)
    assert moment("Dec 31 23:59:59", now=NOW).year == 2025
    assert moment("Nov  4 08:47:14", now=NOW).day == 4


def test_a_clock_slightly_ahead_is_no_year_behind() -> None:
    assert (
        moment("Jan  1 00:00:01", now=datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)).year == 2027
    )


def test_a_leap_day_is_found_years_back() -> None:
    assert moment("Feb 29 10:00:00", now=NOW).year == 2024


def test_a_time_with_a_zone_keeps_it() -> None:
    east = timezone(timedelta(hours=7))
    assert moment("2026-11-24T15:47:14.123456+07:00", now=NOW) == datetime(
        2026, 11, 24, 15, 47, 14, 123456, tzinfo=east
    )


@pytest.mark.parametrize(
    "text", ["Xyz 24 08:47:14", "Nov 99 08:47:14", "2026-99-99T00:00", "Nov 24 99:00:00"]
)
def test_an_impossible_time_is_now(text: str) -> None:
    assert moment(text, now=NOW) == NOW


# ---- whatever comes

_PIECES = st.sampled_from(
    [
        "4XyzQR1vBsz9t3D: ", "to=<", ">, ", "orig_to=<", "relay=", "none", ", delay=", "0.1", "delays=",
        "1/2/3/4", ", dsn=", "2.0.0", ", status=", "sent", "bounced", " (", ")", "250 ", "550-", "from=<",
        "message-id=<", "removed", "a@b.test", "\\", '"', "ô", "\x00", "\n", "host x said: ",
    ]
)  # fmt: skip


@given(st.binary(max_size=300))
@example(b"Nov 24 08:47:14 mail postfix/smtp[12]: \xff\xfe: to=<\xff>")
def test_no_bytes_raise(raw: bytes) -> None:
    PostfixReader().read([raw], now=NOW)


@given(
    st.lists(_PIECES, max_size=25), st.sampled_from(["smtp", "qmgr", "cleanup", "lmtp", "error"])
)
def test_no_arrangement_of_our_words_raises_or_takes_long(pieces: list[str], service: str) -> None:
    line = f"Nov 24 08:47:14 mail postfix/{service}[12]: {''.join(pieces)}"
    story = PostfixReader().read([line.encode()], now=NOW)
    assert len(story.outcomes) <= 1


_ADDRESS = st.from_regex(r"[a-z0-9.+_-]{1,20}@[a-z0-9-]{1,10}\.test", fullmatch=True)


@given(
    _ADDRESS,
    st.one_of(st.just(""), _ADDRESS),
    st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=80),
)
def test_what_postfix_writes_is_read_back(to: str, original: str, words: str) -> None:
    orig = f"orig_to=<{original}>, " if original else ""
    found = status(
        f"4XyzQR1vBsz9t3D: to=<{to}>, {orig}relay=mx[1.2.3.4]:25, delay=1.5, delays=1/0/0.5/0, "
        f"dsn=5.7.1, status=bounced (host mx[1.2.3.4] said: 550 5.7.1 {words})"
    )
    assert (found.recipient, found.original_recipient) == (to, original)
    assert found.reply.code == 550
    assert found.reply.text in {words, words.rpartition(" (in reply to")[0]}
