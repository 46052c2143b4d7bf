//! Messages between protobuf and the JSON that Connect has for them.

use parca_proto::json::{PYROSCOPE, read};
use prost::Message as _;
use prost_reflect::{DynamicMessage, MethodDescriptor};

use crate::Error;
use crate::method::Method;

fn find(method: Method) -> MethodDescriptor {
    let service = PYROSCOPE.get_service_by_name(method.service).expect("the service is in the descriptors");
    service.methods().find(|known| known.name() == method.name).expect("the method is in the descriptors")
}

/// The JSON of an encoded request.
pub(crate) fn request_json(method: Method, message: &[u8]) -> Result<Vec<u8>, Error> {
    let wrong = |_| Error::request("the request cannot be written as JSON");
    let message =
        DynamicMessage::decode(find(method).input(), message).map_err(|error| wrong(error.to_string()))?;
    serde_json::to_vec(&message).map_err(|error| wrong(error.to_string()))
}

/// The protobuf of an answer. Fields that are not known here are passed over.
pub(crate) fn answer_proto(method: Method, json: &[u8]) -> Result<Vec<u8>, Error> {
    let message = read(find(method).output(), json).map_err(|error| {
        let name = find(method).output().name().to_owned();
        Error::answer(format!("expected `{name}` as JSON, found something else")).with_source(error)
    })?;
    Ok(message.encode_to_vec())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use parca_proto::pyroscope::querier as wire;
    use prost::Message;

    use super::*;

    #[test]
    fn requests_are_written_as_protobuf_json() {
        let request = wire::SelectMergeStacktracesRequest {
            profile_type_id: "a:b:c:d:e".into(),
            label_selector: r#"{a="b"}"#.into(),
            start: 1,
            end: 1_760_000_000_000,
            max_nodes: Some(16384),
            format: wire::ProfileFormat::Pprof.into(),
            ..Default::default()
        };
        let json = request_json(Method::STACKTRACES, &request.encode_to_vec()).unwrap();
        assert_eq!(
            String::from_utf8(json).unwrap(),
            r#"{"profileTypeID":"a:b:c:d:e","labelSelector":"{a=\"b\"}","start":"1","end":"1760000000000","maxNodes":"16384","format":"PROFILE_FORMAT_PPROF"}"#
        );
    }

    #[test]
    fn numbers_may_be_texts_and_fields_may_be_absent_or_unknown() {
        let check = |json: &str, expect: Option<i64>| {
            let found = answer_proto(Method::STATS, json.as_bytes()).ok().map(|bytes| {
                parca_proto::pyroscope::types::GetProfileStatsResponse::decode(bytes.as_slice()).unwrap()
            });
            assert_eq!(found.map(|stats| stats.newest_profile_time), expect, "{json}");
        };
        check(r#"{"newestProfileTime":"17","dataIngested":true}"#, Some(17));
        check(r#"{"newestProfileTime":17}"#, Some(17));
        check(r#"{"newest_profile_time":17, "isNew": {"a": [1]}}"#, Some(17));
        check(" {}\n", Some(0));
        check("{}}", None);
        check(r#"{"newestProfileTime":"x"}"#, None);
        check("", None);
        check("<html>", None);
    }
}
