//! What comes from outside, in all its forms.

mod base64;
mod payload;
mod skey;
