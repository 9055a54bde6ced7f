//! One source of values for figment: what has been read and found right, each with its place.

use std::collections::BTreeMap;

use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use super::flaw::{Flaw, Place};
use super::keys::Key;

/// The keys one source sets, outside of `[[app]]`: secrets never get in here.
pub(super) struct Layer {
    name: &'static str,
    values: BTreeMap<&'static str, (Place, Value)>,
}

impl Layer {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, values: BTreeMap::new() }
    }

    pub(super) fn set(&mut self, key: &'static Key, place: Place, value: Value) {
        self.values.insert(key.path, (place, value));
    }

    /// Where each key of this layer was set.
    pub(super) fn places(&self) -> impl Iterator<Item = (&'static str, Place)> {
        self.values.iter().map(|(path, (place, _))| (*path, place.clone()))
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut tree = Dict::new();
        for (path, (_, value)) in &self.values {
            match path.split_once('.') {
                None => drop(tree.insert((*path).to_owned(), value.clone())),
                Some((section, key)) => {
                    let inner = tree.entry(section.to_owned()).or_insert_with(|| Value::from(Dict::new()));
                    if let Value::Dict(_, dict) = inner {
                        dict.insert(key.to_owned(), value.clone());
                    }
                }
            }
        }
        Ok(Profile::Default.collect(tree))
    }
}

/// What reading one source gave: a layer, the apps it names, what it says of plugins, and all that is wrong with it.
pub(super) struct Reading {
    pub(super) layer: Layer,
    pub(super) apps: Vec<super::apps::Draft>,
    pub(super) plugins: Vec<super::plugins::Said>,
    pub(super) flaws: Vec<Flaw>,
}

impl Reading {
    pub(super) fn new(name: &'static str) -> Self {
        Self { layer: Layer::new(name), apps: Vec::new(), plugins: Vec::new(), flaws: Vec::new() }
    }
}
