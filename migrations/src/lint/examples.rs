//! The linter against migrations that somebody might write.

use super::{Engine, judge};

const EARLIER: &str = "m20261121_000001_identity";

fn refusals(engine: Engine, statements: &[&str]) -> Vec<String> {
    let statements: Vec<String> = statements.iter().map(|sql| (*sql).to_owned()).collect();
    judge(engine, &[EARLIER.to_owned()], &statements)
}

#[track_caller]
fn refused(engine: Engine, statement: &str, why: &str) {
    let found = refusals(engine, &[statement]);
    assert!(found.len() == 1 && found[0].contains(why), "{statement}\n{found:?}");
}

#[track_caller]
fn passes(engine: Engine, statements: &[&str]) {
    let found = refusals(engine, statements);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn what_stops_everybody_is_refused() {
    for (statement, why) in [
        (r#"DROP TABLE "sessions""#, "still uses it"),
        (r#"DROP TABLE IF EXISTS "sessions" CASCADE"#, "still uses it"),
        (r#"ALTER TABLE "users" RENAME TO "people""#, "stop using it first"),
        (r#"ALTER TABLE "users" RENAME COLUMN "email" TO "mail""#, "stop using it first"),
        (r#"ALTER TABLE "users" DROP COLUMN "email""#, "stop using it first"),
        (r#"ALTER TABLE ONLY "users" ADD COLUMN "a" text, DROP COLUMN "b""#, "stop using it first"),
        (r#"ALTER TABLE "users" ADD COLUMN "plan" varchar(10) NOT NULL"#, "give it a default"),
        (r#"ALTER TABLE "users" ADD COLUMN "plan" varchar UNIQUE"#, "every row"),
        (r#"ALTER TABLE "users" ADD "owner" bigint REFERENCES "users" ("id")"#, "every row"),
        (r#"ALTER TABLE "users" ADD COLUMN "token" uuid DEFAULT gen_random_uuid()"#, "computes a value"),
        (
            r#"ALTER TABLE "users" ADD COLUMN "low" text GENERATED ALWAYS AS (lower(email)) STORED"#,
            "computes a value",
        ),
        (r#"ALTER TABLE "users" ALTER COLUMN "email" TYPE text"#, "rewrites"),
        (r#"ALTER TABLE "users" ALTER COLUMN "email" SET DATA TYPE text"#, "rewrites"),
        (r#"ALTER TABLE "users" ALTER COLUMN "display_name" SET NOT NULL"#, "reads the whole table"),
        (
            r#"ALTER TABLE "a" ADD CONSTRAINT "f" FOREIGN KEY ("user_id") REFERENCES "users" ("id")"#,
            "under a lock",
        ),
        (r#"ALTER TABLE "users" ADD CONSTRAINT "c" CHECK (version > 0)"#, "under a lock"),
        (r#"ALTER TABLE "users" ADD CONSTRAINT "u" UNIQUE ("email")"#, "builds an index"),
        (r#"CREATE INDEX "i" ON "users" ("status")"#, "online::create_index"),
        (r#"CREATE UNIQUE INDEX IF NOT EXISTS "i" ON "users" ("status")"#, "online::create_index"),
        (r#"DROP INDEX "users_email""#, "online::drop_index"),
        ("UPDATE users SET status = 'active'", "bounded"),
        ("DELETE FROM users", "bounded"),
        ("INSERT INTO roles (id) SELECT id FROM users", "bounded"),
        ("TRUNCATE users", "does not know"),
        ("LOCK TABLE users", "does not know"),
        ("VACUUM FULL users", "does not know"),
        ("CREATE VIEW v AS SELECT 1", "database assets"),
    ] {
        refused(Engine::Postgres, statement, why);
    }
}

#[test]
fn mysql_has_its_own_ways_to_stop_everybody() {
    for (statement, why) in [
        ("CREATE INDEX `i` ON `users` (`status`)", "online::create_index"),
        ("ALTER TABLE `users` ADD INDEX `i` (`status`)", "builds an index"),
        ("ALTER TABLE `users` MODIFY COLUMN `email` text", "rewrites"),
        ("ALTER TABLE `users` CHANGE `email` `mail` text", "rewrites"),
        ("ALTER TABLE `a` ADD CONSTRAINT `f` FOREIGN KEY (`b`) REFERENCES `users` (`id`)", "under a lock"),
        ("RENAME TABLE `users` TO `people`", "old name"),
    ] {
        refused(Engine::MySql, statement, why);
    }
    passes(Engine::MySql, &["CREATE INDEX `i` ON `users` (`status`) ALGORITHM = INPLACE LOCK = NONE"]);
    passes(Engine::MySql, &["DROP INDEX `i` ON `users`"]);
}

#[test]
fn what_nobody_notices_passes() {
    for statement in [
        r#"ALTER TABLE "users" ADD COLUMN "nickname" varchar(40)"#,
        r#"ALTER TABLE "users" ADD COLUMN "plan" varchar(10) NOT NULL DEFAULT 'free'"#,
        r#"ALTER TABLE "users" ADD COLUMN "at" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP(3)"#,
        r#"ALTER TABLE "users" ALTER COLUMN "display_name" DROP NOT NULL"#,
        r#"ALTER TABLE "users" ADD CONSTRAINT "u" UNIQUE USING INDEX "users_email""#,
        r#"ALTER TABLE "users" VALIDATE CONSTRAINT "f""#,
        r#"CREATE INDEX CONCURRENTLY "i" ON "users" ("status")"#,
        r#"DROP INDEX CONCURRENTLY IF EXISTS "i""#,
        "INSERT INTO roles (id, name) VALUES (1, 'it''s; DROP TABLE users')",
        "UPDATE roles SET name = 'x' /* bounded: roles are few */",
    ] {
        passes(Engine::Postgres, &[statement]);
    }
}

#[test]
fn a_table_of_its_own_is_free() {
    passes(
        Engine::Postgres,
        &[
            r#"CREATE TABLE IF NOT EXISTS "new" ("id" bigint PRIMARY KEY, "a" text NOT NULL)"#,
            r#"CREATE INDEX "new_a" ON "new" ("a")"#,
            r#"ALTER TABLE "new" ADD CONSTRAINT "f" FOREIGN KEY ("id") REFERENCES "users" ("id")"#,
            r#"UPDATE "new" SET "a" = ''"#,
            r#"DROP INDEX "new_a""#,
            r#"DROP TABLE "new""#,
        ],
    );
}

#[test]
fn the_second_step_names_the_first() {
    for statement in [
        r#"ALTER TABLE "users" DROP COLUMN "email" /* second step of m20261121_000001_identity */"#,
        r#"DROP TABLE "users" -- second step of m20261121_000001_identity"#,
        r#"ALTER TABLE "users" ALTER "a" SET NOT NULL /* second step of m20261121_000001_identity */"#,
    ] {
        passes(Engine::Postgres, &[statement]);
    }
    // A first step that nobody has taken.
    refused(
        Engine::Postgres,
        r#"ALTER TABLE "users" DROP COLUMN "email" /* second step of m20261121_000099_x */"#,
        "stop using it first",
    );
    // A quoted text is no comment.
    refused(
        Engine::Postgres,
        "ALTER TABLE users DROP COLUMN email, ADD a text DEFAULT 'second step of m20261121_000001_identity'",
        "stop using it first",
    );
}

#[test]
fn a_constraint_is_validated_by_a_later_migration() {
    let add = r#"ALTER TABLE "a" ADD CONSTRAINT "f" FOREIGN KEY ("b") REFERENCES "users" ("id") NOT VALID"#;
    let validate = r#"ALTER TABLE "a" VALIDATE CONSTRAINT "f""#;
    passes(Engine::Postgres, &[add]);
    let found = refusals(Engine::Postgres, &[add, validate]);
    assert!(found.len() == 1 && found[0].contains("do it in the next"), "{found:?}");
}
