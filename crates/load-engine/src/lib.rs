//! load-engine
