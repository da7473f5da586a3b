"""Addresses of accounts: sign-in, one's own settings, and the portal's tenants, people and audit log."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from accounts.views import (
    act_as,
    audit,
    dashboard,
    home,
    invitations,
    people,
    plans,
    profile,
    sessions,
    tenants,
)

tenant_pages: list[URLPattern | URLResolver] = [
    path("", dashboard.dashboard, name="dashboard"),
    path("settings/", tenants.tenant_settings, name="tenant-settings"),
    path("tenants/", tenants.tenant_list, name="tenant-list"),
    path("tenants/new/", tenants.tenant_create, name="tenant-create"),
    path("tenants/<int:child_id>/", tenants.tenant_detail, name="tenant-detail"),
    path("tenants/<int:child_id>/plan/", tenants.tenant_plan, name="tenant-plan"),
    path("tenants/<int:child_id>/suspend/", tenants.tenant_suspend, name="tenant-suspend"),
    path("tenants/<int:child_id>/resume/", tenants.tenant_resume, name="tenant-resume"),
    path("tenants/<int:child_id>/end/", tenants.tenant_end, name="tenant-end"),
    path("tenants/<int:child_id>/restore/", tenants.tenant_restore, name="tenant-restore"),
    path("plans/", plans.plan_list, name="plan-list"),
    path("plans/new/", plans.plan_create, name="plan-create"),
    path("plans/<int:plan_id>/", plans.plan_detail, name="plan-detail"),
    path("plans/<int:plan_id>/delete/", plans.plan_delete, name="plan-delete"),
    path("people/", people.people, name="people"),
    path("people/invite/", people.invitation_create, name="invitation-create"),
    path(
        "people/invitations/<int:invitation_id>/resend/",
        people.invitation_resend,
        name="invitation-resend",
    ),
    path(
        "people/invitations/<int:invitation_id>/revoke/",
        people.invitation_revoke,
        name="invitation-revoke",
    ),
    path("people/<int:person_id>/", people.person_detail, name="person-detail"),
    path("people/<int:person_id>/act-as/", act_as.act_as, name="act-as"),
    path("people/<int:person_id>/role/", people.role_grant, name="role-grant"),
    path("people/<int:person_id>/role/remove/", people.role_revoke, name="role-revoke"),
    path("people/<int:person_id>/suspend/", people.person_suspend, name="person-suspend"),
    path("people/<int:person_id>/resume/", people.person_resume, name="person-resume"),
    path("people/<int:person_id>/password/", people.password_link, name="password-link"),
    path("audit/", audit.audit, name="audit"),
]

pages: tuple[list[URLPattern | URLResolver], str] = (
    [
        path("", home.home, name="home"),
        path("invitation/<str:token>/", invitations.invitation, name="invitation"),
        path("accounts/forgot/", sessions.forgot, name="forgot"),
        path("settings/profile/", profile.profile, name="profile"),
        path("settings/password/", profile.password, name="password"),
        path("portal/", home.portal, name="portal"),
        path("portal/act-as/end/", act_as.act_as_end, name="act-as-end"),
        path("portal/<int:tenant_id>/", include(tenant_pages)),
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
