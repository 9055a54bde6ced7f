use serde_json::{Map, Value};

/// Fields as WeChat writes them in XML: text as CDATA, a list as one element after the other.
pub(super) fn written(fields: &Map<String, Value>) -> String {
    format!("<xml>{}</xml>", elements(fields))
}

fn elements(fields: &Map<String, Value>) -> String {
    fields.iter().map(|(name, value)| element(name, value)).collect()
}

fn element(name: &str, value: &Value) -> String {
    let content = match value {
        Value::Array(all) => return all.iter().map(|value| element(name, value)).collect(),
        Value::Object(fields) => elements(fields),
        // The one text that ends a CDATA is cut in two.
        Value::String(text) => format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>")),
        other => other.to_string(),
    };
    format!("<{name}>{content}</{name}>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_nest_and_texts_are_cdata() {
        let Value::Object(fields) = json!({ "A": "a]]>b", "L": [{ "I": 1 }, { "I": 2 }] }) else { unreachable!() };
        assert_eq!(written(&fields), "<xml><A><![CDATA[a]]]]><![CDATA[>b]]></A><L><I>1</I></L><L><I>2</I></L></xml>");
    }
}
