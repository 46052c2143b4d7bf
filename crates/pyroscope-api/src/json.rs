//! Messages between protobuf and the JSON that Connect has for them.

use std::io::{self, Write};

use parca_proto::json::{PYROSCOPE, read};
use prost::Message as _;
use prost_reflect::{DynamicMessage, MethodDescriptor};
use serde::Serialize as _;
use serde_json::ser::{CompactFormatter, Formatter};

use crate::{ApiError, Code};

/// A method by the names of its service and itself.
pub(crate) fn method(service: &str, name: &str) -> Option<MethodDescriptor> {
    PYROSCOPE.get_service_by_name(service)?.methods().find(|known| known.name() == name)
}

/// The protobuf of a request. Fields and names of enumerations that are not known are passed over.
pub(crate) fn to_proto(method: &MethodDescriptor, json: &[u8]) -> Result<Vec<u8>, ApiError> {
    let invalid = |error: serde_json::Error| {
        ApiError::invalid(format!("expected `{}` as JSON: {error}", method.input().name()))
    };
    Ok(read(method.input(), json).map_err(invalid)?.encode_to_vec())
}

/// The JSON of an answer.
pub(crate) fn from_proto(method: &MethodDescriptor, message: &[u8]) -> Result<Vec<u8>, ApiError> {
    let internal =
        |error: String| ApiError::new(Code::Internal, format!("an answer was made wrongly: {error}"));
    let message =
        DynamicMessage::decode(method.output(), message).map_err(|error| internal(error.to_string()))?;
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, WholeNumbers);
    message.serialize(&mut serializer).map_err(|error| internal(error.to_string()))?;
    Ok(out)
}

/// Whole numbers without a point, as Go's protojson writes them.
struct WholeNumbers;

impl Formatter for WholeNumbers {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be a whole number of 53 bits")]
    fn write_f64<W: ?Sized + Write>(&mut self, out: &mut W, value: f64) -> io::Result<()> {
        if value.fract() == 0.0 && value.abs() < 9e15 {
            return self.write_i64(out, value as i64);
        }
        CompactFormatter.write_f64(out, value)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use parca_proto::pyroscope::querier as wire;

    use super::*;

    fn read(json: &str) -> Result<wire::SelectMergeStacktracesRequest, ApiError> {
        let method = method("querier.v1.QuerierService", "SelectMergeStacktraces").unwrap();
        let bytes = to_proto(&method, json.as_bytes())?;
        Ok(wire::SelectMergeStacktracesRequest::decode(bytes.as_slice()).unwrap())
    }

    #[test]
    fn both_spellings_and_both_kinds_of_numbers_are_taken() {
        let expect = wire::SelectMergeStacktracesRequest {
            profile_type_id: "a:b:c:d:e".into(),
            start: 17,
            max_nodes: Some(3),
            ..Default::default()
        };
        for json in [
            r#"{"profileTypeID":"a:b:c:d:e","start":"17","maxNodes":"3"}"#,
            r#"{"profile_typeID":"a:b:c:d:e","start":17,"max_nodes":3}"#,
            r#"{"profileTypeID":"a:b:c:d:e","start":17,"maxNodes":3,"end":null,"isNew":{"a":[1]}}"#,
        ] {
            assert_eq!(read(json).unwrap(), expect, "{json}");
        }
    }

    #[test]
    fn names_of_formats_that_are_not_known_are_passed_over() {
        assert_eq!(read(r#"{"format":"PROFILE_FORMAT_FUNCTIONS"}"#).unwrap().format, 0);
        assert_eq!(read(r#"{"format":"PROFILE_FORMAT_PPROF"}"#).unwrap().format, 4);
        assert_eq!(read(r#"{"maxNodes":null}"#).unwrap().max_nodes, None);
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        for json in ["", "{}}", "{", "[]", r#"{"start":"x"}"#, r#"{"start":1.5}"#] {
            assert!(read(json).is_err(), "{json}");
        }
        assert!(read("{}}").unwrap_err().message.contains("line 1 column 3"));
    }
}
