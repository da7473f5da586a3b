"""Addresses of accounts: sign-in, one's own settings, and the portal's tenants, people and audit log."""

from __future__ import annotations

from django.urls import include, path

from accounts.views import dashboard, home, profile, sessions

pages = (
    [
        path("", home.home, name="home"),
        path("settings/profile/", profile.profile, name="profile"),
        path("settings/password/", profile.password, name="password"),
        path("portal/", home.portal, name="portal"),
        path("portal/<int:tenant_id>/", dashboard.dashboard, name="dashboard"),
    ],
    "accounts",
)

# allauth reverses its own names, so these stay outside of our namespace
urlpatterns = [
    path("accounts/login/", sessions.login, name="account_login"),
    path("accounts/logout/", sessions.logout, name="account_logout"),
    path("accounts/inactive/", sessions.inactive, name="account_inactive"),
    path("accounts/reauthenticate/", sessions.reauthenticate, name="account_reauthenticate"),
    path("", include(pages)),
]
