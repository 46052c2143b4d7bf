//! Both messages with all their fields, described once more than in the crate: what must not be sent
//! is seen here.

use std::collections::BTreeMap;

use prost::Message as _;

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct V1 {
    #[prost(message, repeated, tag = "1")]
    pub(crate) timeseries: Vec<V1Series>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) metadata: Vec<V1Metadata>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct V1Series {
    #[prost(message, repeated, tag = "1")]
    pub(crate) labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) samples: Vec<Sample>,
    #[prost(bytes = "vec", repeated, tag = "3")]
    pub(crate) exemplars: Vec<Vec<u8>>,
    #[prost(bytes = "vec", repeated, tag = "4")]
    pub(crate) histograms: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Label {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(string, tag = "2")]
    pub(crate) value: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct V1Metadata {
    #[prost(int32, tag = "1")]
    pub(crate) kind: i32,
    #[prost(string, tag = "2")]
    pub(crate) family: String,
    #[prost(string, tag = "4")]
    pub(crate) help: String,
    #[prost(string, tag = "5")]
    pub(crate) unit: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct V2 {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub(crate) reserved: Vec<Vec<u8>>,
    #[prost(string, repeated, tag = "4")]
    pub(crate) symbols: Vec<String>,
    #[prost(message, repeated, tag = "5")]
    pub(crate) timeseries: Vec<V2Series>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct V2Series {
    #[prost(uint32, repeated, tag = "1")]
    pub(crate) labels_refs: Vec<u32>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) samples: Vec<Sample>,
    #[prost(bytes = "vec", repeated, tag = "3")]
    pub(crate) histograms: Vec<Vec<u8>>,
    #[prost(bytes = "vec", repeated, tag = "4")]
    pub(crate) exemplars: Vec<Vec<u8>>,
    #[prost(message, optional, tag = "5")]
    pub(crate) metadata: Option<V2Metadata>,
}

/// `start` only in 2.0.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Sample {
    #[prost(double, tag = "1")]
    pub(crate) value: f64,
    #[prost(int64, tag = "2")]
    pub(crate) timestamp: i64,
    #[prost(int64, tag = "3")]
    pub(crate) start: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct V2Metadata {
    #[prost(int32, tag = "1")]
    pub(crate) kind: i32,
    #[prost(uint32, tag = "3")]
    pub(crate) help_ref: u32,
    #[prost(uint32, tag = "4")]
    pub(crate) unit_ref: u32,
}

/// A request as it was on the wire, and its series in one form for both protocols.
#[derive(Clone, Debug, Default)]
pub(crate) struct Read {
    pub(crate) v1: Option<V1>,
    pub(crate) v2: Option<V2>,
    pub(crate) series: Vec<ReadSeries>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ReadSeries {
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) samples: Vec<Sample>,
    /// Type, help, unit.
    pub(crate) metadata: Option<(i32, String, String)>,
}

impl ReadSeries {
    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(have, _)| have == name).map(|(_, value)| &**value)
    }
}

pub(crate) fn read(version: &str, body: &[u8]) -> Result<Read, String> {
    let plain = snap::raw::Decoder::new().decompress_vec(body).map_err(|e| e.to_string())?;
    match version {
        "0.1.0" => V1::decode(&*plain).map(read_v1).map_err(|e| e.to_string()),
        "2.0.0" => V2::decode(&*plain).map_err(|e| e.to_string()).and_then(read_v2),
        other => Err(format!("version {other}")),
    }
}

fn read_v1(request: V1) -> Read {
    let families: BTreeMap<&str, &V1Metadata> = request.metadata.iter().map(|m| (&*m.family, m)).collect();
    let series = request.timeseries.iter().map(|one| {
        let labels: Vec<_> = one.labels.iter().map(|l| (l.name.clone(), l.value.clone())).collect();
        let name = labels.iter().find(|(name, _)| name == "__name__").map_or("", |(_, value)| value);
        let metadata = families.get(name).map(|m| (m.kind, m.help.clone(), m.unit.clone()));
        ReadSeries { metadata, samples: one.samples.clone(), labels }
    });
    Read { series: series.collect(), v1: Some(request.clone()), v2: None }
}

fn read_v2(request: V2) -> Result<Read, String> {
    let symbol = |at: u32| request.symbols.get(at as usize).cloned().ok_or(format!("reference {at}"));
    let mut series = Vec::new();
    for one in &request.timeseries {
        let texts: Vec<String> = one.labels_refs.iter().map(|at| symbol(*at)).collect::<Result<_, _>>()?;
        let labels = texts.chunks(2).map(|pair| match pair {
            [name, value] => Ok((name.clone(), value.clone())),
            _ => Err("odd references".to_owned()),
        });
        let metadata = match &one.metadata {
            Some(m) => Some((m.kind, symbol(m.help_ref)?, symbol(m.unit_ref)?)),
            None => None,
        };
        let labels = labels.collect::<Result<_, _>>()?;
        series.push(ReadSeries { labels, metadata, samples: one.samples.clone() });
    }
    Ok(Read { series, v2: Some(request), v1: None })
}
