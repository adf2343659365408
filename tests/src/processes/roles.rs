//! Who the service is in its database.

use sqlx::{AssertSqlSafe, Executor, Row};
use testkit::postgres::TestDatabase;

use crate::harness::{Installation, PATIENCE, Profile};

/// What production wants besides.
const PRODUCTION: [(&str, &str); 5] = [
    ("ENVIRONMENT", "production"),
    ("MAIL__URL", "smtp://127.0.0.1:9"),
    ("SERVER__PUBLIC_URL", "https://mainstay.example"),
    ("SERVER__DRAIN_DELAY_SECONDS", "0"),
    ("BOOTSTRAP__ADMIN_PASSWORD", "Zk3vTq9w7Hn2pLx4"),
];

/// The name of the user says nothing: the server is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn production_refuses_a_powerful_service() {
    let Some(server) = TestDatabase::empty().await else { return };
    let mut admin = server.connection().await;
    let row = admin
        .fetch_one("SELECT 'mainstay_test_' || replace(gen_random_uuid()::text, '-', '')")
        .await
        .unwrap();
    let login: String = row.get(0);
    admin.execute(AssertSqlSafe(format!("CREATE ROLE {login} LOGIN SUPERUSER"))).await.unwrap();
    let url = server.url().replacen("postgres@", &format!("{login}@"), 1);
    let installation = Installation::on(Profile::Postgres, Some(&url));

    let cli = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = installation.command("mainstay", &installation.data("cli"), variables);
        let output = command.args(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let (status, said) = cli(&["migrate", "up"], &PRODUCTION);
    assert_eq!(status, Some(0), "{said}");
    let (status, said) = cli(&["migrate", "fresh", "--yes"], &PRODUCTION);
    assert!(status == Some(1) && said.contains("refused in production"), "{said}");
    let (status, said) = cli(&["doctor"], &PRODUCTION);
    assert!(status == Some(1) && said.contains("may do anything"), "{said}");
    let (status, said) = cli(&["assets", "status"], &PRODUCTION);
    assert!(status == Some(0) && said.contains("applied   views/user_activity"), "{said}");

    let api = installation.start("mainstay-api", "api", &PRODUCTION);
    assert_eq!(api.ended(PATIENCE).await, 1, "{}", api.output());
    assert!(api.output().contains("mainstay roles sql"), "{}", api.output());
    let staging = installation.api("api", &[("ENVIRONMENT", "staging")]).await;
    assert!(staging.output().contains("production refuses that"), "{}", staging.output());
    staging.stop().await;

    // With a role it owns nothing, and yet could again: its login is what it was.
    let (status, said) =
        cli(&["migrate", "up"], &[PRODUCTION.as_slice(), &[("DATABASE__ROLE", "mainstay_app")]].concat());
    assert_eq!(status, Some(0), "{said}");
    let (status, said) =
        cli(&["doctor"], &[PRODUCTION.as_slice(), &[("DATABASE__ROLE", "mainstay_app")]].concat());
    assert!(status == Some(1) && said.contains("acts as mainstay_app"), "{said}");
    let sql = format!("REASSIGN OWNED BY {login} TO CURRENT_USER; DROP OWNED BY {login}; DROP ROLE {login}");
    admin.execute(AssertSqlSafe(sql)).await.unwrap();
}
