"""The attribution model that the demo company agreed on: first without, later with a word for calls and meetings."""

import json
from datetime import datetime, timedelta

from loopline.access.models import OwnModelVersion
from loopline.access.own_models import TABLE, own_model_row
from loopline.attribution.own_model import Plan
from loopline.facts.outbox import Fact, record_facts

KEY, NAME = "custom_board_model", "Board model"
VERSIONS = (
    (timedelta(days=300), Plan(first=30, lead=30, opportunity=30, rest=10)),
    (
        timedelta(days=60),
        Plan(first=30, lead=30, opportunity=20, last=10, rest=10, kinds={"call": 2, "meeting": 2}, half_life_days=90),
    ),
)


def agree_on_a_model(until: datetime) -> None:
    facts = []
    for number, (ago, plan) in enumerate(VERSIONS, start=1):
        version = OwnModelVersion.objects.create(
            key=KEY, number=number, name=NAME, plan=json.loads(plan.to_json()), sentence=plan.sentence,
            saved_by="Loopline", saved_at=until - ago,
        )  # fmt: skip
        facts.append(Fact(TABLE, KEY, own_model_row(version), version.saved_at))
    record_facts(facts)
