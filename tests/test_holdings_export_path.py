"""Paths of an export: folders come back as folders, and no name leads out of the record's own."""

from __future__ import annotations

from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from holdings.export_path import export_paths


def test_a_disc_lies_in_its_folder_again() -> None:
    """VIDEO_TS and sections are folders; plain pages stay where they are."""
    names = ["VIDEO_TS／VTS_01_1.VOB", "VIDEO_TS／VIDEO_TS.IFO", "正卷／0001.jpg", "0001.jpg"]
    assert export_paths(names) == ["VIDEO_TS/VTS_01_1.VOB", "VIDEO_TS/VIDEO_TS.IFO", "正卷/0001.jpg", "0001.jpg"]


def test_what_would_not_fit_stays_as_it_is() -> None:
    """Names that step upwards, empty folders, and a folder that is a file of another part."""
    names = ["..／passwd", "／甲.jpg", "甲／", "附件", "附件／0001.jpg", "a／b", "A"]
    assert export_paths(names) == names


SEGMENTS = st.sampled_from(["..", ".", "", "VIDEO_TS", "video_ts", "a", "b.jpg", " x", "/etc", "\\", "附件"])


@given(st.lists(st.lists(SEGMENTS, min_size=1, max_size=4).map("／".join), max_size=6, unique=True))
def test_no_path_leads_out_and_no_two_are_one(names: list[str]) -> None:
    """Only plain folders are made, different names have different paths, and no file is a folder of another."""
    made = export_paths(names)
    assert len(set(made)) == len(names)
    for name, path in zip(names, made, strict=True):
        if path != name:
            assert not PurePosixPath(path).is_absolute()
            assert not {"..", ".", ""} & set(path.split("/"))
    folders = {
        str(parent).casefold()
        for name, path in zip(names, made, strict=True)
        if path != name
        for parent in PurePosixPath(path).parents
    }
    assert not (folders - {"."}) & {path.casefold() for path in made}
