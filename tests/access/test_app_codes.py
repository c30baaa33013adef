"""Codes of an authenticator app: taken for a step more to both sides, and not for longer."""

import time

import pytest
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    validate_totp_code,
)

STEP_S = 30


@pytest.mark.parametrize(("steps", "is_taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_may_change_while_it_is_typed(monkeypatch: pytest.MonkeyPatch, steps: int, is_taken: bool) -> None:
    now = int(time.time()) // STEP_S * STEP_S + STEP_S // 2
    monkeypatch.setattr(time, "time", lambda: now)
    secret = generate_totp_secret()
    code = format_hotp_value(hotp_value(secret, now // STEP_S + steps))
    assert validate_totp_code(secret, code) is is_taken
