"""How the search for secrets unpacks what an engine saves (tests/examples_support/places_on_host/forms.py)."""

from __future__ import annotations

import gzip
import importlib.util
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

VALUE = "tidal-bassoon-94"
PROGRAM = Path(__file__).parents[2] / "examples_support" / "places_on_host" / "forms.py"


@pytest.fixture(scope="module")
def forms() -> Any:
    spec = importlib.util.spec_from_file_location("places_forms", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def archive(name: str, data: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        tar.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


@pytest.mark.parametrize("packed", [gzip.compress, bytes], ids=["containerd's store", "overlay2"])
def test_a_secret_in_a_layer_is_found_however_the_engine_saves_it(forms: Any, packed: Any) -> None:
    layer = packed(archive("root/settings.ini", VALUE.encode()))
    saved = io.BytesIO(archive("blobs/sha256/abc", layer))
    patterns = forms.Patterns([VALUE])
    found = {name for name, stream in forms.files("image", saved) if patterns.read(stream)[0]}
    assert found == {"image: blobs/sha256/abc: root/settings.ini"}


def test_what_can_not_be_unpacked_is_refused_and_not_passed_over(forms: Any) -> None:
    saved = io.BytesIO(archive("blobs/sha256/abc", b"\x28\xb5\x2f\xfd" + b"\0" * 600))
    with pytest.raises(SystemExit, match="blobs/sha256/abc is packed by zstd"):
        list(forms.files("image", saved))
