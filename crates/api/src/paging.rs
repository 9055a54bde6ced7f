//! Pages of long lists.

use wxgate_store::{Error, Page};

/// How often one request asks the store, which looks at 100,000 rows each time: a rare name among a million is found.
const LOOKS: usize = 10;

/// A page that is filled up to `limit` as far as the list goes on, or after a million rows. `ask` gets where to begin and
/// how many are wanted.
pub async fn filled<T, F>(after: Option<i64>, limit: u32, ask: impl Fn(Option<i64>, u32) -> F) -> Result<Page<T>, Error>
where
    F: Future<Output = Result<Page<T>, Error>>,
{
    let mut whole = Page { rows: Vec::new(), next: after };
    let mut left = limit;
    for _ in 0..LOOKS {
        let page = ask(whole.next, left).await?;
        left = left.saturating_sub(u32::try_from(page.rows.len()).unwrap_or(u32::MAX));
        whole.rows.extend(page.rows);
        whole.next = page.next;
        if left == 0 || whole.next.is_none() {
            break;
        }
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A list from 100 down to 1, of which each look sees five and finds those that `is_wanted`.
    async fn found(limit: u32, is_wanted: fn(&i64) -> bool) -> (Page<i64>, usize) {
        let looks = Cell::new(0);
        let ask = |after: Option<i64>, limit: u32| {
            looks.set(looks.get() + 1);
            let before = after.unwrap_or(101);
            let floor = (before - 5).max(1);
            let rows: Vec<_> = (floor..before).rev().filter(is_wanted).take(limit as usize).collect();
            let next = if rows.len() == limit as usize { rows.last().copied() } else { Some(floor) };
            async move { Ok(Page { rows, next: next.filter(|next| *next > 1) }) }
        };
        let page = filled(None, limit, ask).await.unwrap();
        (page, looks.get())
    }

    #[tokio::test]
    async fn a_page_is_filled_over_several_looks_and_ends_after_ten() {
        let page = |rows: Vec<i64>, next| Page { rows, next };
        assert_eq!(found(3, |_| true).await, (page(vec![100, 99, 98], Some(98)), 1));
        assert_eq!(found(3, |number| number % 10 == 0).await, (page(vec![100, 90, 80], Some(80)), 5));
        assert_eq!(found(3, |number| *number == 60).await, (page(vec![60], Some(51)), 10));
        assert_eq!(found(200, |number| *number == 60).await, (page(vec![60], Some(51)), 10));
    }
}
