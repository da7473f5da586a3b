"""Fetches a remote image for a message and makes it anew, so that only pixels arrive."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image, ImageSequence, UnidentifiedImageError

from webmail import remote
from webmail.errors import ImageRefused
from webmail.selectors.image_links import is_sealed

if TYPE_CHECKING:
    from webmail.identity import MailIdentity

MAX_PIXELS = 40_000_000
MAX_FRAMES = 200
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "ICO")


def fetch_image(
    identity: MailIdentity, *, message: str, url: str, day: int, seal: str
) -> tuple[str, bytes]:
    """Return media type and octets. Raises ImageRefused, also for a link that is not ours."""
    if not is_sealed(identity, message, url, day, seal):
        raise ImageRefused(detail="seal")
    return remade(remote.fetch(url))


def remade(octets: bytes) -> tuple[str, bytes]:
    """Decode a raster image within limits and encode it anew. Raises ImageRefused.

    Moving GIF and WebP pictures stay moving while all their frames fit the limit.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(octets), formats=_FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise ImageRefused(detail="too many pixels")
                return _encoded(image)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as exc:
        raise ImageRefused(detail=f"decode: {type(exc).__name__}") from exc
    except Image.DecompressionBombError as exc:
        raise ImageRefused(detail="bomb") from exc


def _encoded(image: Image.Image) -> tuple[str, bytes]:
    out = BytesIO()
    frames = getattr(image, "n_frames", 1)
    if image.format == "JPEG":
        image.convert("RGB").save(out, "JPEG", quality=88)
        return "image/jpeg", out.getvalue()
    if 1 < frames <= MAX_FRAMES and frames * image.width * image.height <= MAX_PIXELS:
        pictures = [frame.copy() for frame in ImageSequence.Iterator(image)]
        pictures[0].save(
            out,
            "GIF",
            save_all=True,
            append_images=pictures[1:],
            duration=image.info.get("duration", 100),
            loop=image.info.get("loop", 0),
            disposal=2,
        )
        return "image/gif", out.getvalue()
    mode = image.mode if image.mode in ("RGB", "RGBA", "L", "P") else "RGBA"
    image.convert(mode).save(out, "PNG")
    return "image/png", out.getvalue()
