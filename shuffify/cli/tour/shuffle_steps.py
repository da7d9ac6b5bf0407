"""Shuffles, the snapshots before them, and undo: P4, P5, S3 and S5 of the trail."""

from typing import Any

from shuffify.cli.tour.acts import failing, rewrite, send, spare
from shuffify.cli.tour.rows import Known, Moment, Row
from shuffify.cli.tour.snapshot_rows import saved, undone
from shuffify.cli.tour.walk import Step
from shuffify.sandbox import library

RUN = "hundred_twenty"
RAIN = "japanese"
KIND = "auto_pre_shuffle"


def _saved(playlist: str, count: int, snapshot: str, recipe: str) -> Row:
    return saved(playlist, count, snapshot, KIND, trigger_description=f"using {recipe}")


def _shuffled(playlist: str, label: str, snapshot: str, **metadata: Any) -> Row:
    return Row(
        "shuffle",
        f"Shuffled '{library.PLAYLIST_NAMES[playlist]}' using {label}",
        {
            **metadata,
            "moved": Known(f"{snapshot} moved"),
            "method": Known(f"{snapshot} method"),
            "snapshot_id": Known(f"{snapshot} number"),
            "outcome": "applied",
        },
        playlist=playlist,
    )


def _learns(snapshot: str) -> dict[str, str]:
    return {f"{snapshot} moved": "result.moved", f"{snapshot} method": "result.method"}


SHUFFLES = (
    Step(
        "shuffle a playlist",
        rewrite(
            RUN, send("POST", "/shuffle/{hundred_twenty}", algorithm_name="BasicShuffle", seed=81)
        ),
        [
            _saved(RUN, 120, "first", "Basic (keep_first 0, seed 81)"),
            _shuffled(
                RUN, "Basic", "first",
                algorithm="BasicShuffle", track_count=120, params={"keep_first": 0}, seed=81,
            ),
        ],
        learns=_learns("first"),
    ),
    Step(
        "shuffle another with parameters",
        rewrite(
            RAIN,
            send(
                "POST", "/shuffle/{japanese}", algorithm_name="BalancedShuffle",
                algorithm_params={"section_count": 3}, seed=7,
            ),
        ),
        [
            _saved(RAIN, 18, "second", "Balanced (keep_first 0, section_count 3, seed 7)"),
            _shuffled(
                RAIN, "Balanced", "second",
                algorithm="BalancedShuffle", track_count=18,
                params={"keep_first": 0, "section_count": 3}, seed=7,
            ),
        ],
        learns=_learns("second"),
    ),
    Step(
        "shuffle while Spotify fails half-way, which is put back",
        failing(
            spare(RUN, send("POST", "/shuffle/{hundred_twenty}", seed=9)),
            "error_before", "/v1/playlists/{hundred_twenty}/items", method="POST", status=400,
        ),
        [_saved(RUN, 120, "third", "Basic (keep_first 0, seed 9)")],
        status=502,
    ),
    Step(
        "shuffle a playlist of Jonas",
        spare("foreign_public", send("POST", "/shuffle/{foreign_public}")),
        status=403,
    ),
    Step(
        "shuffle a playlist of one song",
        spare("one", send("POST", "/shuffle/{one}")),
    ),
    Step(
        "undo the first shuffle",
        rewrite(RUN, send("POST", "/undo/{hundred_twenty}")),
        [
            saved(
                RUN, 120, "before undo", "auto_pre_restore",
                restores_id=Known("first number"), undone_at=Moment(),
            ),
            undone(RUN, 120, "first", KIND),
        ],
    ),
    Step(
        "undo once more, when nothing is left",
        spare(RUN, send("POST", "/undo/{hundred_twenty}")),
        status=409,
    ),
)
