-- The audit trail is only ever added to. Per statement, not per row: it costs the same however many there are.
-- since: m20261121_000004_audit
-- requires: procedures/refuse_audit_change
-- drop: DROP TRIGGER IF EXISTS audit_entries_no_delete ON audit_entries
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
