//! What nearly always is there at once.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;

/// A value that is there already, or that comes later. What is there costs no future: a check is over sooner than the
/// memory for one is found.
#[must_use = "what comes later comes to who waits for it"]
pub enum Soon<T> {
    /// It is there.
    Now(Ready<T>),
    /// It comes.
    Later(BoxFuture<'static, T>),
}

impl<T: Send + 'static> Soon<T> {
    pub fn now(value: T) -> Self {
        Self::Now(ready(value))
    }

    pub fn later(value: impl Future<Output = T> + Send + 'static) -> Self {
        Self::Later(Box::pin(value))
    }

    /// What `change` makes of it.
    pub fn map<U: Send + 'static>(self, change: impl FnOnce(T) -> U + Send + 'static) -> Soon<U> {
        match self {
            Self::Now(value) => Soon::now(change(value.into_inner())),
            Self::Later(value) => Soon::later(async move { change(value.await) }),
        }
    }

    /// What `next` makes of it, at once or later.
    pub fn then<U: Send + 'static>(self, next: impl FnOnce(T) -> Soon<U> + Send + 'static) -> Soon<U> {
        match self {
            Self::Now(value) => next(value.into_inner()),
            Self::Later(value) => Soon::later(async move { next(value.await).await }),
        }
    }
}

impl<T> Future for Soon<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match self.get_mut() {
            Self::Now(value) => Pin::new(value).poll(context),
            Self::Later(value) => value.as_mut().poll(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half(number: u32) -> Soon<u32> {
        if number.is_multiple_of(4) { Soon::now(number / 2) } else { Soon::later(async move { number / 2 }) }
    }

    #[tokio::test]
    async fn a_value_is_the_same_whether_it_is_there_or_comes() {
        for number in [8, 6, 4] {
            let quarter = half(number).then(half);
            assert_eq!(matches!(quarter, Soon::Now(_)), number == 8);
            assert_eq!(quarter.map(|quarter| quarter + 1).await, number / 4 + 1);
        }
    }
}
