"""The Celery application: broker, beat and the names of every periodic task."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

from portal.config import stack  # Django's settings module must be named first

app = Celery("hopthu")
app.conf.update(
    broker_url=f"redis+socket://{stack().run}/redis/redis.sock?virtual_host=1"
    if not stack().redis_url
    else f"{stack().redis_url}/1",
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 3600},
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    task_publish_retry=False,
    timezone="UTC",
    beat_schedule={
        "delivery.sweep": {"task": "delivery.sweep", "schedule": 1.0},
        "webmail.follow_sent_copies": {"task": "webmail.follow_sent_copies", "schedule": 2.0},
        "webmail.purge_uploads": {"task": "webmail.purge_uploads", "schedule": 3600.0},
        "domains.check_due": {"task": "domains.check_due", "schedule": 15.0},
        "accounts.clear_sessions": {"task": "accounts.clear_sessions", "schedule": 86400.0},
        "domains.purge_deleted": {"task": "domains.purge_deleted", "schedule": 60.0},
    },
)
app.autodiscover_tasks(["accounts", "domains", "delivery", "webmail", "mailserver"])
