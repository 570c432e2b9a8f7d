//! The head of a request to one of the gates: what is decided about it before a byte of its body is read.

/// What a request's head says. What a gate has no use for may be absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'a> {
    /// `POST`
    pub method: &'a str,
    /// The URL's scheme, without its colon.
    pub scheme: &'a str,
    /// The URL's host, with its port where it has one.
    pub host: &'a str,
    /// The URL's path.
    pub path: &'a str,
    /// The URL's query, with or without its `?`.
    pub query: &'a str,
    /// `Origin`
    pub origin: Option<&'a str>,
    /// `Authorization`
    pub authorization: Option<&'a str>,
    /// `Content-Type`
    pub content_type: Option<&'a str>,
    /// `Content-Length`
    pub content_length: Option<&'a str>,
    /// `Content-Encoding`
    pub content_encoding: Option<&'a str>,
    /// `Accept`
    pub accept: Option<&'a str>,
    /// `Upgrade`
    pub upgrade: Option<&'a str>,
}
