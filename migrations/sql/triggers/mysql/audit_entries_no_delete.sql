-- The audit trail is only ever added to. Retention comes in by a door for the owner alone: who created this
-- trigger sets @mainstay_audit_retention to 'on' in the same session, and back.
-- since: m20261121_000004_audit
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries FOR EACH ROW
BEGIN
  IF COALESCE(@mainstay_audit_retention, '') <> 'on'
     OR SUBSTRING_INDEX(USER(), '@', 1) <> SUBSTRING_INDEX(CURRENT_USER(), '@', 1) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'audit entries are never changed';
  END IF;
END
