"""Addresses that mail programs and mail hosts know by heart, served below every hosted domain."""

from __future__ import annotations

from django.urls import path, re_path

from domains.views import clients

app_name = "clients"
urlpatterns = [
    path("mail/config-v1.1.xml", clients.autoconfig, name="autoconfig"),
    path(
        ".well-known/autoconfig/mail/config-v1.1.xml",
        clients.autoconfig,
        name="autoconfig-well-known",
    ),
    re_path(
        r"^[aA]uto[dD]iscover/[aA]uto[dD]iscover\.xml$", clients.autodiscover, name="autodiscover"
    ),
    re_path(
        r"^[aA]uto[dD]iscover/[aA]uto[dD]iscover\.json$",
        clients.autodiscover_json,
        name="autodiscover-json",
    ),
    re_path(
        r"^[aA]uto[dD]iscover/[aA]uto[dD]iscover\.json/v1\.0/(?P<email>[^/]{1,320})$",
        clients.autodiscover_json,
        name="autodiscover-json-of",
    ),
    path(
        ".well-known/user-agent-configuration.json",
        clients.user_agent_configuration,
        name="user-agent-configuration",
    ),
    path(".well-known/mta-sts.txt", clients.mta_sts, name="mta-sts"),
]
