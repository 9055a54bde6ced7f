use std::collections::HashMap;

use crate::aging::Aging;
use crate::quotas::DAY;
use crate::random::Random;

/// How long an access_token lives.
const LIFE_SECONDS: i64 = 7200;
/// How long a replaced token of the plain line goes on working, and how long before its end a stable one is renewed.
const OVERLAP_SECONDS: i64 = 300;
/// Forced refreshes closer together than this refresh nothing.
const FORCE_SPACING_SECONDS: i64 = 30;

/// The two lines of tokens that an app has, which know nothing of each other (WeChat: getStableAccessToken).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Line {
    Plain,
    Stable,
}

struct Token {
    appid: String,
    line: Line,
    expires_at: i64,
    /// From when on it counts as replaced, because a newer one took its place.
    replaced_at: Option<i64>,
}

impl Token {
    fn replace(&mut self, at: i64) {
        self.replaced_at = Some(self.replaced_at.map_or(at, |earlier| earlier.min(at)));
    }
}

/// A token as handed out, with the seconds it has left.
pub(crate) struct Issued {
    pub(crate) token: String,
    pub(crate) remaining: i64,
}

pub(crate) struct Tokens {
    issued: Aging<Token>,
    current: HashMap<(String, Line), String>,
    forced_at: HashMap<String, i64>,
}

impl Default for Tokens {
    fn default() -> Self {
        Self { issued: Aging::new(DAY), current: HashMap::new(), forced_at: HashMap::new() }
    }
}

impl Tokens {
    /// The app that a token speaks for, or the errcode that refuses it.
    pub(crate) fn appid(&self, token: &str, now: i64) -> Result<&str, i64> {
        let token = self.issued.get(token).ok_or(40001)?;
        if token.replaced_at.is_some_and(|at| at <= now) {
            return Err(40001);
        }
        if token.expires_at <= now {
            return Err(42001);
        }
        Ok(&token.appid)
    }

    /// `cgi-bin/token`: a new token at every call; the one before works for another five minutes.
    pub(crate) fn plain(&mut self, appid: &str, now: i64, random: &mut Random) -> Issued {
        self.replace(appid, Line::Plain, now + OVERLAP_SECONDS);
        self.issue(appid, Line::Plain, now, random)
    }

    /// `cgi-bin/stable_token`: the same token until less than five minutes remain, then a new one beside it.
    pub(crate) fn stable(&mut self, appid: &str, now: i64, random: &mut Random) -> Issued {
        self.shared(appid, now).unwrap_or_else(|| self.issue(appid, Line::Stable, now, random))
    }

    /// Whether a forced refresh now would come long enough after the last one.
    pub(crate) fn may_force(&self, appid: &str, now: i64) -> bool {
        self.forced_at.get(appid).is_none_or(|at| now - at >= FORCE_SPACING_SECONDS)
    }

    /// `cgi-bin/stable_token` with `force_refresh`: every older token of the line is dead at once.
    pub(crate) fn force(&mut self, appid: &str, now: i64, random: &mut Random) -> Issued {
        self.forced_at.insert(appid.to_owned(), now);
        self.replace(appid, Line::Stable, now);
        self.issue(appid, Line::Stable, now, random)
    }

    /// Lets every token of the app grow too old: 42001.
    pub(crate) fn expire(&mut self, appid: &str, now: i64) {
        for token in self.issued.values_mut().filter(|token| token.appid == appid) {
            token.expires_at = token.expires_at.min(now);
        }
    }

    /// Makes every token of the app one that somebody else replaced: 40001.
    pub(crate) fn displace(&mut self, appid: &str, now: i64) {
        for line in [Line::Plain, Line::Stable] {
            self.replace(appid, line, now);
            self.current.remove(&(appid.to_owned(), line));
        }
    }

    fn replace(&mut self, appid: &str, line: Line, at: i64) {
        self.issued
            .values_mut()
            .filter(|token| token.appid == appid && token.line == line)
            .for_each(|token| token.replace(at));
    }

    fn shared(&self, appid: &str, now: i64) -> Option<Issued> {
        let text = self.current.get(&(appid.to_owned(), Line::Stable))?;
        let remaining = self.issued.get(text)?.expires_at - now;
        (remaining >= OVERLAP_SECONDS).then(|| Issued { token: text.clone(), remaining })
    }

    fn issue(&mut self, appid: &str, line: Line, now: i64, random: &mut Random) -> Issued {
        let text = format!("97_{}", random.url_safe::<102>());
        let token = Token { appid: appid.to_owned(), line, expires_at: now + LIFE_SECONDS, replaced_at: None };
        self.issued.insert(now, text.clone(), token);
        self.current.insert((appid.to_owned(), line), text.clone());
        Issued { token: text, remaining: LIFE_SECONDS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = "wx0123456789abcdef";

    fn tokens() -> (Tokens, Random) {
        (Tokens::default(), Random::new(Some(1)))
    }

    #[test]
    fn a_plain_token_works_for_five_minutes_after_the_next_one() {
        let (mut tokens, mut random) = tokens();
        let old = tokens.plain(APP, 1000, &mut random).token;
        let new = tokens.plain(APP, 1010, &mut random).token;
        assert_eq!(tokens.appid(&old, 1309), Ok(APP));
        assert_eq!(tokens.appid(&old, 1310), Err(40001));
        assert_eq!(tokens.appid(&new, 1310), Ok(APP));
    }

    #[test]
    fn a_replaced_token_gets_no_second_grace() {
        let (mut tokens, mut random) = tokens();
        let first = tokens.plain(APP, 1000, &mut random).token;
        tokens.plain(APP, 1010, &mut random);
        tokens.plain(APP, 1200, &mut random);
        assert_eq!(tokens.appid(&first, 1310), Err(40001));
    }

    #[test]
    fn the_stable_token_is_shared_until_less_than_five_minutes_remain() {
        let (mut tokens, mut random) = tokens();
        let first = tokens.stable(APP, 0, &mut random);
        assert_eq!(first.remaining, 7200);
        let shared = tokens.stable(APP, 6900, &mut random);
        assert_eq!((&shared.token, shared.remaining), (&first.token, 300));
        let second = tokens.stable(APP, 6901, &mut random);
        assert_ne!(second.token, first.token);
        assert_eq!((tokens.appid(&first.token, 7199), tokens.appid(&second.token, 7199)), (Ok(APP), Ok(APP)));
        assert_eq!(tokens.appid(&first.token, 7200), Err(42001));
    }

    #[test]
    fn a_forced_refresh_kills_the_stable_token_and_spares_the_plain_one() {
        let (mut tokens, mut random) = tokens();
        let (stable, plain) = (tokens.stable(APP, 0, &mut random).token, tokens.plain(APP, 0, &mut random).token);
        assert!(tokens.may_force(APP, 0));
        let forced = tokens.force(APP, 0, &mut random).token;
        assert_eq!(
            (tokens.appid(&stable, 0), tokens.appid(&forced, 0), tokens.appid(&plain, 0)),
            (Err(40001), Ok(APP), Ok(APP))
        );
        assert!(!tokens.may_force(APP, 29) && tokens.may_force(APP, 30));
    }

    #[test]
    fn a_displaced_token_is_40001_and_an_expired_one_42001() {
        let (mut tokens, mut random) = tokens();
        let displaced = tokens.stable(APP, 0, &mut random).token;
        tokens.displace(APP, 1);
        assert_eq!(tokens.appid(&displaced, 1), Err(40001));
        let expired = tokens.stable(APP, 1, &mut random).token;
        assert_eq!(tokens.appid(&expired, 1), Ok(APP));
        tokens.expire(APP, 2);
        assert_eq!(tokens.appid(&expired, 2), Err(42001));
        assert_eq!(tokens.appid("97_made-up", 2), Err(40001));
    }
}
