"""What watches the installation is told the truth, and nobody else is told the numbers."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest
from django.test import Client

from mailserver import health
from portal.config import Stack

pytestmark = pytest.mark.wire


def test_a_running_stack_is_healthy_part_by_part(stack: Stack) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.port}/healthz", timeout=5) as answer:
        assert answer.status == 200
        assert json.load(answer) == dict.fromkeys(("database", "redis", "imap", "smtp"), "ok")


def test_numbers_are_refused_without_the_token(stack: Stack) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"http://127.0.0.1:{stack.port}/metrics", timeout=5)
    assert caught.value.code == 403


@pytest.mark.usefixtures("db")
def test_the_token_opens_the_numbers(
    client: Client, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "metrics_token", "number nine")
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"authorization": "Bearer number"}).status_code == 403
    answer = client.get("/metrics", headers={"authorization": "Bearer number nine"})
    text = answer.content.decode()
    assert answer.status_code == 200
    for name in (
        'hopthu_submissions{state="queued"}',
        "hopthu_oldest_queued_age_seconds",
        "hopthu_open_access_changes",
        'hopthu_probe_ok{part="imap"} 1.0',
        "hopthu_log_lag_seconds",
    ):
        assert name in text


def test_a_part_that_is_gone_is_named(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "ports", {"imap": 1, "smtp": stack.mail_port("lmtp")})
    found = health.look(("imap", "smtp", "lmtp"))
    assert found.parts["imap"] == "ConnectionRefusedError"
    assert found.parts["lmtp"] == "ok"
    assert not found.is_good
