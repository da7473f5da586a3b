"""The Celery application: the worker's, with every room's tasks."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

from portal.schedule import settings  # Django's settings module must be named first

app = Celery("hopthu")
app.conf.update(settings())
app.autodiscover_tasks(["accounts", "domains", "delivery", "webmail", "mailserver"])
