//! The lines themselves: what no export has written is not taken in.

use application::{Context, Error};
use domain::TenantStatus;
use futures_util::{StreamExt, TryStreamExt, stream};
use ports::{ByteStream, Kind};

use crate::harness::{App, profiles};

fn operator() -> Context {
    Context::system("operator", None)
}

async fn exported(app: &App) -> String {
    let export = app.use_cases().tenant_archives.export(&operator(), "default").await.unwrap();
    let pieces: Vec<_> = export.content.try_collect().await.unwrap();
    String::from_utf8(pieces.concat()).unwrap()
}

/// In pieces that end anywhere.
fn pieces(text: &str) -> ByteStream<'static> {
    let pieces: Vec<Vec<u8>> = text.as_bytes().chunks(7).map(<[u8]>::to_vec).collect();
    stream::iter(pieces).map(|piece| Ok(piece.into())).boxed()
}

async fn refused(app: &App, content: ByteStream<'static>) -> Error {
    let archives = &app.use_cases().tenant_archives;
    let error = archives.import(&operator(), content, Some("copy")).await.unwrap_err();
    let there = archives.export(&operator(), "copy").await.err();
    assert!(matches!(there, Some(Error::NotFound)), "{error:?}: something was written");
    error
}

profiles! {
    async fn what_no_export_writes_changes_nothing(app: &App) {
        let whole = exported(app).await;
        let lines: Vec<&str> = whole.split_inclusive('\n').collect();
        let last = lines.len() - 1;
        assert!(lines[0] == "{\"line\":\"archive\",\"format\":2}\n" && lines[last].contains("\"end\""), "{whole}");
        let member = lines.iter().position(|line| line.contains("\"member\"")).unwrap();
        let without = |left_out: usize| {
            let rest = lines.iter().enumerate().filter(|(number, _)| *number != left_out);
            rest.map(|(_, line)| *line).collect::<String>()
        };
        for (what, text) in [
            ("nothing", String::new()),
            ("no format", without(0)),
            ("no tenant", without(1)),
            ("no role for the member", without(2)),
            ("no member", without(member)),
            ("no end", without(last)),
            ("half a line", whole[..whole.len() - 20].to_owned()),
            ("no line end", whole[..whole.len() - 1].to_owned()),
            ("something behind the end", format!("{whole}{}", lines[2])),
            ("two tenants", format!("{}{}{}", lines[0], lines[1], without(0))),
            ("another format", whole.replacen("\"format\":2", "\"format\":3", 1)),
            ("an unknown kind", whole.replacen("\"line\":\"role\"", "\"line\":\"roll\"", 1)),
            ("no address", whole.replacen('@', "", 1)),
            ("an endless line", format!("{}{}", lines[0], "x".repeat(3 * 1024 * 1024))),
        ] {
            let error = refused(app, pieces(&text)).await;
            assert!(matches!(error, Error::Internal(_)), "{what}: {error:?}");
        }

        // A store that fails in the middle is not the end.
        let failure = stream::iter([Err(ports::Error::new(Kind::Unavailable, "get"))]);
        let error = refused(app, pieces(&without(last)).chain(failure).boxed()).await;
        assert!(matches!(error, Error::Unavailable(_)), "{error:?}");

        let archives = &app.use_cases().tenant_archives;
        let imported = archives.import(&operator(), pieces(&whole), Some("copy")).await.unwrap();
        assert_eq!((imported.members, imported.accounts, &*imported.slug), (1, 0, "copy"));
        let again = archives.import(&operator(), pieces(&whole), Some("copy")).await;
        assert!(matches!(again, Err(Error::Conflict)), "{again:?}");
    }
}

/// What this program's first release wrote, with a role of its own and a member.
const FORMER: &str = concat!(
    r#"{"line":"archive","format":1}"#,
    "\n",
    r#"{"line":"tenant","key":7250000000000000001,"id":"0195a3c2-7a1e-7c3b-9f54-0c5d1f2e3a01","createdAt":"2026-03-01T12:00:00Z","updatedAt":"2026-03-01T12:00:00Z","version":1,"name":"Acme Inc.","slug":"acme"}"#,
    "\n",
    r#"{"line":"role","key":7250000000000000002,"id":"0195a3c2-7a1e-7c3b-9f54-0c5d1f2e3a02","createdAt":"2026-03-01T12:00:00Z","updatedAt":"2026-03-01T12:00:00Z","version":3,"name":"Prüfer","system":false,"permissions":["audit:read"]}"#,
    "\n",
    r#"{"line":"member","key":7250000000000000003,"id":"0195a3c2-7a1e-7c3b-9f54-0c5d1f2e3a03","createdAt":"2026-03-01T12:00:00Z","updatedAt":"2026-03-01T12:00:00Z","version":1,"status":"active","user":"0195a3c2-7a1e-7c3b-9f54-0c5d1f2e3a04","email":"ada@example.com","locked":false,"roles":[7250000000000000002]}"#,
    "\n",
    r#"{"line":"end","roles":1,"members":1,"auditEntries":0}"#,
    "\n",
);

profiles! {
    async fn the_former_format_is_read(app: &App) {
        let archives = &app.use_cases().tenant_archives;
        let imported = archives.import(&operator(), pieces(FORMER), None).await.unwrap();
        assert_eq!((imported.roles, imported.members, imported.accounts, imported.invitations), (1, 1, 1, 0));
        let export = archives.export(&operator(), "acme").await.unwrap();
        assert_eq!(export.tenant.status, TenantStatus::Active);
        assert!(!export.tenant.requires_mfa && export.tenant.settings.is_empty());
    }
}

mod single {
    use super::*;

    profiles! { [default().with("TENANCY__MODE", "single")]
        async fn one_tenant_stays_one(app: &App) {
            let whole = exported(app).await;
            assert!(matches!(refused(app, pieces(&whole)).await, Error::Forbidden));
        }
    }
}
