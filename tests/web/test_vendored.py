"""Files of others stand here unchanged, with version, origin, licence and checksum."""

from hashlib import sha512
from pathlib import Path
import tomllib

import pytest

import shuffify

FOLDERS = [
    Path(shuffify.__file__).parent / "static" / "vendor",
    Path(__file__).parents[1] / "browser" / "vendor",
]


@pytest.mark.parametrize("folder", FOLDERS, ids=["served", "for tests"])
def test_vendored_files_are_those_that_were_recorded(folder: Path) -> None:
    packages = tomllib.loads((folder / "vendored.toml").read_text())["package"]
    recorded = {path: digest for package in packages for path, digest in package["files"].items()}
    found = {
        str(file.relative_to(folder)): sha512(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file() and file.name != "vendored.toml"
    }
    assert found == recorded


@pytest.mark.parametrize("folder", FOLDERS, ids=["served", "for tests"])
def test_each_vendored_package_names_its_origin_and_brings_its_licence(folder: Path) -> None:
    for package in tomllib.loads((folder / "vendored.toml").read_text())["package"]:
        assert package["version"] and package["licence"] and len(package["sha512"]) == 128
        assert package["homepage"].startswith("https://")
        assert any(path.endswith("LICENSE") for path in package["files"])
