"""Two ledgers of reports: kept apart, matched, never merged."""
