"""What tests of the API share."""

from tests.api.two_units import units

__all__ = ["units"]
