use serde_json::{Map, Value};

use super::{json, xml};

/// Names and values, whichever of WeChat's two formats they came in. A name that XML repeats has a list; what stands
/// deeper is kept and not looked at.
pub struct Message(Map<String, Value>);

impl Message {
    /// Reads XML or JSON, whose names may have blanks around them and stand once in each place.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_start();
        if text.starts_with('<') { xml::read(text) } else { json::read(text) }.map(Self)
    }

    /// The text of a name, or a number as text, without the blanks around it; `None` where nothing is left.
    pub fn text(&self, name: &str) -> Option<String> {
        let text = match self.0.get(name)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// The text of a name below another one, as [`text`](Self::text) gives it.
    pub fn text_below(&self, outer: &str, name: &str) -> Option<String> {
        let inner = self.0.get(outer)?.as_object()?.clone();
        Self(inner).text(name)
    }

    /// The whole message as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.0).expect("names and values are JSON")
    }
}

/// Puts a value under a name, unless another one stands there.
pub(super) fn put_once(map: &mut Map<String, Value>, name: &str, value: Value) -> Option<()> {
    map.insert(name.trim().to_owned(), value).is_none().then_some(())
}

#[cfg(test)]
#[path = "../../fuzz/push.rs"]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Option<String> {
        Message::parse(text).map(|message| message.to_json())
    }

    #[test]
    fn xml_and_json_say_the_same() {
        let xml = "<?xml version=\"1.0\"?>\n<xml><ToUserName><![CDATA[gh_1]]></ToUserName>\n<CreateTime>17</CreateTime>\
                   <Text>a &lt;&amp;&gt;&quot;&apos; b</Text><Empty/>\
                   <Popup><List><Id>1</Id></List><List><Id>2</Id></List></Popup></xml>\n";
        let same = r#"{"CreateTime":"17","Empty":"","Popup":{"List":[{"Id":"1"},{"Id":"2"}]},"Text":"a <&>\"' b","ToUserName":"gh_1"}"#;
        assert_eq!(json(xml).as_deref(), Some(same));
        assert_eq!(json(same).as_deref(), Some(same));
    }

    #[test]
    fn numbers_and_blanks_are_no_obstacle() {
        let message =
            Message::parse(r#" {" OpenID":" o1 ","CreateTime":17,"Half":1.5,"None":null,"Blank":" "}"#).unwrap();
        assert_eq!(message.text("OpenID").as_deref(), Some("o1"));
        assert_eq!(message.text("CreateTime").as_deref(), Some("17"));
        assert_eq!(message.text("Half").as_deref(), Some("1.5"));
        assert_eq!((message.text("None"), message.text("Blank"), message.text("Absent")), (None, None, None));
    }

    #[test]
    fn a_list_is_one_object_or_several() {
        assert!(json(r#"{"List":{"TemplateId":"a"}}"#).is_some());
        assert!(json(r#"{"List":[{"TemplateId":"a"},{"TemplateId":"b"}]}"#).is_some());
    }

    #[test]
    fn push_xxe() {
        for text in [
            r#"<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><Event>&x;</Event></xml>"#,
            r#"<!DOCTYPE xml SYSTEM "http://127.0.0.1/x.dtd"><xml><Event>a</Event></xml>"#,
            "<!doctype xml><xml><Event>a</Event></xml>",
            "<xml><!DOCTYPE xml><Event>a</Event></xml>",
            "<xml><Event>&x;</Event></xml>",
            "<xml><Event>&nbsp;</Event></xml>",
            "<xml><Event>&#97;</Event></xml>",
            "<xml><Event>a&amp</Event></xml>",
            r#"<?xml-stylesheet href="x"?><xml><Event>a</Event></xml>"#,
            r#"<xml xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd"/>"#,
        ] {
            assert_eq!(json(text), None, "{text}");
        }
    }

    #[test]
    fn push_billion_laughs() {
        let entities: String = (1..10)
            .map(|n| format!("&l{};", n - 1).repeat(10))
            .enumerate()
            .fold(String::new(), |all, (n, tens)| all + &format!("<!ENTITY l{} \"{tens}\">", n + 1));
        assert_eq!(json(&format!("<!DOCTYPE l [<!ENTITY l0 \"lol\">{entities}]><xml><E>&l9;</E></xml>")), None);
        let nested = |depth: usize| (format!("<xml>{}", "<a>".repeat(depth)), "</a>".repeat(depth) + "</xml>");
        for (depth, fits) in [(7, true), (8, false), (9_000, false)] {
            let (open, close) = nested(depth);
            assert_eq!(json(&format!("{open}{close}")).is_some(), fits, "{depth} in XML");
            let (open, close) = ("{\"a\":".repeat(depth + 1), "}".repeat(depth + 1));
            assert_eq!(json(&format!("{open}1{close}")).is_some(), fits, "{depth} in JSON");
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            assert_eq!(json(&format!("{{\"a\":{open}1{close}}}")).is_some(), fits, "{depth} of lists");
        }
    }

    #[test]
    fn what_is_neither_is_nothing() {
        for text in [
            "",
            "xml",
            "[]",
            "1",
            "{\"a\":1}}",
            "{\"a\":1,\"a\":2}",
            "{\"a\":1,\" a\":2}",
            "{\"l\":[{\"a\":1,\"a\":2}]}",
            "<xml>",
            "<xml/>",
            "<xml>text</xml>",
            "<xml><a></xml></a>",
            "<xml><a>1</b></xml>",
            "<xml><a>1</a></xml><xml><a>1</a></xml>",
            "<xml><a>1</a></xml>rest",
            "<xml><a>1<b>2</b></a></xml>",
            "<other><a>1</a></other>",
            "<xml><a><!-- c -->1</a></xml>",
            "<xml><a><![CDATA[1</a></xml>",
        ] {
            assert_eq!(json(text), None, "{text}");
        }
    }
}
