"""What the list of a person's rights tells of one command."""

from pathlib import Path

import pytest

from backend.clients.engine import EngineClient
from backend.clients.sudo_listing import may_be_free
from backend.command import SystemRunner

RESTART = ("/usr/bin/systemctl", "restart", "engine")
HEAD = """\
Matching Defaults entries for ann on research-01:
    env_reset, mail_badpass,
    secure_path=/usr/local/sbin\\:/usr/bin, use_pty

User ann may run the following commands on research-01:
"""


@pytest.mark.parametrize(
    ("rules", "free"),
    [
        ("    (root) NOPASSWD: /usr/bin/systemctl show engine -p Id\\,Result\n    (ALL) ALL\n", False),
        ("    (ALL : ALL) ALL\n", False),
        ("    (ALL : ALL) NOPASSWD: ALL\n", True),
        ("    (ALL) ALL\n    (root) NOPASSWD: /usr/bin/systemctl restart engine\n", True),
        ("    (root) SETENV: NOPASSWD: /usr/bin/systemctl\n", True),
        ("    (root) NOPASSWD: SETENV: /bin/a, /usr/bin/systemctl restart *\n", True),
        ("    (root) NOPASSWD: /bin/a,\n        /usr/bin/systemctl restart engine\n", True),
        ("    (root) NOPASSWD: /bin/a, PASSWD: /usr/bin/systemctl restart engine\n", False),
        ("    (root) NOPASSWD: !/usr/bin/systemctl restart engine, /bin/a\n    (ALL) ALL\n", False),
        ("    (root) NOPASSWD: /usr/bin/systemctl restart other\n    (ALL) ALL\n", False),
        ('    (root) NOPASSWD: /usr/bin/systemctl ""\n    (ALL) ALL\n', False),
        ("    (root) NOPASSWD: /usr/bin/\n", True),
        ("    (root) NOPASSWD: /usr/*/systemctl\n", True),
        ("    (root) NOPASSWD: sha256:abcd /usr/bin/systemctl\n", True),
        ("    (root) NOPASSWD: ^/usr/bin/.*$\n", True),
        ("    (root) NOPASSWD: /usr/bin/systemctl ^re.*$\n", True),
        ("    (root) NOPASSWD: /bin/systemctl restart engine\n    (ALL) ALL\n", True),
        ("    (root) CWD=/ TIMEOUT=5m NOPASSWD: /usr/bin/systemctl\n", True),
        ("    (root) NOPASSWD: /usr/bin/systemctl [[:lower:]]* engine\n    (ALL) ALL\n", True),
        ("", True),
    ],
)
def test_a_right_is_free_when_a_rule_may_say_so(rules: str, free: bool) -> None:
    assert may_be_free(HEAD + rules, RESTART) is free


def test_where_nobody_is_asked_for_a_password_every_right_is_free() -> None:
    assert may_be_free(HEAD.replace("env_reset", "!authenticate") + "    (ALL) ALL\n", RESTART)


SUDO = """\
#!/bin/sh
case "$*" in
"-n -l") cat "$(dirname "$0")/rules" ;;
"-n -v") [ -e "$(dirname "$0")/typed" ] ;;
*) exit 0 ;;
esac
"""


@pytest.mark.parametrize(("typed", "free"), [(False, False), (True, True)])
async def test_what_may_be_run_with_a_password_only_is_barred_until_it_was_typed(
    tmp_path: Path, typed: bool, free: bool
) -> None:
    script = tmp_path / "sudo"
    script.write_text(SUDO)
    script.chmod(0o755)
    (tmp_path / "rules").write_text(f"{HEAD}    (root) NOPASSWD: /usr/bin/systemctl show engine\n    (ALL) ALL\n")
    if typed:
        (tmp_path / "typed").touch()
    client = EngineClient("engine", [str(script), "-n", "/usr/bin/systemctl"], SystemRunner())
    assert (await client.needs_password("restart") is None) is free
