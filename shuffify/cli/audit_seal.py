"""`shuffify audit seal` and `verify`: what makes the trail provable, and the proof."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from shuffify.audit import (
    Anchor, AnchorError, Sealing, SealKeyError, Verified, add_anchor, anchor_of, read_anchors,
)
from shuffify.audit_trail import trail
from shuffify.cli import terminal
from shuffify.cli.audit_reading import reading, require_trail
from shuffify.cli.file_name import FileName
from shuffify.errors import ConfigurationError
from shuffify.extensions import db
from shuffify.models.base import iso_utc
from shuffify.web.negotiation import counted

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, nothing else.")


@click.command()
@json_option
@with_appcontext
def seal(as_json: bool) -> None:
    """Seal the rows that are committed and not sealed yet.

    The scheduler does so once a minute; two at once do no harm. Nobody who writes has to wait.
    Ends with 1 when transactions under way hold it up: it seals no row past one of theirs.
    """
    require_trail()
    db.session.remove()
    made = trail.custody.seal(db.engine)
    with terminal.open_pipe():
        if as_json:
            terminal.echo_json(asdict(made))
        else:
            terminal.echo([_told(made)])
    if made.is_held_up:
        raise SystemExit(1)


def _told(made: Sealing) -> str:
    if made.is_held_up:
        why = "transactions under way may still add rows below the newest"
        return f"Nothing was sealed: {why}. Try again."
    if made.rows:
        done = f"{counted(made.rows, 'row')} in {counted(made.seals, 'seal')}"
        return f"Sealed {done}, up to row {made.last_id}."
    return f"There is nothing to seal above row {made.last_id}."


@click.command()
@click.option("--anchor", "path", type=FileName(), metavar="FILE",
              help="Compare with the heads in FILE, and add the present one when all is well.")
@json_option
@with_appcontext
def verify(path: Path | None, as_json: bool) -> None:
    """Compare every row with its seal; name what was altered, removed, inserted or reordered.

    Keep the file of anchors outside the database's reach: it shows a tail that was cut together
    with its seals, and seals that were all made anew. Ends with 1 when something is wrong.
    """
    anchors = [] if path is None else _anchors(path)
    with reading():
        try:
            saw = trail.custody.verify(db.engine, anchors)
        except SealKeyError as error:
            # What was found without the key is no less true.
            _echo_findings(error.saw, as_json)
            remedy = "Add it to AUDIT_SEAL_KEY, after a comma"
            raise ConfigurationError([f"AUDIT_SEAL_KEY: {error} {remedy}."]) from error
        added = path is not None and not saw.found and _add(path, anchors, saw)
        if as_json:
            terminal.echo_json(_as_json(saw, anchors, added))
        else:
            terminal.echo(_lines(saw, path, anchors, added))
    if saw.found:
        raise SystemExit(1)


def _echo_findings(saw: Verified, as_json: bool) -> None:
    with terminal.open_pipe():  # Whoever reads it, the command goes on and ends with 78.
        if as_json:
            told = {"found": saw.found, "findings": [asdict(one) for one in saw.findings]}
            terminal.echo_json({**told, "is_complete": False})
        elif saw.found:
            terminal.echo(_findings(saw))


def _anchors(path: Path) -> list[Anchor]:
    try:
        return read_anchors(path)
    except AnchorError as error:
        raise click.BadParameter(str(error), param_hint="--anchor") from error
    except OSError as error:
        told = f"{path} cannot be read: {error.strerror}."
        raise click.BadParameter(told, param_hint="--anchor") from error


def _add(path: Path, anchors: list[Anchor], saw: Verified) -> bool:
    if saw.head is None or anchor_of(saw.head) in anchors:
        return False
    try:
        add_anchor(path, anchor_of(saw.head))
    except OSError as error:
        told = f"The anchor cannot be written to {path}: {error.strerror}."
        raise click.ClickException(told) from error
    return True


def _as_json(saw: Verified, anchors: list[Anchor], added: bool) -> dict[str, Any]:
    head = saw.head
    return {
        "rows": saw.rows,
        "seals": saw.seals,
        "seals_without_key": saw.unkeyed,
        "unsealed": saw.unsealed,
        "pruned_up_to": saw.pruned_up_to,
        "head": None if head is None else {
            "last_id": head.last_id,
            "digest": head.digest,
            "key_id": head.key_id,
            "sealed_at": iso_utc(head.sealed_at),
        },
        "anchors": len(anchors),
        "anchor_added": added,
        "found": saw.found,
        "findings": [asdict(one) for one in saw.findings],
    }


def _findings(saw: Verified) -> Iterator[str]:
    for one in saw.findings:
        yield terminal.harmless(f"{one.kind}: {one.told}")
    if saw.found > len(saw.findings):
        yield f"… and {saw.found - len(saw.findings):,} more."


def _lines(saw: Verified, path: Path | None, anchors: list[Anchor], added: bool) -> Iterator[str]:
    yield from _findings(saw)
    if saw.findings:
        yield ""
    compared = f"{counted(saw.rows, 'row')} compared with {counted(saw.seals, 'seal')}"
    yield f"{compared}: {'nothing' if not saw.found else f'{saw.found:,}'} wrong."
    if saw.pruned_up_to:
        yield f"Rows up to {saw.pruned_up_to} were pruned; the trail says by whom and why."
    if saw.unsealed:
        yield f"{counted(saw.unsealed, 'row')} not sealed yet, of which this proves nothing."
    if saw.unkeyed:
        yield (
            f"{counted(saw.unkeyed, 'seal')} without a key, which whoever can write to the "
            "database could have made; AUDIT_SEAL_KEY keys those to come."
        )
    if path is not None and not saw.found:
        stand = f"{counted(len(anchors), 'anchor')} in {path}, as they were"
        yield f"{stand}; the present head was {'added' if added else 'there, or there is none'}."
