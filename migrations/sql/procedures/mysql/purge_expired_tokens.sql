-- Removes refresh tokens and mailed tokens that expired before the given times, at most `batch` of each, and says how
-- many. The same as the plain statements in crates/adapters/db/src/expired_tokens.rs, which serve engines without
-- routines. Whoever calls it needs the right to do so: it runs under the caller's own.
-- since: m20261121_000011_assets
CREATE PROCEDURE purge_expired_tokens(
  IN refresh_before DATETIME(6), IN mail_before DATETIME(6), IN batch BIGINT,
  OUT refresh_purged BIGINT, OUT mail_purged BIGINT
) MODIFIES SQL DATA SQL SECURITY INVOKER
BEGIN
  DELETE FROM refresh_tokens WHERE expires_at < refresh_before ORDER BY expires_at LIMIT batch;
  SET refresh_purged = ROW_COUNT();
  DELETE FROM mail_tokens WHERE expires_at < mail_before ORDER BY expires_at LIMIT batch;
  SET mail_purged = ROW_COUNT();
END
