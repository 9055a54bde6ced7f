//! Who may stay when more come than there are places for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::connection::Progress;

/// Connections in the order in which they came.
#[derive(Debug)]
pub struct Table {
    places: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    connections: BTreeMap<u64, Arc<Progress>>,
    /// Never used twice: a connection that yielded must not take its successor's place along.
    next: u64,
}

impl Table {
    pub fn new(places: usize) -> Arc<Self> {
        Arc::new(Self { places, taken: Mutex::default() })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a connection. If there is none, the oldest without a whole request in hand yields its own.
    pub fn enter(self: &Arc<Self>, progress: &Arc<Progress>) -> Option<Place> {
        let mut taken = self.taken();
        if taken.connections.len() >= self.places {
            let (&oldest, _) = taken.connections.iter().find(|(_, progress)| progress.is_unfinished())?;
            taken.connections.remove(&oldest)?.close();
        }
        let number = taken.next;
        taken.next += 1;
        taken.connections.insert(number, Arc::clone(progress));
        Some(Place { table: Arc::clone(self), number })
    }
}

/// A connection's place, until this is dropped or another one needs it.
#[derive(Debug)]
pub struct Place {
    table: Arc<Table>,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.table.taken().connections.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: usize = 100;

    fn connections() -> Vec<Arc<Progress>> {
        (0..PLACES).map(|_| Progress::new(&Table::new(1))).collect()
    }

    #[tokio::test]
    async fn when_the_table_is_full_the_oldest_without_a_request_yields() {
        let (table, connections) = (Table::new(PLACES), connections());
        let busy = connections[0].busy(false);
        let places: Vec<_> = connections.iter().map(|progress| table.enter(progress)).collect();
        let newest = table.enter(&Progress::new(&Table::new(1)));
        connections[1].over().await;
        assert_eq!(table.taken().connections.len(), PLACES);
        drop((busy, places, newest));
        assert!(table.taken().connections.is_empty());
    }

    #[tokio::test]
    async fn when_every_connection_has_a_request_in_hand_the_newcomer_goes() {
        let (table, connections) = (Table::new(PLACES), connections());
        let busy: Vec<_> = connections.iter().map(|progress| progress.busy(false)).collect();
        let places: Vec<_> = connections.iter().map(|progress| table.enter(progress)).collect();
        assert!(table.enter(&Progress::new(&Table::new(1))).is_none());
        drop((busy, places));
    }

    #[tokio::test]
    async fn a_connection_whose_request_is_late_yields_to_the_next_that_is() {
        let late = Table::new(1);
        let [first, second] = [(); 2].map(|()| Progress::new(&late));
        let place = first.is_late();
        let _next = second.is_late();
        first.over().await;
        drop(place);
        assert_eq!(late.taken().connections.len(), 1, "the place is the second one's by now");
    }
}
