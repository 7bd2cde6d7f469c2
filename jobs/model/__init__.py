"""From a table of tickets to a calibrated model, its metrics and its verdict."""
