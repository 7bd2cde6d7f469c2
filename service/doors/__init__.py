"""Further protocols: each turns a body into tickets and predictions into its own answer."""
