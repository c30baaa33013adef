"""All kinds of conditions, found by scanning `rules/conditions/`."""

from loopline.lib.registry import scan
from loopline.rules.condition import ConditionKind

CONDITIONS: dict[str, ConditionKind] = scan("loopline.rules.conditions", "CONDITION", ConditionKind)
