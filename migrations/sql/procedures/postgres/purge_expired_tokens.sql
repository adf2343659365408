-- Removes refresh tokens and mailed tokens that expired before the given times, at most `batch` of each, and says how
-- many. What another transaction holds is left for the next time. The same as the plain statements in
-- crates/adapters/db/src/expired_tokens.rs, which serve engines without routines.
-- since: m20261121_000011_assets
CREATE FUNCTION purge_expired_tokens(
  refresh_before timestamptz, mail_before timestamptz, batch bigint,
  OUT refresh_purged bigint, OUT mail_purged bigint
) LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM refresh_tokens WHERE id IN (
    SELECT id FROM refresh_tokens WHERE expires_at < refresh_before
    ORDER BY expires_at LIMIT batch FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS refresh_purged = ROW_COUNT;
  DELETE FROM mail_tokens WHERE id IN (
    SELECT id FROM mail_tokens WHERE expires_at < mail_before
    ORDER BY expires_at LIMIT batch FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS mail_purged = ROW_COUNT;
END
$$
