//! The messages as prost reads them: the fields that this crate sends.

pub(super) mod v1 {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(in crate::wire) struct WriteRequest {
        #[prost(message, repeated, tag = "1")]
        pub(in crate::wire) timeseries: Vec<TimeSeries>,
        #[prost(message, repeated, tag = "3")]
        pub(in crate::wire) metadata: Vec<MetricMetadata>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(in crate::wire) struct TimeSeries {
        #[prost(message, repeated, tag = "1")]
        pub(in crate::wire) labels: Vec<Label>,
        #[prost(message, repeated, tag = "2")]
        pub(in crate::wire) samples: Vec<Sample>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(in crate::wire) struct Label {
        #[prost(string, tag = "1")]
        pub(in crate::wire) name: String,
        #[prost(string, tag = "2")]
        pub(in crate::wire) value: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(in crate::wire) struct Sample {
        #[prost(double, tag = "1")]
        pub(in crate::wire) value: f64,
        #[prost(int64, tag = "2")]
        pub(in crate::wire) timestamp: i64,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(in crate::wire) struct MetricMetadata {
        #[prost(int32, tag = "1")]
        pub(in crate::wire) kind: i32,
        #[prost(string, tag = "2")]
        pub(in crate::wire) metric_family_name: String,
        #[prost(string, tag = "4")]
        pub(in crate::wire) help: String,
        #[prost(string, tag = "5")]
        pub(in crate::wire) unit: String,
    }
}

pub(super) mod v2 {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(in crate::wire) struct Request {
        #[prost(string, repeated, tag = "4")]
        pub(in crate::wire) symbols: Vec<String>,
        #[prost(message, repeated, tag = "5")]
        pub(in crate::wire) timeseries: Vec<TimeSeries>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(in crate::wire) struct TimeSeries {
        #[prost(uint32, repeated, tag = "1")]
        pub(in crate::wire) labels_refs: Vec<u32>,
        #[prost(message, repeated, tag = "2")]
        pub(in crate::wire) samples: Vec<Sample>,
        #[prost(message, optional, tag = "5")]
        pub(in crate::wire) metadata: Option<Metadata>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(in crate::wire) struct Sample {
        #[prost(double, tag = "1")]
        pub(in crate::wire) value: f64,
        #[prost(int64, tag = "2")]
        pub(in crate::wire) timestamp: i64,
        #[prost(int64, tag = "3")]
        pub(in crate::wire) start_timestamp: i64,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(in crate::wire) struct Metadata {
        #[prost(int32, tag = "1")]
        pub(in crate::wire) kind: i32,
        #[prost(uint32, tag = "3")]
        pub(in crate::wire) help_ref: u32,
        #[prost(uint32, tag = "4")]
        pub(in crate::wire) unit_ref: u32,
    }
}
