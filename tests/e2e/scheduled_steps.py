"""Steps that no browser takes: what the scheduler and retention do, and the rows they leave."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shuffify.cli.tour.acts import failing, growing, rewrite, spare
from shuffify.cli.tour.browser import Outcome
from shuffify.cli.tour.rows import Digest, Facts, Known, KnownKey, Like, Moment, Row
from shuffify.cli.tour.snapshot_rows import saved
from shuffify.cli.tour.walk import Step, Walk
from shuffify.extensions import db
from shuffify.jobs import runner
from shuffify.models.base import utcnow
from shuffify.models.db import ActivityLog, PlaylistSnapshot, Schedule, UserSettings
from shuffify.models.sqlite import write_transactions
from shuffify.sandbox import library

TARGET = "hundred_twenty"
TARGET_ID, NAME = library.PLAYLISTS[TARGET], library.PLAYLIST_NAMES[TARGET]
SHARED = library.PLAYLISTS["shared"]
RECIPE = Like(r"using Basic \(keep_first 0, seed [0-9]+\)")
OLD = datetime(2026, 10, 1, 12, 30)


def behind_the_back(walk: Walk, *models: Any) -> Outcome:
    """Store rows as nobody, which leaves no row in the trail."""
    with walk.world.app.app_context(), Session(_unaudited()) as session:
        session.add_all(models)
        session.commit()
        for model in models:
            walk.facts[model.__tablename__] = model.id
    return Outcome(200, "")


def _unaudited() -> Engine:
    return db.engine.execution_options(audit="behind the app's back")


def schedule(job_type: str, *sources: str) -> Step:
    """Have a daily schedule that has been due for a minute."""

    def store(walk: Walk) -> Outcome:
        due = utcnow() - timedelta(minutes=1)
        return behind_the_back(walk, Schedule(
            user_id=walk.facts["user:mira"],
            job_type=job_type,
            target_playlist_id=TARGET_ID,
            target_playlist_name=NAME,
            source_playlist_ids=list(sources),
            algorithm_name=None if job_type == "raid" else "BasicShuffle",
            anchor_at=due,
            next_run_at=due,
        ))

    return Step(f"have a schedule that is due: {job_type}", store)


def run_due(walk: Walk) -> Outcome:
    """Let the scheduler come by, as one of its threads would."""
    runner.run_due(walk.world.app, walk.facts["schedules"])
    with walk.world.app.app_context(), Session(db.engine) as session:
        newest = select(ActivityLog.request_id).order_by(ActivityLog.id.desc()).limit(1)
        return Outcome(200, session.scalar(newest) or "")


def _actor() -> dict[str, Any]:
    return {
        "kind": "job",
        "id": Known(f"user:{library.MIRA}"),
        "label": Like("job:schedule:[0-9]+"),
    }


def _saved(kind: str, **columns: Any) -> Row:
    return _by_job(saved(TARGET, 120, "run", kind, **columns))


def _by_job(row: Row) -> Row:
    metadata = {**row.metadata, "actor": _actor()}
    return Row(
        row.type, row.sentence, metadata, row.playlist, row.entity, source="scheduler"
    )


def _ran(job_type: str, sentence: Any, outcome: str, **metadata: Any) -> Row:
    return _by_job(Row(
        "schedule_run",
        sentence,
        {
            "schedule_id": Known("schedules"),
            "execution_id": Known("execution"),
            "job_type": job_type,
            "triggered_by": "scheduler",
            "schedule_enabled": True,
            "due_at": Like("2.*[+]00:00"),
            "result": outcome,
            "outcome": outcome,
            **metadata,
        },
        playlist=TARGET,
        entity=("job_execution", KnownKey("execution")),
    ))


def _succeeded(job_type: str, added: int) -> Row:
    changes: dict[str, Any] = {
        "status": ["running", "success"],
        "completed_at": [None, Moment()],
        "tracks_total": [None, 120 + added],
    }
    if added:
        changes["tracks_added"] = [0, added]
    return _ran(
        job_type, f"Scheduled {job_type} on '{NAME}' completed", "success",
        tracks_added=added, tracks_total=120 + added, changes=changes,
    )


REASON = (
    "Writing the playlist failed after 1 of 2 steps: Spotify refused the request (Bad gateway.). "
    "The previous order stands again; nothing was lost."
)

DUE_SHUFFLE = Step(
    "let a shuffle become due",
    rewrite(TARGET, run_due),
    [_saved("scheduled_pre_execution", trigger_description=RECIPE), _succeeded("shuffle", 0)],
)
DUE_RAID = Step(
    "let a raid become due",
    growing(TARGET, 24, run_due),
    [_saved("auto_pre_raid"), _succeeded("raid", 24)],
)
FAILED_SHUFFLE = Step(
    "let a shuffle become due while Spotify fails",
    failing(
        spare(TARGET, run_due),
        "error_before", "/v1/playlists/{hundred_twenty}/items", method="POST", status=400,
    ),
    [
        _saved("scheduled_pre_execution", trigger_description=RECIPE),
        _ran(
            "shuffle", f"Scheduled shuffle on '{NAME}' failed: {REASON}", "failed",
            tracks_added=0, tracks_total=None, error=REASON,
            changes={
                "status": ["running", "failed"],
                "completed_at": [None, Moment()],
                "error_message": [None, REASON],
            },
        ),
    ],
)


def _have_an_old_snapshot(walk: Walk) -> Outcome:
    user_id = walk.facts["user:mira"]
    uris = walk.world.sandbox.uris(TARGET_ID)
    # The scheduler writes meanwhile.
    with write_transactions(), walk.world.app.app_context(), Session(_unaudited()) as session:
        own = select(UserSettings).where(UserSettings.user_id == user_id)
        session.scalars(own).one().max_snapshots_per_playlist = 1
        session.commit()
    return behind_the_back(walk, PlaylistSnapshot(
        user_id=user_id, playlist_id=TARGET_ID, playlist_name=NAME, track_uris=uris,
        track_count=len(uris), snapshot_type="auto_pre_shuffle", write_state="applied",
        created_at=OLD,
    ))


ROOM_FOR_ONE = Step("have an old snapshot, and room for one", _have_an_old_snapshot)


def _removed_sentence(facts: Facts) -> str:
    return f"Removed old snapshot of '{NAME}' from {OLD:%Y-%m-%d %H:%M} UTC"


REMOVED = Row(
    "snapshot_delete",
    _removed_sentence,
    {
        "snapshot_id": Known("playlist_snapshots"),
        "snapshot_type": "auto_pre_shuffle",
        "track_count": 120,
        "taken_at": f"{OLD.isoformat()}+00:00",
        "automatic": True,
        "reason": "retention",
        "changes": {
            "playlist_id": [TARGET_ID, None],
            "track_uris": [Digest(120), None],
            "track_count": [120, None],
            "snapshot_type": ["auto_pre_shuffle", None],
            "created_at": [f"{OLD.isoformat()}+00:00", None],
        },
    },
    playlist=TARGET,
    entity=("playlist_snapshot", KnownKey("playlist_snapshots")),
    source="retention",
)
"""What retention leaves of the old snapshot."""
