"""`loopline attribute`, asked as on the command line."""

from pathlib import Path

import pytest

from loopline.cli.main import main


@pytest.fixture
def asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    def ask(text: str | Path, *arguments: str, status: int = 0) -> str:
        file = text if isinstance(text, Path) else tmp_path / "paths.csv"
        if isinstance(text, str):
            file.write_text(text)
        assert main(["attribute", str(file), *arguments]) == status
        told = capsys.readouterr()
        return told.err if status else told.out

    return ask
