use crate::model::{HASH_BYTES, SessionId, UnixSeconds};

/// Sessions in one run of memory: small enough to be shifted, large enough that few runs are looked through.
const RUN: usize = 512;

/// A session without its id: 36 bytes. Instants are seconds of an unsigned 32-bit clock, which ends in 2106.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sqlite) struct Row {
    pub(in crate::sqlite) hash: [u8; HASH_BYTES],
    /// `members.number`.
    pub(in crate::sqlite) owner: u32,
    pub(in crate::sqlite) created_at: u32,
    pub(in crate::sqlite) last_seen_at: u32,
    pub(in crate::sqlite) expires_at: u32,
    /// 0: ended, kept for its key.
    pub(in crate::sqlite) ends_at: u32,
}

impl Row {
    /// What is looked at where there is no session: an ended one.
    pub(in crate::sqlite) const NONE: Self =
        Self { hash: [0; HASH_BYTES], owner: 0, created_at: 0, last_seen_at: 0, expires_at: 0, ends_at: 0 };

    pub(in crate::sqlite) fn has_ended(&self) -> bool {
        self.ends_at == 0
    }

    pub(in crate::sqlite) fn is_live(&self, now: UnixSeconds) -> bool {
        // Ended is said apart: a clock before 1970 is no reason to let anybody in.
        !self.has_ended() & (now.0 < i64::from(self.expires_at)) & (now.0 < i64::from(self.ends_at))
    }

    /// The row of an ended session.
    pub(in crate::sqlite) fn ended(self) -> Self {
        Self { hash: [0; HASH_BYTES], ends_at: 0, ..self }
    }
}

/// An instant as an index keeps it.
pub(in crate::sqlite) fn seconds(at: UnixSeconds) -> u32 {
    u32::try_from(at.0.max(0)).unwrap_or(u32::MAX)
}

/// Rows by id, in runs that are sorted and follow one another. Ids grow with time, so nearly every row is appended.
#[derive(Default)]
pub(super) struct Sessions {
    /// The first id of each run.
    firsts: Vec<i64>,
    runs: Vec<Run>,
    len: usize,
}

struct Run {
    ids: Vec<i64>,
    rows: Vec<Row>,
}

impl Run {
    fn new() -> Self {
        Self { ids: Vec::with_capacity(RUN), rows: Vec::with_capacity(RUN) }
    }

    fn bytes(&self) -> usize {
        self.ids.capacity() * size_of::<i64>() + self.rows.capacity() * size_of::<Row>()
    }
}

/// Where `id` is among sorted `ids` that are from `first` on and below `end`, or where it would be put.
///
/// They grow with time and so nearly evenly: it is looked for from where it should be. To halve all of them again and again
/// would wait for memory at each step.
fn find(ids: &[i64], id: i64, first: i64, end: i64) -> Result<usize, usize> {
    let Some(last) = ids.len().checked_sub(1) else { return Err(0) };
    let between = usize::try_from(end.abs_diff(first)).unwrap_or(usize::MAX) / ids.len() + 1;
    let ahead = usize::try_from(id.saturating_sub(first)).unwrap_or(0);
    let guess = (ahead / between).min(last);
    let (mut low, mut high, mut step) = (guess, guess, 1);
    while low > 0 && ids[low] > id {
        (low, high) = (low.saturating_sub(step), low);
        step *= 2;
    }
    while high < last && ids[high] < id {
        (low, high) = (high, last.min(high + step));
        step *= 2;
    }
    ids[low..=high].binary_search(&id).map(|at| low + at).map_err(|at| low + at)
}

impl Sessions {
    pub(super) fn get(&self, id: SessionId) -> Option<&Row> {
        let (run, at) = self.position(id)?;
        Some(&self.runs[run].rows[at])
    }

    pub(super) fn get_mut(&mut self, id: SessionId) -> Option<&mut Row> {
        let (run, at) = self.position(id)?;
        Some(&mut self.runs[run].rows[at])
    }

    fn run_of(&self, id: SessionId) -> usize {
        self.firsts.partition_point(|first| *first <= id.0).saturating_sub(1)
    }

    fn position(&self, id: SessionId) -> Option<(usize, usize)> {
        let run = self.run_of(id);
        let ids = &self.runs.get(run)?.ids;
        let end = self.firsts.get(run + 1).or(ids.last());
        let at = find(ids, id.0, self.firsts[run], *end?).ok()?;
        Some((run, at))
    }

    /// Adds a row or replaces it. `true` if it was not there.
    pub(super) fn put(&mut self, id: SessionId, row: Row) -> bool {
        if let Some(run) = self.runs.last_mut()
            && run.ids.len() < RUN
            && run.ids.last() < Some(&id.0)
        {
            run.ids.push(id.0);
            run.rows.push(row);
            self.len += 1;
            return true;
        }
        let mut index = self.run_of(id);
        let Some(run) = self.runs.get_mut(index) else {
            self.begin_run(0, id, row);
            return true;
        };
        let mut at = match run.ids.binary_search(&id.0) {
            Ok(at) => {
                run.rows[at] = row;
                return false;
            }
            Err(at) => at,
        };
        if run.ids.len() >= RUN {
            if at == run.ids.len() {
                self.begin_run(index + 1, id, row);
                return true;
            }
            let middle = RUN / 2;
            let upper = Run { ids: run.ids.split_off(middle), rows: run.rows.split_off(middle) };
            self.firsts.insert(index + 1, upper.ids[0]);
            self.runs.insert(index + 1, upper);
            if at > middle {
                (index, at) = (index + 1, at - middle);
            }
        }
        let run = &mut self.runs[index];
        run.ids.insert(at, id.0);
        run.rows.insert(at, row);
        self.firsts[index] = run.ids[0];
        self.len += 1;
        true
    }

    fn begin_run(&mut self, index: usize, id: SessionId, row: Row) {
        let mut run = Run::new();
        run.ids.push(id.0);
        run.rows.push(row);
        self.firsts.insert(index, id.0);
        self.runs.insert(index, run);
        self.len += 1;
    }

    pub(super) fn remove(&mut self, id: SessionId) -> Option<Row> {
        let (index, at) = self.position(id)?;
        let run = &mut self.runs[index];
        run.ids.remove(at);
        let row = run.rows.remove(at);
        self.len -= 1;
        let Some(first) = run.ids.first() else {
            self.firsts.remove(index);
            self.runs.remove(index);
            return Some(row);
        };
        self.firsts[index] = *first;
        if run.ids.len() * 2 < run.ids.capacity() && index + 1 < self.firsts.len() {
            run.ids.shrink_to_fit();
            run.rows.shrink_to_fit();
        }
        Some(row)
    }

    /// Rows of ids after `after`, in order, at most one run of them; nothing when there are none.
    pub(super) fn following(&self, after: SessionId) -> impl Iterator<Item = (SessionId, &Row)> {
        let mut index = self.run_of(after);
        let mut at = 0;
        if let Some(run) = self.runs.get(index) {
            at = run.ids.partition_point(|id| *id <= after.0);
            if at == run.ids.len() {
                (index, at) = (index + 1, 0);
            }
        }
        let run = self.runs.get(index).into_iter();
        run.flat_map(move |run| run.ids[at..].iter().map(|id| SessionId(*id)).zip(&run.rows[at..]))
    }

    /// The smallest id.
    pub(super) fn first(&self) -> Option<SessionId> {
        self.firsts.first().map(|first| SessionId(*first))
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// About what they take. The last run is the only one that is large and may be empty.
    pub(super) fn bytes(&self) -> usize {
        let per_row = size_of::<i64>() + size_of::<Row>();
        self.len * per_row + self.runs.last().map_or(0, Run::bytes) + self.runs.capacity() * size_of::<(i64, Run)>()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn row(owner: u32) -> Row {
        Row { hash: [0; HASH_BYTES], owner, created_at: 1, last_seen_at: 1, expires_at: 1, ends_at: 1 }
    }

    /// Numbers without order that are the same in each run.
    fn scattered(count: u64) -> impl Iterator<Item = u64> {
        let step = |state: &mut u64| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            Some(*state >> 33)
        };
        (0..count).scan(1, move |state, _| step(state))
    }

    #[test]
    fn rows_are_found_whatever_order_they_came_in() {
        let (mut sessions, mut model) = (Sessions::default(), BTreeMap::new());
        for (turn, number) in (0_u32..).zip(scattered(20_000)) {
            let id = i64::try_from(number % 4_000).unwrap() + 1;
            if number % 3 == 0 {
                assert_eq!(sessions.remove(SessionId(id)).map(|row| row.owner), model.remove(&id));
            } else {
                assert_eq!(sessions.put(SessionId(id), row(turn)), model.insert(id, turn).is_none());
            }
            assert_eq!(sessions.len(), model.len());
        }
        for id in 0..4_002 {
            assert_eq!(sessions.get(SessionId(id)).map(|row| row.owner), model.get(&id).copied(), "{id}");
        }
        let mut walked = Vec::new();
        while let Some((last, _)) = sessions.following(SessionId(walked.last().copied().unwrap_or(0))).last() {
            let after = SessionId(walked.last().copied().unwrap_or(0));
            walked.extend(sessions.following(after).map(|(id, _)| id.0));
            assert_eq!(walked.last(), Some(&last.0));
        }
        assert_eq!(walked, model.keys().copied().collect::<Vec<_>>());
        assert_eq!(sessions.first().map(|id| id.0), model.keys().next().copied());
    }

    #[test]
    fn an_id_is_found_however_unevenly_they_lie() {
        let even: Vec<i64> = (1..=512).map(|n| n * 1_000).collect();
        let bursts: Vec<i64> = (0..512).map(|n| n / 64 * 1_000_000_000 + n % 64 + 1).collect();
        let apart: Vec<i64> = [1, 2, 3, i64::MAX - 1, i64::MAX].to_vec();
        for ids in [even, bursts, apart, vec![7], Vec::new()] {
            let first = ids.first().copied().unwrap_or(0);
            let last = ids.last().copied().unwrap_or(0);
            for end in [last, last.saturating_add(1), i64::MAX] {
                for near in
                    ids.iter().flat_map(|id| [id.saturating_sub(1), *id, id.saturating_add(1)]).chain([i64::MIN, 0])
                {
                    assert_eq!(find(&ids, near, first, end), ids.binary_search(&near), "{near} below {end}");
                }
            }
        }
    }

    #[test]
    fn appended_rows_leave_no_gaps() {
        let mut sessions = Sessions::default();
        for id in 1..=100_000 {
            sessions.put(SessionId(id), row(1));
        }
        assert!(sessions.bytes() < 100_000 * 45 + 60_000, "{}", sessions.bytes());
        assert!(sessions.runs.iter().rev().skip(1).all(|run| run.ids.len() == RUN));
    }
}
