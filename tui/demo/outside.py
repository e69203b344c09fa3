"""What lies outside the platform proper: provider hosts, and the kernel with its log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tui.demo.layout import Layout, replace
from tui.demo.world.scenario import Source

PING_HOST = "data-provider-1.adaf.local"
HTTP_PROVIDER = "marketdata"


@dataclass(frozen=True, slots=True)
class Host:
    """Whether a host answers, and after how many milliseconds."""

    up: bool
    milliseconds: float


USUAL: Mapping[str, Host] = {PING_HOST: Host(True, 11.4), HTTP_PROVIDER: Host(True, 8.0)}


def hosts_of(sources: Iterable[Source]) -> dict[str, Host]:
    """The hosts behind the primary one of `sources`, which answer while it is well."""
    up = all(source.status != "down" for source in sources if source.role == "primary")
    return {name: Host(up, host.milliseconds) for name, host in USUAL.items()}


def set_hosts(layout: Layout, known: Mapping[str, Host]) -> None:
    """Write how the hosts are from now on."""
    lines = (f"{name} {'up' if host.up else 'down'} {host.milliseconds:g}\n" for name, host in known.items())
    replace(layout.hosts, "".join(lines))


def hosts(layout: Layout) -> dict[str, Host]:
    """How the hosts are now, by name."""
    words = (line.split() for line in layout.hosts.read_text("utf-8").splitlines())
    return {name: Host(state == "up", float(milliseconds)) for name, state, milliseconds in words}


def boot(layout: Layout, now: datetime) -> None:
    """Write the kernel log of a host that came up some days before `now` and had no trouble since."""
    began = now - timedelta(days=9, hours=3)
    lines = (
        (0.0, "Linux version 6.1.0-adaf (build@adaf) #1 SMP PREEMPT_DYNAMIC"),
        (0.412, "smpboot: Allowing 8 CPUs, 0 hotplug CPUs"),
        (1.893, "EXT4-fs (vda1): mounted filesystem with ordered data mode. Quota mode: none."),
        (7.205, "systemd[1]: Started adaf-backtest-engine.service - ADAF backtest engine."),
        (9 * 3600.0, "TCP: request_sock_TCP: Possible SYN flooding on port 3000. Sending cookies."),
    )
    stamp = "%a %b %d %H:%M:%S %Y"
    text = "".join(f"[{began + timedelta(seconds=after):{stamp}}] {words}\n" for after, words in lines)
    replace(layout.kernel, text)
