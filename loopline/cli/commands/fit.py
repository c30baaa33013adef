"""`loopline fit`: a score fitted to what became of leads, beside the rules of the lead definition."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from loopline.cli.bridge import running_server
from loopline.cli.command import DONE, Command, CommandError
from loopline.cli.prepare import set_up_again
from loopline.store.engine import StoreError
from loopline.store.open import open_engine


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("--unit", metavar="KEY", help="key of the business unit; may be left out where there is one")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="json: all of it, with its weights")


def _run(given: Namespace) -> int:
    config = set_up_again()
    unit = _unit(given.unit)
    server = running_server(config)
    if server is not None:
        answer = server.tell("/internal/fit", {"unit": unit})
        if not isinstance(answer, dict):
            raise CommandError("the server did not answer with a score; is it the same version of Loopline?")
    else:
        engine = open_engine(config)
        try:
            answer = _fit_here(engine, unit)
        finally:
            engine.close()
    print(json.dumps(answer, ensure_ascii=False, indent=1) if given.format == "json" else _told(answer))
    return DONE


def _unit(key: str | None) -> str:
    from loopline.access.models import BusinessUnit

    keys = list(BusinessUnit.objects.values_list("key", flat=True))
    if key is None and len(keys) == 1:
        return str(keys[0])
    if key not in keys:
        raise CommandError(f"say which business unit: --unit {' or '.join(keys) or '(there is none yet)'}")
    return str(key)


def _fit_here(engine: Any, unit: str) -> Mapping[str, Any]:
    """Without a server the store is free to be opened here."""
    from loopline.access.actor import SYSTEM
    from loopline.access.models import BusinessUnit
    from loopline.leads.fitted_scores import fit_score
    from loopline.reports.fitted.run import FitError
    from loopline.store.current import in_use

    try:
        with in_use(engine):
            score = fit_score(BusinessUnit.objects.get(key=unit), by=SYSTEM)
    except (FitError, StoreError) as error:
        raise CommandError(str(error)) from error
    return {"name": str(score), "verdict": score.verdict, "digest": score.digest, "score": score.document}


def _told(answer: Mapping[str, Any]) -> str:
    found, contest = answer["score"], answer["score"]["contest"]
    lines = [f"{answer['name']}  {answer['digest'][:12]}", answer["verdict"], ""]
    for label, part in (("learnt from", found["trained_on"]), ("tried on", found["tried_on"])):
        lines.append(f"{label:12} {part['n']:,} leads, {part['won']:,} won, {part['first']} to {part['last']}")
    for label, key in (("area", "first"), ("area, rules", "second"), ("difference", "difference")):
        one = contest[key]
        lines.append(f"{label:12} {one['value']:.3f}  (95 % interval {one['low']:.3f} to {one['high']:.3f})")
    return "\n".join(lines)


COMMAND = Command(
    key="fit",
    summary="Fit a score to what became of leads, and say whether it does better than the rules",
    example="loopline fit --unit europe",
    run=_run,
    configure=_configure,
)
