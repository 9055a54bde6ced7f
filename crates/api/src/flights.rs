//! One piece of work for all who ask for it at the same time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tracing::Instrument;

use crate::error::ApiError;

/// What is to be done. It lies in one place from the start: on its way to its task it would be copied again and again, and
/// all of a login is in it.
pub type Work<T> = BoxFuture<'static, Result<T, ApiError>>;

type Shared<T> = watch::Receiver<Option<Result<T, ApiError>>>;

/// Work under way, by key. The work runs on its own task: a caller that goes away spoils nothing for the others.
pub struct Flights<K, T> {
    under_way: Arc<Mutex<HashMap<K, Shared<T>>>>,
}

impl<K, T> Flights<K, T>
where
    K: Eq + Hash + Clone + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    pub fn new() -> Self {
        Self { under_way: Arc::default() }
    }

    /// Joins the work under `key`, or starts `work` there.
    ///
    /// # Errors
    /// Those of the work; `internal` when it panicked.
    pub async fn join(&self, key: K, work: Work<T>) -> Result<T, ApiError> {
        let mut answer = self.take_part(key, work);
        let result = answer.wait_for(Option::is_some).await;
        match result {
            Ok(value) => value.clone().expect("waited for"),
            Err(_) => Err(ApiError::internal("work that others wait for ended without an answer")),
        }
    }

    fn take_part(&self, key: K, work: Work<T>) -> Shared<T> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = under_way.get(&key) {
            return answer.clone();
        }
        let (sender, receiver) = watch::channel(None);
        under_way.insert(key.clone(), receiver.clone());
        let landing = Landing { under_way: Arc::clone(&self.under_way), key };
        let run = async move {
            let result = work.await;
            // Landed before it is announced: who asks after the answer is known starts anew.
            drop(landing);
            sender.send_replace(Some(result));
        };
        tokio::spawn(run.instrument(tracing::Span::current()));
        receiver
    }
}

/// Takes the key off the table when the work ends, by whatever way.
struct Landing<K: Eq + Hash, T> {
    under_way: Arc<Mutex<HashMap<K, Shared<T>>>>,
    key: K,
}

impl<K: Eq + Hash, T> Drop for Landing<K, T> {
    fn drop(&mut self) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn all_who_ask_at_once_get_one_answer_even_when_the_first_goes_away() {
        let flights = Arc::new(Flights::<u8, usize>::new());
        let (runs, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let ask = || {
            let (flights, runs, gate) = (Arc::clone(&flights), Arc::clone(&runs), Arc::clone(&gate));
            tokio::spawn(async move {
                let work = async move {
                    let run = runs.fetch_add(1, Ordering::SeqCst);
                    gate.notified().await;
                    Ok(run)
                };
                flights.join(1, Box::pin(work)).await
            })
        };
        let first = ask();
        tokio::task::yield_now().await;
        let others = [ask(), ask(), ask()];
        tokio::task::yield_now().await;
        first.abort();
        gate.notify_one();
        for other in others {
            assert_eq!(other.await.unwrap().unwrap(), 0);
        }
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        assert!(flights.under_way.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn work_that_panics_is_an_error_and_leaves_the_table_clean() {
        let flights = Flights::<u8, ()>::new();
        let result = flights.join(1, Box::pin(async { panic!("on purpose") })).await;
        assert!(matches!(result, Err(ApiError::Internal(_))));
        assert!(flights.join(1, Box::pin(async { Ok(()) })).await.is_ok());
    }
}
