"""The strategies of the research tree."""

from tui.demo.world.seed import Strategy
from tui.demo.world.symbols import AMERICA, CURRENCIES, EUROPE, FUNDS

STRATEGIES = (
    Strategy("mean-revert-eu", EUROPE, "1d", 24, 11.5, "src/strategies/mean_revert.py"),
    Strategy("momentum-eu", EUROPE, "1d", 16, 8.2, "src/strategies/momentum.py"),
    Strategy("momentum-us", AMERICA, "1d", 18, 8.2, "src/strategies/momentum.py"),
    Strategy("stat-arb-dax", EUROPE[:12], "1m", 28, 21.7, "research/strategies/stat_arb.py"),
    Strategy("pairs-fx", CURRENCIES, "1m", 14, 14.0, "src/strategies/pairs.py"),
    Strategy("carry-g10", CURRENCIES, "1d", 8, 6.1, "src/strategies/carry.py"),
    Strategy("vol-target-us", (*AMERICA, *FUNDS), "1d", 12, 9.4, "research/strategies/vol_target.py"),
    Strategy("breakout-us", AMERICA, "1m", 22, 12.9, "research/strategies/breakout.py"),
    Strategy("risk-parity", FUNDS + CURRENCIES[:3], "1d", 10, 7.3, "src/strategies/risk_parity.py"),
)
