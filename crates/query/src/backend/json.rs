use parca_client::{QueryRequest, ReportKind};
use pyroscope_client::{Format, Selection};

use super::window::with_both_ends;
use super::{Answering, Backend, Server, raw};
use crate::Ask;

impl Backend {
    /// The flame graph as the server's own JSON: that of `SelectMergeStacktraces`, or of a Parca's
    /// `Query` for Arrow.
    ///
    /// # Errors
    /// The server's. Nothing found is an answer like others.
    pub fn flame_graph_json<'a>(&'a self, ask: &'a Ask, max_nodes: Option<u32>) -> Answering<'a, Vec<u8>> {
        Box::pin(async move {
            let query = self.query_of(ask, self.type_of(ask).await?);
            match &self.server {
                Server::Pyroscope(client) => {
                    let mut selection = Selection::new(query.profile_type, query.matchers, ask.range);
                    selection.max_nodes = max_nodes;
                    let body = selection.stacktraces_json(Format::FlameGraph)?;
                    self.raw("SelectMergeStacktraces", body).await?.into_body(&client.url())
                }
                Server::Parca(client) => {
                    self.note("Query", &query.to_string());
                    let request = QueryRequest::merge(
                        query.to_string(),
                        with_both_ends(ask.range),
                        ReportKind::FlamegraphArrow,
                    );
                    let json = raw::report_json(client.query(&request).await?)?;
                    Ok(json.to_string().into_bytes())
                }
            }
        })
    }
}
