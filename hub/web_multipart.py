"""A form with a file as browsers send it (multipart/form-data, RFC 7578), read from bytes that are here already. Pure; strict, and bounded by their length."""

from __future__ import annotations

import re
from typing import Final

from hub.web_route import Upload

PARTS_MAX: Final = 40
HEAD_MAX: Final = 2_048
"""Bytes of a part's header lines."""
VALUE_MAX: Final = 16_384
NAME_MAX: Final = 200
_KIND: Final = re.compile(r'multipart/form-data;\s*boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?\s*', re.IGNORECASE)
_SAID: Final = re.compile(rb'form-data;\s*name="([^"\r\n]{1,100})"(?:;\s*filename="([^"\r\n]*)")?\s*', re.IGNORECASE)


def read(body: bytes, content_type: str) -> tuple[dict[str, list[str]], dict[str, Upload]]:
    """(fields, files) of a form; of files with one name the last. A file that was not chosen is an empty one without a name.

    Raises:
        ValueError: it is no such form, or something of it is out of bounds.
    """
    found = _KIND.fullmatch(content_type)
    if found is None:
        raise ValueError("no form with a file")
    delimiter = b"\r\n--" + found[1].encode()
    if not body.startswith(delimiter[2:]):
        raise ValueError("the form does not begin with its boundary")
    fields: dict[str, list[str]] = {}
    files: dict[str, Upload] = {}
    at = len(delimiter) - 2
    for _ in range(PARTS_MAX):
        if body[at : at + 2] == b"--":
            return fields, files
        head_end, end = body.find(b"\r\n\r\n", at, at + HEAD_MAX), body.find(delimiter, at)
        if body[at : at + 2] != b"\r\n" or head_end < 0 or end < head_end:
            raise ValueError("a part of the form is cut off")
        name, file = _told(body[at + 2 : head_end])
        data = body[head_end + 4 : end]
        if file is None:
            if len(data) > VALUE_MAX:
                raise ValueError("a field is too long")
            fields.setdefault(name, []).append(data.decode("utf-8"))
        else:
            files[name] = Upload(file[-NAME_MAX:], data)
        at = end + len(delimiter)
    raise ValueError("too many parts")


def _told(head: bytes) -> tuple[str, str | None]:
    """Name of the field, and of the file where it is one."""
    for line in head.split(b"\r\n"):
        title, _, value = line.partition(b":")
        if title.strip().lower() == b"content-disposition" and (said := _SAID.fullmatch(value.strip())) is not None:
            return said[1].decode("utf-8"), None if said[2] is None else said[2].decode("utf-8")
    raise ValueError("a part of the form has no name")
