//! The words of the mails: one text and one HTML template each, in `templates/`.

use std::time::Duration;

use askama::Template as _;
use domain::{Device, DisplayName, User};
use url::Url;

use crate::{Error, Result};

/// A mail's words.
pub(super) struct Template {
    pub(super) subject: &'static str,
    pub(super) text: String,
    pub(super) html: String,
}

#[derive(askama::Template)]
#[template(path = "mail.txt", escape = "none")]
struct Text<'a> {
    words: &'a Words<'a>,
}

#[derive(askama::Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    words: &'a Words<'a>,
}

/// What all mails consist of: a greeting, what happened, maybe a link, and what to do if it was not you.
struct Words<'a> {
    subject: &'static str,
    name: Option<&'a str>,
    what: &'a str,
    link: Option<(&'static str, &'a str)>,
    otherwise: &'a str,
}

impl Template {
    pub(super) fn verify_email(user: &User, link: &Url) -> Result<Self> {
        render(&Words {
            subject: "Verify your e-mail address",
            name: name(user),
            what: "Please confirm that this address is yours. The link works once, within 24 hours.",
            link: Some(("Verify address", link.as_str())),
            otherwise: "If you did not register, ignore this mail: without the link nothing happens.",
        })
    }

    pub(super) fn already_registered(user: &User) -> Result<Self> {
        render(&Words {
            subject: "You already have an account",
            name: name(user),
            what: "Somebody tried to register with this address. You have an account already: just log in.",
            link: None,
            otherwise: "If that was not you, there is nothing to do: your account is unchanged.",
        })
    }

    pub(super) fn new_device(user: &User, device: &Device) -> Result<Self> {
        let when = device.created_at.format("%Y-%m-%d %H:%M UTC");
        let (agent, network) = (&device.agent, &device.network);
        let what = format!(
            "Your account was entered from a device that we have not seen lately: {agent}, network {network}, {when}."
        );
        render(&Words {
            subject: "A new device has logged in to your account",
            name: name(user),
            what: &what,
            link: None,
            otherwise: "If that was not you, change your password: it ends all other sessions.",
        })
    }

    pub(super) fn account_deleted(user: &User, kept: Duration) -> Result<Self> {
        let days = kept.as_secs() / (24 * 60 * 60);
        let what = format!(
            "Your account was deleted, and nobody can log in to it any more. After {days} days all that is stored \
             about you is erased for good."
        );
        render(&Words {
            subject: "Your account was deleted",
            name: name(user),
            what: &what,
            link: None,
            otherwise: "If you did not want that, write to us before that day: until then it can be restored.",
        })
    }

    pub(super) fn token_reused(user: &User) -> Result<Self> {
        render(&Words {
            subject: "We ended one of your sessions",
            name: name(user),
            what: "A login token of yours was used twice. That happens when somebody has copied it, \
                   so we ended the session it belongs to. Please log in again.",
            link: None,
            otherwise: "If you do not know why, change your password.",
        })
    }

    pub(super) fn reset_password(user: &User, link: &Url) -> Result<Self> {
        render(&Words {
            subject: "Choose a new password",
            name: name(user),
            what: "Somebody, hopefully you, asked to choose a new password for your account. The link works once, \
                   within 30 minutes.",
            link: Some(("Choose a password", link.as_str())),
            otherwise: "If that was not you, ignore this mail: without the link nothing happens.",
        })
    }

    pub(super) fn password_changed(user: &User) -> Result<Self> {
        render(&Words {
            subject: "Your password was changed",
            name: name(user),
            what: "The password of your account was changed a moment ago, and your other sessions were ended.",
            link: None,
            otherwise: "If that was not you, choose a new password at once (\"forgot password\"), and look through your \
                        passkeys and API keys.",
        })
    }

    pub(super) fn mfa_enabled(user: &User) -> Result<Self> {
        render(&Words {
            subject: "Your account asks for a second factor now",
            name: name(user),
            what: "From now on a login needs your password and a code of your authenticator app. Keep the recovery \
                   codes where you find them without your phone.",
            link: None,
            otherwise: "If that was not you, choose a new password at once, and ask us for help.",
        })
    }

    pub(super) fn mfa_disabled(user: &User) -> Result<Self> {
        render(&Words {
            subject: "Your account asks for no second factor any more",
            name: name(user),
            what: "The authenticator app and the recovery codes of your account were taken away a moment ago.",
            link: None,
            otherwise: "If that was not you, choose a new password at once, and set up the app again.",
        })
    }

    pub(super) fn identity_linked(user: &User) -> Result<Self> {
        render(&Words {
            subject: "There is another way to log in to your account",
            name: name(user),
            what: "An account that you have with another provider was linked to your account. From now on you can log \
                   in with it.",
            link: None,
            otherwise: "If that was not you, unlink it at once, and change your password.",
        })
    }

    pub(super) fn identity_unlinked(user: &User) -> Result<Self> {
        render(&Words {
            subject: "A way to log in to your account was taken away",
            name: name(user),
            what: "An account that you have with another provider was unlinked from your account a moment ago, and your \
                   other sessions were ended.",
            link: None,
            otherwise: "If that was not you, choose a new password at once (\"forgot password\").",
        })
    }

    pub(super) fn passkey_added(user: &User) -> Result<Self> {
        render(&Words {
            subject: "A passkey was added to your account",
            name: name(user),
            what: "From now on your account can be entered with another passkey, without your password.",
            link: None,
            otherwise: "If that was not you, take the passkey away, end all your sessions and choose a new password.",
        })
    }

    pub(super) fn passkey_removed(user: &User) -> Result<Self> {
        render(&Words {
            subject: "A passkey was removed from your account",
            name: name(user),
            what: "One of your passkeys was taken away a moment ago; nobody gets in with it any more.",
            link: None,
            otherwise: "If that was not you, end all your sessions and choose a new password.",
        })
    }

    pub(super) fn passkey_cloned(user: &User) -> Result<Self> {
        render(&Words {
            subject: "There may be a copy of your passkey",
            name: name(user),
            what: "A passkey of yours said that it was used less often than we know of. That happens when somebody has \
                   copied it, so we let nobody in.",
            link: None,
            otherwise: "Please take that passkey away and register another one, even if that was you.",
        })
    }

    pub(super) fn api_key_created(user: &User) -> Result<Self> {
        render(&Words {
            subject: "An API key was made for your account",
            name: name(user),
            what: "From now on a program with this key acts in your name, within the scopes you gave it.",
            link: None,
            otherwise: "If that was not you, revoke the key, end all your sessions and choose a new password.",
        })
    }

    pub(super) fn change_email(user: &User, link: &Url) -> Result<Self> {
        render(&Words {
            subject: "Confirm your new e-mail address",
            name: name(user),
            what: "Please confirm that your account shall have this address. The link works once, within 24 hours.",
            link: Some(("Confirm address", link.as_str())),
            otherwise: "If you did not ask for this, ignore this mail: without the link nothing happens.",
        })
    }

    /// The tenant's name is somebody's word: it stands in the text, never in the subject.
    pub(super) fn invitation(tenant: &str, link: &Url) -> Result<Self> {
        render(&Words {
            subject: "You are invited",
            name: None,
            what: &format!(
                "You are asked to join \u{201c}{tenant}\u{201d}. The link works once, within seven days."
            ),
            link: Some(("Accept invitation", link.as_str())),
            otherwise: "If you do not know why, ignore this mail: without the link nothing happens.",
        })
    }

    pub(super) fn email_is_changing(user: &User) -> Result<Self> {
        render(&Words {
            subject: "Your e-mail address is about to change",
            name: name(user),
            what: "Your account shall have another address, as soon as that one is confirmed.",
            link: None,
            otherwise: "If that was not you, change your password at once: it ends all other sessions.",
        })
    }
}

fn name(user: &User) -> Option<&str> {
    user.display_name.as_ref().map(DisplayName::as_str)
}

fn render(words: &Words<'_>) -> Result<Template> {
    let broken = |error| Error::Internal(ports::Error::with(ports::Kind::Internal, "mails.render", error));
    Ok(Template {
        subject: words.subject,
        text: Text { words }.render().map_err(broken)?,
        html: Html { words }.render().map_err(broken)?,
    })
}
