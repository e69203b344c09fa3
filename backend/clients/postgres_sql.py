"""The statements that are sent to PostgreSQL; nothing else is."""

PING = "SELECT pg_is_in_recovery()"

AS_IT_IS = "SET client_encoding TO 'SQL_ASCII'"

SESSIONS = """
SELECT a.pid,
       a.backend_start,
       a.query_start,
       a.xact_start,
       coalesce(a.state, ''),
       coalesce(a.wait_event_type, ''),
       coalesce(a.wait_event, ''),
       coalesce(a.application_name, ''),
       coalesce(a.usename::text, ''),
       left(coalesce(a.query, ''), 1000),
       CASE WHEN a.wait_event_type = 'Lock' THEN pg_blocking_pids(a.pid) ELSE '{}' END,
       coalesce(a.application_name, '') LIKE %(like)s,
       clock_timestamp()
  FROM pg_stat_activity AS a
 WHERE a.datname = current_database()
   AND a.pid <> pg_backend_pid()
   AND coalesce(a.backend_type, 'client backend') = 'client backend'
 ORDER BY a.query_start NULLS LAST, a.pid
"""
"""Who blocks is asked only for those that wait: it takes the lock table's locks. What we may not see has no type."""

TABLES = """
SELECT relname::text,
       n_tup_ins,
       n_tup_upd,
       n_tup_del,
       seq_scan,
       seq_tup_read
  FROM pg_stat_user_tables
 WHERE schemaname = %(schema)s
 ORDER BY seq_tup_read DESC, relname
 LIMIT 50
"""
