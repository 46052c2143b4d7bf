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

macro_rules! generated {
    ($(#[$meta:meta])* $name:ident, $file:literal) => {
        $(#[$meta])*
        #[allow(missing_docs, unreachable_pub, clippy::all, rustdoc::all)]
        #[rustfmt::skip]
        pub mod $name {
            include!(concat!("gen/", $file, ".rs"));
        }
    };
}

#[cfg(feature = "parca")]
generated!(
    /// `grpc.health.v1`.
    health, "grpc.health.v1"
);

#[cfg(feature = "pprof")]
generated!(
    /// `perftools.profiles`: the pprof format.
    pprof, "perftools.profiles"
);

#[cfg(feature = "prometheus")]
generated!(
    /// `io.prometheus.client`: the protobuf form of `/metrics`.
    prometheus, "io.prometheus.client"
);

#[cfg(feature = "parca")]
generated!(
    /// `parca.metastore.v1alpha1`: locations, lines, functions and mappings in answers.
    metastore, "parca.metastore.v1alpha1"
);

#[cfg(feature = "parca")]
generated!(
    /// `parca.profilestore.v1alpha1`: writing profiles, and the agents that write.
    profilestore, "parca.profilestore.v1alpha1"
);

#[cfg(feature = "parca")]
generated!(
    /// `parca.query.v1alpha1`: the query service.
    query, "parca.query.v1alpha1"
);

#[cfg(feature = "parca")]
generated!(
    /// `parca.scrape.v1alpha1`: scrape targets.
    scrape, "parca.scrape.v1alpha1"
);

/// The encoded `FileDescriptorSet` of every file above, for gRPC reflection.
#[cfg(feature = "parca")]
pub const DESCRIPTORS: &[u8] = include_bytes!("gen/descriptors.bin");
