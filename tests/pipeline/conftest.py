import pytest

from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Role
from tests.make import make_unit, make_user


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit()


@pytest.fixture
def seller(unit: BusinessUnit) -> User:
    return make_user(Role.SALES, unit=unit)
