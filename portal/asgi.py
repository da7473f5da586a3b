"""The push stream: one ASGI application, loaded by dotted string so that the frame knows no room."""

from __future__ import annotations

import os

import django
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

application = import_string("webmail.stream.application")
