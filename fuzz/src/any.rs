//! Any value of a message's type. The types say themselves how they are read: here they are read from an
//! input, by way of serde, as `arbitrary` would read them had they its trait.

use arbitrary::{Arbitrary, Unstructured};
use serde::de::value::{Error, SeqDeserializer, StrDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, EnumAccess, Expected, IntoDeserializer, SeqAccess,
    VariantAccess, Visitor,
};
use serde::{Deserializer, forward_to_deserialize_any};
use wire::{Topic, Topics};

/// Returns a value that the input chooses.
pub fn any<T: DeserializeOwned>(input: &mut Unstructured) -> arbitrary::Result<T> {
    let key = "";
    // No other error than that of the input's end: what is made is in its range.
    T::deserialize(Any { input, key }).map_err(|_| arbitrary::Error::NotEnoughData)
}

/// A value of a message's type, in a target's operations.
#[derive(Debug)]
pub struct Message<T>(pub T);

impl<'a, T: DeserializeOwned> Arbitrary<'a> for Message<T> {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        any(input).map(Self)
    }
}

/// Returns the numbers that the field, or the variant, of this name may have.
pub fn range(key: &str) -> std::ops::RangeInclusive<i64> {
    match key {
        "volume" | "set-volume" | "hold-volume" => -1_000_000..=1_000_000,
        "shift-volume" => -2_000_000..=2_000_000,
        "aux" | "default" => 0..=1_000_000,
        "snap" => 0..=500_000,
        _ => 0..=i64::from(u32::MAX),
    }
}

/// The value of a field, or of a variant, that is next in the input.
struct Any<'a, 'i> {
    input: &'a mut Unstructured<'i>,
    /// The name of the field or variant.
    key: &'static str,
}

fn end(error: arbitrary::Error) -> Error {
    de::Error::custom(error)
}

impl Any<'_, '_> {
    /// Returns a number below `count`, as a derived `Arbitrary` chooses among variants.
    fn choose(&mut self, count: usize) -> Result<usize, Error> {
        let number = u64::from(u32::arbitrary(self.input).map_err(end)?);
        usize::try_from((number * count as u64) >> 32).map_err(de::Error::custom)
    }

    fn next_is_there(&mut self) -> Result<bool, Error> {
        bool::arbitrary(self.input).map_err(end)
    }
}

impl<'de> Deserializer<'de> for Any<'_, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let what = &visitor as &dyn Expected;
        Err(de::Error::custom(format!("no message has {what}")))
    }

    fn deserialize_bool<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.next_is_there()?)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = self.input.int_in_range(range(self.key));
        visitor.visit_i64(number.map_err(end)?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match range(self.key) {
            all if *all.end() == i64::from(u32::MAX) => {
                visitor.visit_u32(u32::arbitrary(self.input).map_err(end)?)
            }
            _ => self.deserialize_i32(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let text = <&str>::arbitrary(self.input).map_err(end)?;
        // "a string of at most 128 bytes": as much as fits.
        let words = (&visitor as &dyn Expected).to_string();
        let limit = words.split(' ').find_map(|word| word.parse().ok());
        let end = text.floor_char_boundary(limit.unwrap_or(text.len()));
        visitor.visit_str(&text[..end])
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match self.next_is_there()? {
            true => visitor.visit_some(self),
            false => visitor.visit_none(),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        if self.key != "subscribe" {
            return visitor.visit_seq(List(self));
        }
        // Each topic at most once.
        let mut topics = Topics::NONE;
        while self.next_is_there()? {
            topics.insert(Topic::ALL[self.choose(Topic::ALL.len())?]);
        }
        let indices = topics.iter().map(|topic| topic as u32);
        visitor.visit_seq(SeqDeserializer::new(indices))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_seq(Fields {
            input: self.input,
            fields,
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.key = variants[self.choose(variants.len())?];
        visitor.visit_enum(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i64 i128 u8 u16 u64 u128 f32 f64 char bytes byte_buf unit unit_struct newtype_struct
        tuple tuple_struct map identifier ignored_any
    }
}

/// A list: before each element, whether there is one.
struct List<'a, 'i>(Any<'a, 'i>);

impl<'de> SeqAccess<'de> for List<'_, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        if !self.0.next_is_there()? {
            return Ok(None);
        }
        let (input, key) = (&mut *self.0.input, "");
        seed.deserialize(Any { input, key }).map(Some)
    }
}

/// The fields of a struct, in their order.
struct Fields<'a, 'i> {
    input: &'a mut Unstructured<'i>,
    fields: &'static [&'static str],
}

impl<'de> SeqAccess<'de> for Fields<'_, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some((key, fields)) = self.fields.split_first() else {
            return Ok(None);
        };
        self.fields = fields;
        let input = &mut *self.input;
        seed.deserialize(Any { input, key }).map(Some)
    }
}

/// The variant that is named by the key.
impl<'de> EnumAccess<'de> for Any<'_, '_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let name: StrDeserializer<Error> = self.key.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Any<'_, '_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }
}
