"""A command that somebody stops with Ctrl-C says so in the language of the program."""

import click
import pytest
from click.testing import CliRunner

from hub import commands_shell as of_hub
from node import commands_shell as of_node


@pytest.mark.parametrize("shell", [of_node, of_hub])
@pytest.mark.parametrize("stop", [KeyboardInterrupt, click.Abort])
def test_a_stopped_command_says_so_in_chinese(shell: object, stop: type[BaseException]) -> None:
    """Ctrl-C at work or at a question ends with exit code 1 and a Chinese sentence, not with a word of the library's."""

    @click.command()
    @shell.exits  # type: ignore[attr-defined]
    def some() -> None:
        raise stop

    result = CliRunner().invoke(some)
    assert (result.exit_code, "已中断" in result.stderr, "Abort" in result.output) == (1, True, False)
