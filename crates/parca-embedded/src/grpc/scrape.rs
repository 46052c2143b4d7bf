use parca_proto::scrape::scrape_service_server::ScrapeService;
use parca_proto::scrape::{TargetsRequest, TargetsResponse};
use tonic::{Request, Response, Status};

/// `parca.scrape.v1alpha1.ScrapeService` of a server that scrapes nobody.
pub(crate) struct ScrapeApi;

#[tonic::async_trait]
impl ScrapeService for ScrapeApi {
    async fn targets(&self, _request: Request<TargetsRequest>) -> Result<Response<TargetsResponse>, Status> {
        Ok(Response::new(TargetsResponse::default()))
    }
}
