"""Static files with their hash in the name, ES-module imports rewritten too."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise ships no types
    """WhiteNoise's storage that also follows `import` in our modules."""

    support_js_module_import_aggregation = True
    manifest_strict = False
