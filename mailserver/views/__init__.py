"""What watches the installation asks here."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from mailserver.health import recent_health
from mailserver.selectors import facts
from portal.config import stack
from portal.errors import Forbidden

if TYPE_CHECKING:
    from django.http import HttpRequest


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 only when database, Redis, IMAP and SMTP answer; the body says which do not."""
    health = recent_health()
    return JsonResponse(
        dict(health.parts),
        status=200 if health.is_good else 503,
        headers={"Cache-Control": "no-store"},
    )


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus' text form to who knows the token; without a token in the settings to nobody."""
    token = stack().metrics_token
    given = request.headers.get("Authorization", "")
    if not token or not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise Forbidden
    return HttpResponse(
        generate_latest(_registry()),
        content_type=CONTENT_TYPE_LATEST,
        headers={"Cache-Control": "no-store"},
    )


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    found = facts()
    states = Gauge("hopthu_submissions", "Submissions by state.", ["state"], registry=registry)
    for state, count in found.submissions.items():
        states.labels(state).set(count)
    probes = Gauge(
        "hopthu_probe_ok", "1 when the part answers its probe.", ["part"], registry=registry
    )
    for part, word in recent_health().parts.items():
        probes.labels(part).set(word == "ok")
    _gauges(
        registry,
        {
            "hopthu_oldest_queued_age_seconds": (
                "Age of the oldest queued submission; 0 when none waits.",
                found.oldest_queued_age_seconds or 0.0,
            ),
            "hopthu_open_access_changes": (
                "Changed rights the agent has not carried out.",
                found.open_access_changes,
            ),
            "hopthu_oldest_access_change_age_seconds": (
                "Age of the oldest open change of rights; 0 when none waits.",
                found.oldest_access_change_age_seconds or 0.0,
            ),
            "hopthu_open_home_changes": (
                "Mail homes still to be deleted.",
                found.open_home_changes,
            ),
            "hopthu_log_lag_seconds": (
                "Seconds since the end of Postfix's log was reached; -1 when never.",
                _or_never(found.log_lag_seconds),
            ),
            "hopthu_queue_scan_age_seconds": (
                "Seconds since Postfix's queue was scanned; -1 when never.",
                _or_never(found.queue_scan_age_seconds),
            ),
        },
    )
    return registry


def _gauges(registry: CollectorRegistry, values: dict[str, tuple[str, float]]) -> None:
    for name, (text, value) in values.items():
        Gauge(name, text, registry=registry).set(value)


def _or_never(seconds: float | None) -> float:
    return -1.0 if seconds is None else seconds
