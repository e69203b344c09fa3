"""The strategies of the research tree."""

from tui.demo.world.seed import Strategy
from tui.demo.world.symbols import AMERICA, CURRENCIES, EUROPE, FUNDS

STRATEGIES = (
    Strategy("mean-revert-eu", EUROPE, "1d", 9, 11.5, "src/strategies/mean_revert.py"),
    Strategy("momentum-eu", EUROPE, "1d", 7, 8.2, "src/strategies/momentum.py"),
    Strategy("momentum-us", AMERICA, "1d", 8, 8.2, "src/strategies/momentum.py"),
    Strategy("stat-arb-dax", EUROPE[:12], "1m", 11, 21.7, "research/strategies/stat_arb.py"),
    Strategy("pairs-fx", CURRENCIES, "1m", 6, 14.0, "src/strategies/pairs.py"),
    Strategy("carry-g10", CURRENCIES, "1d", 5, 6.1, "src/strategies/carry.py"),
    Strategy("vol-target-us", (*AMERICA, *FUNDS), "1d", 6, 9.4, "research/strategies/vol_target.py"),
    Strategy("breakout-us", AMERICA, "1m", 9, 12.9, "research/strategies/breakout.py"),
    Strategy("risk-parity", FUNDS + CURRENCIES[:3], "1d", 5, 7.3, "src/strategies/risk_parity.py"),
)
