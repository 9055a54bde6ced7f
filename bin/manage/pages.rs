//! Lists that come in pages.

use clap::Args;
use serde_json::{Value, json};

use super::part;
use crate::local::{Local, Question};
use crate::out::Failure;

/// Rows of one request.
const PAGE: u32 = 100;

/// How much of a list is shown.
#[derive(Args)]
pub(crate) struct Paging {
    /// Rows at most. 最多行数
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
    /// Go on from here: the `next` of an earlier list. 从上次的 next 继续
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
}

/// A part of a list.
pub(crate) struct Listed {
    pub(super) rows: Vec<Value>,
    /// What continues it; null at its end.
    pub(super) next: Value,
}

impl Paging {
    /// Asks page by page until there are rows enough, or no more.
    pub(super) async fn ask(
        &self,
        local: &Local,
        path: &str,
        key: &str,
        filters: &[(&str, Option<&str>)],
    ) -> Result<Listed, Failure> {
        let most = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let (mut rows, mut after) = (Vec::new(), self.after.clone());
        loop {
            let left = u32::try_from(most - rows.len()).unwrap_or(PAGE).min(PAGE).to_string();
            let question =
                Question::get(path).with(filters).with(&[("limit", Some(&left)), ("after", after.as_deref())]);
            let answer = local.ask(&question).await?;
            rows.extend(part(&answer, key)?.as_array().into_iter().flatten().cloned());
            let next = answer["next"].clone();
            if next.is_null() || rows.len() >= most {
                return Ok(Listed { rows, next });
            }
            after = Some(next.as_str().map_or_else(|| next.to_string(), str::to_owned));
        }
    }
}

impl Listed {
    /// As the API would have said it in one page.
    pub(super) fn json(&self, key: &str) -> Value {
        json!({ key: self.rows, "next": self.next })
    }

    /// How a longer list goes on.
    pub(super) fn more(&self) -> Option<String> {
        let next = self.next.as_str().map_or_else(|| self.next.to_string(), str::to_owned);
        (!self.next.is_null()).then(|| format!("--after {next}"))
    }
}
