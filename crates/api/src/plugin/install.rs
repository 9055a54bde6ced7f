//! Taking plugins in, before anything is served.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use wxgate_store::BoxError;

use super::{Endpoint, Host, Plugin};
use crate::api_token::SCOPES;
use crate::app::App;
use crate::error::ApiError;

const NAME_CHARACTERS: usize = 32;

/// Why plugins were not taken in. Nothing of them is served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// The name is not a letter and letters or digits, lowercase, at most 32.
    #[error("{0:?} cannot be the name of a plugin: a letter and at most 31 letters or digits, all lowercase")]
    Name(&'static str),
    /// Two plugins have one name.
    #[error("two plugins are named {0}")]
    Twice(&'static str),
    /// A path of another shape, one that stands there twice, or an unknown scope.
    #[error("the plugin {plugin} lists {endpoint}, which cannot be served: {why}")]
    Endpoint {
        /// Whose it is.
        plugin: &'static str,
        /// Method and path.
        endpoint: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A later version of the plugin was here.
    #[error("what the plugin {plugin} keeps is of its schema {found}, this one knows only {known}: use the newer one")]
    Newer {
        /// Whose it is.
        plugin: &'static str,
        /// How far its entries have come.
        found: u32,
        /// How far this version knows.
        known: u32,
    },
    /// A step of [`Plugin::migrate`] failed. The steps before it stand.
    #[error("what the plugin {plugin} keeps could not be brought to its schema {step}")]
    Migration {
        /// Whose it is.
        plugin: &'static str,
        /// Which step.
        step: u32,
        /// Why.
        source: BoxError,
    },
    /// The store does not say how far a plugin's entries have come, or take note of it.
    #[error("the store does not answer for the plugins")]
    Store(#[source] ApiError),
    /// Plugins are installed once.
    #[error("plugins are installed already")]
    Again,
}

impl App {
    /// The plugins in force.
    pub(crate) fn plugins(&self) -> &[Arc<dyn Plugin>] {
        self.plugins.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// Takes plugins in, once and before anything is served: their names and endpoints are checked, and their entries
    /// brought up to date. Of two that add the same attribute to a login, the first one has it.
    ///
    /// # Errors
    /// As [`InstallError`] says.
    pub async fn install(self: &Arc<Self>, plugins: Vec<Arc<dyn Plugin>>) -> Result<(), InstallError> {
        for (at, plugin) in plugins.iter().enumerate() {
            check(plugin.as_ref(), &plugins[..at])?;
        }
        for plugin in &plugins {
            migrate(plugin.as_ref(), &Host::of(self, plugin.name())).await?;
        }
        self.plugins.set(plugins).map_err(|_| InstallError::Again)
    }
}

fn check(plugin: &dyn Plugin, before: &[Arc<dyn Plugin>]) -> Result<(), InstallError> {
    let name = plugin.name();
    let fits = (1..=NAME_CHARACTERS).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if !fits {
        return Err(InstallError::Name(name));
    }
    if before.iter().any(|earlier| earlier.name() == name) {
        return Err(InstallError::Twice(name));
    }
    let endpoints = plugin.endpoints();
    for (at, endpoint) in endpoints.iter().enumerate() {
        let flaw = flaw(endpoint, &endpoints[..at]);
        if let Some(why) = flaw {
            let endpoint = format!("{} {}", endpoint.method, endpoint.path);
            return Err(InstallError::Endpoint { plugin: name, endpoint, why });
        }
    }
    Ok(())
}

fn flaw(endpoint: &Endpoint, before: &[Endpoint]) -> Option<&'static str> {
    let is_same = |earlier: &Endpoint| {
        (earlier.is_public(), &earlier.method, earlier.path) == (endpoint.is_public(), &endpoint.method, endpoint.path)
    };
    if !endpoint.is_well_formed() {
        Some("a path is segments of a-z, 0-9, - and _, each after a slash")
    } else if before.iter().any(is_same) {
        Some("it stands there twice")
    } else if endpoint.scope.is_some_and(|scope| !SCOPES.contains(&scope)) {
        Some("there is no such scope")
    } else {
        None
    }
}

/// Takes the steps that are due, noting each: what ends amid one begins there again.
async fn migrate(plugin: &dyn Plugin, host: &Host) -> Result<(), InstallError> {
    let (name, known) = (plugin.name(), plugin.schema());
    let found = host.storage().schema().await.map_err(InstallError::Store)?;
    if found > known {
        return Err(InstallError::Newer { plugin: name, found, known });
    }
    for step in found + 1..=known {
        let taken = AssertUnwindSafe(plugin.migrate(host, step)).catch_unwind().await;
        taken.unwrap_or_else(|_| Err("the plugin panicked".into())).map_err(|source| InstallError::Migration {
            plugin: name,
            step,
            source,
        })?;
        host.storage().keep_schema(step).await.map_err(InstallError::Store)?;
        tracing::info!(plugin = name, step, "what a plugin keeps is brought up to date");
    }
    Ok(())
}
