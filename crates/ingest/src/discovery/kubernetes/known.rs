//! What is known of a cluster, and the targets that it makes.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::watch;

use super::super::{Finding, Group};
use super::api::Scope;
use super::by_name::{Objects, key_of, service_of};
use super::feed::Said;
use super::objects::{Endpoints, Object, Reference};
use super::targets;
use crate::settings::KubernetesRole;

/// What one feed said last.
struct FeedState {
    scope: Scope,
    is_listed: bool,
    error: Option<String>,
    /// Why it is listed, not watched.
    unwatched: Option<String>,
}

pub(super) struct Known {
    role: KubernetesRole,
    feeds: Vec<FeedState>,
    objects: Objects,
    /// The targets of each object of the role that has any.
    groups: BTreeMap<String, Group>,
    /// Whether something was heard that was not told.
    is_new: bool,
}

impl Known {
    pub(super) fn new(role: KubernetesRole, scopes: Vec<Scope>) -> Self {
        let feed = |scope| FeedState { scope, is_listed: false, error: None, unwatched: None };
        let feeds = scopes.into_iter().map(feed).collect();
        Self { role, feeds, objects: Objects::default(), groups: BTreeMap::new(), is_new: false }
    }

    pub(super) fn hear(&mut self, at: usize, said: Said) {
        let Some(feed) = self.feeds.get_mut(at) else { return };
        let kind = feed.scope.kind;
        match said {
            Said::Listed(objects) => {
                (feed.is_listed, feed.error, self.is_new) = (true, None, true);
                self.listed(at, objects);
            }
            Said::Put(object) => self.put(kind, object),
            Said::Deleted(object) => self.delete(kind, &key_of(object.meta())),
            Said::Watching => {
                self.is_new |= feed.error.take().is_some() | feed.unwatched.take().is_some();
            }
            Said::Unwatched(words) => {
                self.is_new |= feed.unwatched.as_ref() != Some(&words);
                if feed.unwatched.replace(words.clone()).is_none() {
                    tracing::warn!(error = %words, "the API server gives no watch: changes are seen when its objects are listed again");
                }
            }
            Said::Failed(words) => {
                self.is_new |= feed.error.as_ref() != Some(&words);
                if feed.error.replace(words.clone()).is_none() {
                    tracing::warn!(error = %words, "cannot look for targets; those found before stay");
                }
            }
        }
    }

    /// Tells what is new, once all kinds are known.
    pub(super) fn tell(&mut self, found: &watch::Sender<Finding>) {
        if !std::mem::take(&mut self.is_new) {
            return;
        }
        let error = self.error();
        let is_known = self.feeds.iter().all(|feed| feed.is_listed);
        found.send_modify(|found| {
            if is_known {
                found.groups = self.groups.values().cloned().collect();
                found.is_known = true;
            }
            found.error = error;
        });
    }

    /// What somebody has to mend, the worst first.
    fn error(&self) -> Option<String> {
        let failed = self.feeds.iter().filter_map(|feed| feed.error.clone());
        let unwatched = self.feeds.iter().filter_map(|feed| feed.unwatched.as_ref());
        let unwatched =
            unwatched.map(|words| format!("{words}; the objects are listed again and again instead"));
        failed.chain(unwatched).next()
    }

    /// Forgets what is no longer there, and takes the others.
    fn listed(&mut self, at: usize, objects: Vec<Object>) {
        let Scope { kind, namespace } = self.feeds[at].scope.clone();
        let there: BTreeSet<String> = objects.iter().map(|object| key_of(object.meta())).collect();
        let is_within = |key: &str| match &namespace {
            Some(name) => key.split_once('/').is_some_and(|(of, _)| of == name),
            None => true,
        };
        let is_gone = |key: &String| is_within(key) && !there.contains(key);
        let known = self.objects.0.keys().filter(|(of, _)| *of == kind).map(|(_, key)| key);
        let grouped = self.groups.keys().filter(|_| kind == self.role);
        let gone: BTreeSet<String> = known.chain(grouped).filter(|key| is_gone(key)).cloned().collect();
        if kind == self.role {
            gone.iter().for_each(|key| self.delete(kind, key));
            objects.into_iter().for_each(|object| self.put(kind, object));
            return;
        }
        // All of them first, and then each target once: who is looked for among all endpoints for each pod takes minutes.
        gone.into_iter().for_each(|key| drop(self.objects.0.remove(&(kind, key))));
        let placed = objects.into_iter().map(|object| ((kind, key_of(object.meta())), object));
        self.objects.0.extend(placed);
        self.regroup_all(|_| true);
    }

    fn put(&mut self, kind: KubernetesRole, object: Object) {
        let key = key_of(object.meta());
        if kind == self.role {
            self.regroup(&key, &object);
        }
        // Of what neither borrows nor lends labels, the targets are enough.
        if self.feeds.iter().any(|feed| feed.scope.kind != self.role) {
            let place = (kind, key.clone());
            let is_same = self.objects.0.get(&place).is_some_and(|old| lends_the_same(old, &object));
            self.objects.0.insert(place, object);
            if kind != self.role && !is_same {
                self.regroup_all(|object| borrows(object, kind, &key));
            }
        }
    }

    fn delete(&mut self, kind: KubernetesRole, key: &str) {
        self.objects.0.remove(&(kind, key.to_owned()));
        match kind == self.role {
            true => self.is_new |= self.groups.remove(key).is_some(),
            false => self.regroup_all(|object| borrows(object, kind, key)),
        }
    }

    /// Makes the targets of an object of the role.
    fn regroup(&mut self, key: &str, object: &Object) {
        let group = targets::of(object, &self.objects);
        if self.groups.get(key) == group.as_ref() {
            return;
        }
        self.is_new = true;
        match group {
            Some(group) => drop(self.groups.insert(key.to_owned(), group)),
            None => drop(self.groups.remove(key)),
        }
    }

    /// Makes the targets anew of the objects of the role that are chosen.
    fn regroup_all(&mut self, is_chosen: impl Fn(&Object) -> bool) {
        let of_role = self.objects.0.iter().filter(|((of, _), _)| *of == self.role);
        let made: Vec<(String, Option<Group>)> = of_role
            .filter(|(_, object)| is_chosen(object))
            .map(|((_, own), object)| (own.clone(), targets::of(object, &self.objects)))
            .collect();
        for (own, group) in made {
            self.is_new |= self.groups.get(&own) != group.as_ref();
            match group {
                Some(group) => drop(self.groups.insert(own, group)),
                None => drop(self.groups.remove(&own)),
            }
        }
    }
}

/// Whether two states of an object differ in nothing but their version: a node is written every few minutes.
fn lends_the_same(old: &Object, new: &Object) -> bool {
    match (old, new) {
        (Object::Node(old), Object::Node(new)) => {
            (&old.metadata.labels, &old.metadata.annotations)
                == (&new.metadata.labels, &new.metadata.annotations)
        }
        _ => false,
    }
}

/// Whether the targets of an object have labels of another one.
fn borrows(object: &Object, kind: KubernetesRole, of: &str) -> bool {
    let is_it = |namespace: &str, name: &str| of.split_once('/') == Some((namespace, name));
    let is_pod = |reference: Option<&Reference>| {
        reference.is_some_and(|one| one.kind == "Pod" && is_it(&one.namespace, &one.name))
    };
    match (object, kind) {
        (Object::Pod(pod), KubernetesRole::Node) => pod.spec.node_name == of,
        (Object::Endpoints(one), KubernetesRole::Service) => {
            is_it(&one.metadata.namespace, &one.metadata.name)
        }
        (Object::Endpoints(one), KubernetesRole::Pod) => {
            addresses(one).any(|at| is_pod(at.target_ref.as_ref()))
        }
        (Object::Endpoints(one), KubernetesRole::Node) => addresses(one)
            .any(|at| targets::node_of(at.node_name.as_deref(), at.target_ref.as_ref()) == Some(of)),
        (Object::Slice(one), KubernetesRole::Service) => {
            service_of(one).is_some_and(|name| is_it(&one.metadata.namespace, name))
        }
        (Object::Slice(one), KubernetesRole::Pod) => {
            one.endpoints.iter().any(|at| is_pod(at.target_ref.as_ref()))
        }
        (Object::Slice(one), KubernetesRole::Node) => one
            .endpoints
            .iter()
            .any(|at| targets::node_of(at.node_name.as_deref(), at.target_ref.as_ref()) == Some(of)),
        _ => false,
    }
}

fn addresses(endpoints: &Endpoints) -> impl Iterator<Item = &super::objects::Address> {
    endpoints.subsets.iter().flat_map(|subset| subset.addresses.iter().chain(&subset.not_ready_addresses))
}
