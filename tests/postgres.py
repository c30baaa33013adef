"""A PostgreSQL cluster of the tests' own: started on a free port when first asked for, stopped at the end."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port


def _programs() -> Path | None:
    """Where initdb and pg_ctl are: Debian keeps them out of the PATH."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


def _owner() -> str | None:
    """PostgreSQL refuses to run as root: then as whom; None for the present user."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """`DATABASE_URL` of an empty database. Skips where PostgreSQL's programs are not installed."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL's programs are not installed (Debian: apt-get install postgresql)")
    owner, port = _owner(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="loopline-postgres-"))
    if owner:
        shutil.chown(folder, owner)
    cluster = folder / "cluster"

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), *arguments]
        subprocess.run(command, check=True, user=owner, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    run("initdb", "-D", str(cluster), "-U", "loopline", "--auth=trust", "--encoding=UTF8", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    run("pg_ctl", "-D", str(cluster), "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield f"postgresql://loopline@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-D", str(cluster), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)
