use std::net::SocketAddr;

/// Why the sandbox did not do what it was told. The text is a sentence for whoever writes the test.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No app has this appid.
    #[error("there is no app {0:?}: POST /_sandbox/apps makes one")]
    UnknownApp(String),
    /// No user has this id.
    #[error("there is no user {0:?}: POST /_sandbox/users makes one")]
    UnknownUser(String),
    /// A request to the control interface, or a fault, that makes no sense; the text says what is wrong with it.
    #[error("{0}")]
    Senseless(String),
    /// A path below `/_sandbox/` that is no verb.
    #[error("there is no such verb: GET /_sandbox/ lists them")]
    UnknownVerb,
    /// An address that other machines could reach.
    #[error("the sandbox listens on loopback only, and {0} is not")]
    NotLoopback(SocketAddr),
    /// The address could not be had.
    #[error("the sandbox cannot listen: {0}")]
    Listen(#[from] std::io::Error),
}
