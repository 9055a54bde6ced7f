//! Rows on their way to the server.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::field::Field;
use super::member::{Read, Reading};
use super::progress::Counter;
use super::rejects::Rejects;
use super::tally::Tally;
use super::{Next, Row};
use crate::lang::Lang;
use crate::local::{Local, Question};
use crate::manage::part;
use crate::out::Failure;

/// What the API takes at once.
const ROWS: usize = 200;
/// Bytes of rows after which a batch is full, far below what the API takes.
const BYTES: usize = 1 << 20;

/// How an import is done.
pub(super) struct Manner {
    pub(super) is_dry_run: bool,
    pub(super) is_told: bool,
    /// The number of the last row that is done already.
    pub(super) resume: u64,
    pub(super) lang: Lang,
}

/// A row that waits.
struct Waiting {
    number: u64,
    row: Row,
    left_out: Vec<&'static str>,
}

/// Takes rows one by one, and gives them to the server by batches.
pub(super) struct Batches<'a> {
    local: &'a Local,
    manner: Manner,
    reading: Reading,
    rejects: Option<Rejects>,
    counter: Counter,
    number: u64,
    waiting: Vec<Waiting>,
    members: Vec<Map<String, Value>>,
    bytes: usize,
    seen: Seen,
    pub(super) tally: Tally,
}

impl<'a> Batches<'a> {
    pub(super) fn new(local: &'a Local, manner: Manner, reading: Reading, rejects: Option<Rejects>) -> Self {
        Self {
            local,
            counter: Counter::new(manner.lang),
            manner,
            reading,
            rejects,
            number: 0,
            waiting: Vec::with_capacity(ROWS),
            members: Vec::with_capacity(ROWS),
            bytes: 0,
            seen: Seen::default(),
            tally: Tally::default(),
        }
    }

    /// Takes the next row of the file.
    pub(super) async fn take(&mut self, next: Next) -> Result<(), Failure> {
        self.number += 1;
        if self.number <= self.manner.resume {
            self.tally.row = self.number;
            return Ok(());
        }
        match next {
            Next::Refused { line, why } => self.refuse(self.number, line, why.say(self.manner.lang), None)?,
            Next::Row(row) => match self.reading.member(&row) {
                Err(why) => self.refuse(self.number, row.line, why.say(self.manner.lang), Some(&row))?,
                Ok(Read { member, .. }) if self.manner.is_dry_run && self.seen.has(&member) => self.tally.repeated += 1,
                Ok(Read { member, left_out }) => {
                    self.bytes += row.cells.iter().map(|(_, text)| text.len()).sum::<usize>();
                    self.members.push(member);
                    self.waiting.push(Waiting { number: self.number, row, left_out });
                }
            },
        }
        if self.members.len() == ROWS || self.bytes >= BYTES { self.send().await } else { Ok(()) }
    }

    /// Gives what waits to the server, and leaves that to its other writers for as long as it took.
    pub(super) async fn send(&mut self) -> Result<(), Failure> {
        if !self.members.is_empty() {
            let begin = Instant::now();
            let Manner { is_dry_run, is_told, .. } = self.manner;
            let body = json!({ "members": self.members, "dry_run": is_dry_run, "announce": is_told });
            let answer = self.local.ask_patiently(&Question::post("/api/v1/import", body)).await?;
            let results = part(&answer, "results")?.as_array().map_or(&[][..], Vec::as_slice);
            self.counter.add(results.len());
            let waiting = std::mem::take(&mut self.waiting);
            self.members.clear();
            self.bytes = 0;
            for (waiting, result) in waiting.into_iter().zip(results) {
                self.settle(&waiting, result)?;
            }
            if self.local.is_shared() && !is_dry_run {
                tokio::time::sleep(begin.elapsed()).await;
            }
        }
        self.tally.row = self.number;
        Ok(())
    }

    /// Writes to the end what was refused.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.rejects.as_mut().map_or(Ok(()), Rejects::finish)
    }

    fn settle(&mut self, waiting: &Waiting, result: &Value) -> Result<(), Failure> {
        let Waiting { number, row, left_out } = waiting;
        match result["outcome"].as_str() {
            Some("added") => self.tally.added += 1,
            Some("filled") => self.tally.filled += 1,
            Some("same") => {
                self.tally.same += 1;
                return Ok(());
            }
            _ => return self.refuse(*number, row.line, result["hint"].as_str().unwrap_or_default(), Some(row)),
        }
        let said = result["left_out"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let left_out: Vec<String> = left_out.iter().copied().chain(said).map(str::to_owned).collect();
        self.tally.leave_out(&left_out);
        match &mut self.rejects {
            Some(rejects) if !left_out.is_empty() => rejects.left_out(*number, row.line, &left_out, row),
            _ => Ok(()),
        }
    }

    fn refuse(&mut self, number: u64, line: u64, reason: &str, row: Option<&Row>) -> Result<(), Failure> {
        self.tally.refuse(reason);
        self.rejects.as_mut().map_or(Ok(()), |rejects| rejects.refused(number, line, reason, row))
    }
}

/// Whom the rows of a dry run were of, as hashes of 8 bytes: what an import would find there, and a dry run leaves nowhere.
#[derive(Default)]
struct Seen {
    hasher: RandomState,
    hashes: HashSet<u64>,
}

impl Seen {
    /// Whether an earlier row was of the same person.
    fn has(&mut self, member: &Map<String, Value>) -> bool {
        let text = |field: Field| member.get(field.name()).and_then(Value::as_str);
        !self.hashes.insert(self.hasher.hash_one((text(Field::Appid), text(Field::Openid))))
    }
}
