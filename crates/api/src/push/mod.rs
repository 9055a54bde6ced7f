//! What WeChat's message push sends, once it is known to be WeChat's: read, and sorted by what it means to a member.

mod event;
mod json;
mod message;
mod xml;

pub use self::event::{PushEvent, event};
pub use self::message::Message;

/// How deep names may stand in names, in XML and in JSON.
const DEPTH: usize = 8;
