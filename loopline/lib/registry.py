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


def scan(package: str, constant: str, kind: type[Item]) -> dict[str, Item]:
    """Import every module of `package` and collect its `constant` by `.key`, in the order of module names."""
    found: dict[str, Item] = {}
    origin: dict[str, str] = {}
    for info in sorted(pkgutil.iter_modules(importlib.import_module(package).__path__), key=lambda one: one.name):
        module = importlib.import_module(f"{package}.{info.name}")
        item = getattr(module, constant, None)
        if not isinstance(item, kind):
            raise RegistryError(f"{module.__name__} must define {constant} as a {kind.__name__}")
        if item.key in found:
            raise RegistryError(f"{module.__name__} and {origin[item.key]} both use the key {item.key!r}")
        found[item.key], origin[item.key] = item, module.__name__
    return found
