"""A version counter is SQLAlchemy's bookkeeping, as a column with onupdate is."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, String
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from tests.audit.stage import log_of, staged


class Base(DeclarativeBase):
    pass


ActivityLog = log_of(Base)


class Page(Base):
    __tablename__ = "pages"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, object]:
        return {"version_id_col": cls.__table__.c.version}


@pytest.mark.usefixtures("mira")
def test_a_version_counter_is_no_change(engine: Engine, tmp_path: Path) -> None:
    with staged(engine, Base, ActivityLog, tmp_path / "spool") as stage:
        with stage.session() as session:
            page = Page(title="One")
            session.add(page)
            session.commit()
            page.title = "Two"
            session.commit()

        assert [row.metadata_json["changes"] for row in stage.rows()] == [
            {"title": [None, "One"]}, {"title": ["One", "Two"]},
        ]
