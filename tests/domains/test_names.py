"""Domain names, local parts and addresses are read once and refused in words."""

from __future__ import annotations

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.names import (
    NameProblem,
    NameRefused,
    fold,
    parse_address,
    parse_display_name,
    parse_domain_name,
    parse_localpart,
    show_address,
    show_domain,
    suggest_localpart,
)


def problem_of(parse: object, text: str) -> NameProblem:
    with pytest.raises(NameRefused) as caught:
        parse(text)  # type: ignore[operator]  # one of the parsers
    assert str(caught.value.message), "every refusal speaks"
    assert caught.value.code == caught.value.problem.value
    return caught.value.problem


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("congty.vn", "congty.vn"),
        ("  CongTy.VN ", "congty.vn"),
        ("congty.vn.", "congty.vn"),
        ("mail.congty.com.vn", "mail.congty.com.vn"),
        ("công-ty.vn", "xn--cng-ty-ixa.vn"),
        ("co\u0302ng-ty.vn", "xn--cng-ty-ixa.vn"),  # decomposed, as macOS types it
        ("XN--CNG-TY-IXA.VN", "xn--cng-ty-ixa.vn"),
        ("faß.de", "xn--fa-hia.de"),
        ("例え.jp", "xn--r8jz45g.jp"),
        ("haivan.test", "haivan.test"),
        ("a" * 63 + ".vn", "a" * 63 + ".vn"),
    ],
)
def test_a_good_domain_name_gets_one_stored_form(text: str, stored: str) -> None:
    assert parse_domain_name(text).a_label == stored


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", NameProblem.EMPTY),
        ("   ", NameProblem.EMPTY),
        ("-a.com", NameProblem.HYPHEN),
        ("a-.com", NameProblem.HYPHEN),
        ("ab--c.com", NameProblem.HYPHEN),
        ("a..b", NameProblem.EMPTY_LABEL),
        (".a.com", NameProblem.EMPTY_LABEL),
        ("a.com..", NameProblem.EMPTY_LABEL),
        ("a" * 64 + ".com", NameProblem.LABEL_TOO_LONG),
        (".".join(["a" * 60] * 5), NameProblem.TOO_LONG),
        ("a" * 5000, NameProblem.TOO_LONG),
        ("😀.com", NameProblem.CHARACTER),
        ("a_b.com", NameProblem.CHARACTER),
        ("a b.com", NameProblem.CHARACTER),
        ("a\u200bb.com", NameProblem.CHARACTER),
        ("a\0b.com", NameProblem.CHARACTER),
        ("a\r\nb.com", NameProblem.CHARACTER),
        ("*.congty.vn", NameProblem.CHARACTER),
        ("xn--a.com", NameProblem.CHARACTER),
        ("ｃongty.vn", NameProblem.LOOKALIKE),
        ("congty。vn", NameProblem.LOOKALIKE),
        ("ﬁn.vn", NameProblem.LOOKALIKE),
        ("аpple.com", NameProblem.MIXED_ALPHABETS),  # the first letter is Cyrillic
        ("localhost", NameProblem.SPECIAL),
        ("nas.local", NameProblem.SPECIAL),
        ("congty", NameProblem.NO_DOT),
        ("co.uk", NameProblem.PUBLIC_SUFFIX),
        ("com.vn", NameProblem.PUBLIC_SUFFIX),
        ("COM.VN.", NameProblem.PUBLIC_SUFFIX),
        ("github.io", NameProblem.PUBLIC_SUFFIX),
        ("192.0.2.1", NameProblem.IP_ADDRESS),
        ("256.1.1.1", NameProblem.IP_ADDRESS),
        ("[192.0.2.1]", NameProblem.IP_ADDRESS),
        ("2001:db8::1", NameProblem.IP_ADDRESS),
        ("https://congty.vn/", NameProblem.WEB_ADDRESS),
        ("congty.vn:25", NameProblem.WEB_ADDRESS),
        ("mai@congty.vn", NameProblem.ADDRESS_NOT_NAME),
    ],
)
def test_a_bad_domain_name_is_refused_for_its_own_reason(text: str, problem: NameProblem) -> None:
    assert problem_of(parse_domain_name, text) is problem


@given(st.text(max_size=80))
def test_any_text_is_either_refused_or_stable(text: str) -> None:
    try:
        name = parse_domain_name(text)
    except NameRefused:
        return
    assert name.a_label == name.a_label.lower()
    assert name.a_label.isascii()
    assert len(name.a_label) <= 253
    assert all(0 < len(label) <= 63 for label in name.a_label.split("."))
    assert parse_domain_name(name.a_label) == name
    assert parse_domain_name(name.u_label) == name
    assert parse_domain_name(f"{name}.") == name


@given(st.from_regex(r"[a-zà-ỹđ]{1,12}-?[a-zà-ỹđ0-9]{1,12}\.vn", fullmatch=True))
def test_accented_names_and_their_a_labels_are_twins(text: str) -> None:
    try:
        name = parse_domain_name(text)
    except NameRefused:
        return
    assert parse_domain_name(name.a_label) == name
    # a few letters have no upper case of their own: dotless i becomes I, which is another letter's
    if text.upper().lower() == text.lower():
        assert parse_domain_name(text.upper()) == name


def test_parents_leave_the_top_level_out() -> None:
    assert parse_domain_name("a.b.congty.com.vn").parents == [
        "b.congty.com.vn",
        "congty.com.vn",
        "com.vn",
    ]


@pytest.mark.parametrize("text", ["mai", "Mai.Dang", "a_b-c", "x" * 64, " hoa "])
def test_a_good_local_part_is_lower_case(text: str) -> None:
    assert parse_localpart(text).text == text.strip().lower()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", NameProblem.LOCAL_EMPTY),
        ("x" * 65, NameProblem.LOCAL_TOO_LONG),
        (".mai", NameProblem.LOCAL_DOTS),
        ("mai.", NameProblem.LOCAL_DOTS),
        ("ma..i", NameProblem.LOCAL_DOTS),
        ("hà.trần", NameProblem.LOCAL_ACCENTS),
        ("mai dang", NameProblem.LOCAL_CHARACTER),
        ('"mai"', NameProblem.LOCAL_CHARACTER),
        ("mai@congty.vn", NameProblem.LOCAL_CHARACTER),
        ("mai\nx", NameProblem.LOCAL_CHARACTER),
        ("mai\0", NameProblem.LOCAL_CHARACTER),
        ("-oQ", NameProblem.LOCAL_CHARACTER),
        ("a%b", NameProblem.LOCAL_CHARACTER),
        ("mai+thu", NameProblem.LOCAL_TAG),
        ("|cmd", NameProblem.LOCAL_PROGRAM),
        ("/var/mail/x", NameProblem.LOCAL_PROGRAM),
        (":include:/etc/passwd", NameProblem.LOCAL_PROGRAM),
        ("mailer-daemon", NameProblem.LOCAL_DAEMON),
    ],
)
def test_a_bad_local_part_is_refused_for_its_own_reason(text: str, problem: NameProblem) -> None:
    assert problem_of(parse_localpart, text) is problem


@given(st.text(max_size=80))
def test_a_local_part_is_refused_or_safe_everywhere(text: str) -> None:
    try:
        local = parse_localpart(text).text
    except NameRefused:
        return
    assert set(local) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-")
    assert parse_localpart(local).text == local


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("Mai@CongTy.vn", "mai@congty.vn"),
        ("mai+thu@congty.vn", "mai+thu@congty.vn"),
        ("o'brien@tools.ie", "o'brien@tools.ie"),
        ("mai@công-ty.vn", "mai@xn--cng-ty-ixa.vn"),
        ("hostmaster@com.vn", "hostmaster@com.vn"),
    ],
)
def test_a_good_address_gets_one_stored_form(text: str, stored: str) -> None:
    assert str(parse_address(text)) == stored


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", NameProblem.NO_AT),
        ("mai", NameProblem.NO_AT),
        ("@congty.vn", NameProblem.LOCAL_EMPTY),
        ("mai@@congty.vn", NameProblem.MANY_AT),
        ("mai@congty.vn\nx@y.vn", NameProblem.MANY_AT),
        ("mai@congty.vn.", NameProblem.TRAILING_DOT),
        ("mai@", NameProblem.EMPTY),
        ("mai@[192.0.2.1]", NameProblem.IP_ADDRESS),
        ("mai@localhost", NameProblem.SPECIAL),
        ("<mai@congty.vn>", NameProblem.LOCAL_CHARACTER),
        ("a,b@congty.vn", NameProblem.LOCAL_CHARACTER),
        ("a!b@congty.vn", NameProblem.LOCAL_CHARACTER),
        ("a%b@congty.vn", NameProblem.LOCAL_CHARACTER),
        ("-oQ@congty.vn", NameProblem.LOCAL_CHARACTER),
        ("|cmd", NameProblem.LOCAL_PROGRAM),
        ("|cmd@congty.vn", NameProblem.LOCAL_PROGRAM),
        ('"|id"@congty.vn', NameProblem.LOCAL_PROGRAM),
        ("/var/mail/x", NameProblem.LOCAL_PROGRAM),
        (":include:/etc/x", NameProblem.LOCAL_PROGRAM),
        ("x" * 60 + "@" + ".".join(["a" * 48] * 4) + ".vn", NameProblem.ADDRESS_TOO_LONG),
    ],
)
def test_a_bad_address_is_refused_for_its_own_reason(text: str, problem: NameProblem) -> None:
    assert problem_of(parse_address, text) is problem


@given(st.text(max_size=60))
def test_an_address_is_refused_or_one_plain_recipient(text: str) -> None:
    try:
        address = str(parse_address(text))
    except NameRefused:
        return
    assert address.isascii()
    assert address.count("@") == 1
    assert not set(address) & set(' \t\r\n\0<>|"\\,;:()[]%!/')
    assert str(parse_address(address)) == address


def test_a_tag_is_no_part_of_where_an_address_delivers() -> None:
    assert str(parse_address("mai+thu+so@congty.vn").without_tag) == "mai@congty.vn"


def test_stored_names_are_shown_as_people_write_them() -> None:
    assert show_address("mai@xn--cng-ty-ixa.vn") == "mai@công-ty.vn"
    assert show_domain("xn--a.vn") == "xn--a.vn", "what cannot be decoded is shown as it is"


@pytest.mark.parametrize(
    ("person", "local"),
    [
        ("Trần Thu Hà", "tran.thu.ha"),
        ("Đỗ Quang Huy", "do.quang.huy"),
        ("Phòng Kế toán", "phong.ke.toan"),
        ("O'Brien", "o.brien"),
        ("例え", ""),
    ],
)
def test_a_local_part_is_suggested_from_a_name(person: str, local: str) -> None:
    assert suggest_localpart(person) == local


@given(st.text(max_size=100))
def test_a_suggestion_is_empty_or_good(person: str) -> None:
    if local := suggest_localpart(person):
        assert parse_localpart(local).text == local


def test_folding_leaves_letters_without_marks() -> None:
    assert fold("ĐẶNG Thanh Mai") == fold("đa\u0323\u0306ng thanh mai") == "dang thanh mai"


@pytest.mark.parametrize("text", ["Mai\r\nBcc: x@y.vn", "Mai\0", "Mai\u202eiaM", "x" * 121, " "])
def test_a_display_name_cannot_carry_a_second_header(text: str) -> None:
    problem_of(parse_display_name, text)


def test_a_display_name_is_kept_on_one_line() -> None:
    assert parse_display_name("  Trần   Thu Hà ") == "Trần Thu Hà"


def test_our_twins_are_those_of_the_idna_library() -> None:
    assert parse_domain_name("Bücher.example").a_label == idna.encode("bücher.example").decode()
