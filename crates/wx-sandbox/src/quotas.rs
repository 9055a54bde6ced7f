use std::collections::HashMap;

pub(crate) const MINUTE: i64 = 60;
pub(crate) const DAY: i64 = 86_400;
/// WeChat's days begin at midnight in Beijing.
const BEIJING: i64 = 8 * 3600;

/// Counts calls in windows that follow one another without overlap.
#[derive(Default)]
pub(crate) struct Quotas(HashMap<(&'static str, String), Window>);

struct Window {
    number: i64,
    calls: u32,
}

impl Quotas {
    /// Counts one call of `who`, and says whether it is still within `limit` calls for each `window` of seconds.
    pub(crate) fn allow(&mut self, what: &'static str, who: &str, window: i64, limit: u32, now: i64) -> bool {
        let number = (now + BEIJING) / window;
        let counted = self.0.entry((what, who.to_owned())).or_insert(Window { number, calls: 0 });
        if counted.number != number {
            *counted = Window { number, calls: 0 };
        }
        counted.calls = counted.calls.saturating_add(1);
        counted.calls <= limit
    }

    /// How many calls of `who` fell into the present window.
    pub(crate) fn used(&self, what: &'static str, who: &str, window: i64, now: i64) -> u32 {
        let counted = self.0.get(&(what, who.to_owned()));
        counted.filter(|counted| counted.number == (now + BEIJING) / window).map_or(0, |counted| counted.calls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_holds_until_its_window_ends_and_for_one_caller() {
        let mut quotas = Quotas::default();
        let mut allow = |who, now| quotas.allow("login", who, MINUTE, 2, now);
        assert!(allow("a", 600) && allow("a", 659) && !allow("a", 659));
        assert!(allow("b", 659));
        assert!(allow("a", 660));
    }

    #[test]
    fn a_day_begins_at_midnight_in_beijing() {
        let mut quotas = Quotas::default();
        let before_midnight = 16 * 3600 - 1;
        assert!(quotas.allow("token", "a", DAY, 1, before_midnight));
        assert!(!quotas.allow("token", "a", DAY, 1, before_midnight));
        assert!(quotas.allow("token", "a", DAY, 1, before_midnight + 1));
    }
}
