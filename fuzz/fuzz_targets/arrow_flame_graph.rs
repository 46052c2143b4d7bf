//! Any bytes are a flame graph or an error; what was read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile_codec::arrow::{ArrowLimits, decode_flame_graph, encode_flame_graph};

fuzz_target!(|bytes: &[u8]| {
    let limits = ArrowLimits::default();
    let Ok(decoded) = decode_flame_graph(bytes, &limits) else { return };
    let nodes = decoded.graph.nodes();
    assert!(nodes.iter().enumerate().skip(1).all(|(at, node)| node.parent.is_some_and(|p| p.index() < at)));
    assert_eq!(decoded.graph.layout().boxes.len(), nodes.len());
    let encoded = encode_flame_graph(&decoded.graph, &decoded.symbols, 0.0).expect("the graph is small");
    decode_flame_graph(&encoded.record, &limits).expect("what was written is a flame graph");
});
