"""Many people at once, by their addresses."""

from collections.abc import Collection

from loopline.facts.bulk import present
from loopline.people.models import IdentityLink, Person


def people_with(emails: Collection[str]) -> dict[str, Person]:
    """address → the person that remains, also by addresses that were linked to it later."""
    found = {}
    if known := present(Person, "email", list(emails)):
        for person in Person.objects.filter(email__in=known).select_related("merged_into"):
            found[str(person.email)] = person.canonical
    rest = present(IdentityLink, "identity", [f"email:{one}" for one in emails if one not in found])
    if not rest:
        return found
    links = IdentityLink.objects.filter(identity__in=rest).select_related("person__merged_into").order_by("pk")
    newest = {link.identity: link.person for link in links}
    return found | {name.removeprefix("email:"): one.canonical for name, one in newest.items() if one is not None}
