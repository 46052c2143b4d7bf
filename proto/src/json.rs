//! Messages by their descriptors, for their JSON form.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor};

/// The descriptors of every package but Pyroscope's.
#[cfg(feature = "parca")]
pub static PARCA: LazyLock<DescriptorPool> = LazyLock::new(|| pool(crate::DESCRIPTORS));

/// The descriptors of Pyroscope's packages and of pprof.
#[cfg(feature = "pyroscope")]
pub static PYROSCOPE: LazyLock<DescriptorPool> = LazyLock::new(|| pool(crate::pyroscope::DESCRIPTORS));

#[cfg(any(feature = "parca", feature = "pyroscope"))]
fn pool(descriptors: &[u8]) -> DescriptorPool {
    DescriptorPool::decode(descriptors).expect("the descriptors are generated")
}

/// A message out of its JSON form. Fields and names of enumerations that are not known are passed over.
///
/// # Errors
/// What is no JSON of that message, or has something behind it.
pub fn read(of: MessageDescriptor, json: &[u8]) -> Result<DynamicMessage, serde_json::Error> {
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let message = DynamicMessage::deserialize_with_options(of, &mut deserializer, &options)?;
    deserializer.end()?;
    Ok(message)
}
