"""The model of a run, with the weights it learnt from the run's own paths where it learns."""

from collections.abc import Mapping

from loopline.attribution.fitted import TooFewError, weights_learnt
from loopline.attribution.model import Model
from loopline.attribution.own_model import is_own, own_models
from loopline.reports.options import OptionError, Scope
from loopline.store.engine import Engine, Value


def learnt_model(
    scope: Scope,
    engine: Engine,
    *kinds: str,
    moments: Mapping[str, str] | None = None,
    values: Mapping[str, Value] | None = None,
) -> tuple[Model, dict[str, Value]]:
    """The model, and the values that its weights name beside those of the scope.

    An own model is the version of the moment that `moments` give it; the scope's where there was none yet.

    `moments` as in `attribution.state.question`, with the `values` they read: what was learnt then is learnt again.
    Raises OptionError where there is too little to learn from, and StoreError.
    """
    try:
        params = {**scope.params, **(values or {})}
        model, options = scope.model, scope.options
        if moments and is_own(model.key):
            model = own_models(engine, params, moments).get(model.key, model)
        return weights_learnt(
            model, engine, params, options.order, *kinds,
            moments=moments, ignores_direct=options.ignores_direct, learns_from=options.conversion,
        )  # fmt: skip
    except TooFewError as error:
        raise OptionError(str(error)) from error
