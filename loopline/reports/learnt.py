"""The model of a run, with the weights it learnt from the run's own paths where it learns."""

from collections.abc import Mapping

from loopline.attribution.fitted import TooFewError, weights_learnt
from loopline.attribution.model import MODELS, Model
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

    `moments` as in `attribution.state.question`, with the `values` they read: what was learnt then is learnt again.
    Raises OptionError where there is too little to learn from, and StoreError.
    """
    try:
        params = {**scope.params, **(values or {})}
        model, order = MODELS[scope.options.model], scope.options.order
        return weights_learnt(model, engine, params, order, *kinds, moments=moments)
    except TooFewError as error:
        raise OptionError(str(error)) from error
