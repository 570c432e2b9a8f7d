//! Who sends a request, by its `Authorization` field (RFC 6750, RFC 9110 §11.6.2).

use std::future::Future;

use super::{JwtVerifier, VerifiedToken};
use crate::{
    driver::{presented::Presented, refusal::Refusal},
    error::Error,
    principal::Principal,
};

impl JwtVerifier {
    /// Who sends a request, by the value of its `Authorization` field: one scheme, one space, one token (RFC 6750 §2.1). Of several
    /// fields their values, joined by `", "`.
    ///
    /// ```
    /// # use arcgate::{JwtVerifier, Refusal};
    /// async fn who(verifier: &JwtVerifier, authorization: Option<&str>) -> Result<String, Refusal> {
    ///     Ok(verifier.authenticate(authorization).await?.id().to_owned())
    /// }
    /// ```
    ///
    /// # Errors
    /// What the sender is to be answered, and why. 401 where there is no bearer token or it doesn't count, 400 for what is not one
    /// token in one place, 503 where its provider's keys can't be had now, 500 for what is no fault of the sender's.
    pub async fn authenticate(&self, authorization: Option<&str>) -> Result<Principal, Refusal> {
        Ok(self.authenticate_token(authorization).await?.principal().clone())
    }

    /// As [`Self::authenticate`], with the token and its claims.
    ///
    /// # Errors
    /// As [`Self::authenticate`]'s.
    pub fn authenticate_token<'a>(
        &'a self,
        authorization: Option<&'a str>,
    ) -> impl Future<Output = Result<VerifiedToken, Refusal>> + Send + use<'a> {
        self.authenticate_request(Presented::new(authorization))
    }

    /// As [`Self::authenticate_token`], of a request whose URL is looked at as well, or that needs scopes. With the feature `tower`,
    /// of an `http::Request` or its parts.
    ///
    /// ```
    /// # use arcgate::{JwtVerifier, Presented, Refusal};
    /// # async fn reports(verifier: &JwtVerifier, authorization: Option<&str>, url: &str) -> Result<(), Refusal> {
    /// let presented = Presented::new(authorization).url(url).scopes(["read:reports"]);
    /// let token = verifier.authenticate_request(presented).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Self::authenticate`]'s, 400 for a token in the URL, and 403 where a scope is missing, with all that are needed.
    pub fn authenticate_request<'a>(
        &'a self,
        presented: impl Into<Presented<'a>>,
    ) -> impl Future<Output = Result<VerifiedToken, Refusal>> + Send + 'a {
        let presented = presented.into();
        async move {
            let token = presented.token()?;
            self.admit(token, &presented).await.map_err(Refusal::of_token)
        }
    }

    async fn admit(&self, token: &str, presented: &Presented<'_>) -> Result<VerifiedToken, Error> {
        let token = self.verify(token).await?;
        presented.admit(token.scopes())?;
        Ok(token)
    }
}
