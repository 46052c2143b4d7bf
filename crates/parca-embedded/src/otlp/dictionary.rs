//! The tables that a request's profiles refer to. Every index is checked; index 0 is nothing, also in an empty table.

use parca_proto::otlp::profiles as wire;

use super::OtlpError;

#[derive(Clone, Copy)]
pub(super) struct Dictionary<'a>(pub(super) &'a wire::ProfilesDictionary);

impl<'a> Dictionary<'a> {
    pub(super) fn string(self, index: i32) -> Result<&'a str, OtlpError> {
        Ok(entry("string_table", &self.0.string_table, index)?.map_or("", String::as_str))
    }

    pub(super) fn stack(self, index: i32) -> Result<&'a [i32], OtlpError> {
        let stack = entry("stack_table", &self.0.stack_table, index)?;
        Ok(stack.map_or(&[], |stack| stack.location_indices.as_slice()))
    }

    pub(super) fn location(self, index: i32) -> Result<Option<&'a wire::Location>, OtlpError> {
        entry("location_table", &self.0.location_table, index)
    }

    pub(super) fn mapping(self, index: i32) -> Result<Option<&'a wire::Mapping>, OtlpError> {
        entry("mapping_table", &self.0.mapping_table, index)
    }

    pub(super) fn function(self, index: i32) -> Result<Option<&'a wire::Function>, OtlpError> {
        entry("function_table", &self.0.function_table, index)
    }

    pub(super) fn attribute(self, index: i32) -> Result<Option<&'a wire::KeyValueAndUnit>, OtlpError> {
        entry("attribute_table", &self.0.attribute_table, index)
    }
}

fn entry<'a, T>(table: &'static str, entries: &'a [T], index: i32) -> Result<Option<&'a T>, OtlpError> {
    if index == 0 {
        return Ok(None);
    }
    let found = usize::try_from(index).ok().and_then(|at| entries.get(at));
    found.map(Some).ok_or(OtlpError::Index { table, len: entries.len(), found: index })
}
