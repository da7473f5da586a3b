"""The one place where a message's HTML becomes safe: limits, allow-list (nh3), styles (css.py).

What leaves `sanitise` is written into a document of its own (`document`) and never changed again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape

import nh3

from webmail.message.css import MAX_SHEET_CHARACTERS, PREFIX, ROOT_CLASS, CssCleaner
from webmail.message.markup import CleanMarkup, escaped

VERSION = 3  # part of the address of a body, so that a better sanitiser is never hidden by a cache
MAX_CHARACTERS = 2_000_000
MAX_DEPTH = 1_500
MAX_REOPENED = 400_000  # formatting elements a parser would open again in later blocks
MAX_IMAGES = 500

_TAGS = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "address",
        "area",
        "article",
        "aside",
        "b",
        "bdi",
        "bdo",
        "big",
        "blockquote",
        "br",
        "caption",
        "center",
        "cite",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "details",
        "dfn",
        "dir",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "font",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "main",
        "map",
        "mark",
        "menu",
        "nav",
        "ol",
        "p",
        "pre",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "section",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "time",
        "tr",
        "tt",
        "u",
        "ul",
        "var",
        "wbr",
    ]
)
_DROPPED_WHOLE = frozenset(
    [
        "script",
        "style",
        "title",
        "template",
        "object",
        "embed",
        "applet",
        "iframe",
        "frame",
        "frameset",
        "noframes",
        "noscript",
        "audio",
        "video",
        "canvas",
        "svg",
        "math",
        "select",
        "textarea",
        "datalist",
        "dialog",
        "portal",
    ]
)
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {
        "style",
        "class",
        "id",
        "dir",
        "lang",
        "title",
        "align",
        "valign",
        "width",
        "height",
        "bgcolor",
        "background",
        "color",
    },
    "a": {"href", "name"},
    "area": {"href", "shape", "coords", "alt"},
    "br": {"clear"},
    "col": {"span"},
    "colgroup": {"span"},
    "details": {"open"},
    "font": {"face", "size"},
    "hr": {"size", "noshade"},
    "img": {"src", "alt", "border", "hspace", "vspace", "usemap"},
    "li": {"type", "value"},
    "map": {"name"},
    "ol": {"start", "type", "reversed"},
    "table": {"border", "cellpadding", "cellspacing", "rules", "frame", "summary"},
    "td": {"colspan", "rowspan", "nowrap", "scope", "headers"},
    "th": {"colspan", "rowspan", "nowrap", "scope", "headers"},
    "time": {"datetime"},
    "ul": {"type"},
}
_SCHEMES = {"http", "https", "mailto", "tel", "cid", "data"}
_HTML_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]*)")
_FORMATTING = frozenset(
    [
        "a",
        "b",
        "big",
        "code",
        "em",
        "font",
        "i",
        "nobr",
        "s",
        "small",
        "strike",
        "strong",
        "tt",
        "u",
    ]
)
_NOT_NESTING = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
        "p",
        "li",
        "dt",
        "dd",
        "tr",
        "td",
        "th",
        "thead",
        "tbody",
        "tfoot",
        "option",
        "html",
        "head",
        "body",
    ]
)
_IMAGE_START = re.compile(r"<img\b", re.IGNORECASE)
_MAX_TAG = 4_000
_SOURCE = re.compile(r"\bsrc\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.IGNORECASE)
_TINY = re.compile(
    r"\b(?:width|height)\s*[=:]\s*[\"']?\s*[01](?:px)?\s*(?=[\"';\s/>])", re.IGNORECASE
)
_BODY_TAG = re.compile(r"<body\b((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>", re.IGNORECASE)
_BODY_START = re.compile(r"<body\b", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([a-zA-Z]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_CONTROLS = re.compile("[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_DATA_IMAGE = re.compile(
    r"\Adata:image/(?:png|gif|jpeg|jpg|webp);base64,[A-Za-z0-9+/=\s]+\Z", re.IGNORECASE
)
_LENGTH = re.compile(r"\A\s*(\d{1,5})(?:\.\d+)?\s*(%|px)?\s*\Z")
_ABSOLUTE = re.compile(r"\A(?:https?:)?//[^/]", re.IGNORECASE)
_NAME = re.compile(r"[^\w\-.:]")
_ACTIVE = re.compile(
    r"<(script|form|input|button|iframe|object|embed|audio|video|svg)\b|@font-face", re.IGNORECASE
)

_HIDDEN_ELEMENT = re.compile(r"<(style|script|title|noscript)\b")
_BLOCK_TAG = re.compile(
    r"</?(?:p|div|br|tr|table|h[1-6]|li|ul|ol|blockquote|hr)\b[^<>]{0,4000}>", re.IGNORECASE
)
_ANY_TAG = re.compile(r"<[^<>]{0,4000}>")
_BLANKS = re.compile(r"[ \t\r\u00a0]+")
_GAPS = re.compile(r" ?\n\s*\n\s*")

Resolve = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class CleanHtml:
    """A washed message body. `removed` names what was taken out: scripts, forms, fonts, embedded.

    `has_colours` when the sender chose colours of writing or surfaces; without any, the body may
    be shown in those of the reader.
    """

    markup: CleanMarkup
    sheet: str
    remote_images: int  # addresses found, trackers included
    trackers: int  # of these, invisible ones, which stay blocked
    removed: frozenset[str]
    has_colours: bool = False


def no_address(_: str) -> str | None:
    """Resolve nothing: every image stays blocked."""
    return None


def is_too_complex(html: str) -> bool:
    """Say whether parsing would take too long: too large, too deep, or blown up by reopening."""
    if len(html) > MAX_CHARACTERS:
        return True
    depth = formatting = reopened = 0
    for tag in _HTML_TAG.finditer(html):
        name = tag[2].lower()
        if name in _FORMATTING:
            formatting = formatting + 1 if not tag[1] else max(0, formatting - 1)
        elif not tag[1]:
            reopened += formatting
        if name not in _NOT_NESTING:
            depth = depth + 1 if not tag[1] else max(0, depth - 1)
        if depth > MAX_DEPTH or reopened > MAX_REOPENED:
            return True
    return False


def sanitise(
    html: str,
    *,
    resolve_cid: Resolve = no_address,
    resolve_image: Resolve = no_address,
    resolve_mailto: Resolve | None = None,
    dark: bool = False,
    in_composer: bool = False,
) -> CleanHtml:
    """Return the safe form of a message's HTML.

    `resolve_cid` gives our own address for a Content-ID, `resolve_image` that of the proxy for a
    remote image (None: blocked), `resolve_mailto` that of our composer (None: mailto stays).
    `in_composer` drops style sheets, classes, ids and positions, for quoting.
    Raises nothing; the caller asks `is_too_complex` first.
    """
    return _Washer(
        resolve_cid, resolve_image, resolve_mailto, dark=dark, in_composer=in_composer
    ).wash(html)


class _Washer:
    def __init__(
        self,
        resolve_cid: Resolve,
        resolve_image: Resolve,
        resolve_mailto: Resolve | None,
        *,
        dark: bool,
        in_composer: bool,
    ) -> None:
        self._resolve_cid = resolve_cid
        self._resolve_image = resolve_image
        self._resolve_mailto = resolve_mailto
        self._in_composer = in_composer
        self._remote: set[str] = set()
        self._tiny: set[str] = set()
        self._has_colours = False
        self._css = CssCleaner(self._image, dark=dark, in_composer=in_composer)

    def wash(self, html: str) -> CleanHtml:
        self._tiny = set(_tiny_images(html))
        sheet = "" if self._in_composer else self._css.sheet("\n".join(_styles(html)))
        markup = nh3.clean(
            html if self._in_composer else _with_root(html),
            tags=set(_TAGS),
            clean_content_tags=set(_DROPPED_WHOLE),
            attributes=_ATTRIBUTES,
            attribute_filter=self._attribute,
            strip_comments=True,
            link_rel="noopener noreferrer nofollow",
            set_tag_attribute_values={"a": {"target": "_blank"}, "area": {"target": "_blank"}},
            url_schemes=_SCHEMES,
        )
        return CleanHtml(
            CleanMarkup(markup),
            sheet,
            len(self._remote),
            len(self._remote & self._tiny),
            frozenset(_removed(html)),
            self._has_colours or _COLOURED.search(sheet) is not None,
        )

    def _attribute(self, tag: str, name: str, value: str) -> str | None:
        handler = _HANDLERS.get(name)
        if handler is not None:
            return handler(self, tag, value)
        return value if len(value) <= 2_000 else None

    def _style(self, _: str, value: str) -> str | None:
        written = self._css.declarations(value)
        self._has_colours |= _COLOURED.search(written) is not None
        return written or None

    def _class(self, _: str, value: str) -> str | None:
        if self._in_composer:
            return None
        return " ".join(PREFIX + _NAME.sub("_", word) for word in value.split()[:40]) or None

    def _identifier(self, _: str, value: str) -> str | None:
        name = _NAME.sub("_", value.strip().lstrip("#"))[:200]
        return PREFIX + name if name and not self._in_composer else None

    def _reference(self, _: str, value: str) -> str | None:
        """Return an in-document reference (#name) with the prefix."""
        name = self._identifier("", value)
        return f"#{name}" if name and value.strip().startswith("#") else None

    def _link(self, tag: str, value: str) -> str | None:
        address = _CONTROLS.sub("", value) if ":" in value[:40] else value.strip()
        scheme = address.partition(":")[0].lower()
        if address.startswith("#"):
            return self._reference(tag, address)
        if scheme == "mailto":
            return self._resolve_mailto(address) if self._resolve_mailto else address[:2_000]
        if scheme == "tel":
            return address[:100]
        if scheme in ("http", "https") and len(address) <= 8_000:
            return address
        return f"https:{address}" if _ABSOLUTE.match(address) and len(address) <= 8_000 else None

    def _source(self, tag: str, value: str) -> str | None:
        return self._image(value) if tag == "img" else None

    def _image(self, value: str) -> str | None:
        """Return our own address of an image, its data, or None when it stays blocked."""
        address = _CONTROLS.sub("", value)
        scheme = address.partition(":")[0].lower()
        if scheme == "cid":
            return self._resolve_cid(address[4:])
        if scheme == "data":
            return address if _DATA_IMAGE.match(address) else None
        if not _ABSOLUTE.match(address) or len(address) > 8_000:
            return None
        if address.startswith("//"):
            address = f"https:{address}"
        if len(self._remote) >= MAX_IMAGES and address not in self._remote:
            return None
        self._remote.add(address)
        return None if address in self._tiny else self._resolve_image(address)

    def _colour(self, _: str, value: str) -> str | None:
        self._has_colours = True
        return self._css.colour(value.strip(), "color")

    def _surface(self, _: str, value: str) -> str | None:
        self._has_colours = True
        return self._css.colour(value.strip(), "bgcolor")

    def _size(self, _: str, value: str) -> str | None:
        length = _LENGTH.match(value)
        return f"{length[1]}{'%' if length[2] == '%' else ''}" if length else None

    def _background(self, _: str, value: str) -> str | None:
        self._has_colours = True
        return self._image(value)


_COLOURED = re.compile(r"(?:\A|[;{])\s*(?:color|background(?:-color|-image)?)\s*:")

_HANDLERS: dict[str, Callable[[_Washer, str, str], str | None]] = {
    "style": _Washer._style,  # noqa: SLF001  # its own methods, looked up by attribute
    "class": _Washer._class,  # noqa: SLF001
    "id": _Washer._identifier,  # noqa: SLF001
    "name": _Washer._identifier,  # noqa: SLF001
    "headers": lambda _, __, ___: None,
    "usemap": _Washer._reference,  # noqa: SLF001
    "href": _Washer._link,  # noqa: SLF001
    "src": _Washer._source,  # noqa: SLF001
    "background": _Washer._background,  # noqa: SLF001
    "bgcolor": _Washer._surface,  # noqa: SLF001
    "color": _Washer._colour,  # noqa: SLF001
    "width": _Washer._size,  # noqa: SLF001
    "height": _Washer._size,  # noqa: SLF001
}


def _with_root(html: str) -> str:
    """Return the HTML inside an element that carries what the <body> tag said.

    The attributes pass through the sanitiser like everything else.
    """
    start = _BODY_START.search(html)
    body = _BODY_TAG.match(html, start.start(), start.end() + _MAX_TAG) if start else None
    given: dict[str, str] = {}
    for attribute in _ATTRIBUTE.finditer(body[1] if body else ""):
        given.setdefault(attribute[1].lower(), attribute[2] or attribute[3] or attribute[4] or "")
    style = given.get("style", "")
    if given.get("text"):
        style = f"color:{given['text']};{style}"
    kept = {name: given[name] for name in ("bgcolor", "background", "dir", "lang") if name in given}
    attributes = "".join(f' {name}="{_quoted(value)}"' for name, value in kept.items())
    classes = _quoted(f"{ROOT_CLASS} {given.get('class', '')}")
    return f'<div class="{classes}" style="{_quoted(style)}"{attributes}>{html}'


def _quoted(value: str) -> str:
    """Return an attribute's source text fit for double quotes; its references stay as they are."""
    return value.replace('"', "&quot;")


def _styles(html: str) -> Iterator[str]:
    """Yield the text of the style elements outside comments. Linear; the texts are washed later."""
    lowered = html.lower()
    position = taken = 0
    while taken < MAX_SHEET_CHARACTERS:
        start = lowered.find("<style", position)
        if start < 0:
            return
        comment = lowered.find("<!--", position, start)
        if comment >= 0:
            end = lowered.find("-->", comment + 4)
            if end < 0:
                return
            position = end + 3
            continue
        opened = lowered.find(">", start)
        closed = lowered.find("</style", opened) if opened >= 0 else -1
        if closed < 0:
            return
        taken += closed - opened
        yield html[opened + 1 : closed].replace("<!--", " ").replace("-->", " ")
        position = closed + 7


def _tiny_images(html: str) -> Iterator[str]:
    """Yield the addresses of images of at most one pixel; used to count and to keep them blocked."""
    for start in _IMAGE_START.finditer(html):
        end = html.find(">", start.end(), start.end() + _MAX_TAG)
        tag = html[start.start() : end + 1] if end > 0 else ""
        source = _SOURCE.search(tag) if _TINY.search(tag) else None
        if source:
            address = _CONTROLS.sub("", (source[1] or source[2] or source[3] or ""))
            address = address.replace("&amp;", "&")
            yield f"https:{address}" if address.startswith("//") else address


def _removed(html: str) -> Iterator[str]:
    names = {
        "script": "scripts",
        "form": "forms",
        "input": "forms",
        "button": "forms",
        "@font-face": "fonts",
    }
    for found in _ACTIVE.finditer(html):
        yield names.get((found[1] or found[0]).lower(), "embedded")


def text_of(html: str) -> str:
    """Return the words of HTML, blocks on lines of their own. Linear; for mail too odd to wash."""
    lowered = html.lower()
    pieces: list[str] = []
    position = 0
    for hidden in _HIDDEN_ELEMENT.finditer(lowered):
        if hidden.start() < position:
            continue
        end = lowered.find(f"</{hidden[1]}", hidden.end())
        pieces.append(html[position : hidden.start()])
        position = len(html) if end < 0 else end
    pieces.append(html[position:])
    text = _ANY_TAG.sub("", _BLOCK_TAG.sub("\n", "".join(pieces)))
    return _GAPS.sub("\n\n", _BLANKS.sub(" ", unescape(text))).strip()


# What the framed document looks like before the sender's own styles
_SHEET = (
    "html{color-scheme:light;background:#fff;overflow-wrap:anywhere}"
    "body{margin:0;color:#171c27;font:14px/1.6 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',"
    "'Helvetica Neue',Arial,sans-serif}"
    ".part{display:flow-root}img{max-inline-size:100%}a{color:#29439f}"
    "table{border-collapse:separate}pre{white-space:pre-wrap}"
    "blockquote{margin:0 0 0 .5em;padding-inline-start:.9em;border-inline-start:2px solid #c9ceda;color:#4a5263}"
    ".part+.part{border-block-start:1px solid #dfe2e9;margin-block-start:1.2em;padding-block-start:1.2em}"
    ".plain p{white-space:pre-wrap;margin:0 0 .75em}"
    "img:not([src]){display:inline-block;position:relative;box-sizing:border-box;min-inline-size:1.75em;"
    "min-block-size:1.75em;border:1px dashed #a3a9b8;border-radius:4px;vertical-align:middle;overflow:hidden}"
    "img:not([src])::before{content:attr(alt);position:absolute;inset:0;display:grid;place-content:center;"
    "padding:.25em;background:#f3f5f9;color:#4a5263;font:12px/1.4 system-ui,sans-serif;text-align:center}"
    'img:not([src]):is([width="0"],[width="1"],[height="0"],[height="1"]){display:none}'
    "@media (max-width:37.5rem){table{max-width:100%!important;min-width:0!important}"
    "table[width]{width:100%!important}img[src]{max-width:100%!important;height:auto!important}}"
    "@media print{html{background:#fff}}"
)
_DARK_SHEET = (
    "html{color-scheme:dark;background:#16181d}body{color:#e6e8ee}a{color:#a8b8ff}"
    "blockquote{border-color:#434a5a;color:#b4bac8}.part+.part{border-color:#343a47}"
    "img:not([src]){border-color:#5d6474}img:not([src])::before{background:#1f2229;color:#b4bac8}"
    # paper is white: colours turn back, pictures stay as they are
    "@media print{html,img[src]{filter:invert(1) hue-rotate(180deg)}}"
)
# Where the sender chose no colours: those of the page around, light or dark
_PLAIN_SHEET = (
    "html{color-scheme:light dark;background:none}"
    "html[data-theme=light]{color-scheme:light}html[data-theme=dark]{color-scheme:dark}"
    "body{color:light-dark(#171c27,#e7e9ee)}"
    "a{color:light-dark(#29439f,#a8b8ff)}"
    "blockquote{border-color:light-dark(#c9ceda,#434a5a);color:light-dark(#4a5263,#b4bac8)}"
    ".part+.part{border-color:light-dark(#dfe2e9,#343a47)}"
    "@media print{html:root{color-scheme:light}}"
)


def document(title: str, parts: list[CleanHtml], *, language: str, dark: bool) -> CleanMarkup:
    """Return the whole framed document for the body parts of one message."""
    own = "" if any(part.has_colours for part in parts) else _PLAIN_SHEET
    sheets = _SHEET + (_DARK_SHEET if dark else own) + "\n" + "\n".join(p.sheet for p in parts)
    bodies = "".join(f'<div class="part">{part.markup}</div>' for part in parts)
    return CleanMarkup(
        f'<!doctype html>\n<html lang="{escaped(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{escaped(title)}</title><style>{sheets}</style></head>"
        f"<body>{bodies}</body></html>\n"
    )
