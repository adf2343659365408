-- One row per user and session; users without any have one row without a session. `live_until` is when a session
-- ends if nobody uses it: with its newest refresh token, which never outlasts the session itself.
-- since: m20261121_000001_identity
CREATE VIEW user_activity AS
SELECT users.id AS user_id,
       users.created_at AS registered_at,
       sessions.id AS session_id,
       sessions.last_used_at AS last_used_at,
       CASE WHEN sessions.revoked_at IS NULL THEN
         (SELECT MAX(refresh_tokens.expires_at) FROM refresh_tokens
          WHERE refresh_tokens.session_id = sessions.id AND refresh_tokens.spent_at IS NULL)
       END AS live_until
FROM users LEFT JOIN sessions ON sessions.user_id = users.id
WHERE users.deleted_at IS NULL
