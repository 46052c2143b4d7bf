//! `deploy/kubernetes`: each document in Kubernetes' own types, each container's command line with the programs.

mod configs;
mod probes;
mod typed;
mod workload;
