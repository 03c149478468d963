"""Pure facts about billing: money, what is known of a customer, and what follows. No network, clock or database."""
