"""The image proxy reaches the open internet only, and gives pixels only."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from webmail import remote
from webmail.errors import ImageRefused
from webmail.selectors.downloads import raster_type
from webmail.services.fetch_image import remade


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.93.192.25", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0",
        "fc00::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1", "ff02::1",
        "::127.0.0.1", "fec0::1", "not an address", "",
    ],
)  # fmt: skip
def test_addresses_that_lead_inward_are_refused(address: str) -> None:
    assert not remote.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111"])
def test_addresses_of_the_open_internet_are_not(address: str) -> None:
    assert remote.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x.png", "http://localhost/x.png", "http://[::1]/", "http://0x7f000001/", "http://2130706433/",
        "http://127.1/", "ftp://a.test/", "file:///etc/passwd", "http://user@8.8.8.8/", "http://8.8.8.8:22/",
        "http://8.8.8.8:6379/", "gopher://8.8.8.8/", "http://8.8.8.8/\r\nX: y", "http://8.8.8.8/ x", "//8.8.8.8/", "", "http://",
        "http://[::ffff:127.0.0.1]/", "https://no-such-name.invalid/",
    ],
)  # fmt: skip
def test_urls_that_are_never_fetched(url: str) -> None:
    with pytest.raises(ImageRefused):
        remote.fetch(url)


def picture(kind: str, *, size: tuple[int, int] = (4, 3), frames: int = 1) -> bytes:
    out = BytesIO()
    pictures = [Image.new("RGB", size, (n, 0, 0)) for n in range(frames)]
    more = {"save_all": True, "append_images": pictures[1:]} if frames > 1 else {}
    pictures[0].save(out, kind, **more)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/png")]
)
def test_images_are_made_anew(kind: str, media_type: str) -> None:
    made_type, octets = remade(picture(kind))
    assert made_type == media_type
    assert Image.open(BytesIO(octets)).size == (4, 3)


def test_what_hides_behind_the_pixels_is_gone() -> None:
    _, octets = remade(picture("PNG") + b"<script>alert(1)</script>")
    assert b"script" not in octets


def test_moving_pictures_stay_moving() -> None:
    media_type, octets = remade(picture("GIF", frames=3))
    assert media_type == "image/gif"
    assert getattr(Image.open(BytesIO(octets)), "n_frames", 1) == 3


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html>",
        b"%PDF-1.4",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"\xff\xd8\xff",
    ],
)
def test_what_is_no_raster_image_is_refused(octets: bytes) -> None:
    with pytest.raises(ImageRefused):
        remade(octets)


def test_a_bomb_of_pixels_is_refused() -> None:
    bomb = picture("PNG", size=(9000, 9000))
    assert len(bomb) < 1_000_000
    with pytest.raises(ImageRefused):
        remade(bomb)


def test_types_come_from_first_octets() -> None:
    assert raster_type(picture("PNG")) == "image/png"
    assert raster_type(picture("WEBP")) == "image/webp"
    assert raster_type(b"<html><script>") == ""
    assert raster_type(b"<svg>") == ""
