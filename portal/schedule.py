"""How Celery finds its broker, and the names of every periodic task with its rhythm in seconds."""

from __future__ import annotations

from typing import Any

from portal.config import stack

PERIODIC = {
    "delivery.sweep": 1.0,
    "delivery.purge": 600.0,
    "webmail.follow_sent_copies": 2.0,
    "webmail.purge_uploads": 3600.0,
    "domains.check_due": 15.0,
    "accounts.clear_sessions": 86400.0,
    "domains.ready_keys": 300.0,
    "domains.rotate_keys": 15.0,
    "domains.check_senders": 3600.0,
    "domains.purge_deleted": 60.0,
    "domains.sample_usage": 3600.0,
    "domains.warn_full": 120.0,
    "domains.mail_consents": 30.0,
    "domains.run_departures": 30.0,
    "domains.remind_departures": 300.0,
    "domains.sweep_jobs": 5.0,
    "domains.purge_jobs": 86400.0,
}


def settings() -> dict[str, Any]:
    """Return the settings of the worker and of the clock."""
    host = stack()
    return {
        "broker_url": f"{host.redis_url}/1"
        if host.redis_url
        else f"redis+socket://{host.run}/redis/redis.sock?virtual_host=1",
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {"visibility_timeout": 3600},
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "worker_prefetch_multiplier": 1,
        "worker_hijack_root_logger": False,
        "task_publish_retry": False,
        "timezone": "UTC",
        "beat_schedule": {
            name: {
                "task": name,
                "schedule": seconds,
                # a tick nobody took before the next one is worth nothing
                "options": {"expires": max(seconds, 10.0)},
            }
            for name, seconds in PERIODIC.items()
        },
    }
