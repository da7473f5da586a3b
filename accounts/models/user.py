"""People, and the addresses each signs in with."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q


class UserManager(BaseUserManager["User"]):
    """Looks people up the way sign-in needs it."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the person whose primary e-mail is `username`, in any case."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser):
    """A person. His one password serves web, IMAP, POP3 and SMTP; `tenant` is his home."""

    email = models.EmailField(max_length=254, unique=True)  # lower case, IDNA A-label
    name = models.CharField(max_length=120, blank=True)
    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.PROTECT, related_name="people")
    language = models.CharField(max_length=5, blank=True)  # empty: the browser decides
    timezone = models.CharField(max_length=64, blank=True)  # empty: the tenant's
    theme = models.CharField(max_length=8, blank=True)  # empty: the system's; light, dark
    is_active = models.BooleanField(default=True)  # allauth and Django read this name
    suspended_at = models.DateTimeField(null=True, blank=True)  # None: not suspended
    password_changed_at = models.DateTimeField(null=True, blank=True)
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        indexes = (models.Index(fields=["tenant", "email"], name="user_tenant_email"),)
        constraints = (
            models.CheckConstraint(
                name="user_email_lower", condition=Q(email=models.functions.Lower("email"))
            ),
            models.CheckConstraint(
                name="user_active_unless_suspended",
                condition=Q(is_active=False) | Q(suspended_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        """Return the name to show."""
        return self.name or self.email


class LoginName(models.Model):
    """An address that signs in as a person; written when an address is provisioned."""

    address = models.CharField(max_length=320, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="login_names")

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="login_name_lower", condition=Q(address=models.functions.Lower("address"))
            ),
        )

    def __str__(self) -> str:
        return self.address
