"""The law: limits, rules, decisions, and the gate, the only door through which the world changes."""
