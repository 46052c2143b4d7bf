//! Copies in a bucket of S3 or Google Cloud Storage. Credentials come as the providers' own tools take them:
//! from `AWS_*` and `GOOGLE_*` variables, or the machine's role.

use std::path::Path as FilePath;
use std::sync::Arc;

use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use tokio::io::AsyncWriteExt;

use super::CopyToError;
use super::http::Connector;

/// A bucket with the prefix of all keys.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl Bucket {
    pub(super) fn open(url: &str) -> Result<Self, CopyToError> {
        let wrong = |reason: String| CopyToError::Bucket { url: url.to_owned(), reason };
        let (_, rest) = url.split_once("://").unwrap_or_default();
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(wrong("expected a bucket's name".to_owned()));
        }
        let store: Arc<dyn ObjectStore> = if url.starts_with("s3://") {
            let built =
                AmazonS3Builder::from_env().with_bucket_name(bucket).with_http_connector(Connector).build();
            Arc::new(built.map_err(|error| wrong(error.to_string()))?)
        } else {
            let built = GoogleCloudStorageBuilder::from_env()
                .with_bucket_name(bucket)
                .with_http_connector(Connector)
                .build();
            Arc::new(built.map_err(|error| wrong(error.to_string()))?)
        };
        let prefix = Path::parse(prefix).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { store, prefix })
    }

    pub(super) async fn exists(&self, key: &str) -> Result<bool, String> {
        match self.store.head(&self.key(key)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.to_string()),
        }
    }

    pub(super) async fn put(&self, key: &str, file: &FilePath) -> Result<u64, String> {
        let words = |error: std::io::Error| error.to_string();
        let mut source = tokio::fs::File::open(file).await.map_err(words)?;
        let mut target = BufWriter::new(Arc::clone(&self.store), self.key(key));
        let bytes = tokio::io::copy(&mut source, &mut target).await.map_err(words)?;
        target.shutdown().await.map_err(words)?;
        Ok(bytes)
    }

    pub(super) async fn mark(&self, key: &str) -> Result<(), String> {
        let put = self.store.put(&self.key(key), PutPayload::new()).await;
        put.map(drop).map_err(|error| error.to_string())
    }

    fn key(&self, key: &str) -> Path {
        key.split('/').fold(self.prefix.clone(), |path, part| path.join(part))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
impl Bucket {
    /// A whole object.
    pub(super) async fn read(&self, key: &str) -> Vec<u8> {
        self.store.get(&self.key(key)).await.unwrap().bytes().await.unwrap().into()
    }
}
