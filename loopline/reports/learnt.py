"""The model of a run, with the weights it learnt from the run's own paths where it learns."""

from loopline.attribution.fitted import TooFewError, weights_learnt
from loopline.attribution.model import MODELS, Model
from loopline.reports.options import OptionError, Scope
from loopline.store.engine import Engine, Value


def learnt_model(scope: Scope, engine: Engine, *kinds: str) -> tuple[Model, dict[str, Value]]:
    """The model, and the values that its weights name beside those of the scope.

    Raises OptionError where there is too little to learn from, and StoreError.
    """
    try:
        return weights_learnt(MODELS[scope.options.model], engine, scope.params, scope.options.order, *kinds)
    except TooFewError as error:
        raise OptionError(str(error)) from error
