use std::collections::{HashMap, VecDeque};

/// A map that forgets its oldest entries, so that a sandbox under load does not grow for ever.
pub(crate) struct Aging<V> {
    life_seconds: i64,
    entries: HashMap<String, V>,
    order: VecDeque<(i64, String)>,
}

impl<V> Aging<V> {
    pub(crate) fn new(life_seconds: i64) -> Self {
        Self { life_seconds, entries: HashMap::new(), order: VecDeque::new() }
    }

    /// Puts an entry in and drops those that are older than the map's life.
    pub(crate) fn insert(&mut self, now: i64, key: String, value: V) {
        while let Some((at, oldest)) = self.order.front()
            && now - at > self.life_seconds
        {
            self.entries.remove(oldest);
            self.order.pop_front();
        }
        self.order.push_back((now, key.clone()));
        self.entries.insert(key, value);
    }

    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        self.entries.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.values()
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.values_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_life_is_forgotten() {
        let mut map = Aging::new(10);
        map.insert(0, "first".to_owned(), 1);
        map.insert(10, "second".to_owned(), 2);
        assert!(map.get("first").is_some());
        map.insert(11, "third".to_owned(), 3);
        assert!(map.get("first").is_none() && map.get("second").is_some());
        assert_eq!(map.order.len(), map.entries.len());
    }
}
