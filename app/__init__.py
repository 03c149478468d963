"""Where real things meet: settings, the one wiring function, durable turns, and the `lee` command line."""
