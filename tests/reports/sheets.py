"""What a worksheet of a written workbook holds, and that nothing in it runs."""

from collections import defaultdict
from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZipFile


def sheet(content: bytes, number: int) -> list[list[str | float | None]]:
    """The cells of a worksheet, line by line."""
    book = ZipFile(BytesIO(content))
    texts = ["".join(one.itertext()) for one in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))]
    content = book.read(f"xl/worksheets/sheet{number}.xml")
    assert b"<f>" not in content
    lines: dict[str, list[str | float | None]] = defaultdict(list)
    for cell in ElementTree.fromstring(content).iter():
        if cell.tag.endswith("}c"):
            value = cell[0].text if len(cell) else None
            at = "".join(one for one in str(cell.get("r")) if one.isdigit())
            lines[at].append(
                texts[int(value or 0)] if cell.get("t") == "s" else None if value is None else float(value)
            )
    return list(lines.values())
