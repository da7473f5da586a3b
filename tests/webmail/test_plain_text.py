"""Plain text as HTML: escaped first, then links, quotes and signature."""

from __future__ import annotations

import html.parser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.message.text import linked, text_to_html


def test_markup_stays_text() -> None:
    shown = text_to_html("<script>alert(1)</script> & <b>").shown
    assert shown == "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;</p>"


@pytest.mark.parametrize(
    ("text", "href", "words"),
    [
        (
            "xem https://a.test/x?y=1&z=2.",
            "https://a.test/x?y=1&amp;z=2",
            "https://a.test/x?y=1&amp;z=2",
        ),
        ("(https://a.test/x(y))", "https://a.test/x(y)", "https://a.test/x(y)"),
        ("www.a.test/b,", "https://www.a.test/b", "www.a.test/b"),
        ("gửi an.pham@a.test nhé", "mailto:an.pham@a.test", "an.pham@a.test"),
        ('http://a.test/"onmouseover="alert(1)', "http://a.test/", "http://a.test/"),
    ],
)
def test_addresses_become_links(text: str, href: str, words: str) -> None:
    assert (
        f'<a href="{href}" target="_blank" rel="noopener noreferrer nofollow">{words}</a>'
        in linked(text)
    )


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "data:text/html,x", "ftp://a.test", "a@b", "http://"]
)
def test_other_things_do_not(text: str) -> None:
    assert "<a " not in linked(text)


def test_paragraphs_and_line_ends_stay() -> None:
    assert text_to_html("a\nb\n\nc").shown == "<p>a\nb</p><p>c</p>"


def test_earlier_mail_at_the_end_is_folded_with_the_words_that_introduce_it() -> None:
    made = text_to_html(
        "Đồng ý.\n\nVào Thứ Sáu, 20/11/2026 Mai <m@a.test>\nđã viết:\n> cũ\n> > hơn\n"
    )
    assert made.shown == "<p>Đồng ý.</p>"
    assert made.quoted.startswith("<p>Vào Thứ Sáu")
    assert made.quoted.count('<blockquote class="quote">') == 2


def test_a_quote_with_an_answer_below_stays_open() -> None:
    made = text_to_html("> câu hỏi\nTrả lời\n")
    assert made.quoted == ""
    assert made.shown == '<blockquote class="quote"><p>câu hỏi</p></blockquote><p>Trả lời</p>'


def test_a_message_of_nothing_but_quotes_is_not_folded_away() -> None:
    assert text_to_html("> a\n> b\n").quoted == ""


def test_original_message_rules_fold_too() -> None:
    made = text_to_html("Xem dưới\n\n-----Original Message-----\nFrom: x\n")
    assert made.shown == "<p>Xem dưới</p>"
    assert "Original Message" in made.quoted


def test_the_signature_is_set_apart() -> None:
    assert '<p class="signature">Ánh</p>' in text_to_html("Chào\n-- \nÁnh\n").shown


def test_flowed_text_is_put_together() -> None:
    assert text_to_html("một \nhai\n", flowed=True).shown == "<p>một hai</p>"
    assert text_to_html("mộ \nt\n", flowed=True, delete_space=True).shown == "<p>một</p>"


class Balance(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  # as declared
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@given(
    st.lists(
        st.sampled_from(
            ["> ", ">", "a", "\n", "-- \n", "<", "&", " ", "http://a.test/", "On x wrote:\n"]
        ),
        max_size=60,
    ).map("".join)
)
def test_any_text_gives_balanced_markup_of_four_tags(text: str) -> None:
    made = text_to_html(text, flowed=len(text) % 2 == 0)
    for markup in (made.shown, made.quoted):
        balance = Balance()
        balance.feed(markup)
        assert balance.open == []
        assert balance.tags <= {"p", "blockquote", "a"}
