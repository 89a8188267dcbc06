"""What a reading request 利用登记 counts for in the statistics; pure."""

from __future__ import annotations

from holdings.reading_request import Request, State
from holdings.reference_code import CodeProblem, parse
from holdings.statistic import Use


def use_of(request: Request | None) -> Use:
    """What a request has added so far: persons and records once it is allowed, pages as they are copied, its certificate. One that waits, was refused or
    withdrawn counts for nothing."""
    if request is None or request.state not in (State.APPROVED, State.CLOSED):
        return Use(request.purpose if request else "")
    volumes = sum(_is_volume(one.ref) for one in request.asked)
    return Use(
        request.purpose, request.applicant.persons, volumes, len(request.asked) - volumes, request.copies, int(bool(request.certificate))
    )  # fmt: skip


def moved(before: Request | None, after: Request) -> Use:
    """What a step of a request adds."""
    was, now = use_of(before), use_of(after)
    return Use(
        after.purpose, now.persons - was.persons, now.volumes - was.volumes, now.items - was.items, now.pages - was.pages,
        now.certificates - was.certificates,
    )  # fmt: skip


def _is_volume(ref: str) -> bool:
    code = parse(ref.rpartition("/")[2])
    return not isinstance(code, CodeProblem) and code.is_volume
