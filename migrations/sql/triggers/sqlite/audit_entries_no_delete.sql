-- The audit trail is only ever added to. SQLite knows no roles: retention drops this trigger, and applies it
-- again in the same transaction.
-- since: m20261121_000004_audit
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
BEGIN
  SELECT RAISE(ABORT, 'audit entries are never changed');
END
