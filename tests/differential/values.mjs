// What stands in the place of a member's value.

export const LONG = "x".repeat(300);

// Other values for a claim or a header parameter, as JSON.
export const values = [
  ...[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "-1",
    "1.5",
    "1e3",
    "1E+3",
    "1e400",
    "-1e400",
    "1e-400",
    "9007199254740993",
  ],
  ...[
    "18446744073709551616",
    "253402300799",
    "253402300800",
    '""',
    '" "',
    '"x"',
    '"0"',
    '"\\u0000"',
    '"\\ud800"',
    '"\\ud83d\\ude00"',
  ],
  ...[
    "[]",
    "[0]",
    '["x"]',
    "[null]",
    "[[]]",
    "{}",
    '{"x":1}',
    `"${LONG}"`,
    `"${LONG.repeat(4)}"`,
    "01",
    "+1",
    ".5",
    "NaN",
    "'x'",
  ],
];
