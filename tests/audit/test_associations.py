"""Links of many-to-many collections are changes of the object that owns them (A4, A6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column, Engine, ForeignKey, String, Table, inspect
from sqlalchemy.exc import SAWarning
from sqlalchemy.orm import (
    DeclarativeBase, DynamicMapped, Mapped, Session, WriteOnlyMapped, mapped_column, relationship,
)

from shuffify.audit import Audited, NotAudited, bind, capture
from tests import databases
from tests.audit.stage import Stage, log_of


class Base(DeclarativeBase):
    """The watched base."""


ActivityLog = log_of(Base)


def between(name: str, left: str, right: str) -> Table:
    """Return an association table."""
    return Table(
        name, Base.metadata,
        Column("left_id", ForeignKey(f"{left}.id"), primary_key=True),
        Column("right_id", ForeignKey(f"{right}.id"), primary_key=True),
    )


class Song(Base):
    """Owns its tags, and all other links; tags and friends know of it, too."""

    __tablename__ = "songs"
    __audit__ = Audited(ignore={"hidden"})

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None]
    name: Mapped[str] = mapped_column(String(50))
    tags: Mapped[list[Tag]] = relationship(
        secondary=between("song_tags", "songs", "tags"), back_populates="songs"
    )
    seen: Mapped[list[Tag]] = relationship(secondary="song_tags", viewonly=True)
    hidden: Mapped[list[Tag]] = relationship(secondary=between("hidden_tags", "songs", "tags"))
    later: WriteOnlyMapped[Tag] = relationship(
        secondary=between("later_tags", "songs", "tags"), passive_deletes=True
    )
    moving: DynamicMapped[Tag] = relationship(secondary=between("moving_tags", "songs", "tags"))
    keys: Mapped[list[Key]] = relationship(secondary=between("song_keys", "songs", "keys"))
    notes: Mapped[list[Scrap]] = relationship(
        secondary=between("song_scraps", "songs", "scraps"), back_populates="songs"
    )
    after: Mapped[list[Song]] = relationship(
        secondary=between("song_songs", "songs", "songs"), back_populates="before",
        primaryjoin="Song.id == song_songs.c.left_id",
        secondaryjoin="Song.id == song_songs.c.right_id",
    )
    before: Mapped[list[Song]] = relationship(
        secondary="song_songs", back_populates="after",
        primaryjoin="Song.id == song_songs.c.right_id",
        secondaryjoin="Song.id == song_songs.c.left_id",
    )


class Tag(Base):
    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    songs: Mapped[list[Song]] = relationship(secondary="song_tags", back_populates="tags")


class Key(Base):
    """Its own name is a secret."""

    __tablename__ = "keys"
    __audit__ = Audited(label="token")

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(50))


class Scrap(Base):
    __tablename__ = "scraps"
    __audit__ = NotAudited("nobody reads them")

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    songs: Mapped[list[Song]] = relationship(secondary="song_scraps", back_populates="notes")
    tags: Mapped[list[Tag]] = relationship(secondary=between("scrap_tags", "scraps", "tags"))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
           ) -> Iterator[Stage]:
    with databases.new_database() as url:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('songs') / 'songs.sqlite'}"
        engine: Engine = databases.connect(url)
        stage = Stage(engine, Base, ActivityLog)
        yield stage
        stage.trail.unwatch()
        engine.dispose()


@pytest.fixture
def stage(shared: Stage) -> Iterator[Stage]:
    with shared.unwatched() as session:
        for table in reversed(Base.metadata.sorted_tables):
            if table.name not in ("users", "activity_log"):
                session.execute(table.delete())
        tags = [Tag(id=number, name=name) for number, name in ((1, "a"), (2, "b"), (3, "c"))]
        session.add_all([Song(id=1, name="One", tags=tags[:2]), Song(id=2, name="Two"), tags[2],
                         Key(id=1, token="hush"), Scrap(id=1, name="scrap")])
        session.commit()
    with bind(user_id=7):
        yield shared


def done(stage: Stage, *steps: Any, expire: bool = False) -> list[tuple[str, str, Any]]:
    """Do steps in one transaction, a flush after each; return what is told of it."""
    before = len(stage.rows())
    with stage.session() as session:
        for step in steps:
            step(session)
            session.flush()
            if expire:
                session.expire_all()
        session.commit()
    return [(row.activity_type, row.entity_id, row.metadata_json["changes"])
            for row in stage.rows()[before:]]


def song(session: Session, key: int = 1) -> Song:
    return _kept(session, Song, key)


def tag(session: Session, key: int) -> Tag:
    return _kept(session, Tag, key)


def _kept(session: Session, model: Any, key: int) -> Any:
    # The session itself forgets what nobody holds.
    one = session.get_one(model, key)
    session.info.setdefault("kept", []).append(one)
    return one


@pytest.mark.report(71)
@pytest.mark.parametrize("do", [
    lambda s: song(s).tags.append(tag(s, 3)),
    lambda s: tag(s, 3).songs.append(song(s)),
    lambda s: (len(song(s).tags), len(tag(s, 3).songs), tag(s, 3).songs.append(song(s))),
    lambda s: s.expire(song(s)) or tag(s, 3).songs.append(song(s)),
], ids=["owner", "other side", "both loaded", "other side, owner expired"])
def test_a_new_link_is_told_of_its_owner_whichever_side_was_changed(stage: Stage, do: Any) -> None:
    assert done(stage, do) == [("song_update", "1", {"tags": [[], ["c"]]})]
    assert stage.last().description == "Updated song 'One' (tags)"


def test_a_lost_link_is_told_and_so_is_the_column_beside_it(stage: Stage) -> None:
    def do(session: Session) -> None:
        song(session).tags.remove(tag(session, 1))
        song(session).name = "Uno"

    assert done(stage, do) == [
        ("song_update", "1", {"name": ["One", "Uno"], "tags": [["a"], []]})
    ]


@pytest.mark.report(71)
def test_a_replaced_collection_tells_only_the_difference(stage: Stage) -> None:
    def do(session: Session) -> None:
        song(session).tags = [tag(session, 2), tag(session, 3)]

    assert done(stage, do) == [("song_update", "1", {"tags": [["a"], ["c"]]})]


@pytest.mark.parametrize("expire", [False, True])
def test_links_are_netted_over_flushes(stage: Stage, expire: bool) -> None:
    rows = done(
        stage, lambda s: song(s).tags.append(tag(s, 3)), lambda s: song(s).tags.remove(tag(s, 1)),
        lambda s: song(s).tags.append(tag(s, 1)), lambda s: song(s, 2).tags.append(tag(s, 1)),
        lambda s: song(s, 2).tags.clear(), expire=expire,
    )
    assert rows == [("song_update", "1", {"tags": [[], ["c"]]})]


def test_a_new_owner_is_told_with_its_links_and_a_deleted_one_too(stage: Stage) -> None:
    def make(session: Session) -> None:
        session.add(Song(id=9, name="Nine", tags=[tag(session, 1), Tag(id=8, name="new")]))

    rows = done(stage, make, lambda s: song(s, 9).tags.remove(tag(s, 1)))
    assert ("song_create", "9", {"name": [None, "Nine"], "tags": [None, ["new"]]}) in rows
    assert [kind for kind, _, _ in rows] == ["song_create", "tag_create"] or len(rows) == 2

    rows = done(stage, lambda s: s.delete(song(s, 9)))
    assert rows == [("song_delete", "9", {"name": ["Nine", None], "tags": [["new"], None]})]


def test_a_deleted_target_is_told_of_as_a_lost_link(stage: Stage) -> None:
    rows = done(stage, lambda s: s.delete(tag(s, 1)))
    assert sorted(rows) == [("song_update", "1", {"tags": [["a"], []]}),
                            ("tag_delete", "1", {"name": ["a", None]})]


def test_links_of_what_an_earlier_flush_deleted_are_told_once(stage: Stage) -> None:
    def look(session: Session) -> None:
        assert tag(session, 1).songs == [song(session)]

    rows = done(stage, look, lambda s: s.delete(song(s)), lambda s: s.delete(tag(s, 1)))
    assert sorted(kind for kind, _, _ in rows) == ["song_delete", "tag_delete"]


def test_a_deleted_owner_takes_the_actor_who_changed_its_links_before(stage: Stage) -> None:
    def link(session: Session) -> None:
        with bind(user_id=8):
            song(session).tags.append(tag(session, 3))
            session.flush()

    rows = done(stage, link, lambda s: s.delete(song(s)))
    (kind, _, changes), = rows
    assert (kind, sorted(changes["tags"][0])) == ("song_delete", ["a", "b"])
    assert stage.last().user_id == 8


def test_a_delete_of_which_nothing_else_can_be_told_tells_its_links(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture, "row_before", None)
    rows = done(stage, lambda s: s.delete(song(s)))
    assert [(kind, sorted(changes["tags"][0])) for kind, _, changes in rows] == [
        ("song_delete", ["a", "b"])
    ]


def test_links_of_what_an_earlier_transaction_deleted_are_not_told_again(stage: Stage) -> None:
    with stage.session(expire_on_commit=False) as session:
        first, owner = tag(session, 1), song(session)
        assert first.songs == [owner]
        session.delete(owner)
        session.commit()
        before = len(stage.rows())
        session.delete(first)
        session.commit()
    assert [row.activity_type for row in stage.rows()[before:]] == ["tag_delete"]


def test_links_of_what_has_left_the_session_are_not_written_and_not_told(stage: Stage) -> None:
    def do(session: Session) -> None:
        first, owner = tag(session, 1), song(session)
        assert first.songs == [owner]
        session.expunge(owner)
        first.songs.remove(owner)
        with pytest.warns(SAWarning, match="not in session"):
            session.flush()

    assert done(stage, do) == []


def test_an_owner_made_and_deleted_again_leaves_nothing(stage: Stage) -> None:
    def make(session: Session) -> None:
        session.add(Song(id=9, name="Nine", tags=[tag(session, 1)]))

    assert done(stage, make, lambda s: s.delete(song(s, 9))) == []


def test_a_savepoint_that_is_rolled_back_takes_its_links_along(stage: Stage) -> None:
    def do(session: Session) -> None:
        with session.begin_nested() as savepoint:
            song(session).tags.append(tag(session, 3))
            session.flush()
            savepoint.rollback()
        with session.begin_nested():
            song(session).tags.remove(tag(session, 1))

    assert done(stage, do) == [("song_update", "1", {"tags": [["a"], []]})]


def test_collections_that_are_never_loaded_are_told(stage: Stage) -> None:
    def do(session: Session) -> None:
        song(session).later.add(tag(session, 1))
        song(session).moving.append(tag(session, 2))

    assert done(stage, do, lambda s: song(s).moving.remove(tag(s, 2))) == [
        ("song_update", "1", {"later": [[], ["a"]]})
    ]


def test_links_of_a_model_to_itself_belong_to_the_side_that_was_declared_first(stage: Stage
                                                                               ) -> None:
    assert done(stage, lambda s: song(s, 2).before.append(song(s))) == [
        ("song_update", "1", {"after": [[], ["Two"]]})
    ]


def test_the_unaudited_has_no_name_and_owns_nothing(stage: Stage) -> None:
    def do(session: Session) -> None:
        scrap = session.get_one(Scrap, 1)
        scrap.songs.append(song(session))
        scrap.tags.append(tag(session, 1))
        song(session).hidden.append(tag(session, 1))

    assert done(stage, do) == [("song_update", "1", {"notes": [[], ["#1"]]})]


def test_a_secret_name_is_masked(stage: Stage) -> None:
    assert done(stage, lambda s: song(s).keys.append(s.get_one(Key, 1))) == [
        ("song_update", "1", {"keys": [[], ["[secret]"]]})
    ]


def test_names_that_are_not_loaded_are_read(stage: Stage) -> None:
    def do(session: Session) -> None:
        third = tag(session, 3)
        session.expire(third, ["name"])
        song(session).tags.append(third)
        session.expire(song(session), ["name"])
        assert "name" not in inspect(third).dict

    assert done(stage, do) == [("song_update", "1", {"tags": [[], ["c"]]})]
    assert stage.last().description == "Updated song 'One' (tags)"


def test_a_collection_that_ends_as_it_began_leaves_nothing(stage: Stage) -> None:
    def do(session: Session) -> None:
        song(session).tags = list(reversed(song(session).tags))

    assert done(stage, do) == []
