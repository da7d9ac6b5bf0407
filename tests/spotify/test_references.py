import pytest

from shuffify.spotify.references import is_playlist_id, is_writable, playlist_id_from

ID = "37i9dQZF1DXcBWIGoYBM5M"


@pytest.mark.parametrize(
    "text",
    [
        ID,
        f"  {ID}\n",
        f"spotify:playlist:{ID}",
        f"https://open.spotify.com/playlist/{ID}",
        f"http://open.spotify.com/playlist/{ID}/",
        f"open.spotify.com/playlist/{ID}",
        f"https://open.spotify.com/playlist/{ID}?si=abc&nd=1",
        f"https://open.spotify.com/playlist/{ID}/?si=abc",
        f"https://open.spotify.com/playlist/{ID}#top",
        f"https://open.spotify.com/intl-de/playlist/{ID}",
        f"https://open.spotify.com/intl-pt-br/playlist/{ID}",
        f"https://open.spotify.com/embed/playlist/{ID}?utm_source=generator",
        f"https://open.spotify.com/intl-ja/embed/playlist/{ID}",
        f"HTTPS://Open.Spotify.Com/playlist/{ID}",
    ],
)
def test_every_way_to_name_a_playlist_is_understood(text):
    assert playlist_id_from(text) == ID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "chill mix",
        ID[:-1],
        ID + "x",
        f"spotify:track:{ID}",
        f"spotify:user:me:playlist:{ID}",
        f"https://open.spotify.com/track/{ID}",
        f"https://open.spotify.com/playlist/{ID}/tracks",
        f"https://open.spotify.com.evil.example/playlist/{ID}",
        f"https://evil.example/open.spotify.com/playlist/{ID}",
        f"https://evil.example/?u=https://open.spotify.com/playlist/{ID}",
        f"ftp://open.spotify.com/playlist/{ID}",
        "spotify:playlist:" + "é" * 22,
        "spotify:playlist:" + "٣" * 22,
    ],
)
def test_nothing_else_is_taken_for_a_playlist(text):
    assert playlist_id_from(text) is None


def test_only_a_bare_id_is_an_id():
    assert is_playlist_id(ID)
    assert not is_playlist_id(f"{ID}\n")
    assert not is_playlist_id(f"../{ID[3:]}")


@pytest.mark.parametrize(
    ("uri", "writable"),
    [
        (f"spotify:track:{ID}", True),
        (f"spotify:episode:{ID}", True),
        (f"spotify:album:{ID}", False),
        ("spotify:local:Ana:Casa:Mar:187", False),
        (ID, False),
        (f"spotify:track:{ID}\n", False),
        ("", False),
    ],
)
def test_tracks_and_episodes_are_writable_and_nothing_else(uri, writable):
    assert is_writable(uri) is writable
