"""People, companies, identities, consent."""

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit, UnitScopedQuerySet
from loopline.lib.ids import uuid7
from loopline.lib.times import utc_now
from loopline.people.stitch import is_certain, parse
from loopline.people.why import why_linked, why_used


class CompanyQuerySet(UnitScopedQuerySet["Company"]):
    def visible_to(self, actor: Actor) -> "CompanyQuerySet":
        """Companies first known to one of the actor's units, and those of people the actor may see."""
        if actor.sees_all_units:
            return self
        people = Person.objects.visible_to(actor).filter(company__isnull=False)
        return self.filter(Q(unit__in=actor.unit_ids) | Q(pk__in=people.values("company")))


class Company(models.Model):
    """An organisation that buys. Found by the domain of its e-mail addresses."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    domain = models.CharField(max_length=253, unique=True, null=True, blank=True)
    industry = models.CharField(max_length=100, blank=True)
    employees = models.PositiveIntegerField(null=True, blank=True)
    country = models.CharField(max_length=2, blank=True)
    city = models.CharField(max_length=100, blank=True)
    custom = models.JSONField(default=dict, blank=True)
    """Fields of the organisation's own making (`people.custom`)."""
    created_at = models.DateTimeField(default=utc_now)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.name


class CompanyKey(models.Model):
    """What another system calls a company within a business unit: the group id of a site (`group:g-17`)."""

    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=300)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="keys")
    evidence = models.CharField(max_length=40)
    at = models.DateTimeField(default=utc_now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "key"], name="one_company_a_key")]

    def __str__(self) -> str:
        return self.key

    @property
    def words(self) -> str:
        """What kind of id it is, as people say it."""
        return "Group id of the site" if self.key.startswith("group:") else "Id in another system"

    @property
    def value(self) -> str:
        return self.key.partition(":")[2]


class PersonQuerySet(UnitScopedQuerySet["Person"]):
    def visible_to(self, actor: Actor) -> "PersonQuerySet":
        """People first known to one of the actor's units or with a lead there, also through one merged into them."""
        if actor.sees_all_units:
            return self
        everyone = self.model.objects.all()
        known = everyone.filter(Q(unit__in=actor.unit_ids) | Q(leads__unit__in=actor.unit_ids))
        return self.filter(
            Q(pk__in=known.values("pk")) | Q(pk__in=known.filter(merged_into__isnull=False).values("merged_into"))
        )

    def remaining(self) -> "PersonQuerySet":
        """Without those merged into another and those who were erased."""
        return self.filter(merged_into__isnull=True, erased_at__isnull=True)


class Person(models.Model):
    """A buyer. One person, one record; a merged one points at the person that remains."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="+")
    email = models.EmailField(unique=True, null=True, blank=True)
    """Normalised (`people.emails.normalise`)."""
    name = models.CharField(max_length=200, blank=True)
    job_title = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=50, blank=True)
    country = models.CharField(max_length=2, blank=True)
    language = models.CharField(max_length=10, blank=True)
    custom = models.JSONField(default=dict, blank=True)
    """Fields of the organisation's own making (`people.custom`)."""
    company = models.ForeignKey(Company, on_delete=models.SET_NULL, null=True, blank=True, related_name="people")
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")
    """Always the person that remains, never a chain."""
    created_at = models.DateTimeField(default=utc_now)
    erased_at = models.DateTimeField(null=True, blank=True)
    """Nothing of them is left but this record without a name, which their leads and sales stay with."""

    objects = PersonQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]
        verbose_name_plural = "people"
        constraints = [
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("pk")), name="not_merged_into_itself"
            )
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return self.name or self.email or ("Erased person" if self.erased_at else "Unnamed person")

    @property
    def canonical_id(self) -> UUID:
        return self.merged_into_id or self.id

    @property
    def canonical(self) -> "Person":
        """The person that remains: itself, unless it was merged."""
        return self.merged_into or self

    def is_visible_to(self, actor: Actor) -> bool:
        return actor.sees_all_units or Person.objects.visible_to(actor).filter(pk=self.pk).exists()

    def known_ids(self) -> list[UUID]:
        """Ids under which records of this person are kept: the remaining person's and those merged into it."""
        return [self.canonical_id, *Person.objects.filter(merged_into=self.canonical_id).values_list("pk", flat=True)]


class IdentityLink(models.Model):
    """identity → person, append-only: the newest row of an identity holds. `person` NULL = withdrawn."""

    identity = models.CharField(max_length=300, db_index=True)
    """`visitor:…`, `user:…`, `email:…`, `phone:…`, `person:…`, `external:…`"""
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="identity_links")
    evidence = models.CharField(max_length=40)
    rule_version = models.PositiveIntegerField(default=1)
    recorded_at = models.DateTimeField(default=utc_now)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.identity} → {self.person_id}"

    @property
    def words(self) -> str:
        """What kind of identity it is, as people say it."""
        return parse(self.identity)[0].words

    @property
    def value(self) -> str:
        return parse(self.identity)[1]

    @property
    def is_certain(self) -> bool:
        return is_certain(parse(self.identity)[0], self.evidence)

    @property
    def why(self) -> str:
        """The evidence as a sentence."""
        return why_linked(parse(self.identity)[0], self.evidence)


class IdentityClaim(models.Model):
    """Something said whom an identity belongs to. Links follow from all that was said (`people.claims`)."""

    identity = models.CharField(max_length=300)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="+")
    same_as = models.CharField(max_length=300, blank=True, db_index=True)
    """Instead of a person: the user id (`user:…`) that was signed in there or is another name of the same."""
    evidence = models.CharField(max_length=40)
    rule_version = models.PositiveIntegerField()
    at = models.DateTimeField(default=utc_now)
    set_aside_at = models.DateTimeField(null=True, blank=True)
    """From then on it counts no more: somebody who knows decided otherwise."""
    may_be_said_again = models.BooleanField(default=False)
    """Set aside because its identity starts anew, so that the same counts when it is said again."""

    class Meta:
        ordering: ClassVar = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, same_as="") | (Q(person__isnull=True) & ~Q(same_as="")),
                name="claims_one_thing",
            ),
            models.UniqueConstraint(
                fields=["identity", "person", "evidence"],
                condition=Q(same_as="", may_be_said_again=False),
                name="a_person_claimed_once",
            ),
            models.UniqueConstraint(
                fields=["identity", "same_as", "evidence"],
                condition=Q(person__isnull=True, may_be_said_again=False),
                name="a_user_claimed_once",
            ),
        ]
        indexes = [models.Index(fields=["identity"], name="claims_of_an_identity")]

    def __str__(self) -> str:
        return f"{self.identity} is {self.same_as or self.person_id}"


class BrowserSighting(models.Model):
    """When something was said about a browser. A second person on it makes the moments decide (`people.uses`)."""

    claim = models.ForeignKey(IdentityClaim, on_delete=models.CASCADE, related_name="sightings")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["claim", "at"], name="seen_once_at_a_moment")]

    def __str__(self) -> str:
        return f"{self.claim} at {self.at}"


class BrowserLogout(models.Model):
    """Somebody logged out on a browser that kept its visitor id."""

    identity = models.CharField(max_length=300)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["identity", "at"], name="logged_out_once_at_a_moment")]

    def __str__(self) -> str:
        return f"{self.identity} at {self.at}"


class BrowserUse(models.Model):
    """Whose a shared browser was from a moment until its next use; `person` NULL: nobody's that can be told.

    Rows are only added; those a later answer replaced are marked. Current ones leave no gap and do not overlap.
    """

    identity = models.CharField(max_length=300)
    since = models.DateTimeField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="browser_uses")
    why = models.CharField(max_length=20)
    rule_version = models.PositiveIntegerField()
    recorded_at = models.DateTimeField(default=utc_now)
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["identity", "since"]
        constraints = [
            models.UniqueConstraint(
                fields=["identity", "since"], condition=Q(replaced_at__isnull=True), name="one_use_at_a_moment"
            )
        ]

    def __str__(self) -> str:
        return f"{self.identity} since {self.since}"

    @property
    def reason(self) -> str:
        """Why it is somebody's or nobody's, as a sentence."""
        return why_used(self.why)


class BlockedIdentity(models.Model):
    """An identity that somebody said names no one: `user:kiosk`, `email:test@halden.no`."""

    identity = models.CharField(max_length=300, unique=True)
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField(default=utc_now)

    class Meta:
        ordering: ClassVar = ["identity"]

    def __str__(self) -> str:
        return self.identity


class NotTheSame(models.Model):
    """Somebody looked at two people that looked alike and said that they are two."""

    one = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    """The one with the greater id, so that a pair is there once."""
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField(default=utc_now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["one", "other"], name="said_once_of_a_pair")]

    def __str__(self) -> str:
        return f"{self.one_id} is not {self.other_id}"


class IdentityConflict(models.Model):
    """Evidence said that an identity is one person while it belongs to another. It stayed; people may decide."""

    identity = models.CharField(max_length=300)
    kept_with = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    claimed_by = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    evidence = models.CharField(max_length=40)
    at = models.DateTimeField(default=utc_now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["identity", "claimed_by"], name="one_conflict_a_claim")]

    def __str__(self) -> str:
        return f"{self.identity} stays with {self.kept_with_id}"


class Merge(models.Model):
    """Two people became one; can be undone, both stay recorded."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    remaining = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="merges")
    merged = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    detail = models.JSONField(default=dict)
    """What moved and what was filled in, so that undoing puts it back and a reader sees what it was."""
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField(default=utc_now)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["merged"], condition=Q(undone_at__isnull=True), name="merged_once"),
            models.CheckConstraint(condition=~Q(merged=F("remaining")), name="merged_into_another"),
        ]

    def __str__(self) -> str:
        return f"{self.merged} into {self.remaining}"


class Consent(models.Model):
    """What a person agreed to or withdrew, with the text that was shown. Append-only: the newest row holds."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=40)
    is_granted = models.BooleanField()
    text = models.TextField(blank=True)
    evidence = models.CharField(max_length=100)
    at = models.DateTimeField(default=utc_now)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.purpose}: {'yes' if self.is_granted else 'no'}"


class ReactorRefusal(models.Model):
    """A signal that a reactor could not act on, with the reason; the rest went on."""

    reactor = models.CharField(max_length=64)
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    event_id = models.CharField(max_length=200)
    reason = models.TextField()
    signal = models.JSONField(default=dict)
    at = models.DateTimeField(default=utc_now)
    solved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-at"]
        constraints = [models.UniqueConstraint(fields=["reactor", "event_id", "kind"], name="one_refusal_a_signal")]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}: {self.reason}"


class ReactorCursor(models.Model):
    """How far a reactor has read the inbox; moves in the transaction of its record changes."""

    name = models.CharField(max_length=64, primary_key=True)
    seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} at {self.seq}"
