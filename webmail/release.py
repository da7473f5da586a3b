"""What the pages of the webmail are made of, told in one word. Pure: files of the installation only."""

from __future__ import annotations

import hashlib
from functools import cache

from django.conf import settings

_MADE_OF = ("templates/**/*.html", "locale/**/*.po", "portal/**/*.py", "webmail/**/*.py")


@cache
def release_digest() -> str:
    """Return a digest of all that the pages are made of, read once per process.

    It belongs into their ETag: a page of yesterday's release names static files that are gone.
    """
    sources = [path for pattern in _MADE_OF for path in settings.BASE_DIR.glob(pattern)]
    whole = hashlib.blake2b(digest_size=9)
    for path in sorted([*sources, settings.STATIC_ROOT / "staticfiles.json"]):
        content = path.read_bytes()
        whole.update(f"{path} {len(content)}\n".encode())
        whole.update(content)
    return whole.hexdigest()
