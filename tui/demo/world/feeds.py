"""The market data feeds."""

from tui.demo.world.seed import Source

HEALTHY = (
    Source("primary-feed", "primary", active=True, status="healthy"),
    Source("backup-feed", "backup", active=False, status="healthy"),
)
PRIMARY_DOWN = (
    Source("primary-feed", "primary", active=True, status="down"),
    Source("backup-feed", "backup", active=False, status="healthy"),
)
