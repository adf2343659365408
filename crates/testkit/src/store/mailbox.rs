//! [`ports::Mailbox`].

use ports::{Captured, Mail};

use crate::bench::Bench;
use crate::samples::{at, email, uuid};

fn mail() -> Mail {
    Mail {
        id: uuid(),
        to: email(),
        subject: "Grüße ✓".to_owned(),
        text: "Zeile\r\n.\r\n".to_owned(),
        html: "<p>&amp;</p>".to_owned(),
    }
}

/// "Keeps a mail." "The newest mails, newest first."
pub async fn keeps_mails_newest_first(bench: &Bench) {
    let mails = [mail(), mail(), mail()];
    let mailbox = bench.store.mailbox();
    for (mail, now) in mails.iter().zip([at(2), at(1), at(3)]) {
        mailbox.keep(mail, now).await.unwrap();
    }
    let captured = |index: usize, second| Captured { mail: mails[index].clone(), created_at: at(second) };
    assert_eq!(mailbox.newest(10).await.unwrap(), [captured(2, 3), captured(0, 2), captured(1, 1)]);
    assert_eq!(mailbox.newest(1).await.unwrap(), [captured(2, 3)]);
}

/// "The same id again changes nothing."
pub async fn the_same_mail_again_changes_nothing(bench: &Bench) {
    let mail = mail();
    let mailbox = bench.store.mailbox();
    mailbox.keep(&mail, at(1)).await.unwrap();
    mailbox.keep(&Mail { subject: "other".to_owned(), ..mail.clone() }, at(2)).await.unwrap();
    assert_eq!(mailbox.newest(10).await.unwrap(), [Captured { mail, created_at: at(1) }]);
}
