"""Users, business units, the organisation, exchange rates, and the audit log."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, ClassVar, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from loopline.access.actor import Actor
from loopline.access.roles import Role
from loopline.lib.ids import uuid7
from loopline.lib.money import exponent
from loopline.lib.times import utc_now


class Organisation(models.Model):
    """The one company that runs this installation. There is exactly one row (id 1)."""

    name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, default="UTC")
    reporting_currency = models.CharField(max_length=3, default="EUR")
    own_hosts = models.JSONField(default=list, help_text="hosts of the own web sites; never referrers")
    topics = models.JSONField(default=list, help_text="[prefix of a path, topic of the pages below it]")

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> "Organisation":
        """The organisation; an unnamed one in UTC and EUR before setup."""
        return cls.objects.get_or_create(pk=1, defaults={"name": "Unnamed organisation"})[0]


class ExchangeRate(models.Model):
    """How much one unit of `currency` was worth in the reporting currency from `on` until the next rate."""

    currency = models.CharField(max_length=3)
    on = models.DateField()
    rate = models.DecimalField(max_digits=20, decimal_places=10)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["currency", "on"], name="one_rate_a_day")]

    def __str__(self) -> str:
        return f"1 {self.currency} = {self.rate} on {self.on}"

    @classmethod
    def convert(cls, amount_minor: int, currency: str, on: date) -> int | None:
        """Minor units of the reporting currency at the latest rate on or before `on`; None when there is no rate."""
        reporting = Organisation.current().reporting_currency
        if currency == reporting:
            return amount_minor
        row = cls.objects.filter(currency=currency, on__lte=on).order_by("-on").first()
        return None if row is None else converted(amount_minor, currency, reporting, row.rate)


def converted(amount_minor: int, currency: str, into: str, rate: Decimal) -> int:
    """Minor units of `into` for minor units of `currency`, of which one is worth `rate`; half cents go to the even."""
    shifted = Decimal(amount_minor).scaleb(exponent(into) - exponent(currency)) * rate
    return int(shifted.quantize(Decimal(1), ROUND_HALF_EVEN))


class RateTable:
    """All exchange rates at once, for loaders of many rows; answers as `ExchangeRate.convert` does."""

    def __init__(self) -> None:
        self._reporting = Organisation.current().reporting_currency
        self._rates: dict[str, list[tuple[date, Decimal]]] = {}
        for row in ExchangeRate.objects.order_by("on"):
            self._rates.setdefault(row.currency, []).append((row.on, row.rate))

    def convert(self, amount_minor: int, currency: str, on: date) -> int | None:
        if currency == self._reporting:
            return amount_minor
        rates = self._rates.get(currency, [])
        place = bisect_right(rates, on, key=lambda pair: pair[0])
        return converted(amount_minor, currency, self._reporting, rates[place - 1][1]) if place else None


class UnitQuerySet(models.QuerySet["BusinessUnit"]):
    def visible_to(self, actor: Actor) -> "UnitQuerySet":
        return self if actor.sees_all_units else self.filter(pk__in=actor.unit_ids)


class OwnModelVersion(models.Model):
    """One saved version of an attribution model of the organisation's own. The latest of each key is in use."""

    key = models.CharField(max_length=60)
    """`custom_` and a short name; it stands in addresses and commands."""
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=60)
    plan = models.JSONField(default=dict)
    """As `attribution.own_model.Plan`."""
    sentence = models.TextField()
    is_removed = models.BooleanField(default=False)
    saved_by = models.CharField(max_length=200)
    saved_at = models.DateTimeField(default=utc_now)

    class Meta:
        ordering: ClassVar = ["name", "key", "-number"]
        constraints = [models.UniqueConstraint(fields=["key", "number"], name="one_number_a_version")]

    def __str__(self) -> str:
        return f"{self.name}, version {self.number}"

    @property
    def next_number(self) -> int:
        return self.number + 1


class BusinessUnit(models.Model):
    """A brand, country organisation or subsidiary. Rows belong to one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3, default="EUR")
    accept_within_hours = models.PositiveIntegerField(
        default=4, help_text="how long a salesperson has to answer a hand-off"
    )
    margin_percent = models.PositiveIntegerField(default=100, help_text="contribution margin used by ROMI")

    objects = UnitQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


Scoped = TypeVar("Scoped", bound=models.Model)


class UnitScopedQuerySet(models.QuerySet[Scoped]):
    """Rows of a model with a `unit`. Every list and every detail page begins with `visible_to`."""

    def visible_to(self, actor: Actor) -> "UnitScopedQuerySet[Scoped]":
        return self if actor.sees_all_units else self.filter(unit__in=actor.unit_ids)


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def visible_to(self, actor: Actor) -> models.QuerySet["User"]:
        """Colleagues: those who share a business unit with the actor, and those who see all units."""
        if actor.sees_all_units:
            return self.get_queryset()
        return self.get_queryset().filter(Q(units__in=actor.unit_ids) | Q(role=Role.ADMINISTRATOR)).distinct()


class User(AbstractBaseUser):
    """Someone who signs in to Loopline."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=20, choices=[(role.value, role.label) for role in Role])
    units = models.ManyToManyField(BusinessUnit, related_name="users", blank=True)
    is_active = models.BooleanField(default=True)
    takes_leads = models.BooleanField(default=False, help_text="in the round robin for new leads")
    is_demo = models.BooleanField(default=False, help_text="offered on the sign-in page in demo mode")
    created_at = models.DateTimeField(default=utc_now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects = UserManager()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def actor(self) -> Actor:
        """This user as an actor. Administrators and finance see all units when they are given none."""
        role = Role(self.role)
        unit_ids = frozenset(self.units.values_list("pk", flat=True))
        sees_all = role is Role.ADMINISTRATOR or (role is Role.FINANCE and not unit_ids)
        return Actor(id=str(self.pk), name=self.name, role=role, unit_ids=unit_ids, sees_all_units=sees_all)

    @property
    def initials(self) -> str:
        return "".join(part[0] for part in self.name.split()[:2]).upper()

    # What Django's own code asks of a user; Loopline itself asks the actor.
    @property
    def is_staff(self) -> bool:
        return False

    def has_perm(self, _perm: str, _obj: object | None = None) -> bool:
        return False

    def has_perms(self, _perms: Iterable[str], _obj: object | None = None) -> bool:
        return False


class OneTimeLink(models.Model):
    """A link that lets one person in once: to set this installation up, or to choose a password."""

    class Purpose(models.TextChoices):
        SETUP = "setup"
        JOIN = "join"

    digest = models.CharField(max_length=64, unique=True)
    """SHA-256 of the token; the token itself is only in the link."""
    purpose = models.CharField(max_length=8, choices=Purpose.choices)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="one_time_links")
    created_at = models.DateTimeField(default=utc_now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(purpose="setup") | Q(user__isnull=False), name="joining_names_a_user")
        ]

    def __str__(self) -> str:
        return f"{self.purpose} until {self.expires_at:%Y-%m-%d %H:%M}"


class AccessTokenQuerySet(models.QuerySet["AccessToken"]):
    def visible_to(self, actor: Actor) -> "AccessTokenQuerySet":
        """One's own; administrators see everybody's."""
        return self if actor.role is Role.ADMINISTRATOR else self.filter(user_id=actor.id)

    def in_force(self, at: datetime) -> "AccessTokenQuerySet":
        """Those whose `state_at` this moment is IN_FORCE."""
        return self.filter(revoked_at=None, expires_at__gt=at, user__is_active=True)


class AccessToken(models.Model):
    """With it a program of this user asks the API: it sees what the user sees, as far as its scopes go."""

    class State(models.TextChoices):
        IN_FORCE = "in force"
        EXPIRED = "ran out"
        REVOKED = "revoked"
        OWNER_SHUT_OUT = "owner shut out"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="access_tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    """SHA-256 of the token; the token itself is only with whoever made it."""
    hint = models.CharField(max_length=16)
    """Its first characters, to recognise it by."""
    scopes = models.JSONField(default=list)
    """Values of `access.scopes.Scope`."""
    created_at = models.DateTimeField(default=utc_now)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    """To the minute."""
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = AccessTokenQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"

    def state_at(self, at: datetime) -> State:
        """Whether it lets anybody in at this moment, and otherwise why not; what ended it for good is named first."""
        if self.revoked_at is not None:
            return self.State.REVOKED
        if not self.user.is_active:
            return self.State.OWNER_SHUT_OUT
        return self.State.IN_FORCE if self.expires_at > at else self.State.EXPIRED

    @property
    def state(self) -> State:
        """Its state now."""
        return self.state_at(utc_now())

    @property
    def is_in_force(self) -> bool:
        return self.state == self.State.IN_FORCE


class AuditEntry(models.Model):
    """One write or sign-in. Append-only; each entry's hash covers the one before, so a changed past shows."""

    seq = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor_id = models.CharField(max_length=64)
    actor_name = models.CharField(max_length=200)
    verb = models.CharField(max_length=64)
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64, db_index=True)
    unit_id = models.UUIDField(null=True)
    detail = models.JSONField(default=dict)
    detail_hash = models.CharField(max_length=64, blank=True)
    """Keyed hash of the detail, which stands in the chain in its place; empty in entries from before there was one."""
    salt = models.CharField(max_length=32, blank=True)
    """Key of that hash. It goes with the detail when a person is erased: then nobody can try what the detail was."""
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering: ClassVar = ["seq"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name} {self.verb} {self.object_type} {self.object_id}"


class Mail(models.Model):
    """A mail to one colleague. It is claimed before it is sent, so that it goes out once; what it said goes then."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=200, unique=True)
    """What it is about and for whom: the same key is never sent twice."""
    to = models.ForeignKey(User, on_delete=models.CASCADE, related_name="mails")
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    attachments = models.JSONField(default=list)
    """[{"name", "type", "content": base64, "cid": name within the HTML, or empty}]"""
    created_at = models.DateTimeField(default=utc_now)
    not_before = models.DateTimeField(default=utc_now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    trouble = models.TextField(blank=True)
    """What the mail server last answered when it did not take it."""

    class Meta:
        ordering: ClassVar = ["created_at"]
        indexes = [
            models.Index(fields=["not_before"], name="mail_to_send", condition=Q(claimed_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {self.to}"
