// Requests that present credentials in every way, good and bad.

/** Each as `[values of Authorization fields, query]`; `tokens` are a good one as `good`, and whatever else there is. */
export function presentedRequests(tokens) {
  const { good } = tokens;
  const bearer = `Bearer ${good}`;
  const fields = [
    [],
    ...Object.values(tokens).map((each) => [`Bearer ${each}`]),
    ...["bearer", "BEARER", "bEaReR", "Bearer ", "Bearer\t", "Token", "Basic", "DPoP", "Bea(rer"].map((scheme) => [
      `${scheme} ${good}`,
    ]),
    // Nothing at all is no field to workerd.
    ...["Bearer", "Bearer ", "bearer", "Basic", "None", good, ",", ", ,", "=", "Bearer =", "Bearer a=b"].map(
      (value) => [value],
    ),
    ...[`${bearer} `, ` ${bearer}`, `${bearer} x`, `${bearer}=`, `${bearer}==`, `${bearer},`, `,${bearer}`].map(
      (value) => [value],
    ),
    ...["é", "a\xe9", '"a"', "a;b", "a\xff", "%41", "a/b+c~d_e-f.g"].map((value) => [`Bearer ${value}`]),
    ["Bearer a", "Bearer b"],
    [bearer, bearer],
    [bearer, ""],
    ["Basic YTpi", bearer],
    [`${"s".repeat(64)} a`],
    [`${"s".repeat(65)} a`],
  ];
  const queries = [
    "",
    "?page=2",
    "?access_token=x",
    "?a=1&Access_Token=x",
    "?%61ccess_token",
    "?token=x",
    "?a;access_token=",
  ];
  return [
    ...fields.map((values) => [values, ""]),
    ...queries.flatMap((query) => [[], [bearer], ["Basic YTpi"], ["Bearer a b"]].map((values) => [values, query])),
  ];
}
