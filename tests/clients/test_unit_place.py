import pytest

from backend.clients.unit_place import place_of

HOST = "research-01"


@pytest.mark.parametrize(
    "argv",
    [
        "systemctl", "/usr/bin/systemctl", "/bin/systemctl", "sudo systemctl", "sudo -n systemctl",
        "/usr/bin/sudo -n -u root /usr/bin/systemctl", "systemctl --no-pager", "systemctl --system",
        "sudo -- systemctl",
    ],
)  # fmt: skip
def test_one_manager_has_one_name(argv: str) -> None:
    assert place_of(argv.split(), HOST) == "systemctl on research-01"


@pytest.mark.parametrize(
    ("argv", "place"),
    [
        ("systemctl --user", "systemctl --user on research-01"),
        ("systemctl -H web1", "systemctl --host=web1 on research-01"),
        ("systemctl --host=web1", "systemctl --host=web1 on research-01"),
        ("systemctl -Hweb1", "systemctl --host=web1 on research-01"),
        ("systemctl -M box", "systemctl --machine=box on research-01"),
        ("/tmp/a/bin/systemctl", "/tmp/a/bin/systemctl on research-01"),
        ("ssh web1 systemctl", "ssh web1 systemctl"),
    ],
)
def test_another_manager_has_another(argv: str, place: str) -> None:
    assert place_of(argv.split(), HOST) == place
