use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event;
use serde_json::{Map, Value};

use super::DEPTH;

const ROOT: &str = "xml";

/// An element whose end has not come.
#[derive(Default)]
struct Open {
    name: String,
    text: String,
    children: Map<String, Value>,
}

impl Open {
    /// What stands in it: elements, or else text.
    fn value(self) -> Option<Value> {
        match (self.children.is_empty(), self.text.trim().is_empty()) {
            (true, _) => Some(Value::String(self.text)),
            (false, true) => Some(Value::Object(self.children)),
            (false, false) => None,
        }
    }

    fn adopt(&mut self, name: &str, value: Value) {
        match self.children.get_mut(name) {
            None => {
                self.children.insert(name.to_owned(), value);
            }
            Some(Value::Array(all)) => all.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
}

/// Reads one `<xml>` of elements and text. What WeChat never sends is refused: a document type, entities but the five
/// that XML itself knows, processing instructions, comments. Attributes say nothing.
pub(super) fn read(text: &str) -> Option<Map<String, Value>> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open = vec![Open::default()];
    loop {
        let depth = open.len();
        let innermost = open.last_mut()?;
        match reader.read_event().ok()? {
            Event::Start(start) if depth <= DEPTH => {
                open.push(Open { name: start.name().into_inner().to_owned(), ..Open::default() });
            }
            Event::End(_) => {
                let Open { name, .. } = innermost;
                let name = std::mem::take(name);
                let value = open.pop()?.value()?;
                open.last_mut()?.adopt(&name, value);
            }
            Event::Text(text) => innermost.text.push_str(&text.into_inner()),
            Event::CData(text) => innermost.text.push_str(&text.into_inner()),
            Event::GeneralRef(entity) => innermost.text.push_str(resolve_xml_entity(&entity)?),
            Event::Decl(_) if depth == 1 && innermost.children.is_empty() => {}
            Event::Eof => break,
            _ => return None,
        }
    }
    let (Some(document), None) = (open.pop(), open.pop()) else { return None };
    let Value::Object(mut document) = document.value()? else { return None };
    match (document.remove(ROOT)?, document.is_empty()) {
        (Value::Object(root), true) => Some(root),
        _ => None,
    }
}
