-- What the worker's hourly job does as well: the database keeps itself small when no worker runs for long.
-- since: m20261121_000011_assets
-- requires: procedures/purge_expired_tokens
-- when: SELECT 1 FROM DUAL WHERE @@event_scheduler = 'ON'
CREATE EVENT purge_expired_tokens ON SCHEDULE EVERY 1 HOUR DO
BEGIN
  DECLARE refresh_purged, mail_purged BIGINT DEFAULT 1;
  WHILE refresh_purged + mail_purged > 0 DO
    CALL purge_expired_tokens(UTC_TIMESTAMP(6) - INTERVAL 7 DAY, UTC_TIMESTAMP(6), 500, refresh_purged, mail_purged);
  END WHILE;
END
