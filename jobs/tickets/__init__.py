"""From landed objects to one table of tickets, and what became of every row."""
