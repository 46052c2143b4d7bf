//! The messages that this workspace puts on a wire, as Rust made from our own `.proto` files.
//!
//! Field names, numbers and types are those of the real services; the files under `proto/proto/`
//! are ours. `bytes` fields are [`bytes::Bytes`], so a 60 MiB report is not copied when decoded.
//!
//! ```
//! use parca_proto::query::ProfileType;
//! use prost::Message;
//!
//! let cpu = ProfileType { name: "process_cpu".into(), delta: true, ..Default::default() };
//! let bytes = cpu.encode_to_vec();
//! assert_eq!(ProfileType::decode(bytes.as_slice()).unwrap(), cpu);
//! ```
//!
//! The code in `src/gen/` is written by `cargo xtask codegen` and checked in, so nobody who builds
//! this needs `protoc`. It knows nothing beyond the messages: no validation, no defaults, no I/O.

/// Generated modules refer to each other by their place below the package root.
#[allow(missing_docs, unreachable_pub, clippy::all, rustdoc::all)]
#[rustfmt::skip]
mod generated {
    #[cfg(feature = "parca")]
    pub mod grpc {
        pub mod health {
            pub mod v1 {
                include!("gen/grpc.health.v1.rs");
            }
        }
    }

    #[cfg(feature = "prometheus")]
    pub mod io {
        pub mod prometheus {
            pub mod client {
                include!("gen/io.prometheus.client.rs");
            }
        }
    }

    #[cfg(feature = "pprof")]
    pub mod perftools {
        pub mod profiles {
            include!("gen/perftools.profiles.rs");
        }
    }

    #[cfg(feature = "pyroscope")]
    pub mod push {
        pub mod v1 {
            include!("gen/push.v1.rs");
        }
    }

    #[cfg(feature = "pyroscope")]
    pub mod querier {
        pub mod v1 {
            include!("gen/querier.v1.rs");
        }
    }

    #[cfg(feature = "pyroscope")]
    pub mod types {
        pub mod v1 {
            include!("gen/types.v1.rs");
        }
    }

    #[cfg(feature = "otlp")]
    pub mod opentelemetry {
        pub mod proto {
            pub mod collector {
                pub mod profiles {
                    pub mod v1development {
                        include!("gen/opentelemetry.proto.collector.profiles.v1development.rs");
                    }
                }
            }
            pub mod common {
                pub mod v1 {
                    include!("gen/opentelemetry.proto.common.v1.rs");
                }
            }
            pub mod profiles {
                pub mod v1development {
                    include!("gen/opentelemetry.proto.profiles.v1development.rs");
                }
            }
            pub mod resource {
                pub mod v1 {
                    include!("gen/opentelemetry.proto.resource.v1.rs");
                }
            }
        }
    }

    #[cfg(feature = "parca")]
    pub mod parca {
        pub mod debuginfo {
            pub mod v1alpha1 {
                include!("gen/parca.debuginfo.v1alpha1.rs");
            }
        }
        pub mod metastore {
            pub mod v1alpha1 {
                include!("gen/parca.metastore.v1alpha1.rs");
            }
        }
        pub mod profilestore {
            pub mod v1alpha1 {
                include!("gen/parca.profilestore.v1alpha1.rs");
            }
        }
        pub mod query {
            pub mod v1alpha1 {
                include!("gen/parca.query.v1alpha1.rs");
            }
        }
        pub mod scrape {
            pub mod v1alpha1 {
                include!("gen/parca.scrape.v1alpha1.rs");
            }
        }
    }
}

#[cfg(feature = "json")]
pub mod json;

/// `grpc.health.v1`.
#[cfg(feature = "parca")]
pub use generated::grpc::health::v1 as health;
/// `io.prometheus.client`: the protobuf form of `/metrics`.
#[cfg(feature = "prometheus")]
pub use generated::io::prometheus::client as prometheus;
/// `parca.debuginfo.v1alpha1`: uploads of debug information.
#[cfg(feature = "parca")]
pub use generated::parca::debuginfo::v1alpha1 as debuginfo;
/// `parca.metastore.v1alpha1`: locations, lines, functions and mappings in answers.
#[cfg(feature = "parca")]
pub use generated::parca::metastore::v1alpha1 as metastore;
/// `parca.profilestore.v1alpha1`: writing profiles, and the agents that write.
#[cfg(feature = "parca")]
pub use generated::parca::profilestore::v1alpha1 as profilestore;
/// `parca.query.v1alpha1`: the query service.
#[cfg(feature = "parca")]
pub use generated::parca::query::v1alpha1 as query;
/// `parca.scrape.v1alpha1`: scrape targets.
#[cfg(feature = "parca")]
pub use generated::parca::scrape::v1alpha1 as scrape;
/// `perftools.profiles`: the pprof format.
#[cfg(feature = "pprof")]
pub use generated::perftools::profiles as pprof;

/// OpenTelemetry's profiles as of opentelemetry-proto v1.10.0, and the service that takes them.
#[cfg(feature = "otlp")]
pub mod otlp {
    pub use crate::generated::opentelemetry::proto::collector::profiles::v1development as collector;
    pub use crate::generated::opentelemetry::proto::common::v1 as common;
    pub use crate::generated::opentelemetry::proto::profiles::v1development as profiles;
    pub use crate::generated::opentelemetry::proto::resource::v1 as resource;
}

/// Pyroscope's messages: `querier.v1`, `push.v1` and what both have in common, `types.v1`.
#[cfg(feature = "pyroscope")]
pub mod pyroscope {
    pub use crate::generated::push::v1 as push;
    pub use crate::generated::querier::v1 as querier;
    pub use crate::generated::types::v1 as types;

    /// The encoded `FileDescriptorSet` of these packages and of pprof, for their JSON form.
    pub const DESCRIPTORS: &[u8] = include_bytes!("gen/pyroscope.descriptors.bin");
}

/// The encoded `FileDescriptorSet` of every other file above, for gRPC reflection.
#[cfg(feature = "parca")]
pub const DESCRIPTORS: &[u8] = include_bytes!("gen/descriptors.bin");
