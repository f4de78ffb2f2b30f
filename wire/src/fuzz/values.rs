//! Arbitrary values of the types that hold a promise.

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::{ErrorCode, Failure, Gain, Shift, Snap, Text, Topic, Topics, Volume};

impl<'a> Arbitrary<'a> for Volume {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let millionths = input.int_in_range(-1_000_000..=1_000_000)?;
        Self::try_from(millionths).map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for Shift {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let millionths = input.int_in_range(-2_000_000..=2_000_000)?;
        Self::try_from(millionths).map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for Gain {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let millionths = input.int_in_range(0..=1_000_000)?;
        Self::try_from(millionths).map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for Snap {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let millionths = input.int_in_range(0..=500_000)?;
        Self::try_from(millionths).map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

impl<'a, const MAX: usize> Arbitrary<'a> for Text<MAX> {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self::truncated(<&str>::arbitrary(input)?))
    }
}

impl<'a> Arbitrary<'a> for Topics {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        input.arbitrary_iter::<Topic>()?.collect()
    }
}

impl<'a> Arbitrary<'a> for Failure {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self::new(
            ErrorCode::arbitrary(input)?,
            String::arbitrary(input)?,
        ))
    }
}
