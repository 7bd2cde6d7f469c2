"""How many runs bring bucket, registry and pointer together without losing anything."""
