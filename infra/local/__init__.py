"""The same system on a laptop: a pocket cloud, the real processes, and one wiring for both."""
