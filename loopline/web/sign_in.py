"""What is ours about django-allauth's sign-in: nobody signs up alone, and every sign-in is in the audit log."""

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from loopline.access.audit import take_turn
from loopline.access.models import User
from loopline.access.sessions import (
    record_new_password,
    record_refused_sign_in,
    record_sign_in,
    record_sign_out,
)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, _request: HttpRequest) -> bool:
        """Administrators invite; there is no public sign-up."""
        return False

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        methods = [str(one["method"]) for one in get_authentication_records(request, user)]
        record_sign_in(user, method=" and ".join(methods) or "one-time link")

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.user, User):
            record_sign_out(request.user)
        super().logout(request)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        super().authentication_failed(request, **credentials)
        record_refused_sign_in(str(credentials.get("email", "")))

    @transaction.atomic
    def set_password(self, user: User, password: str) -> None:
        take_turn()
        super().set_password(user, password)
        record_new_password(user)


class SecondStepAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of the second step lie encrypted in the database, with a key made from SECRET_KEY."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(settings.SECRET_KEY.encode()).digest()))
