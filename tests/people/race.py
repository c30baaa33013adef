"""Run by `test_race.py` in a process of its own, on a database that it may fill: prints what became of a race.

Twelve threads say at the same moment that ines@halden.example sent something, from one browser and as one user.
"""

import json
import threading

from django.db import connection, connections

from loopline.access.actor import SYSTEM
from loopline.access.audit import first_broken_entry
from loopline.access.models import BusinessUnit
from loopline.cli.new_records import create_records
from loopline.people.actions import find_or_create_person, link_identity
from loopline.people.models import Company, IdentityLink, Person

THREADS = 12


def main() -> None:
    create_records(connection)
    unit = BusinessUnit.objects.create(key="north", name="North")
    barrier, errors = threading.Barrier(THREADS), []

    def say(number: int) -> None:
        try:
            barrier.wait()
            person = find_or_create_person("Ines@Halden.example", unit=unit, evidence="form", by=SYSTEM)
            other = find_or_create_person(f"p{number}@halden.example", unit=unit, evidence="form", by=SYSTEM)
            link_identity("visitor:v1", person if number % 2 else other, "form", SYSTEM)
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
            raise
        finally:
            connections.close_all()

    threads = [threading.Thread(target=say, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answer = {
        "vendor": connection.vendor,
        "errors": errors,
        "ines": Person.objects.filter(email="ines@halden.example").count(),
        "people": Person.objects.count(),
        "companies": Company.objects.count(),
        "links_of_the_browser": IdentityLink.objects.filter(identity="visitor:v1").count(),
        "links_of_the_address": IdentityLink.objects.filter(identity="email:ines@halden.example").count(),
        "chain_is_whole": first_broken_entry() is None,
    }
    print(json.dumps(answer))
