"""QR codes as images of a page's own."""

from __future__ import annotations

import segno


def qr_image(text: str) -> str:
    """Return a data: address of an SVG, dark on white with its quiet zone, for an <img>."""
    code = segno.make(text, error="m", micro=False)
    return str(code.svg_data_uri(scale=4, border=4, dark="#000", light="#fff", xmldecl=False))
