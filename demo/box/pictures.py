"""The partner company's web server: the pictures its newsletters ask for, and a note of who asked."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

if TYPE_CHECKING:
    import socket
    from pathlib import Path

LOG = "http.log"  # one line per request: host and path
_WIDTH, _HEIGHT = 1200, 320


class Pictures:
    """Answers GET /banner.jpg with a picture and everything else with 404."""

    def __init__(self, store: Path) -> None:
        self.log = store / LOG

    async def serve(self, listener: socket.socket) -> asyncio.Server:
        """Start answering on a bound socket."""
        return await asyncio.start_server(self._answer, sock=listener)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(5):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            path = head[0].split(" ")[1]
            host = next((x[5:].strip() for x in head if x.lower().startswith("host:")), "")
            with self.log.open("a") as log:
                log.write(f"{host}{path}\n")
            body = _banner() if path.partition("?")[0] == "/banner.jpg" else b""
            status = "200 OK" if body else "404 Not Found"
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n"
                "Connection: close\r\n\r\n".encode()
                + body
            )
            await writer.drain()
        except (OSError, IndexError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            pass  # a caller that hung up or speaks something else
        finally:
            writer.close()


@lru_cache(maxsize=1)
def _banner() -> bytes:
    """Return a harbour at dusk: sky, sea and a stack of containers."""
    image = Image.new("RGB", (_WIDTH, _HEIGHT))
    draw = ImageDraw.Draw(image)
    for y in range(_HEIGHT):
        share = y / _HEIGHT
        draw.line(
            [(0, y), (_WIDTH, y)],
            fill=(int(24 + 190 * share), int(78 + 84 * share), int(96 + 30 * share)),
        )
    draw.ellipse((880, 110, 1000, 230), fill=(255, 214, 150))
    draw.rectangle((0, 232, _WIDTH, _HEIGHT), fill=(17, 60, 74))
    colours = [(15, 118, 110), (180, 83, 9), (51, 65, 85), (153, 27, 27)]
    for row, count in enumerate((9, 7, 4)):
        for column in range(count):
            left, top = 60 + column * 62 + row * 31, 196 - row * 38
            draw.rectangle((left, top, left + 58, top + 34), fill=colours[(row + column * 3) % 4])
    draw.polygon([(30, 232), (690, 232), (640, 290), (80, 290)], fill=(30, 41, 59))
    out = BytesIO()
    image.save(out, "JPEG", quality=86)
    return out.getvalue()
