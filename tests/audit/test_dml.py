"""Which tables a text of SQL writes: words in their places, as a table."""

from __future__ import annotations

import pytest

from shuffify.audit.dml import LONGEST_KEPT, tables_written

WRITES = [
    ("INSERT INTO notes (title) VALUES ('x')", "insert notes"),
    ("insert into\n\tnotes values (1)", "insert notes"),
    ("INSERT OR IGNORE INTO notes VALUES (1)", "insert notes"),
    ("INSERT OR REPLACE INTO notes VALUES (1)", "replace notes"),
    ("REPLACE INTO notes VALUES (1)", "replace notes"),
    ("INSERT INTO notes SELECT * FROM drafts", "insert notes"),
    ("INSERT INTO notes VALUES (1) ON CONFLICT (id) DO UPDATE SET title = 'x'", "upsert notes"),
    ("INSERT INTO notes VALUES (1) ON CONFLICT DO NOTHING; UPDATE drafts SET x = 1",
     "insert notes, update drafts"),
    ("INSERT INTO notes VALUES (1) ON DUPLICATE KEY UPDATE title = 'x'", "upsert notes"),
    ("UPDATE notes SET title = 'x'", "update notes"),
    ("UPDATE OR IGNORE notes SET title = 'x'", "update notes"),
    ("UPDATE ONLY notes AS n SET title = 'x'", "update notes"),
    ("UPDATE notes n SET title = d.title FROM drafts d", "update notes"),
    ("DELETE FROM notes", "delete notes"),
    ("DELETE FROM ONLY notes WHERE id = %(id)s", "delete notes"),
    ("DELETE FROM ONLY (notes)", "delete notes"),
    ("TRUNCATE notes", "truncate notes"),
    ("TRUNCATE TABLE ONLY notes, public.drafts CASCADE", "truncate notes, truncate public.drafts"),
    ("MERGE INTO notes n USING drafts d ON n.id = d.id WHEN MATCHED THEN UPDATE SET title = 'x' "
     "WHEN NOT MATCHED THEN INSERT (id) VALUES (1)", "merge notes"),
    ("MERGE INTO notes USING drafts ON true WHEN MATCHED THEN DELETE", "merge notes"),
    ("COPY notes FROM STDIN", "copy notes"),
    ("COPY public.notes (id, title) FROM 'notes.csv'", "copy public.notes"),
    ("/* tidy */ DELETE /* all */ FROM -- every one\n notes", "delete notes"),
    ("/* outer /* inner */ still */ DELETE FROM notes", "delete notes"),
    ("BEGIN; DELETE FROM notes; UPDATE drafts SET x = 1", "delete notes, update drafts"),
    ("SELECT ';'; DELETE FROM notes", "delete notes"),
    ("SELECT 1 AS \"a;b\"; DELETE FROM notes", "delete notes"),
    ("SELECT E'it\\'s'; DELETE FROM notes", "delete notes"),
    ("SELECT '\\'; DELETE FROM notes", "delete notes"),
    ("SELECT ARRAY['a]b']; DELETE FROM notes", "delete notes"),
    ("SELECT $1, $2; DELETE FROM notes", "delete notes"),
    ('UPDATE "notes" SET x = 1', "update notes!"),
    ('UPDATE "public"."notes" SET x = 1', "update public.notes!"),
    ('DELETE FROM app.public . "Odd ""Notes"""', 'delete public.Odd "Notes"!'),
    ("WITH old AS (DELETE FROM notes RETURNING *) SELECT * FROM old", "delete notes"),
    ("WITH old AS MATERIALIZED (DELETE FROM notes RETURNING *) INSERT INTO drafts "
     "SELECT * FROM old", "delete notes, insert drafts"),
    ("WITH RECURSIVE a AS (SELECT 1), b AS (UPDATE notes SET x = 1 RETURNING *) SELECT 1",
     "update notes"),
    ("WITH a AS (SELECT 1) UPDATE notes SET x = 1", "update notes"),
    ("WITH delete AS (SELECT 1) DELETE FROM notes", "delete notes"),
    ("(WITH a AS (SELECT 1) DELETE FROM notes RETURNING id)", "delete notes"),
    ("COPY (DELETE FROM notes RETURNING *) TO STDOUT", "delete notes"),
    ("EXPLAIN ANALYZE DELETE FROM notes", "delete notes"),
    ("EXPLAIN (ANALYZE, VERBOSE) UPDATE notes SET x = 1", "update notes"),
    ("EXPLAIN ANALYZE WITH a AS (DELETE FROM notes RETURNING 1) SELECT 1", "delete notes"),
    ("PREPARE tidy (int) AS DELETE FROM notes WHERE id = $1", "delete notes"),
    ("DO $$ BEGIN IF true THEN UPDATE notes SET x = 1; END IF; END $$", "update notes"),
    ("DO LANGUAGE plpgsql $body$ BEGIN DELETE FROM notes; END $body$", "delete notes"),
    ("CREATE INDEX i ON notes (id); DELETE FROM notes", "delete notes"),
    ("EXPLAIN SELECT 1; DELETE FROM notes", "delete notes"),
]

WRITES_NOTHING = [
    "SELECT * FROM notes",
    "SELECT * FROM notes FOR UPDATE",
    "SELECT * FROM notes FOR NO KEY UPDATE OF notes SKIP LOCKED",
    "SELECT 'DELETE FROM notes'",
    "SELECT 'it''s; DELETE FROM notes'",
    "SELECT E'it\\'; DELETE FROM notes'",
    "SELECT $$; DELETE FROM notes$$",
    "SELECT $tag$; DELETE FROM notes $$ $tag$",
    "SELECT 1 -- ; DELETE FROM notes",
    "SELECT 1 /* ; DELETE FROM notes */",
    "SELECT 1 /* /* */ ; DELETE FROM notes */",
    "SELECT \"; DELETE FROM notes\" FROM t",
    "SELECT replace(title, 'a', 'b') FROM notes",
    "SELECT x AS delete FROM notes",
    "SELECT (delete) FROM notes",
    "SELECT trim(delete FROM notes)",
    "SELECT f(x) delete FROM notes",
    "SELECT count(*), insert FROM notes",
    "SELECT updated_at, is_deleted, copy FROM notes",
    "WITH update AS (SELECT 1 AS set) SELECT * FROM update",
    "CREATE TABLE notes (id int REFERENCES users ON UPDATE CASCADE ON DELETE SET NULL)",
    "CREATE TRIGGER t AFTER UPDATE ON a BEGIN UPDATE notes SET x = 1; DELETE FROM notes; END",
    "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN DELETE FROM notes; END $$ LANGUAGE plpgsql",
    "CREATE RULE r AS ON DELETE TO notes DO INSTEAD NOTHING",
    "GRANT SELECT, DELETE ON notes TO reader",
    "DROP TABLE notes",
    "ALTER TABLE notes RENAME TO update",
    "EXPLAIN DELETE FROM notes",
    "COPY notes TO STDOUT",
    "COPY (SELECT * FROM notes) TO STDOUT",
    "COPY notes (id) TO './FROM'",
    "SAVEPOINT delete",
    "LOCK TABLE notes IN ROW EXCLUSIVE MODE",
    "PRAGMA table_info(notes)",
    "VACUUM notes",
    "DELETE FROM",
    "",
]


def told(text: str, dialect: str) -> str:
    return ", ".join(
        f"{one.verb} {one.schema + '.' if one.schema else ''}{one.table}{'!' * one.exact}"
        for one in tables_written(text, dialect)
    )


@pytest.mark.parametrize(("text", "expected"), WRITES, ids=[text for text, _ in WRITES])
def test_what_a_text_writes_is_named(text: str, expected: str) -> None:
    assert told(text, "postgresql") == expected


@pytest.mark.parametrize("text", WRITES_NOTHING)
def test_what_only_looks_like_a_write_is_none(text: str) -> None:
    assert told(text, "postgresql") == ""


@pytest.mark.parametrize(("dialect", "text", "expected"), [
    ("sqlite", "DELETE FROM [notes]", "delete notes"),
    ("sqlite", "DELETE FROM main.`notes`", "delete main.notes"),
    ("sqlite", 'DELETE FROM "Notes"', "delete Notes"),
    ("sqlite", "UPDATE main.'it''s' SET x = 1", "update main.it's"),
    ("postgresql", "UPDATE 'notes' SET x = 1", ""),
    ("sqlite", "SELECT '\\'; DELETE FROM notes", "delete notes"),
    ("sqlite", "SELECT 1 /* /* */; DELETE FROM notes", "delete notes"),
    ("mysql", "SELECT 'it\\'; DELETE FROM notes'", ""),
    ("mysql", "INSERT IGNORE notes VALUES (1)", "insert notes"),
    ("mssql", "DELETE [dbo].[notes]", "delete dbo.notes"),
])
def test_each_database_has_quotes_of_its_own(dialect: str, text: str, expected: str) -> None:
    assert told(text, dialect) == expected


def test_a_long_text_is_read_to_its_end() -> None:
    values = ", ".join(["('DELETE')"] * LONGEST_KEPT)
    assert told(f"SELECT 1; INSERT INTO notes VALUES {values}; DELETE FROM drafts", "sqlite") == (
        "insert notes, delete drafts"
    )
