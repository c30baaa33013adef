"""Records on PostgreSQL: JSON that is searched as text, updates by what JSON holds, locks."""

import pytest

from tests.leads.test_on_postgresql import passed


@pytest.mark.slow
def test_a_person_is_erased_from_records_on_postgresql(postgres_url: str) -> None:
    files = ["tests/privacy/test_erasing.py", "tests/privacy/test_erase_pages.py", "-k", "not byte"]
    assert passed(files, postgres_url, "erasures") > 10
