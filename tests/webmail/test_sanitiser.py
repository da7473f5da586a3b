"""HTML mail becomes safe: no script, no load, no form, no trick survives the washing."""

from __future__ import annotations

import html.parser
import re
import time
from email import message_from_bytes
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webmail.message.html import document, is_too_complex, sanitise, text_of

CORPUS = sorted((Path(__file__).parent.parent / "corpus").glob("*.eml"))
FORBIDDEN_TAGS = {
    "script", "style", "iframe", "object", "embed", "applet", "form", "input", "button", "select",
    "textarea", "svg", "math", "link", "meta", "base", "video", "audio", "source", "track",
    "template", "frame", "frameset", "noscript", "marquee", "portal", "canvas", "dialog",
}  # fmt: skip
LOADING = re.compile(
    r"url\s*\(|@import|image-set|expression|-moz-binding|behavior\s*:", re.IGNORECASE
)


class Inspector(html.parser.HTMLParser):
    """Collects what is wrong with washed markup."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in FORBIDDEN_TAGS:
            self.wrong.append(f"<{tag}>")
        for name, given_value in attrs:
            value = given_value or ""
            if name.startswith(("on", "hx-", "data-", "x-")) or name in (
                "srcset",
                "ping",
                "action",
            ):
                self.wrong.append(f"{tag} {name}")
            if name in ("src", "background") and not value.startswith(("/", "data:image/")):
                self.wrong.append(f"{tag} {name}={value}")
            if name == "href" and not re.match(r"(https?:|mailto:|tel:|#m-|/)", value):
                self.wrong.append(f"{tag} href={value}")
            if name == "style" and LOADING.search(value):
                self.wrong.append(f"{tag} style={value}")
            if name in ("id", "name", "class") and value and not value.startswith("m-"):
                self.wrong.append(f"{tag} {name}={value}")


def wrong_with(markup: str) -> list[str]:
    inspector = Inspector()
    inspector.feed(markup)
    inspector.close()
    return inspector.wrong


def html_of(path: Path) -> str:
    message = message_from_bytes(path.read_bytes())
    bodies = [p for p in message.walk() if p.get_content_type() == "text/html"]
    return "\n".join(
        p.get_payload(decode=True).decode("utf-8", "replace")  # type: ignore[union-attr]
        for p in bodies
    )


@pytest.mark.parametrize("path", CORPUS, ids=lambda p: p.stem)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_of_the_corpus_survives(path: Path, dark: bool) -> None:
    source = html_of(path)
    clean = sanitise(source, dark=dark)
    assert wrong_with(clean.markup) == []
    assert not LOADING.search(clean.sheet)
    assert "<" not in clean.sheet
    assert "partner.test" not in clean.sheet


@pytest.mark.parametrize("path", CORPUS, ids=lambda p: p.stem)
def test_washing_twice_changes_nothing_more_that_matters(path: Path) -> None:
    once = sanitise(html_of(path)).markup
    assert wrong_with(sanitise(once).markup) == []


@pytest.mark.parametrize("path", CORPUS, ids=lambda p: p.stem)
def test_the_composer_gets_no_sheet_no_class_no_position(path: Path) -> None:
    clean = sanitise(html_of(path), in_composer=True)
    assert clean.sheet == ""
    assert " class=" not in clean.markup
    assert " id=" not in clean.markup
    assert "position" not in clean.markup


def test_remote_images_are_counted_and_stay_blocked() -> None:
    clean = sanitise('<img src="http://a.test/1.png"><img src=//a.test/2.gif width=1 height=1>')
    assert clean.remote_images == 2
    assert clean.trackers == 1
    assert "a.test" not in clean.markup


def test_shown_images_come_from_our_own_address_and_trackers_never() -> None:
    clean = sanitise(
        '<img src="http://a.test/1.png?x=1&amp;y=2"><img src="http://a.test/t.gif" width="1">',
        resolve_image=lambda url: f"/proxy/?u={len(url)}",
    )
    assert 'src="/proxy/?u=' in clean.markup
    assert clean.markup.count("src=") == 1


def test_images_of_the_message_get_its_own_addresses() -> None:
    clean = sanitise('<img src="cid:a@b">', resolve_cid=lambda cid: f"/inline/{cid}/")
    assert 'src="/inline/a@b/"' in clean.markup


def test_only_raster_data_images_stay() -> None:
    kept = sanitise('<img src="data:image/png;base64,iVBORw0KGgo=">').markup
    assert "data:image/png" in kept
    for bad in ("data:image/svg+xml;base64,PHN2Zy8+", "data:text/html,x", "data:image/png,<svg>"):
        assert "data:" not in sanitise(f'<img src="{bad}">').markup


def test_links_open_outside_and_tell_nobody_where_from() -> None:
    clean = sanitise('<a href="https://a.test/?x=1&amp;y=2" target=_top rel=opener>x</a>')
    assert 'target="_blank"' in clean.markup
    assert 'rel="noopener noreferrer nofollow"' in clean.markup
    assert 'href="https://a.test/?x=1&amp;y=2"' in clean.markup


def test_mailto_opens_our_composer() -> None:
    clean = sanitise(
        '<a href="mailto:a@b.test">x</a>', resolve_mailto=lambda m: f"/compose/?{m[7:]}"
    )
    assert 'href="/compose/?a@b.test"' in clean.markup


def test_style_sheets_are_kept_below_the_message() -> None:
    clean = sanitise(
        "<style>body{margin:0} .a,#b>c:hover{color:red} @media (max-width:600px){.w{width:100%!important}}</style>"
    )
    assert ".m--root{margin:0}" in clean.sheet
    assert ".m--root .m-a,.m--root #m-b>c:hover{color:red}" in clean.sheet
    assert "@media (max-width:600px){.m--root .m-w{width:100%!important}" in clean.sheet


@pytest.mark.parametrize(
    "style",
    [
        "position:fixed", "position:sticky", "z-index:99999", "background:var(--x)",
        "width:expression(1)", "content:'x'", "cursor:url(x)", "background:attr(x)",
        "font-family:'http://x.test'", "color:env(x)", "behavior:url(x)",
    ],
)  # fmt: skip
def test_dangerous_declarations_go(style: str) -> None:
    assert "style=" not in sanitise(f'<p style="{style}">x</p>').markup.partition("<p")[2]


def test_a_background_keeps_its_colour_when_its_image_is_blocked() -> None:
    clean = sanitise('<p style="background:#fff url(http://a.test/x.png) no-repeat">x</p>')
    assert "background:#fff" in clean.markup
    assert "a.test" not in clean.markup
    assert clean.remote_images == 1


def test_the_dark_sheet_turns_light_surfaces_and_keeps_dark_ones() -> None:
    clean = sanitise(
        '<p style="background:#ffffff;color:#111111">x</p><p style="background:#0f766e;color:#fff">y</p>',
        dark=True,
    )
    assert "background:#171717" in clean.markup
    assert "#111111" not in clean.markup
    assert "background:#0f766e;color:#fff" in clean.markup


def test_faint_lines_stay_faint_on_the_dark_sheet() -> None:
    clean = sanitise(
        '<p style="border-top:1px solid #ffffff;border-bottom:1px solid #000000">x</p>', dark=True
    )
    assert "solid #333333" in clean.markup
    assert "solid #ededed" in clean.markup


@pytest.mark.parametrize(
    ("markup", "coloured"),
    [
        ("<p>Chào <b>anh</b></p><blockquote>cũ</blockquote><ul><li>x</li></ul>", False),
        ('<p style="font-size:14px;border:1px solid #ccc">x</p>', False),
        ('<p style="margin:0;color:#333">x</p>', True),
        ('<table><tr><td bgcolor="#eee">x</td></tr></table>', True),
        ("<font color=red>x</font>", True),
        ("<style>p{background:#fff}</style><p>x</p>", True),
        ('<body style="background-color:#fafafa"><p>x</p>', True),
    ],
)
def test_whether_the_sender_chose_colours_is_known(markup: str, coloured: bool) -> None:
    clean = sanitise(markup)
    assert clean.has_colours is coloured
    page = document("x", [clean], language="vi", dark=False)
    assert ("light-dark(" in page) is not coloured


def test_what_was_taken_out_is_named() -> None:
    assert sanitise("<script></script><form></form>").removed == {"scripts", "forms"}


def test_the_document_carries_title_and_sheet_escaped() -> None:
    page = document("</title><script>x", [sanitise("<p>a</p>")], language="vi", dark=False)
    assert "<script" not in page
    assert page.count("</style>") == 1


@pytest.mark.parametrize(
    "bomb",
    [
        "<div>" * 100_000,
        "<b>" * 100_000,
        "<table><tr><td>" * 20_000,
        "".join(f"<font color=#{i:06x}>" for i in range(1000)) + "<p>x" * 100_000,
        "x" * 2_100_000,
    ],
    ids=["deep", "bold", "tables", "fonts", "large"],
)
def test_bombs_are_known_before_they_are_parsed(bomb: str) -> None:
    started = time.perf_counter()
    assert is_too_complex(bomb)
    text_of(bomb)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    "piece",
    [
        "<img ",
        "<body ",
        "<!--",
        "<p>",
        "<li>",
        '<body x="',
        "<style>",
        "<a b=",
        "&amp;",
        "<img src=",
        "</p>",
    ],
)
def test_a_megabyte_of_anything_is_washed_quickly(piece: str) -> None:
    source = piece * (500_000 // len(piece))
    started = time.perf_counter()
    if not is_too_complex(source):
        sanitise(source)
    assert time.perf_counter() - started < 3


def test_the_words_of_html_without_washing() -> None:
    assert text_of("<style>x</style><p>a&amp;b</p><p>c</p><script>d</script>") == "a&b\n\nc"


PIECES = st.sampled_from(
    [
        "<", ">", "</", "<p", "<a href=", "<img src=", "<style>", "</style>", "<script>", "</script>",
        "javascript:", "java\tscript:", "http://x.test/", "//x.test", "cid:a", "data:image/png;base64,AA",
        " onerror=", " style=", "url(", ")", "\\75rl(", "'", '"', "`", "=", "&#x6a;", "&colon;", "<!--",
        "-->", "<![CDATA[", "]]>", "<svg>", "<math>", "<mtext>", "<mglyph>", "<noscript>", "<template>",
        "<table>", "<select>", "<form>", "<title>", "<xmp>", "<plaintext>", "alert(1)", "x", " ", "\n",
        "\x00", "position:fixed", "expression(", "@import ", "{", "}", ";", ":", "*", ".a", "#b", "body",
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_no_mixture_of_pieces_gets_through(source: str) -> None:
    for dark in (False, True):
        clean = sanitise(source, dark=dark)
        assert wrong_with(clean.markup) == []
        assert not LOADING.search(clean.sheet)
        assert "<" not in clean.sheet


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_no_text_raises(source: str) -> None:
    is_too_complex(source)
    text_of(source)
    assert wrong_with(sanitise(source).markup) == []
