"""Static files with their hash in the name, ES-module imports rewritten too; what pages are made of."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from whitenoise.storage import CompressedManifestStaticFilesStorage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_MADE_OF = ("templates/**/*.html", "locale/**/*.po", "portal/**/*.py", "webmail/**/*.py")


class HashedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise ships no types
    """WhiteNoise's storage that also follows `import` in our modules."""

    support_js_module_import_aggregation = True
    manifest_strict = False


@cache
def release_digest() -> str:
    """Return a digest of all that webmail pages are made of, read once per process.

    It belongs into their ETag: a page of yesterday's release names static files that are gone.
    """
    sources = [path for pattern in _MADE_OF for path in settings.BASE_DIR.glob(pattern)]
    return digest_of([*sources, settings.STATIC_ROOT / "staticfiles.json"])


def digest_of(paths: Iterable[Path]) -> str:
    """Return one digest of files' names and contents, in whatever order they come; none may lack."""
    whole = hashlib.blake2b(digest_size=9)
    for path in sorted(paths):
        content = path.read_bytes()
        whole.update(f"{path} {len(content)}\n".encode())
        whole.update(content)
    return whole.hexdigest()
