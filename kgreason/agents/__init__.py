"""For agents and language models: the graph as read-only tools, and answers whose claims are checked against it."""
