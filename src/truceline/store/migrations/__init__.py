"""Migrations of the store (alembic), the same for SQLite and PostgreSQL."""
