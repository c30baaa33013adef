"""Writes small files in MaxMind's format (MMDB), for the demo company's places and for tests.

The format: https://maxmind.github.io/MaxMind-DB/. A tree over the bits of an address, whose leaves point into a section
of values, and a map about the file at its end. IPv4 addresses stand under ::/96.
"""

import struct
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

_END_MARK = b"\xab\xcd\xefMaxMind.com"
_GAP = 16
"""Bytes of nothing between tree and values."""
_LONG, _LONGER, _LONGEST = 29, 285, 65_821
_TEXT, _DOUBLE, _UINT16, _UINT32, _MAP, _UINT64, _LIST, _BOOL = 2, 3, 5, 6, 7, 9, 11, 14


class _Leaf(int):
    """A place in the section of values."""


_Node = list["int | _Leaf | None"]


def write_mmdb(path: Path, networks: Mapping[str, Any], *, kind: str, built_s: int, ip_version: int = 6) -> None:
    """A file that gives each network (`203.0.113.0/24`, `2001:db8::/32`) its value; a smaller one goes first.

    Values are JSON's: maps, lists, texts, numbers, yes and no. `built_s` is when the file was made, seconds since 1970.
    """
    nodes: list[_Node] = [[None, None]]
    values = bytearray()
    # Larger networks first, so that smaller ones cut their part out.
    for text, value in sorted(networks.items(), key=lambda pair: _bits(pair[0], ip_version)[1]):
        leaf = _Leaf(len(values))
        values += _encoded(value)
        _insert(nodes, *_bits(text, ip_version), leaf)
    tree = b"".join(_record(one, len(nodes)) for node in nodes for one in node)
    about = {
        "node_count": (_UINT32, len(nodes)), "record_size": (_UINT16, 32), "ip_version": (_UINT16, ip_version),
        "database_type": kind, "languages": ["en"],
        "binary_format_major_version": (_UINT16, 2), "binary_format_minor_version": (_UINT16, 0),
        "build_epoch": built_s, "description": {"en": kind},
    }  # fmt: skip
    path.write_bytes(tree + bytes(_GAP) + bytes(values) + _END_MARK + _encoded(about))


def _bits(text: str, ip_version: int) -> tuple[int, int, int]:
    """(address as a number, length of the prefix, bits of an address) in a tree of this version."""
    network = ip_network(text)
    width = 128 if ip_version == 6 else 32
    return int(network.network_address), network.prefixlen + width - network.max_prefixlen, width


def _insert(nodes: list[_Node], address: int, length: int, width: int, leaf: _Leaf) -> None:
    at = 0
    for depth in range(length):
        side = address >> (width - 1 - depth) & 1
        if depth == length - 1:
            nodes[at][side] = leaf
            return
        below = nodes[at][side]
        if below is None or isinstance(below, _Leaf):
            nodes.append([below, below])
            nodes[at][side] = below = len(nodes) - 1
        at = below


def _record(one: "int | _Leaf | None", node_count: int) -> bytes:
    target = node_count if one is None else node_count + _GAP + one if isinstance(one, _Leaf) else one
    return struct.pack(">I", target)


def _encoded(value: Any) -> bytes:
    if isinstance(value, bool):
        return _head(_BOOL, int(value))
    if isinstance(value, int):
        return _encoded((_UINT64, value))
    if isinstance(value, tuple):
        kind, number = value
        packed: bytes = number.to_bytes(8, "big").lstrip(b"\0")
        return _head(kind, len(packed)) + packed
    if isinstance(value, float):
        return _head(_DOUBLE, 8) + struct.pack(">d", value)
    if isinstance(value, str):
        content = value.encode("utf-8", "surrogatepass")
        return _head(_TEXT, len(content)) + content
    if isinstance(value, list):
        return _head(_LIST, len(value)) + b"".join(map(_encoded, value))
    return _head(_MAP, len(value)) + b"".join(_encoded(key) + _encoded(one) for key, one in value.items())


def _head(kind: int, size: int) -> bytes:
    """Type and size; types from 8 on have a second byte."""
    if size < _LONG:
        short, rest = size, b""
    elif size < _LONGER:
        short, rest = 29, bytes([size - _LONG])
    elif size < _LONGEST:
        short, rest = 30, (size - _LONGER).to_bytes(2, "big")
    else:
        short, rest = 31, (size - _LONGEST).to_bytes(3, "big")
    first = (kind if kind < 8 else 0) << 5 | short
    return bytes([first] + ([kind - 7] if kind >= 8 else [])) + rest
