//! Enumerations whose values are told by name, and how those of the daemon may grow.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, IgnoredAny, VariantAccess};

/// An enumeration whose values have names.
pub trait Names: Copy + 'static {
    /// Every value that has a name.
    const ALL: &'static [Self];
    /// Their names.
    const WORDS: &'static [&'static str];

    /// Returns its name.
    fn name(self) -> &'static str;

    /// Returns the value of this name.
    fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|value| value.name() == name)
    }
}

/// Declares an enumeration whose values are told by name. One that is `open` may be given values by a later
/// daemon: what has no name here is read as `Unknown`.
macro_rules! names {
    ($(#[$meta:meta])* pub enum $enum:ident { $($(#[$doc:meta])* $value:ident = $name:literal,)+ }) => {
        $crate::names::names!(@enum [$(#[$meta])*] $enum { $($(#[$doc])* $value = $name,)+ });
        impl<'de> serde::Deserialize<'de> for $enum {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = $crate::names::open(deserializer)?;
                value.ok_or_else(|| serde::de::Error::custom("another name than is expected"))
            }
        }
    };
    (open $(#[$meta:meta])* pub enum $enum:ident { $($(#[$doc:meta])* $value:ident = $name:literal,)+ }) => {
        $crate::names::names!(@enum [$(#[$meta])*] $enum {
            $($(#[$doc])* $value = $name,)+
        } {
            /// One that this crate does not know: a newer daemon's.
            Unknown = "unknown",
        });
        impl<'de> serde::Deserialize<'de> for $enum {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = $crate::names::open(deserializer)?;
                Ok(value.unwrap_or(Self::Unknown))
            }
        }
    };
    (@enum [$($meta:tt)*] $enum:ident
        { $($(#[$doc:meta])* $value:ident = $name:literal,)+ }
        $({ $(#[$other_doc:meta])* $other:ident = $other_name:literal, })?
    ) => {
        $($meta)*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $enum {
            $($(#[$doc])* $value,)+
            $($(#[$other_doc])* $other,)?
        }
        impl $enum {
            /// Every value that has a name.
            pub const ALL: &'static [Self] = &[$(Self::$value,)+];

            /// Returns its name: in a message, and for people.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $name,)+
                    $(Self::$other => $other_name,)?
                }
            }
        }
        impl $crate::names::Names for $enum {
            const ALL: &'static [Self] = Self::ALL;
            const WORDS: &'static [&'static str] = &[$($name,)+];
            fn name(self) -> &'static str {
                self.name()
            }
        }
        impl std::fmt::Display for $enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }
        impl serde::Serialize for $enum {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    };
}
pub(crate) use names;

/// Reads a value. Returns none where this crate does not know it: another name, or one that carries something.
///
/// # Errors
/// It is neither a name nor a map from one name to what it carries.
pub fn open<'de, T: Names, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    struct Visitor<T>(PhantomData<T>);
    impl<'de, T: Names> de::Visitor<'de> for Visitor<T> {
        type Value = Option<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a name")
        }
        fn visit_enum<A: EnumAccess<'de>>(self, value: A) -> Result<Option<T>, A::Error> {
            let (known, carried) = value.variant_seed(Name(PhantomData))?;
            if known.is_some() {
                return Ok(known.filter(|_| carried.unit_variant().is_ok()));
            }
            carried.newtype_variant::<IgnoredAny>()?;
            Ok(None)
        }
    }
    deserializer.deserialize_enum("", T::WORDS, Visitor(PhantomData))
}

/// Reads a value that may be absent, as [`open`] does.
///
/// # Errors
/// Those of [`open`].
pub fn open_option<'de, T: Names, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    struct Open<T>(Option<T>);
    impl<'de, T: Names> Deserialize<'de> for Open<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            open(deserializer).map(Self)
        }
    }
    let value = Option::<Open<T>>::deserialize(deserializer)?;
    Ok(value.and_then(|value| value.0))
}

/// Reads a name, and finds the value that has it.
struct Name<T>(PhantomData<T>);

impl<'de, T: Names> DeserializeSeed<'de> for Name<T> {
    type Value = Option<T>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<T: Names> de::Visitor<'_> for Name<T> {
    type Value = Option<T>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }
    fn visit_str<E>(self, name: &str) -> Result<Option<T>, E> {
        Ok(T::named(name))
    }
}
