"""What every test can ask for: a catalog on SQLite or on a real Postgres started from Debian's packages."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.catalog.engine import connect
from core.catalog.migrations import migrate
from tests.support.demo_home import FOLDER

POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")
POSTGRES_APT = "apt-get install -y --no-install-recommends postgresql-15"
KINDS = ("sqlite", "postgres")


def pytest_addoption(parser: pytest.Parser) -> None:
    """--catalog runs catalog tests on one database only; --cases gives golden tests other files of cases."""
    parser.addoption("--catalog", choices=KINDS, default=None, help="database of the catalog tests (default: both)")
    parser.addoption("--cases", nargs="+", action="extend", default=None, help="files of golden cases (default: our own)")


def pytest_configure(config: pytest.Config) -> None:
    """A folder for what is made once, also when several processes share the tests."""
    if FOLDER not in os.environ:
        os.environ[FOLDER] = folder = tempfile.mkdtemp(prefix="ts-shared-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever uses a catalog runs once per database."""
    if "catalog_kind" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--catalog")
        metafunc.parametrize("catalog_kind", [chosen] if chosen else KINDS, scope="session")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL (without a database name) of a Postgres of our own, on a unix socket in a temporary folder."""
    if not (POSTGRES_BIN / "initdb").exists():
        missing = f"Postgres is not installed; run: {POSTGRES_APT}"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    # Not pytest's own folder: a unix socket's path has little room, and the server's user must reach it.
    folder = Path(tempfile.mkdtemp(prefix="ts-pg-"))
    # Postgres refuses to run as root.
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, stdout=subprocess.DEVNULL, cwd=folder)

    initdb = [str(POSTGRES_BIN / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=100"
    pg_ctl = [str(POSTGRES_BIN / "pg_ctl"), "-D", str(data), "-w"]
    try:
        run(*initdb)
        run(*pg_ctl, "-o", options, "-l", str(folder / "log"), "start")
        yield f"postgresql://postgres@/{{database}}?host={folder}"
        run(*pg_ctl, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> str:
    """The URL form of the Postgres server, with a migrated, empty catalog to copy from."""
    run_on_postgres(postgres_server, "CREATE DATABASE template_catalog")
    migrate(postgres_server.format(database="template_catalog"))
    return postgres_server


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a migrated, empty catalog to copy from."""
    path = tmp_path_factory.mktemp("template") / "catalog.sqlite"
    migrate(f"sqlite:///{path}")
    return str(path)


@pytest.fixture
def migrated_catalog(catalog_kind: str, request: pytest.FixtureRequest) -> str:
    """What there is to copy a catalog of this kind from; only a kind that is asked for is made."""
    made: str = request.getfixturevalue(f"migrated_{catalog_kind}")
    return made


_NUMBERS = itertools.count(1)


@pytest.fixture
def catalog_url(catalog_kind: str, migrated_catalog: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated, empty catalog of this test's own."""
    if catalog_kind == "sqlite":
        path = tmp_path / "catalog.sqlite"
        shutil.copy(migrated_catalog, path)
        yield f"sqlite:///{path}"
        return
    name = f"catalog_{next(_NUMBERS)}"
    run_on_postgres(migrated_catalog, f"CREATE DATABASE {name} TEMPLATE template_catalog")
    yield migrated_catalog.format(database=name)
    run_on_postgres(migrated_catalog, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def catalog(catalog_url: str) -> Iterator[sa.Engine]:
    """An engine on a migrated, empty catalog."""
    engine = connect(catalog_url)
    yield engine
    engine.dispose()


def run_on_postgres(server: str, statement: str) -> None:
    """Run one statement outside of a transaction on the server's own database."""
    engine = connect(server.format(database="postgres"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
