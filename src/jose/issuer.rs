//! Whose tokens they are: one issuer, or one for each tenant of a provider that has many (Entra ID).

use crate::text;

use super::url::PlainHosts;

/// What stands in an issuer for the tenant.
pub const TENANT: &str = "{tenantid}";
/// Where a provider of many tenants has its common metadata, in the tenant's place.
const COMMON: &str = "common";
/// The longest name of a tenant, in bytes.
const MAX_TENANT: usize = 64;

/// The issuer of a provider's tokens.
#[derive(Clone, Debug)]
pub struct Issuer {
    text: String,
    /// `None` for an issuer that is the same for all its tokens.
    tenants: Option<Tenants>,
    /// What may be asked in plain text on its behalf.
    hosts: PlainHosts,
}

/// The tenants whose tokens are accepted.
#[derive(Clone, Debug)]
pub enum Tenants {
    /// All that the provider signs for.
    Any,
    /// These.
    Listed(Vec<String>),
}

impl Issuer {
    /// The issuer of exactly this name.
    pub fn exactly(text: &str) -> Self {
        Self { text: text.to_owned(), tenants: None, hosts: PlainHosts::default() }
    }

    /// The issuers that `text` names with a tenant in the place of [`TENANT`].
    pub fn of_tenants(text: &str, tenants: Tenants) -> Self {
        Self { text: text.to_owned(), tenants: Some(tenants), hosts: PlainHosts::default() }
    }

    /// With hosts that may be asked in plain text on its behalf.
    #[must_use]
    pub fn and_hosts(mut self, hosts: &PlainHosts) -> Self {
        self.hosts = hosts.clone();
        self
    }

    /// The hosts that may be asked in plain text on its behalf.
    pub const fn hosts(&self) -> &PlainHosts {
        &self.hosts
    }

    /// As it is configured.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is one for each tenant.
    pub const fn has_tenants(&self) -> bool {
        self.tenants.is_some()
    }

    /// Whether a token of this issuer, and of this tenant by its own account, is one of its tokens.
    pub fn fits(&self, issuer: &str, tenant: Option<&str>) -> bool {
        match &self.tenants {
            None => self.text == issuer,
            Some(tenants) => {
                tenant_in(&self.text, issuer).is_some_and(|found| Some(found) == tenant && tenants.has(found))
            }
        }
    }

    /// Whether an issuer is of the form of its tenants', accepted or not: for messages.
    pub fn is_one_of_many(&self, issuer: &str) -> bool {
        self.tenants.is_some() && tenant_in(&self.text, issuer).is_some()
    }

    /// Whether a metadata document of this issuer speaks for it: of many tenants the document for all, or one of theirs.
    pub fn is_described_by(&self, issuer: &str) -> bool {
        let of_tenant = |tenants: &Tenants| tenant_in(&self.text, issuer).is_some_and(|found| tenants.has(found));
        self.text == issuer || self.tenants.as_ref().is_some_and(of_tenant)
    }

    /// What its metadata's addresses are made of.
    pub fn base(&self) -> String {
        match self.tenants {
            None => self.text.clone(),
            // There is one of it: `src/jose/provider.rs` sees to that.
            Some(_) => text::split_once(&self.text, TENANT)
                .map_or_else(|| self.text.clone(), |(before, after)| format!("{before}{COMMON}{after}")),
        }
    }
}

impl Tenants {
    fn has(&self, tenant: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(tenants) => tenants.iter().any(|listed| is_same_tenant(listed, tenant)),
        }
    }
}

/// GUIDs are the same whatever the case of their digits; any other name is exactly that.
fn is_same_tenant(one: &str, other: &str) -> bool {
    let is_guid = |text: &str| text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    one == other || (is_guid(one) && one.eq_ignore_ascii_case(other))
}

/// Whether a key that its provider keeps for `of` may sign for `issuer`. Entra's keys name an issuer each: that of one tenant,
/// or with [`TENANT`] in it that of any. Where the issuer is the provider's own and only one, a key for any tenant is its key.
/// Entra has two issuers for each tenant, of which either key set names one.
pub fn may_sign(of: &str, issuer: &str, is_own: bool) -> bool {
    of == issuer
        || tenant_in(of, issuer).is_some()
        || (is_own && text::contains(of, TENANT))
        || entra_tenant(of).zip(entra_tenant(issuer)).is_some_and(|(one, other)| one == TENANT || one == other)
}

/// The tenant, or [`TENANT`], of one of Entra's issuers: `https://sts.windows.net/T/` in its first version,
/// `https://login.microsoftonline.com/T/v2.0` in its second.
fn entra_tenant(issuer: &str) -> Option<&str> {
    const FIRST: [&str; 2] = ["https://sts.windows.net/", "https://sts.chinacloudapi.cn/"];
    const SECOND: [&str; 3] = [
        "https://login.microsoftonline.com/",
        "https://login.microsoftonline.us/",
        "https://login.partner.microsoftonline.cn/",
    ];
    let first = FIRST.iter().find_map(|start| issuer.strip_prefix(start)?.strip_suffix('/'));
    let tenant = first.or_else(|| SECOND.iter().find_map(|start| issuer.strip_prefix(start)?.strip_suffix("/v2.0")))?;
    (tenant == TENANT || is_tenant(tenant)).then_some(tenant)
}

/// Whether a text is fit for a tenant's name: nothing in it that could make a path of it.
pub fn is_tenant(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    (1..=MAX_TENANT).contains(&text.len()) && text.bytes().all(fits)
}

/// What stands in `issuer` where `template` has [`TENANT`].
fn tenant_in<'i>(template: &str, issuer: &'i str) -> Option<&'i str> {
    let (before, after) = text::split_once(template, TENANT)?;
    issuer.strip_prefix(before)?.strip_suffix(after).filter(|found| is_tenant(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRA: &str = "https://login.example/{tenantid}/v2.0";

    fn listed() -> Issuer {
        Issuer::of_tenants(ENTRA, Tenants::Listed(vec!["a1".into(), "b2".into()]))
    }

    #[test]
    fn an_issuer_without_tenants_is_exactly_that() {
        let issuer = Issuer::exactly("https://a.example");
        assert!(issuer.fits("https://a.example", None) && issuer.fits("https://a.example", Some("x")));
        assert!(!issuer.fits("https://a.example/", None));
        // What looks like a place for a tenant is none without `tenants`.
        assert!(!Issuer::exactly(ENTRA).fits("https://login.example/a1/v2.0", Some("a1")));
    }

    #[test]
    fn attack_17_the_tenant_is_a_listed_one_and_the_same_in_both_claims() {
        assert!(listed().fits("https://login.example/a1/v2.0", Some("a1")));
        for (issuer, tenant) in [
            ("https://login.example/a1/v2.0", None),
            ("https://login.example/a1/v2.0", Some("b2")),
            ("https://login.example/c3/v2.0", Some("c3")),
            ("https://login.example/a1/v2.0/", Some("a1")),
            ("https://login.example//v2.0", Some("")),
            ("https://login.example/a1", Some("a1")),
            ("https://login.example/A1/v2.0", Some("A1")),
            ("https://login.example/{tenantid}/v2.0", Some("{tenantid}")),
            ("https://evil.example/a1/v2.0", Some("a1")),
        ] {
            assert!(!listed().fits(issuer, tenant), "{issuer} {tenant:?}");
        }
        let any = Issuer::of_tenants(ENTRA, Tenants::Any);
        assert!(any.fits("https://login.example/c3/v2.0", Some("c3")));
        for odd in ["", "a/b", "..%2f", "a b", "{tenantid}", &"x".repeat(65)] {
            assert!(!any.fits(&format!("https://login.example/{odd}/v2.0"), Some(odd)), "{odd}");
        }
    }

    #[test]
    fn a_document_speaks_for_all_tenants_or_for_one_of_them() {
        assert!(listed().is_described_by(ENTRA) && listed().is_described_by("https://login.example/b2/v2.0"));
        assert!(!listed().is_described_by("https://login.example/c3/v2.0"));
        assert_eq!(listed().base(), "https://login.example/common/v2.0");
    }

    #[test]
    fn a_key_signs_for_the_issuer_that_it_names() {
        let of_many = |of, issuer| may_sign(of, issuer, false);
        assert!(of_many(ENTRA, "https://login.example/a1/v2.0"));
        assert!(of_many("https://login.example/a1/v2.0", "https://login.example/a1/v2.0"));
        assert!(!of_many(ENTRA, "https://login.example/a/b/v2.0"));
        assert!(!of_many(ENTRA, "https://other.example/a1/v2.0") && may_sign(ENTRA, "https://other.example/", true));
        for is_own in [false, true] {
            assert!(!may_sign("https://login.example/a1/v2.0", "https://login.example/b2/v2.0", is_own));
        }
    }

    #[test]
    fn entras_two_issuers_of_a_tenant_are_one() {
        let (first, second) = ("https://sts.windows.net/t1/", "https://login.microsoftonline.com/t1/v2.0");
        let any = "https://login.microsoftonline.com/{tenantid}/v2.0";
        for is_own in [false, true] {
            for (of, issuer) in
                [(any, first), (second, first), (first, second), ("https://sts.windows.net/{tenantid}/", second)]
            {
                assert!(may_sign(of, issuer, is_own), "{of} {issuer}");
            }
            for (of, issuer) in [
                (second, "https://sts.windows.net/t2/"),
                (second, "https://sts.windows.net/t1"),
                (second, "https://sts.windows.net/t1/x/"),
                (second, "https://sts.windows.net.evil.example/t1/"),
                (second, "https://evil.example/t1/"),
            ] {
                assert!(!may_sign(of, issuer, is_own), "{of} {issuer}");
            }
        }
    }

    #[test]
    fn the_case_of_a_guid_is_nothing() {
        const GUID: &str = "72F988BF-86F1-41AF-91AB-2D7CD011DB47";
        let issuer = Issuer::of_tenants(ENTRA, Tenants::Listed(vec![GUID.into(), "Acme".into()]));
        let fits = |tenant: &str| issuer.fits(&format!("https://login.example/{tenant}/v2.0"), Some(tenant));
        assert!(fits(GUID) && fits(&GUID.to_lowercase()) && fits("Acme"));
        assert!(!fits("acme") && !fits(&GUID.replace('7', "8")));
    }
}
