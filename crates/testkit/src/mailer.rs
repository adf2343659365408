//! The contract of [`ports::Mailer`].

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use async_trait::async_trait;
use domain::Email;
use ports::{Kind, Mail, Mailer};
use uuid::Uuid;

/// A mailer together with a view of what it delivered.
#[async_trait]
pub trait Post: Send + Sync {
    /// The mailer under test.
    fn mailer(&self) -> Arc<dyn Mailer>;
    /// What has been delivered to an address, read back from where it arrived.
    async fn arrived(&self, to: &Email) -> Vec<Mail>;
    /// An address that the next server refuses for good; `None` when there is no server that could.
    fn refused(&self) -> Option<Email>;
    /// An address that the next server defers; `None` when there is no server that could.
    fn deferred(&self) -> Option<Email>;
}

/// A mail with everything that formats have to escape. Its id is new, and its address holds the id: no test reads
/// the mail of another one, or of an earlier run.
fn mail() -> Mail {
    // The standard library's only source of randomness.
    let half = || u128::from(RandomState::new().build_hasher().finish());
    let id = Uuid::from_u128(half() << 64 | half());
    Mail {
        id,
        to: Email::parse(&format!("ada+{}@example.com", id.simple())).unwrap(),
        subject: "Willkommen in Zürich = schön, und so weiter, bis die Zeile umbrochen werden muss ✓"
            .to_owned(),
        text: format!("Grüße!\n.\n.. \nFrom here: {}\n", "long ".repeat(60)),
        html:
            "<p style=\"color:red\">Grüße &amp; <a href=\"https://example.com/?a=b&amp;c=d\">mehr</a></p>\n"
                .to_owned(),
    }
}

/// "Returns when the next server (or the mailbox) has taken responsibility": it arrives, unchanged.
pub async fn delivers_all_fields(post: &dyn Post) {
    let mail = mail();
    post.mailer().send(&mail).await.unwrap();
    assert_eq!(post.arrived(&mail.to).await, [mail]);
}

/// The id is "equal for every try to send the same mail", so that receivers can drop doubles.
pub async fn keeps_the_id_of_a_mail_sent_twice(post: &dyn Post) {
    let mail = mail();
    post.mailer().send(&mail).await.unwrap();
    post.mailer().send(&mail).await.unwrap();
    let arrived = post.arrived(&mail.to).await;
    assert!(!arrived.is_empty() && arrived.iter().all(|one| *one == mail), "{arrived:?}");
}

/// "`Conflict` when it refuses for good", and the mailer goes on working.
pub async fn says_conflict_when_refused_for_good(post: &dyn Post) {
    let Some(to) = post.refused() else { return };
    let refused = Mail { to, ..mail() };
    assert_eq!(post.mailer().send(&refused).await.unwrap_err().kind(), Kind::Conflict);
    post.mailer().send(&mail()).await.unwrap();
}

/// "`Unavailable` when it defers", and the mailer goes on working.
pub async fn says_unavailable_when_deferred(post: &dyn Post) {
    let Some(to) = post.deferred() else { return };
    let deferred = Mail { to, ..mail() };
    assert_eq!(post.mailer().send(&deferred).await.unwrap_err().kind(), Kind::Unavailable);
    post.mailer().send(&mail()).await.unwrap();
}

/// "Answers when the next server answers."
pub async fn answers_a_check(post: &dyn Post) {
    post.mailer().check().await.unwrap();
}

/// Runs the suite on the post that the expression gives, an `Option<impl Post>`; `None` skips, after
/// [`require_or_skip`](crate::services::require_or_skip) has said why: `testkit::mailer_suite!(post());`
#[macro_export]
macro_rules! mailer_suite {
    ($post:expr) => {
        mod mailer_suite {
            use super::*;

            $crate::mailer_suite!(
                @cases $post;
                delivers_all_fields,
                keeps_the_id_of_a_mail_sent_twice,
                says_conflict_when_refused_for_good,
                says_unavailable_when_deferred,
                answers_a_check
            );
        }
    };
    (@cases $post:expr; $($case:ident),+) => {
        $(
            #[tokio::test]
            async fn $case() {
                if let Some(post) = $post {
                    $crate::mailer::$case(&post).await;
                }
            }
        )+
    };
}
