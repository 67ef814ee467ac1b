"""The page asks no other host for anything, and says so when it was not built."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.api.world import World

from truceline.api import page


def test_the_policy_lets_the_page_load_from_here_alone(world: World) -> None:
    answer = world.client.get("/")
    policy = answer.headers["content-security-policy"]

    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert "*" not in policy
    assert "'unsafe-eval'" not in policy
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_copy_without_the_page_says_how_to_build_it(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(page, "PAGE", tmp_path)

    assert "make page" in world.client.get("/").text


def test_files_with_a_hash_in_their_name_are_kept_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "app-1a2b.js").write_text("1")
    monkeypatch.setattr(page, "PAGE", tmp_path)
    answer = world.client.get("/assets/app-1a2b.js")

    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")


def test_what_compresses_well_is_sent_compressed_and_only_once(world: World) -> None:
    for path in ("/basemap/land.geojson", "/basemap/roads.geojson"):
        plain = world.client.get(path, headers={"accept-encoding": "identity"})
        packed = world.client.get(path, headers={"accept-encoding": "br, gzip"})

        assert packed.content == plain.content  # the client unpacks
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert int(packed.headers["content-length"]) * 2 < int(plain.headers["content-length"])
        assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
        assert packed.headers["etag"] != plain.headers["etag"]
        known = {"if-none-match": packed.headers["etag"], "accept-encoding": "gzip"}
        again = world.client.get(path, headers=known)
        assert again.status_code == 304
        assert again.content == b""


def test_a_page_that_was_built_anew_is_served_anew(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(page, "PAGE", tmp_path)
    (tmp_path / "index.html").write_text("before")
    first = world.client.get("/").headers["etag"]
    (tmp_path / "index.html").write_text("after it")

    assert world.client.get("/", headers={"if-none-match": first}).text == "after it"


def test_no_path_and_no_link_leads_out_of_the_page(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    inside = tmp_path / "page"
    inside.mkdir()
    (tmp_path / "outside.txt").write_text("outside")
    (inside / "link.txt").symlink_to(tmp_path / "outside.txt")
    monkeypatch.setattr(page, "PAGE", inside)

    for path in ("/link.txt", "/../outside.txt", "/%2e%2e/outside.txt", "/a/..%2f..%2foutside.txt"):
        assert world.client.get(path).status_code == 404


def test_the_basemap_is_bundled(world: World) -> None:
    land = world.client.get("/basemap/land.geojson")

    assert land.json()["type"] == "FeatureCollection"
    assert land.headers["content-type"].startswith("application/geo+json")


def test_a_deposited_file_does_nothing_in_a_browser(world: World) -> None:
    content = world.get("/api/zones/Z1", "north-1")["in_force"]["content"]
    answer = world.ask(f"/api/files/{content}", "north-1")

    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"].startswith("attachment")
