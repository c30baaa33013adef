"""Libraries that grow by one file: a folder of modules, each exporting one constant."""

import importlib
import pkgutil
from typing import Protocol, TypeVar


class Keyed(Protocol):
    @property
    def key(self) -> str: ...


Item = TypeVar("Item", bound=Keyed)


class RegistryError(RuntimeError):
    """A module of a library lacks its constant, or two modules claim one key."""


def scan(package: str, constant: str, kind: type[Item], *, only: str = "") -> dict[str, Item]:
    """Import every module of `package` and collect its `constant` by `.key`, in the order of module names.

    With `only` a module of that name is imported alone, if there is one (`import_` is called import).
    """
    found: dict[str, Item] = {}
    origin: dict[str, str] = {}
    names = sorted(info.name for info in pkgutil.iter_modules(importlib.import_module(package).__path__))
    for name in [one for one in names if one.removesuffix("_") == only] or names:
        module = importlib.import_module(f"{package}.{name}")
        item = getattr(module, constant, None)
        if not isinstance(item, kind):
            raise RegistryError(f"{module.__name__} must define {constant} as a {kind.__name__}")
        if item.key in found:
            raise RegistryError(f"{module.__name__} and {origin[item.key]} both use the key {item.key!r}")
        found[item.key], origin[item.key] = item, module.__name__
    return found
