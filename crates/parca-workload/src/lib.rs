//! parca-workload
