//! The plugins that this program may have: each behind a cargo feature, and switched on by its section.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use wxgate_api::plugin::{BadSetting, Plugin};

use crate::config::{Flaw, Section};
use crate::lang::words;

/// Makes a plugin of its section; only reads the section while the apps are not known.
pub(crate) type Make = fn(&Section, Option<&[String]>) -> Result<Option<Arc<dyn Plugin>>, Vec<Flaw>>;

/// A plugin that this program may have.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    /// The feature of the root package that compiles it in.
    pub(crate) feature: &'static str,
    /// `None`: it is not compiled in.
    pub(crate) make: Option<Make>,
}

macro_rules! known {
    ($name:literal, $feature:literal, $new:expr) => {{
        #[cfg(feature = $feature)]
        const MAKE: Option<Make> = Some(|section, appids| make(section, appids, $new));
        #[cfg(not(feature = $feature))]
        const MAKE: Option<Make> = None;
        Known { name: $name, feature: $feature, make: MAKE }
    }};
}

/// Every one of them, also those that are not compiled in.
pub(crate) const ALL: &[Known] = &[
    known!("classic", "plugin-classic", wxgate_plugin_classic::Classic::new),
    known!("wafer", "plugin-wafer", wxgate_plugin_wafer::Wafer::new),
    known!("example", "plugin-example", wxgate_plugin_example::Example::new),
];

#[cfg_attr(
    not(any(feature = "plugin-classic", feature = "plugin-wafer", feature = "plugin-example")),
    expect(dead_code, reason = "there is nothing to make")
)]
fn make<S: DeserializeOwned, P: Plugin>(
    section: &Section,
    appids: Option<&[String]>,
    new: fn(&S, &[String]) -> Result<P, BadSetting>,
) -> Result<Option<Arc<dyn Plugin>>, Vec<Flaw>> {
    let settings = section.read()?;
    let Some(appids) = appids else { return Ok(None) };
    match new(&settings, appids) {
        Ok(plugin) => Ok(Some(Arc::new(plugin))),
        Err(bad) => Err(vec![section.flaw(bad.key, words(bad.chinese, bad.english))]),
    }
}
