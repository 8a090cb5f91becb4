//! The database: SQLite (embedded, the default) and PostgreSQL behind one small interface.
