"""Random lists, and several clients that write one list at once, each with its own lock."""

import random
import threading
from contextlib import nullcontext

from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from shuffify.sandbox import library
from shuffify.spotify.gateway import Gateway
from shuffify.spotify.locks import playlist_lock
from shuffify.spotify.sequences import keep_null_rows
from shuffify.spotify.writes import write_playlist
from tests import databases
from tests.spotify.diary import Diary

SHORT, LONG = library.PLAYLISTS["twelve"], library.PLAYLISTS["hundred_twenty"]
LOCAL = "spotify:local:Ana:Casa:Mar:187"

picks = st.lists(st.integers(0, 11), max_size=9)
stuck = st.lists(st.sampled_from([LOCAL, None]), max_size=3)


@given(before=picks, target=picks, stuck=stuck, data=st.data())
@profile(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_list_becomes_any_other(sandbox, gateway, before, target, stuck, data):
    songs = sandbox.uris(library.PLAYLISTS["hundred_twenty"])[:12]
    old = data.draw(st.permutations([*(songs[index] for index in before), *stuck]))
    new = data.draw(st.permutations([*(songs[index] for index in target), *stuck]))
    sandbox.edit(SHORT, "replace", uris=old)
    result = write_playlist(
        gateway,
        SHORT,
        user_id="mira",
        compute=lambda playlist: new,
        journal=Diary(),
        lock=nullcontext(),
        sleep=lambda seconds: None,
    )
    assert sandbox.uris(SHORT) == new == list(result.playlist.uris)
    assert result.changed == (old != new)


def test_rivals_write_one_after_the_other_and_lose_nothing(sandbox, settings, database_url):
    before = sandbox.uris(LONG)
    results, failures = [], []

    def shuffle(seed: int) -> None:
        rng = random.Random(seed)

        def shuffled(playlist):
            return keep_null_rows(playlist.uris, rng.sample(playlist.uris, len(before)))

        engine = databases.connect(database_url)
        token = sandbox.grant("mira")["access_token"]
        try:
            with Gateway(settings, token, user_id="mira") as gateway:
                for _ in range(3):
                    results.append(
                        write_playlist(
                            gateway,
                            LONG,
                            user_id="mira",
                            compute=shuffled,
                            journal=Diary(),
                            lock=playlist_lock(engine, LONG, wait=30.0),
                        )
                    )
        except Exception as error:  # a thread's error would otherwise be lost
            failures.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=shuffle, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(sandbox.uris(LONG)) == sorted(before)
    # a chain: each found exactly what the one before it had left
    chain = {result.before.uris: result.playlist.uris for result in results}
    rows = tuple(before)
    for _ in results:
        rows = chain.pop(rows)
    assert list(rows) == sandbox.uris(LONG) and len(results) == 12
