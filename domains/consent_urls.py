"""The address of the link that people outside get, below /forwarding/."""

from __future__ import annotations

from django.urls import path

from domains.views import consents

app_name = "consents"
urlpatterns = [path("<str:token>/", consents.consent_answer, name="answer")]
