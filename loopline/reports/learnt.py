"""The model of a run, with the weights it learnt from the run's own paths where it learns."""

from loopline.attribution.fitted import TooFewError, weights_learnt
from loopline.attribution.model import Model
from loopline.reports.options import OptionError, Scope
from loopline.store.engine import Engine, Value


def learnt_model(
    scope: Scope,
    engine: Engine,
    *kinds: str,
) -> tuple[Model, dict[str, Value]]:
    """The model, and the values that its weights name beside those of the scope.

    Raises OptionError where there is too little to learn from, and StoreError.
    """
    try:
        model, options = scope.model, scope.options
        return weights_learnt(
            model, engine, scope.params, options.order, *kinds,
            ignores_direct=options.ignores_direct, learns_from=options.conversion,
        )  # fmt: skip
    except TooFewError as error:
        raise OptionError(str(error), "model") from error


def sharing_model(scope: Scope, engine: Engine, *kinds: str) -> tuple[Model, dict[str, Value]]:
    """The same, of a report whose rows share out what was earned (`Report.shares_credit`).

    Raises OptionError also for a model whose rows overlap.
    """
    model, learnt = learnt_model(scope, engine, *kinds)
    if model.overlaps:
        words = "counts a sale on every row it met, so its rows add up to nothing"
        raise OptionError(f"{model.label} {words}. Choose another model here.", "model")
    return model, learnt
