use parca_proto::pyroscope::querier as wire;

use super::Selection;
use crate::method::Method;
use crate::parts::is_too_long;
use crate::{Client, DiffTree, Error, Levels};

impl Client {
    /// Two selections side by side, with their values as they are: nothing is scaled to ranges of
    /// different length.
    ///
    /// Ranges that the server finds too long are merged as [`tree`](Self::tree) does and put side by
    /// side here.
    pub async fn diff(&self, baseline: &Selection, compared: &Selection) -> Result<DiffTree, Error> {
        let request = Selection::diff(baseline, compared)?;
        match self.call::<_, wire::DiffResponse>(Method::DIFF, &request).await {
            Ok(answer) => {
                let decoded = Levels::of_diff(answer.flamegraph.unwrap_or_default()).decode();
                decoded.map_err(|error| self.of_call(error.into(), &Method::DIFF.path()))
            }
            Err(error) if is_too_long(&error) => {
                let (baseline, compared) = (self.tree(baseline).await?, self.tree(compared).await?);
                Ok(DiffTree::between(&baseline, &compared))
            }
            Err(error) => Err(error),
        }
    }
}
