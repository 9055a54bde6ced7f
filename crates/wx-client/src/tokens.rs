//! One app's token, shared by all who need it: asked for once, renewed in time, replaced when WeChat refuses it.

mod forced;
mod pause;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use self::forced::Forced;
use self::pause::Pause;
use crate::issuer::Issuer;
use crate::token::Token;
use crate::{Error, Result, TokenKeep};

/// A token on its way, for all who wait for it.
type Flight = Shared<BoxFuture<'static, Result<Token, Arc<Error>>>>;

/// What WeChat said of a token so recently it is not asked again.
const JUST_NOW: Duration = Duration::from_secs(5);

/// The place of one app.
pub(crate) struct Tokens {
    appid: String,
    issuer: Arc<dyn Issuer>,
    keep: Arc<dyn TokenKeep>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    flight: Option<Flight>,
    /// The token that WeChat refused last.
    refused: Option<Token>,
    forced: Forced,
    pause: Pause,
    /// When WeChat last named a token.
    named_at: Option<Instant>,
    /// Whether the keep has been asked.
    loaded: bool,
}

impl State {
    fn is_just_named(&self) -> bool {
        self.named_at.is_some_and(|at| at.elapsed() < JUST_NOW)
    }

    /// Whether WeChat named `token` just now although it had refused it before: asking again would only spend quota.
    fn insists_on(&self, token: &Token) -> bool {
        self.refused.as_ref().is_some_and(|refused| refused.is(token)) && self.is_just_named()
    }
}

impl Tokens {
    pub(crate) fn new(appid: String, issuer: Arc<dyn Issuer>, keep: Arc<dyn TokenKeep>) -> Arc<Self> {
        Arc::new(Self { appid, issuer, keep, state: Mutex::default() })
    }

    /// A token with at least 300 seconds left; or, when no other can be had, whatever is left of this one.
    pub(crate) async fn current(self: &Arc<Self>) -> Result<Token> {
        let flight = {
            let mut state = self.state();
            if let Some(token) = state.token.as_ref().filter(|token| token.is_fresh()) {
                return Ok(token.clone());
            }
            if let Some(error) = state.pause.error() {
                let left = state.token.clone().filter(Token::is_alive);
                return left.ok_or_else(|| Error::share(error));
            }
            self.board(&mut state)
        };
        let landed = flight.await;
        landed.or_else(|error| {
            let left = self.state().token.clone().filter(Token::is_alive);
            left.ok_or_else(|| Error::share(&error))
        })
    }

    /// The token to use after WeChat refused `used`: another one, or nothing if WeChat insists on the one it refuses.
    pub(crate) async fn after_refusal(self: &Arc<Self>, used: &Token) -> Result<Option<Token>> {
        {
            let mut state = self.state();
            // A token that has been replaced meanwhile is no reason to drop its successor.
            if state.token.as_ref().is_some_and(|token| token.is(used)) {
                if state.insists_on(used) {
                    return Ok(None);
                }
                state.refused = state.token.take();
            }
        }
        let next = self.current().await?;
        Ok((!next.is(used)).then_some(next))
    }

    /// The token to use after somebody else says that WeChat refused `reported`.
    ///
    /// Hearsay: it makes WeChat name the token in force, at most every 5 seconds, and neither takes the present one away
    /// nor forces another, so that a caller who is mistaken costs nobody a token.
    pub(crate) async fn after_report(self: &Arc<Self>, reported: &SecretString) -> Result<Token> {
        let flight = {
            let mut state = self.state();
            let is_current =
                state.token.as_ref().is_some_and(|token| token.text().expose_secret() == reported.expose_secret());
            let asks = is_current && !state.is_just_named() && state.pause.error().is_none();
            asks.then(|| self.board(&mut state))
        };
        match flight {
            Some(flight) => flight.await.map_err(|error| Error::share(&error)),
            None => self.current().await,
        }
    }

    /// The time that is left to the token at hand, if there is one.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.state().token.as_ref().map(Token::remaining)
    }

    /// The renewal under way, or one that starts.
    fn board(self: &Arc<Self>, state: &mut State) -> Flight {
        match &state.flight {
            // One that has ended and is still here ended in a panic.
            Some(flight) if flight.peek().is_none() => flight.clone(),
            _ => state.flight.insert(self.depart()).clone(),
        }
    }

    /// Starts a renewal that goes on when those who wait for it go away.
    fn depart(self: &Arc<Self>) -> Flight {
        let this = self.clone();
        let task = tokio::spawn(async move {
            let renewed = this.renew().await.map_err(Arc::new);
            let mut state = this.state();
            state.flight = None;
            match &renewed {
                Ok(token) => {
                    state.token = Some(token.clone());
                    state.pause = Pause::default();
                }
                Err(error) => {
                    tracing::warn!(appid = this.appid, %error, "no new access_token");
                    state.pause.begin(error.clone());
                }
            }
            drop(state);
            renewed
        });
        let landed = task.map(|end| {
            end.unwrap_or_else(|error| Err(Arc::new(Error::Unreachable { sent: true, source: error.into() })))
        });
        landed.boxed().shared()
    }

    async fn renew(&self) -> Result<Token> {
        if let Some(kept) = self.kept().await {
            return Ok(kept);
        }
        let mut token = Token::from(self.issuer.issue(false).await?);
        if self.may_force(&token) {
            self.keep.note_forced(&self.appid).await;
            tracing::warn!(appid = self.appid, "WeChat hands out an access_token that it refuses: forcing a new one");
            token = self.issuer.issue(true).await?.into();
        }
        self.state().named_at = Some(Instant::now());
        self.keep.save(&self.appid, &token.clone().into()).await;
        Ok(token)
    }

    /// What an earlier run of the program left, asked for once.
    async fn kept(&self) -> Option<Token> {
        if std::mem::replace(&mut self.state().loaded, true) {
            return None;
        }
        let forced = self.keep.forced(&self.appid).await;
        self.state().forced = Forced::with(&forced);
        self.keep.load(&self.appid).await.map(Token::from).filter(Token::is_fresh)
    }

    fn may_force(&self, token: &Token) -> bool {
        let mut state = self.state();
        state.refused.as_ref().is_some_and(|refused| refused.is(token)) && state.forced.one_more()
    }

    /// Held for a few instructions at a time and never across an await; nothing in between can leave it half done.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
