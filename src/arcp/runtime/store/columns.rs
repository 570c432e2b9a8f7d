//! The columns of a row that the storage has.

use crate::{
    arcp::runtime::{changes::ALL, session::Owner},
    auth::custom::principal_from_json,
    json::{self, Number, Value},
    time::Time,
};

/// The columns of a row, one after another.
pub(super) struct Columns<'v, 't>(pub(super) std::slice::Iter<'v, Value<'t>>);

impl<'v, 't> Columns<'v, 't> {
    pub(super) fn some_text(&mut self) -> Option<Option<&'v str>> {
        match self.0.next()? {
            Value::Null => Some(None),
            value => value.as_str().map(Some),
        }
    }

    /// An object as JSON, which goes into frames as it is.
    pub(super) fn object(&mut self) -> Option<&'v str> {
        self.some_object()?
    }

    pub(super) fn some_object(&mut self) -> Option<Option<&'v str>> {
        match self.some_text()? {
            Some(text) => json::object_of(text).ok().map(|_| Some(text)),
            None => Some(None),
        }
    }

    pub(super) fn text(&mut self) -> Option<&'v str> {
        self.some_text()?
    }

    pub(super) fn some_integer(&mut self) -> Option<Option<i64>> {
        match self.0.next()? {
            Value::Null => Some(None),
            value => integer(value).map(Some),
        }
    }

    pub(super) fn integer(&mut self) -> Option<i64> {
        self.some_integer()?
    }

    pub(super) fn count(&mut self) -> Option<u64> {
        u64::try_from(self.integer()?).ok()
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        Some(self.integer()? != 0)
    }

    pub(super) fn time(&mut self) -> Option<Time> {
        self.integer().map(time)
    }

    pub(super) fn owner(&mut self) -> Option<Owner> {
        let json = self.text()?;
        let principal = principal_from_json(json).ok()?;
        Some(Owner { key: principal.key().into(), json: json.into() })
    }
}

pub(super) fn time(millis: i64) -> Time {
    Time::from_millis(millis as f64)
}

/// An integer, as whoever carries it may have written it: `1` or `1.0`.
pub(super) fn integer(value: &Value<'_>) -> Option<i64> {
    let number = value.as_number()?;
    let whole =
        |number: &Number<'_>| Some(number.as_f64()).filter(|value| value.fract() == 0.0 && value.abs() <= ALL as f64);
    number.as_i64().or_else(|| whole(number).map(|value| value as i64)).filter(|value| (-ALL..=ALL).contains(value))
}
