"""Why something was not done with an experiment, in words fit to show."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from loopline.campaigns.refusal import CampaignRefusedError


class ExperimentRefusedError(CampaignRefusedError):
    """The experiment does not allow this; the message says what to do. Nothing was changed."""


@contextmanager
def refused(message: str) -> Iterator[None]:
    """The database decides between two people who do the same in the same moment, and this says it in words."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise ExperimentRefusedError(message) from error
