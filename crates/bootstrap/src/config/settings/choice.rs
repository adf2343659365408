//! Settings with a few known words.

use std::fmt;

use super::Setting;

macro_rules! choice {
    ($(#[$about:meta])* $name:ident { $($(#[$note:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$note])* $variant,)+
        }

        impl $name {
            /// The word that stands for it in the configuration.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Setting for $name {
            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("expected one of {}", [$($word),+].join(", "))),
                }
            }
        }
    };
}

choice! {
    /// Where the process runs.
    Environment {
        Development = "development",
        Test = "test",
        Staging = "staging",
        Production = "production",
    }
}

impl Environment {
    /// On a developer's machine or in CI, where convenience is safe.
    pub fn is_local(self) -> bool {
        matches!(self, Self::Development | Self::Test)
    }

    pub fn is_production(self) -> bool {
        self == Self::Production
    }
}

choice! {
    /// Whether tenants can be created, or everything belongs to one.
    TenancyMode { Multi = "multi", Single = "single" }
}

choice! {
    /// How a log record is written.
    LogFormat {
        /// For people, in colour.
        Pretty = "pretty",
        /// One JSON object per line.
        Json = "json",
    }
}
