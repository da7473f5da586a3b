"""Celery's clock: names tasks and never runs one, so it starts without Django and the rooms."""

from __future__ import annotations

from celery import Celery

from portal.schedule import settings

app = Celery("hopthu")
app.conf.update(settings())
