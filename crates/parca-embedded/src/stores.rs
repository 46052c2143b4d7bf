//! All stores of a server.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use profile_store::Store;

type Make = dyn Fn(&str) -> Result<Store, String> + Send + Sync;

/// Makes the store of a tenant, who is asked for the first time.
#[derive(Clone)]
pub struct TenantStores(Arc<Make>);

impl TenantStores {
    /// Stores that are made so. Names have letters, digits, `_` and `-` only.
    pub fn new(make: impl Fn(&str) -> Result<Store, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    /// The store of this tenant, or why there is none.
    pub(crate) fn make(&self, tenant: &str) -> Result<Store, String> {
        (self.0)(tenant)
    }

    /// Stores in memory, of at most so many bytes each.
    pub(crate) fn in_memory(limit_bytes: usize) -> Self {
        Self::new(move |_| Ok(Store::in_memory(limit_bytes)))
    }
}

impl fmt::Debug for TenantStores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TenantStores")
    }
}

/// The stores of a server: its own, and that of every tenant who was here.
#[derive(Clone, Debug)]
pub(crate) struct Stores {
    pub(crate) own: Store,
    of_tenants: Arc<Mutex<BTreeMap<String, Store>>>,
}

impl Stores {
    pub(crate) fn new(own: Store) -> Self {
        Self { own, of_tenants: Arc::default() }
    }

    /// Each with the name of its tenant; the own one has none.
    pub(crate) fn all(&self) -> Vec<(Option<String>, Store)> {
        let of_tenants = self.of_tenants();
        let of_tenants = of_tenants.iter().map(|(name, store)| (Some(name.clone()), store.clone()));
        [(None, self.own.clone())].into_iter().chain(of_tenants).collect()
    }

    /// Adds that of a tenant.
    pub(crate) fn add(&self, tenant: &str, store: Store) {
        self.of_tenants().insert(tenant.to_owned(), store);
    }

    /// Closes those of tenants, which nobody else knows.
    pub(crate) fn close(&self) {
        self.of_tenants().values().for_each(Store::close);
    }

    fn of_tenants(&self) -> MutexGuard<'_, BTreeMap<String, Store>> {
        self.of_tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
