"""The reasoner over HTTP: one process, one model, graphs by name; what it answers is what the command line prints."""
