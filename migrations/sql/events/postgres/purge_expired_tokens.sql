-- What the worker's hourly job does as well: the database keeps itself small when no worker runs for long. Needs
-- the extension pg_cron in this database.
-- since: m20261121_000011_assets
-- requires: procedures/purge_expired_tokens
-- when: SELECT 1 WHERE to_regprocedure('cron.schedule(text,text,text)') IS NOT NULL
-- drop: SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname = 'mainstay_purge_expired_tokens'
SELECT cron.schedule('mainstay_purge_expired_tokens', '17 * * * *',
  $$SELECT purge_expired_tokens(now() - interval '7 days', now(), 10000)$$)
