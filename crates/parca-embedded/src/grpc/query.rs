use parca_proto::query::query_service_server::QueryService;
use parca_proto::query::{
    HasProfileDataRequest, HasProfileDataResponse, LabelsRequest, LabelsResponse, ProfileTypesRequest,
    ProfileTypesResponse, QueryRangeRequest, QueryRangeResponse, QueryRequest, QueryResponse, SeriesRequest,
    SeriesResponse, ShareProfileRequest, ShareProfileResponse, ValuesRequest, ValuesResponse,
};
use profile_store::{Store, View};
use prost::Message;
use tonic::{Request, Response, Status};

use crate::limits::{Gate, TooMuch};
use crate::metrics::Metrics;
use crate::query;

/// `parca.query.v1alpha1.QueryService`.
#[derive(Clone)]
pub(crate) struct QueryApi {
    pub(crate) store: Store,
    pub(crate) metrics: Metrics,
    pub(crate) gate: Gate,
}

impl QueryApi {
    async fn answer<T: Message + 'static>(
        &self,
        method: &'static str,
        work: impl FnOnce(&View) -> Result<T, Status> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        let store = self.store.clone();
        let answer = async {
            let answer = self.gate.answer(move |stop| work(&store.view().until(stop))).await;
            let answer = answer.map_err(too_much)??;
            self.gate.check_answer(answer.encoded_len()).map_err(too_much)?;
            Ok(Response::new(answer))
        };
        self.metrics.timed(method, answer).await
    }
}

fn too_much(error: TooMuch) -> Status {
    match error {
        TooMuch::Waiting(_) | TooMuch::Answer { .. } => Status::resource_exhausted(error.to_string()),
        TooMuch::Time(_) => Status::deadline_exceeded(error.to_string()),
        TooMuch::GivenUp => Status::internal(error.to_string()),
    }
}

#[tonic::async_trait]
impl QueryService for QueryApi {
    async fn query_range(
        &self,
        request: Request<QueryRangeRequest>,
    ) -> Result<Response<QueryRangeResponse>, Status> {
        let request = request.into_inner();
        self.answer("QueryRange", move |view| query::query_range(view, &request)).await
    }

    async fn query(&self, request: Request<QueryRequest>) -> Result<Response<QueryResponse>, Status> {
        let request = request.into_inner();
        self.answer("Query", move |view| query::query(view, &request)).await
    }

    async fn series(&self, _request: Request<SeriesRequest>) -> Result<Response<SeriesResponse>, Status> {
        Err(Status::unimplemented("method Series not implemented"))
    }

    async fn profile_types(
        &self,
        request: Request<ProfileTypesRequest>,
    ) -> Result<Response<ProfileTypesResponse>, Status> {
        let request = request.into_inner();
        self.answer("ProfileTypes", move |view| query::profile_types(view, &request)).await
    }

    async fn labels(&self, request: Request<LabelsRequest>) -> Result<Response<LabelsResponse>, Status> {
        let request = request.into_inner();
        self.answer("Labels", move |view| query::labels(view, &request)).await
    }

    async fn values(&self, request: Request<ValuesRequest>) -> Result<Response<ValuesResponse>, Status> {
        let request = request.into_inner();
        self.answer("Values", move |view| query::values(view, &request)).await
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
        let answer = |view: &View| Ok(HasProfileDataResponse { has_data: view.has_data() });
        self.answer("HasProfileData", answer).await
    }
}
