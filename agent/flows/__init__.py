"""The offline planner's flows: for each topic, which facts to read, what follows from them, and what to say."""
