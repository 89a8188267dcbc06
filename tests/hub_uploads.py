"""What tests of uploads share: a delta that the hub has accepted, and what an error answer says."""

import os

from scripted_node import Reply, ScriptedNode, SealedDelta


def offered(node: ScriptedNode, *sizes: int) -> tuple[SealedDelta, list[tuple[bytes, bytes]]]:
    """A delta whose entry the hub has accepted, with files of these sizes, and its packs."""
    delta = node.delta({"0001": {f"{n}.bin": os.urandom(size) for n, size in enumerate(sizes)}})
    assert node.offer(delta.entry).status == 200
    return delta, list(delta.objects.items())[1:]


def refusal(reply: Reply) -> tuple[int, str]:
    """Status and code of an error answer."""
    assert reply.problem.message
    assert reply.problem.remedy
    return reply.status, reply.problem.code
