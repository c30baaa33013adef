"""Who is doing something: a signed-in user, or Loopline itself. Every action takes `by: Actor`."""

from dataclasses import dataclass, field
from uuid import UUID

from loopline.access.roles import PERMISSIONS, Permission, Role


class NotAllowedError(PermissionError):
    """The actor may not do this; the message is fit to show."""


@dataclass(frozen=True, slots=True)
class Actor:
    id: str
    """User id, or `system`."""
    name: str
    role: Role
    unit_ids: frozenset[UUID] = field(default_factory=frozenset)
    sees_all_units: bool = False

    def may(self, permission: Permission) -> bool:
        return permission in PERMISSIONS[self.role]

    def require(self, permission: Permission) -> None:
        """Raises NotAllowedError unless the actor may."""
        if not self.may(permission):
            raise NotAllowedError(
                f"{self.name} ({self.role.label}) may not {permission.value.replace('_', ' ')}. "
                "Ask an administrator for a role that may."
            )

    def covers_unit(self, unit_id: UUID) -> bool:
        return self.sees_all_units or unit_id in self.unit_ids


SYSTEM = Actor(id="system", name="Loopline", role=Role.ADMINISTRATOR, sees_all_units=True)
