"""Archives scored by many tasks: places, plan, shards that begin at records, parts, manifest."""
