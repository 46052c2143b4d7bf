//! Dashboards and alert rules in `bins/*/examples`, on a Prometheus that scrapes the programs; docs/metrics.md, from what the
//! programs serve.

mod document;
mod expressions;
mod fleet;
mod prometheus;
mod rules;
