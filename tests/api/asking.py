"""A program that asks the API with an access token of somebody."""

import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.test import Client

from loopline.access.access_tokens import NewToken, create_access_token
from loopline.access.models import User
from loopline.access.scopes import Scope

NO_RUN = "01998c2e-0000-7000-8000-000000000000"
"""Id of a frozen run that there is not."""


@dataclass(frozen=True)
class Program:
    token: str

    def ask(self, path: str, headers: dict[str, str] | None = None, **options: str) -> HttpResponse:
        sent = {"Authorization": f"Bearer {self.token}"} | (headers or {})
        answer: Any = Client().get(f"/api/v1/{path}", options, headers=sent)
        return answer  # type: ignore[no-any-return]

    def told(self, path: str, **options: str) -> dict[str, Any]:
        """The JSON of an answer that has to be 200."""
        answer: Any = self.ask(path, **options)
        assert answer.status_code == 200, answer.content
        told: dict[str, Any] = answer.json()
        return told

    def refusal(self, path: str, **options: str) -> tuple[int, str, str | None]:
        """Status, code and field of an answer that has to be a refusal in words."""
        answer: Any = self.ask(path, **options)
        body = answer.json()
        assert len(body["error"]) > 10, body
        return answer.status_code, body["code"], body["field"]


def program_of(user: User, *scopes: Scope) -> Program:
    new = NewToken("test", frozenset(scopes or Scope))
    return Program(create_access_token(user, new, by=user.actor)[1])


def template_of(address: str) -> str:
    """The address as the OpenAPI document writes it, without the key or id that stands in it."""
    template = re.sub(r"^(metrics|reports)/(?!weekly$|weekly/sql$|budget-planner/proposal$)[^/]+", r"\1/{key}", address)
    template = re.sub(r"/changes/[^/]+$", "/changes/{cause}", template)
    template = re.sub(r"/unusual/[^/]+$", "/unusual/{kind}", template)
    return re.sub(r"^runs/[^/]+", "runs/{run_id}", template)
