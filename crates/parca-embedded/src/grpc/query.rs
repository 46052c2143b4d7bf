use std::sync::Arc;

use parca_proto::query::query_service_server::QueryService;
use parca_proto::query::{
    HasProfileDataRequest, HasProfileDataResponse, LabelsRequest, LabelsResponse, ProfileTypesRequest,
    ProfileTypesResponse, QueryRangeRequest, QueryRangeResponse, QueryRequest, QueryResponse, SeriesRequest,
    SeriesResponse, ShareProfileRequest, ShareProfileResponse, ValuesRequest, ValuesResponse,
};
use tonic::{Request, Response, Status};

use super::blocking;
use crate::metrics::Metrics;
use crate::query;
use crate::store::{Store, Tables};

/// `parca.query.v1alpha1.QueryService`.
pub(crate) struct QueryApi {
    pub(crate) store: Arc<Store>,
    pub(crate) metrics: Metrics,
}

impl QueryApi {
    async fn answer<T: Send + 'static>(
        &self,
        method: &'static str,
        work: impl FnOnce(&Tables) -> Result<T, Status> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        let store = Arc::clone(&self.store);
        self.metrics.timed(method, blocking(move || work(&store.read()))).await
    }
}

#[tonic::async_trait]
impl QueryService for QueryApi {
    async fn query_range(
        &self,
        request: Request<QueryRangeRequest>,
    ) -> Result<Response<QueryRangeResponse>, Status> {
        let request = request.into_inner();
        self.answer("QueryRange", move |tables| query::query_range(tables, &request)).await
    }

    async fn query(&self, request: Request<QueryRequest>) -> Result<Response<QueryResponse>, Status> {
        let request = request.into_inner();
        self.answer("Query", move |tables| query::query(tables, &request)).await
    }

    async fn series(&self, _request: Request<SeriesRequest>) -> Result<Response<SeriesResponse>, Status> {
        Err(Status::unimplemented("method Series not implemented"))
    }

    async fn profile_types(
        &self,
        request: Request<ProfileTypesRequest>,
    ) -> Result<Response<ProfileTypesResponse>, Status> {
        let request = request.into_inner();
        self.answer("ProfileTypes", move |tables| Ok(query::profile_types(tables, &request))).await
    }

    async fn labels(&self, request: Request<LabelsRequest>) -> Result<Response<LabelsResponse>, Status> {
        let request = request.into_inner();
        self.answer("Labels", move |tables| query::labels(tables, &request)).await
    }

    async fn values(&self, request: Request<ValuesRequest>) -> Result<Response<ValuesResponse>, Status> {
        let request = request.into_inner();
        self.answer("Values", move |tables| query::values(tables, &request)).await
    }

    async fn share_profile(
        &self,
        _request: Request<ShareProfileRequest>,
    ) -> Result<Response<ShareProfileResponse>, Status> {
        Err(Status::unimplemented("this server shares nothing with others"))
    }

    async fn has_profile_data(
        &self,
        _request: Request<HasProfileDataRequest>,
    ) -> Result<Response<HasProfileDataResponse>, Status> {
        let answer = |tables: &Tables| Ok(HasProfileDataResponse { has_data: tables.stats().series > 0 });
        self.answer("HasProfileData", answer).await
    }
}
