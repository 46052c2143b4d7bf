//! Parca's JSON gateway: the query service below `/api`, with parameters of the URL as the fields of a request.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use parca_proto::json::PARCA;
use parca_proto::query::query_service_server::QueryService;
use prost::Message;
use prost_reflect::{
    DeserializeOptions, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, SerializeOptions,
};
use rpc_code::Code;
use serde_json::{Map, Value, json};
use tonic::{Request, Status};

use crate::grpc::QueryApi;

type Api = State<Arc<QueryApi>>;
type Pairs = Query<Vec<(String, String)>>;

pub(crate) fn routes(api: QueryApi) -> Router {
    Router::new()
        .route("/api/profiles/query_range", get(query_range))
        .route("/api/profiles/query", get(query))
        .route("/api/profiles/series", get(series))
        .route("/api/profiles/types", get(types))
        .route("/api/profiles/labels", get(labels))
        .route("/api/profiles/labels/{label_name}/values", get(values))
        .route("/api/profiles/has_profile_data", get(has_profile_data))
        .with_state(Arc::new(api))
}

/// A handler of a method whose request is read out of the URL.
macro_rules! handler {
    ($name:ident, $request:literal, $response:literal) => {
        async fn $name(State(api): Api, Query(pairs): Pairs) -> Response {
            match request($request, pairs) {
                Ok(request) => {
                    answer($response, QueryService::$name(&*api, Request::new(request)).await).await
                }
                Err(status) => failed(&status),
            }
        }
    };
}

handler!(query_range, "QueryRangeRequest", "QueryRangeResponse");
handler!(query, "QueryRequest", "QueryResponse");
handler!(series, "SeriesRequest", "SeriesResponse");
handler!(labels, "LabelsRequest", "LabelsResponse");
handler!(has_profile_data, "HasProfileDataRequest", "HasProfileDataResponse");

async fn types(State(api): Api, Query(pairs): Pairs) -> Response {
    match request("ProfileTypesRequest", pairs) {
        Ok(request) => answer("ProfileTypesResponse", api.profile_types(Request::new(request)).await).await,
        Err(status) => failed(&status),
    }
}

async fn values(State(api): Api, Path(label): Path<String>, Query(mut pairs): Pairs) -> Response {
    pairs.push(("label_name".to_owned(), label));
    match request("ValuesRequest", pairs) {
        Ok(request) => answer("ValuesResponse", api.values(Request::new(request)).await).await,
        Err(status) => failed(&status),
    }
}

fn descriptor(name: &str) -> MessageDescriptor {
    let name = format!("parca.query.v1alpha1.{name}");
    PARCA.get_message_by_name(&name).expect("the message is in the descriptors")
}

/// A message out of `field=value` pairs, with dots between the names of nested fields.
fn request<M: Message + Default>(name: &str, pairs: Vec<(String, String)>) -> Result<M, Status> {
    let of = descriptor(name);
    let mut fields = Map::new();
    for (path, value) in pairs {
        set(&mut fields, &of, &path, &value)?;
    }
    let invalid = |error: String| Status::invalid_argument(format!("expected the fields of {name}: {error}"));
    let options = DeserializeOptions::new();
    let message = DynamicMessage::deserialize_with_options(of, Value::Object(fields), &options)
        .map_err(|error| invalid(error.to_string()))?;
    M::decode(message.encode_to_vec().as_slice()).map_err(|error| invalid(error.to_string()))
}

fn set(
    fields: &mut Map<String, Value>,
    of: &MessageDescriptor,
    path: &str,
    text: &str,
) -> Result<(), Status> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let field = of.get_field_by_name(name).or_else(|| of.get_field_by_json_name(name));
    let Some(field) = field else {
        return Err(Status::invalid_argument(format!("expected a field of {}, found `{path}`", of.name())));
    };
    match (rest, field.kind()) {
        (Some(rest), Kind::Message(inner)) if !field.is_list() => {
            let nested = fields.entry(field.name()).or_insert_with(|| Value::Object(Map::new()));
            match nested {
                Value::Object(nested) => set(nested, &inner, rest, text),
                _ => Err(Status::invalid_argument(format!("`{name}` is there as a whole and in parts"))),
            }
        }
        (None, _) => {
            let value = value(&field, text);
            match fields.get_mut(field.name()) {
                Some(Value::Array(values)) => values.push(value),
                _ if field.is_list() => {
                    drop(fields.insert(field.name().to_owned(), Value::Array(vec![value])))
                }
                _ => drop(fields.insert(field.name().to_owned(), value)),
            }
            Ok(())
        }
        (Some(_), _) => Err(Status::invalid_argument(format!("`{name}` of {} has no fields", of.name()))),
    }
}

/// The JSON that protobuf has for a text. Numbers are texts there, too.
fn value(field: &FieldDescriptor, text: &str) -> Value {
    match field.kind() {
        Kind::Bool => text.parse::<bool>().map_or_else(|_| text.into(), Value::Bool),
        Kind::Enum(_) => text.parse::<i32>().map_or_else(|_| text.into(), Into::into),
        _ => text.into(),
    }
}

/// An answer as JSON, made apart from the threads that serve connections: it may be long.
async fn answer<M: Message + 'static>(
    name: &'static str,
    answer: Result<tonic::Response<M>, Status>,
) -> Response {
    let message = match answer {
        Ok(answer) => answer.into_inner(),
        Err(status) => return failed(&status),
    };
    let made = tokio::task::spawn_blocking(move || as_json(name, &message)).await;
    match made.unwrap_or_else(|error| Err(error.to_string())) {
        Ok(body) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => failed(&Status::internal(format!("an answer was made wrongly: {error}"))),
    }
}

/// All fields are there, also those that are zero.
fn as_json(name: &str, message: &impl Message) -> Result<Vec<u8>, String> {
    let message = DynamicMessage::decode(descriptor(name), message.encode_to_vec().as_slice())
        .map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    let options = SerializeOptions::new().skip_default_fields(false);
    message
        .serialize_with_options(&mut serde_json::Serializer::new(&mut out), &options)
        .map_err(|error| error.to_string())?;
    Ok(out)
}

fn failed(status: &Status) -> Response {
    let number = i32::from(status.code());
    let http = StatusCode::from_u16(Code::of_number(number).http_status());
    let http = http.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({"code": number, "message": status.message(), "details": []});
    (http, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
