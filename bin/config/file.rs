//! Reads TOML: the embedded defaults and the operator's file.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml_edit::{Document, Item, Key as TomlKey, TableLike};

use super::apps::Draft;
use super::flaw::{Flaw, Place};
use super::layer::Reading;
use super::{keys, plugins};
use crate::lang::{Words, words};

/// Far above any honest configuration.
const MAX_BYTES: u64 = 1 << 20;

/// The text of the file at `path`.
pub(super) fn text(path: &Path) -> Result<String, Flaw> {
    let unreadable = |zh: String, en: String| {
        Flaw::nowhere(words(format!("{}：{zh}", path.display()), format!("{}: {en}", path.display())))
    };
    let size = fs::metadata(path)
        .map_err(|error| unreadable(format!("无法读取：{error}"), format!("cannot be read: {error}")))?
        .len();
    if size > MAX_BYTES {
        return Err(unreadable("文件过大".to_owned(), "too large to be a configuration".to_owned()));
    }
    fs::read_to_string(path)
        .map_err(|error| unreadable(format!("无法读取：{error}"), format!("cannot be read: {error}")))
}

/// Reads `text`, which stands in the file `path`; without one it is the program's own defaults.
/// `None` beside a flaw: the text is not TOML, so nothing can be said of what it sets.
pub(super) fn read(text: &str, path: Option<&Path>) -> Result<Reading, Flaw> {
    let lines = Lines { text, path: path.map(Arc::from) };
    let document = Document::parse(text).map_err(|error| {
        let place = lines.place(error.span());
        // Only the message: the error's own text shows the line, and a secret may stand in it.
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        Flaw::of(place, words(format!("不是合法的 TOML：{message}"), format!("not TOML: {message}")))
    })?;
    let mut reading = Reading::new("file");
    for (name, key, item) in entries(document.as_table()) {
        let place = lines.place_of(key, item);
        match item {
            _ if name == "app" => apps(&lines, &place, item, &mut reading),
            _ if name == "plugins" => plugins::of_file(&lines, &place, item, &mut reading),
            _ if keys::is_section(name) => section(&lines, name, &place, item, &mut reading),
            _ if item.is_table_like() && keys::find(name).is_none() => {
                let nearest = keys::nearest_section(name).map(|near| format!("[{near}]"));
                reading.flaws.push(Flaw::at(
                    &place,
                    format!("[{name}]"),
                    unknown("没有这一节", "unknown section", nearest),
                ));
            }
            _ => value(name, place, item, &mut reading),
        }
    }
    Ok(reading)
}

fn section(lines: &Lines<'_>, name: &str, place: &Place, item: &Item, reading: &mut Reading) {
    let Some(table) = item.as_table_like() else {
        let words = words(format!("是一节，应写成 [{name}]"), format!("a section, written [{name}]"));
        reading.flaws.push(Flaw::at(place, name, words));
        return;
    };
    for (leaf, key, item) in entries(table) {
        let place = lines.place_of(key, item);
        value(&format!("{name}.{leaf}"), place, item, reading);
    }
}

fn value(path: &str, place: Place, item: &Item, reading: &mut Reading) {
    match keys::find(path) {
        None => reading.flaws.push(Flaw::at(&place, path, unknown_key(path))),
        Some(key) => match key.kind.of_item(item) {
            Ok(value) => reading.layer.set(key, place, value),
            Err(words) => reading.flaws.push(Flaw::at(&place, path, words)),
        },
    }
}

fn apps(lines: &Lines<'_>, place: &Place, item: &Item, reading: &mut Reading) {
    let tables: Option<Vec<&dyn TableLike>> = match item {
        Item::ArrayOfTables(tables) => Some(tables.iter().map(|table| table as &dyn TableLike).collect()),
        Item::Value(value) => value.as_array().and_then(|array| {
            array.iter().map(|value| value.as_inline_table().map(|table| table as &dyn TableLike)).collect()
        }),
        _ => None,
    };
    let Some(tables) = tables else {
        let words = words("应写成 [[app]]，两层方括号", "written [[app]], with two brackets, once for each app");
        reading.flaws.push(Flaw::at(place, "app", words));
        return;
    };
    let spans: Vec<_> = match item {
        Item::ArrayOfTables(tables) => tables.iter().map(toml_edit::Table::span).collect(),
        _ => vec![None; tables.len()],
    };
    for (table, span) in tables.into_iter().zip(spans) {
        let mut draft = Draft::new(span.map_or_else(|| place.clone(), |span| lines.place(Some(span))));
        app(lines, "app", table, &mut draft, &mut reading.flaws);
        reading.apps.push(draft);
    }
}

/// Fills `draft` from the table at `prefix`, which is `app` or a section of it.
fn app(lines: &Lines<'_>, prefix: &str, table: &dyn TableLike, draft: &mut Draft, flaws: &mut Vec<Flaw>) {
    for (leaf, key, item) in entries(table) {
        let path = format!("{prefix}.{leaf}");
        let place = lines.place_of(key, item);
        match (keys::find(&path), item.as_table_like()) {
            (None, Some(inner)) if keys::is_section(&path) => {
                draft.has_section(&path);
                app(lines, &path, inner, draft, flaws);
            }
            (None, _) => flaws.push(Flaw::at(&place, &path, unknown_key(&path))),
            (Some(key), _) => draft.set(key, place, key.kind.of_item(item), flaws),
        }
    }
}

/// The entries of a table with the key as written, which knows where it stands.
pub(super) fn entries(table: &dyn TableLike) -> impl Iterator<Item = (&str, Option<&TomlKey>, &Item)> {
    table.iter().map(|(name, item)| (name, table.key(name), item))
}

/// "unknown key", with the one that was probably meant.
pub(super) fn unknown_key(path: &str) -> Words {
    unknown("没有这个键", "unknown key", keys::nearest(path).map(|key| key.path.to_owned()))
}

pub(super) fn unknown(zh: &str, en: &str, nearest: Option<String>) -> Words {
    match nearest {
        Some(near) => words(format!("{zh}；是否想写 {near}？"), format!("{en}; did you mean {near}?")),
        None => words(zh.to_owned(), en.to_owned()),
    }
}

/// Turns positions in a text into lines.
pub(super) struct Lines<'a> {
    text: &'a str,
    path: Option<Arc<Path>>,
}

impl Lines<'_> {
    /// Where an entry stands.
    pub(super) fn place_of(&self, key: Option<&TomlKey>, item: &Item) -> Place {
        self.place(key.and_then(TomlKey::span).or_else(|| item.span()))
    }

    fn place(&self, span: Option<Range<usize>>) -> Place {
        let Some(path) = &self.path else { return Place::Default };
        let start = span.map_or(0, |span| span.start);
        let line = 1 + self.text.bytes().take(start).filter(|byte| *byte == b'\n').count();
        Place::File { path: path.clone(), line }
    }
}
