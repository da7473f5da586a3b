"""The push stream: one ASGI application that tells a browser which folders changed."""

from __future__ import annotations

from webmail.stream.app import application

__all__ = ["application"]
