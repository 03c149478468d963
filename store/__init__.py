"""Facts that last: tables, migrations and the unit of work, the only appender of the audit log."""
