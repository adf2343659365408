//! Captured mails.

use async_trait::async_trait;
use domain::{Email, Timestamp};
use ports::{Captured, Mail, Mailbox, Result};
use sea_orm::{EntityTrait, IntoActiveModel, QueryOrder, QuerySelect};

use crate::conn::{Conn, Link, Pools};
use crate::entity::captured_mails::{Column, Entity, Model};
use crate::error::{During, unreadable};
use crate::paging::bounded;

#[async_trait]
impl Mailbox for Conn<Pools> {
    async fn keep(&self, mail: &Mail, now: Timestamp) -> Result<()> {
        let row = Model {
            id: mail.id,
            recipient: mail.to.to_string(),
            subject: mail.subject.clone(),
            body_text: mail.text.clone(),
            body_html: mail.html.clone(),
            created_at: now,
        };
        let insert = Entity::insert(row.into_active_model()).on_conflict_do_nothing_on([Column::Id]);
        insert.exec_without_returning(self.0.write()).await.during("mailbox.keep")?;
        Ok(())
    }

    async fn newest(&self, limit: u64) -> Result<Vec<Captured>> {
        let query =
            Entity::find().order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).limit(bounded(limit));
        let rows = query.all(self.0.read()).await.during("mailbox.newest")?;
        rows.into_iter().map(captured_of).collect()
    }
}

fn captured_of(row: Model) -> Result<Captured> {
    let to = Email::parse(&row.recipient).map_err(|_| unreadable("mailbox.newest", "e-mail address"))?;
    let mail = Mail { id: row.id, to, subject: row.subject, text: row.body_text, html: row.body_html };
    Ok(Captured { mail, created_at: row.created_at })
}
