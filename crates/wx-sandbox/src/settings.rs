/// How the sandbox differs from one run to the next. The default is WeChat as it is believed to behave.
#[derive(Debug, Clone)]
pub struct Settings {
    /// When a `wx.login` replaces the session_key.
    pub rotation: Rotation,
    /// Makes every code, key, token and rid repeatable. `None` takes the operating system's randomness.
    pub seed: Option<u64>,
    /// Unix seconds at which the sandbox's clock stands still, moved by `advance` alone. `None` follows the system clock.
    pub frozen_at: Option<i64>,
    /// How long a session_key lives after the mini program was last used, in seconds. WeChat publishes no number.
    pub session_key_seconds: i64,
    /// What an expired login code answers. Reports differ: 40029, or 40163.
    pub expired_code: i64,
    /// What may be called how often.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rotation: Rotation::default(),
            seed: None,
            frozen_at: None,
            session_key_seconds: 3 * 86_400,
            expired_code: 40029,
            limits: Limits::default(),
        }
    }
}

/// When a `wx.login` replaces the session_key. It is decided as the code is minted, not when it is exchanged
/// (WeChat: wx.checkSession, 用户登录态签名).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// Only if the key is at least this many seconds old.
    MinInterval(i64),
    /// At every login.
    Always,
    /// Only when there is no living key.
    Never,
}

impl Default for Rotation {
    fn default() -> Self {
        Self::MinInterval(60)
    }
}

/// Published limits, each for one app unless it says otherwise.
/// Above those of a minute WeChat answers 45011, above those of a day 45009.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `jscode2session`, of one user, a minute.
    pub code2session_per_minute: u32,
    /// `resetusersessionkey` a minute.
    pub reset_per_minute: u32,
    /// `stable_token` a minute.
    pub stable_token_per_minute: u32,
    /// `stable_token` a day. Days are Beijing's.
    pub stable_token_per_day: u32,
    /// `stable_token` with `force_refresh` a day.
    pub forced_refresh_per_day: u32,
    /// `token` a day.
    pub token_per_day: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            code2session_per_minute: 100,
            reset_per_minute: 60_000,
            stable_token_per_minute: 10_000,
            stable_token_per_day: 500_000,
            forced_refresh_per_day: 20,
            token_per_day: 2_000,
        }
    }
}
