"""The address map: which room answers which path."""

from __future__ import annotations

from django.urls import include, path

from portal import views

handler400 = "portal.views.bad_request"
handler403 = "portal.views.permission_denied"
handler404 = "portal.views.page_not_found"
handler500 = "portal.views.server_error"

urlpatterns = [
    path("language/", views.set_language, name="set-language"),
    path("theme/", views.set_theme, name="set-theme"),
    path("", include("domains.client_urls")),
    path("", include("accounts.urls")),
    path("portal/", include("domains.urls")),
    path("forwarding/", include("domains.consent_urls")),
    path("setup/", include("domains.device_urls")),
    path("portal/", include("delivery.urls")),
    path("", include("mailserver.urls")),
    path("mail/", include("webmail.urls")),
]
