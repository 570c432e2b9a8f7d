//! What the log calls a credential that no longer holds.

use arcgate::sans_io::auth::credential_status::CredentialStatus;

#[test]
fn what_holds_has_no_name_and_the_rest_have_their_own() {
    let name = |revoked: Option<bool>| CredentialStatus::before(revoked).name();
    assert_eq!(name(Some(false)), None);
    assert_eq!(name(Some(true)), Some("revoked"));
    assert_eq!(name(None), Some("revocation_unknown"));
}
