"""A form with a file, read from its bytes (hub/web_multipart.py)."""

import random

import pytest
from people_door import BOUNDARY, WITH_FILE, form_with_file

from hub import web_multipart

GOOD = form_with_file(b"%PDF \r\n--- \r\n", "登记表 1.pdf", {"form-token": "ab", "kind": "register", "empty": ""})


def test_what_a_browser_sends_is_read() -> None:
    """Fields and file come back byte for byte, line ends and dashes inside the file too."""
    fields, files = web_multipart.read(GOOD, WITH_FILE)
    assert fields == {"form-token": ["ab"], "kind": ["register"], "empty": [""]}
    assert (files["file"].name, files["file"].body) == ("登记表 1.pdf", b"%PDF \r\n--- \r\n")
    assert web_multipart.read(GOOD, f'multipart/form-data; boundary="{BOUNDARY}"')[0] == fields


@pytest.mark.parametrize(("body", "kind"), [
    (b"", WITH_FILE), (GOOD[1:], WITH_FILE), (GOOD[:-4], WITH_FILE), (GOOD, "multipart/form-data"), (GOOD, "multipart/mixed; boundary=x"),
    (GOOD, "multipart/form-data; boundary=" + "x" * 71), (GOOD.replace(b'name="kind"', b"name=kind"), WITH_FILE),
    (GOOD.replace(b"ab", b"\xff\xfe"), WITH_FILE), (GOOD.replace(b'name="kind"', b'name="' + b"k" * 3000 + b'"'), WITH_FILE),
    (form_with_file(b"", "", {"long": "x" * 20_000}), WITH_FILE), (form_with_file(b"", "", {f"f{at}": "" for at in range(50)}), WITH_FILE),
])  # fmt: skip
def test_what_is_no_such_form_is_refused(body: bytes, kind: str) -> None:
    """Cut off, without boundary or names, too long, too many, or bad UTF-8: ValueError, which the door answers with 400."""
    with pytest.raises(ValueError):  # noqa: PT011 - whatever was wrong
        web_multipart.read(body, kind)


def test_spoiled_forms_are_read_or_refused() -> None:
    """A few changed bytes anywhere give a form or ValueError, nothing else."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(400):
        spoiled = bytearray(GOOD)
        for _ in range(chance.randint(1, 4)):
            spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
        try:
            web_multipart.read(bytes(spoiled), WITH_FILE)
        except ValueError:
            continue
