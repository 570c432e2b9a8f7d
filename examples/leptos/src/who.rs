//! Whose token the page has, as the provider's keys prove it.

use arcgate::VerifiedToken;
use leptos::prelude::*;

use crate::{
    outcome::{Outcome, Problem},
    session::Session,
};

#[component]
pub fn Who() -> impl IntoView {
    let session = expect_context::<Session>();
    let known = LocalResource::new(move || look(session.clone()));
    view! {
        <section aria-labelledby="who">
            <h2 id="who">"Who is asking"</h2>
            <Outcome of=move || known.get() retry=move || known.refetch() children=described />
        </section>
    }
}

/// Both keep what they have: asked again, neither sends anything until the token nears its end.
async fn look(session: Session) -> Result<VerifiedToken, Problem> {
    let token = session.tokens.token().await?;
    Ok(session.verifier.verify(&token).await?)
}

fn described(token: VerifiedToken) -> AnyView {
    view! {
        <dl>
            <dt>"principal"</dt>
            <dd>{token.principal().id().to_owned()}</dd>
            <dt>"provider"</dt>
            <dd>{token.provider().to_owned()}</dd>
            <dt>"scopes"</dt>
            <dd>{token.scopes().join(" ")}</dd>
        </dl>
    }
    .into_any()
}
