"""What proves a deletion without keeping what was deleted: commitments, leaves, statements."""
