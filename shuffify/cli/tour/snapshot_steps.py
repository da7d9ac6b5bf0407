"""Snapshots by hand: P18 to P20 and S5 of the trail."""

from shuffify.cli.tour.acts import edited_before, rewrite, send, spare
from shuffify.cli.tour.rows import Known, Moment
from shuffify.cli.tour.snapshot_rows import deleted, restored, saved, taken
from shuffify.cli.tour.walk import Step

WHY = "Before the party"

SNAPSHOTS = (
    Step(
        "take a snapshot",
        send("POST", "/playlist/{shared}/snapshots", trigger_description=WHY),
        [taken("shared", 24, "party", trigger_description=WHY)],
        status=201,
        learns={"party number": "snapshot.id", "party taken": "snapshot.created_at"},
    ),
    Step(
        "restore what stands already",
        spare("shared", send("POST", "/snapshots/{party number}/restore")),
    ),
    Step(
        "restore it after somebody has moved a song",
        edited_before(
            "shared", rewrite("shared", send("POST", "/snapshots/{party number}/restore"))
        ),
        [
            saved(
                "shared", 24, "before restore", "auto_pre_restore",
                restores_id=Known("party number"),
            ),
            restored("shared", 24, "party"),
        ],
    ),
    Step(
        "delete the snapshot",
        send("DELETE", "/snapshots/{party number}"),
        [deleted("shared", 24, "party", 1, trigger_description=WHY, restored_at=Moment())],
    ),
    Step(
        "delete the snapshot again",
        send("DELETE", "/snapshots/{party number}"),
        status=404,
    ),
)
