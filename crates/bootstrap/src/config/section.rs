//! `section!` declares a section once: the typed struct, its variables in the
//! catalogue, and how it is read. A field cannot exist without a default and a
//! line of explanation (its doc comment, which `.env.example` repeats).
//!
//! ```text
//! section! {
//!     /// What the section is for.
//!     pub struct NodeConfig in node {
//!         /// One line of explanation.
//!         id: Option<u16> = Unset, range 0..=1023;
//!     }
//! }
//! ```
//!
//! After the default may follow `range a..=b` (whole numbers) and `alias "NAME"`.
//! `in top` puts the variables at the top level.

macro_rules! section {
    (
        $(#[$about:meta])*
        $visibility:vis struct $name:ident in $section:ident {
            $(
                #[doc = $explanation:literal]
                $key:ident: $kind:ty = $default:expr
                    $(, range $min:literal..=$max:literal)?
                    $(, alias $alias:literal)?;
            )+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug)]
        $visibility struct $name {
            $(
                #[doc = $explanation]
                pub $key: $kind,
            )+
        }

        impl $name {
            pub(crate) const VARIABLES: &'static [$crate::config::variable::Variable] = {
                #[allow(unused_imports, reason = "no section uses every kind of default")]
                use $crate::config::variable::BuiltIn::{Derived, Fixed, PerEnvironment, Unset};
                &[$($crate::config::variable::Variable {
                    path: $crate::config::section::dotted!($section $key),
                    alias: $crate::config::section::optional!($($alias)?),
                    default: $default,
                    range: $crate::config::section::optional!($(std::ops::RangeInclusive::new($min, $max))?),
                    explanation: $explanation.trim_ascii(),
                    secrecy: <$kind as $crate::config::settings::Setting>::SECRECY,
                }),+]
            };

            /// `None` only if a built-in default is itself wrong, which is reported like any problem.
            pub(crate) fn read(draft: &mut $crate::config::draft::Draft) -> Option<Self> {
                Some(Self {
                    $($key: draft.get($crate::config::section::dotted!($section $key))?,)+
                })
            }
        }
    };
}

/// `Some(value)`, or `None` for nothing at all.
macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

/// `section.key`, or `key` at the top level.
macro_rules! dotted {
    (top $key:ident) => {
        stringify!($key)
    };
    ($section:ident $key:ident) => {
        concat!(stringify!($section), ".", stringify!($key))
    };
}

pub(crate) use {dotted, optional, section};
