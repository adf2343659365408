//! Database connections over TLS: a server that is not the one it should be gets no password.

use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::temp::TempDir;

use crate::harness::{DatabaseServer, Identity, Profile, migrate};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_has_to_prove_who_it_is() {
    the_server_has_to_prove_who_it_is(Profile::Postgres, "sslmode=verify-full&sslrootcert").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_has_to_prove_who_it_is() {
    the_server_has_to_prove_who_it_is(Profile::Mysql, "ssl-mode=VERIFY_IDENTITY&ssl-ca").await;
}

/// `authority` is how the URL asks for the check, up to the file with the authority's certificate.
async fn the_server_has_to_prove_who_it_is(profile: Profile, authority: &str) {
    let folder = TempDir::new();
    let (ours, theirs) = (Authority::new(folder.path(), "ours"), Authority::new(folder.path(), "theirs"));
    let identity = ours.certify("localhost");
    let Some(server) = DatabaseServer::start_as(profile, Some(identity)).await else { return };
    let url = |host: &str, by: &Authority| {
        let url = server.url().replacen("127.0.0.1", host, 1);
        format!("{url}?{authority}={}", by.certificate().display())
    };
    migrate(&url("localhost", &ours)).await.unwrap();
    for (why, url) in [
        ("the certificate names another host", url("127.0.0.1", &ours)),
        ("nobody here knows who signed the certificate", url("localhost", &theirs)),
    ] {
        let refused = migrate(&url).await.expect_err(why);
        assert!(refused.to_lowercase().contains("certificate"), "{why}: {refused}");
    }
}

/// Signs certificates.
struct Authority {
    folder: PathBuf,
    name: &'static str,
}

impl Authority {
    fn new(folder: &Path, name: &'static str) -> Self {
        let authority = Self { folder: folder.to_owned(), name };
        let subject = format!("/CN=The authority called {name}");
        let (key, certificate) = (authority.file("key"), authority.certificate());
        authority.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            &subject,
            "-keyout",
            &text(&key),
            "-out",
            &text(&certificate),
        ]);
        authority
    }

    fn certificate(&self) -> PathBuf {
        self.file("crt")
    }

    /// A certificate for a host of this name.
    fn certify(&self, host: &str) -> Identity {
        let (key, request) = (self.folder.join("server.key"), self.folder.join("server.csr"));
        let (certificate, names) = (self.folder.join("server.crt"), self.folder.join("server.ext"));
        std::fs::write(&names, format!("subjectAltName=DNS:{host}\nbasicConstraints=CA:FALSE\n")).unwrap();
        self.openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            &format!("/CN={host}"),
            "-keyout",
            &text(&key),
            "-out",
            &text(&request),
        ]);
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &text(&request),
            "-CA",
            &text(&self.certificate()),
            "-CAkey",
            &text(&self.file("key")),
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            &text(&names),
            "-out",
            &text(&certificate),
        ]);
        Identity { certificate, key }
    }

    fn file(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.name))
    }

    fn openssl(&self, arguments: &[&str]) {
        let done = Command::new("openssl").args(arguments).current_dir(&self.folder).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
