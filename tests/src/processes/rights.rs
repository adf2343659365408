//! Rights that are given and taken by one process, and asked for at another.

use reqwest::Method;
use serde_json::json;

use crate::harness::installations;

installations! {
    [postgres mysql]

    /// On the very next request, with the same token, which both replicas have in memory.
    async fn a_right_taken_by_one_replica_is_gone_at_the_other(installation: &Installation) {
        let variables = [("SERVER__PUBLIC_URL", "http://mainstay.test")];
        let a = installation.api("a", &variables).await;
        let b = installation.api("b", &variables).await;
        let (admin, bob) = (a.admin().await, b.member("bob@example.com").await);
        let role = a.role(&admin.access, "support", &["users:read"]).await;
        let change = async |permissions: &[&str]| {
            let body = json!({ "permissions": permissions }).to_string();
            let call = a.call(Method::PATCH, &format!("/api/v1/roles/{role}"));
            call.body("application/json", body).bearer(&admin.access).gives(200).await;
        };
        a.assign(&admin.access, &bob.user, &[&role]).await.is(200);
        for _ in 0..10 {
            b.get("/api/v1/users").bearer(&bob.access).gives(200).await;
            change(&["jobs:read"]).await;
            b.get("/api/v1/users").bearer(&bob.access).refused(403, "forbidden").await;
            change(&["users:read"]).await;
        }

        let tenant = a.found(&admin.access, "Acme").await;
        a.bring_in(&admin.access, &tenant, "bob@example.com", &[]).await;
        let bobs = b.speaking_for(&bob.access, &tenant).await;
        b.me(&bobs).await.is(200);
        let member = format!("/api/v1/tenants/{tenant}/members/{}", bob.user);
        a.call(Method::DELETE, &member).bearer(&admin.access).gives(204).await;
        b.me(&bobs).await.refuses(401, "token_revoked");
        for program in [a, b] {
            program.stop().await;
        }
    }
}
