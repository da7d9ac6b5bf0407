"""The folder, copied under another name, serves a plain SQLAlchemy application."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import shuffify.audit
from shuffify.audit.insertion import FIELDS

FOLDER = Path(shuffify.audit.__file__).parent

APPLICATION = '''
import json
import sys


class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("flask", "flask_sqlalchemy", "shuffify", "werkzeug"):
            raise ImportError(f"{name} must not be needed")


sys.meta_path.insert(0, Refuse())
sys.path.insert(0, sys.argv[2])

from datetime import datetime
from sqlalchemy import JSON, String, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

engine = create_engine(sys.argv[1])
if engine.dialect.name == "sqlite":
    event.listen(engine, "connect", lambda driver, _: setattr(driver, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
Session = sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(80))


# README: first block
Base.metadata.create_all(engine)
# README: second block
with Session() as session:
    note = session.scalars(select(Note)).one()
    note.title = "Outro"
    session.commit()
    session.delete(note)
    session.rollback()
    session.delete(note)
    session.commit()
    rows = session.scalars(select(Log).order_by(Log.id)).all()
    print(json.dumps([[row.user_id, row.activity_type, row.description, row.metadata_json]
                      for row in rows]))
engine.dispose()
assert "shuffify" not in sys.modules and "flask" not in sys.modules
assert "audit.trail" in sys.modules
'''


def readme_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)


def _run(script: Path, url: str, folder: Path) -> Any:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), url, str(folder)],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "unknown actor" in done.stderr, "nobody was bound for the second half"
    return json.loads(done.stdout)


def test_the_readme_attaches_it_to_a_plain_application_in_ten_lines(
    database_url: str, tmp_path: Path
) -> None:
    attach, use, _ = readme_blocks()
    assert len(attach.splitlines()) == 10
    shutil.copytree(FOLDER, tmp_path / "audit", ignore=shutil.ignore_patterns("__pycache__"))
    script = tmp_path / "application.py"
    script.write_text(APPLICATION.replace("# README: first block", attach).replace(
        "# README: second block", use))

    created, updated, deleted = _run(script, database_url, tmp_path)

    assert created == [
        7, "note_create", "Created note 'Intro'", {"changes": {"title": [None, "Intro"]}}
    ]
    assert updated[:3] == [None, "note_update", "Updated note 'Outro' (title)"]
    assert updated[3]["changes"] == {"title": ["Intro", "Outro"]}
    assert updated[3]["actor"] == {"kind": "unknown", "id": None, "label": "unknown"}
    assert deleted[:3] == [None, "note_delete", "Deleted note 'Outro'"]
    assert not (tmp_path / "audit-spool.jsonl").exists()


def test_the_readme_names_every_module_and_every_name_that_a_log_may_have() -> None:
    readme = (FOLDER / "README.md").read_text()
    modules = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}

    assert {name for name in modules if f"`{name}`" not in readme} == set()
    assert {name for name in FIELDS if f"`{name}`" not in readme} == set()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_imports_inside_are_relative_and_outside_only_sqlalchemys(path: Path) -> None:
    found = re.findall(r"^\s*(?:from|import) ([\w.]+)", path.read_text(), re.MULTILINE)

    for name in found:
        root = name.partition(".")[0]
        is_tests = (path.stem, root) == ("testing", "pytest")
        assert name.startswith(".") or root == "sqlalchemy" or is_tests or (
            root in sys.stdlib_module_names
        )
