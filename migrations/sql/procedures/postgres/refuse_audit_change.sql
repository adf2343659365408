-- Refuses what the triggers of the audit trail call it for. Retention comes in by a door for the owner of the table
-- alone: SET LOCAL mainstay.audit_retention = 'on', in the same transaction.
-- since: m20261121_000004_audit
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('mainstay.audit_retention', true) = 'on'
     AND pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'audit entries are never changed' USING ERRCODE = 'insufficient_privilege';
END
$$
