use parca_proto::debuginfo::debuginfo_service_server::DebuginfoService;
use parca_proto::debuginfo::{
    InitiateUploadRequest, InitiateUploadResponse, MarkUploadFinishedRequest, MarkUploadFinishedResponse,
    ShouldInitiateUploadRequest, ShouldInitiateUploadResponse, UploadRequest, UploadResponse,
};
use tonic::{Request, Response, Status, Streaming};

/// `parca.debuginfo.v1alpha1.DebuginfoService` of a server that keeps no debug information: agents are told once for
/// each binary, and are content.
pub(crate) struct DebuginfoApi;

const NOT_KEPT: &str = "this server keeps no debug information";

#[tonic::async_trait]
impl DebuginfoService for DebuginfoApi {
    async fn upload(&self, _: Request<Streaming<UploadRequest>>) -> Result<Response<UploadResponse>, Status> {
        Err(Status::failed_precondition(NOT_KEPT))
    }

    async fn should_initiate_upload(
        &self,
        _: Request<ShouldInitiateUploadRequest>,
    ) -> Result<Response<ShouldInitiateUploadResponse>, Status> {
        let reason = NOT_KEPT.to_owned();
        Ok(Response::new(ShouldInitiateUploadResponse { should_initiate_upload: false, reason }))
    }

    async fn initiate_upload(
        &self,
        _: Request<InitiateUploadRequest>,
    ) -> Result<Response<InitiateUploadResponse>, Status> {
        Err(Status::failed_precondition(NOT_KEPT))
    }

    async fn mark_upload_finished(
        &self,
        _: Request<MarkUploadFinishedRequest>,
    ) -> Result<Response<MarkUploadFinishedResponse>, Status> {
        Err(Status::failed_precondition(NOT_KEPT))
    }
}
