"""What people read: the data report, a version's card, the receipts."""
