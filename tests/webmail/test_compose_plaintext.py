"""The plain twin of a letter says the same as its HTML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.message.plaintext import to_plain


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Chào chị,</p><p>Em gửi <b>bảng giá</b>.</p>", "Chào chị,\n\nEm gửi bảng giá."),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<ul><li>một</li><li>hai</li></ul>", "- một\n- hai"),
        ("<ol><li>một</li><li>hai<ul><li>nhỏ</li></ul></li></ol>", "1. một\n2. hai\n  - nhỏ"),
        (
            "<p>Hi</p><blockquote><p>said</p><blockquote>before</blockquote></blockquote>",
            "Hi\n\n> said\n>\n>> before",
        ),
        ('<a href="https://x.test/">here</a>', "here <https://x.test/>"),
        ('<a href="https://x.test/">https://x.test</a>', "https://x.test"),
        ('<a href="mailto:a@b.test">a@b.test</a>', "a@b.test"),
        ("<pre>a\n  b\nc</pre>", "a\n  b\nc"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a  b\nc"),
        ("a   b\n c", "a b c"),
        ("<style>x{}</style>a", "a"),
        ("", ""),
    ],
)
def test_html_is_told_in_words(html: str, text: str) -> None:
    assert to_plain(html) == text


@given(html=st.text(st.sampled_from("<>/abp blockquote ulli&;=\"'#\n"), max_size=200))
def test_any_markup_gives_some_text(html: str) -> None:
    assert isinstance(to_plain(html), str)
