"""From a report to a finding: two ledgers kept apart and matched, incidents, findings, statistics."""
