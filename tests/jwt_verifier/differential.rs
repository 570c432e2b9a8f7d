//! The cases of tests/fixtures/jwt_verifier/differential.json. Written by make.mjs.

everywhere! { "differential":
    es256_none, es256_resigned, es256_padding, es256_whitespace, es256_standard_alphabet, es256_foreign_character,
    es256_spare_bits, es256_dots, es256_truncation, es256_cut, es256_segments_swapped, es256_segment_of_another,
    es256_byte_of_text, es256_letter_case, es256_signature_byte, es256_signature_length, es256_signature_constant,
    es256_signature_of_another_key, es256_header_value, es256_header_alg, es256_header_typ, es256_header_kid,
    es256_header_crit, es256_header_duplicate, es256_header_json, es256_header_bytes, es256_claim_value,
    es256_claim_missing, es256_claim_times, es256_claim_issuer, es256_claim_audience, es256_claim_duplicate,
    es256_claim_json, es256_claim_bytes, es256_claim_nesting, es256_claim_size, es256_claims_of_another_kind,
    eddsa_none, eddsa_resigned, eddsa_padding, eddsa_whitespace, eddsa_standard_alphabet, eddsa_foreign_character,
    eddsa_spare_bits, eddsa_dots, eddsa_truncation, eddsa_cut, eddsa_segments_swapped, eddsa_segment_of_another,
    eddsa_byte_of_text, eddsa_letter_case, eddsa_signature_byte, eddsa_signature_length, eddsa_signature_constant,
    eddsa_signature_of_another_key, eddsa_header_value, eddsa_header_alg, eddsa_header_typ, eddsa_header_kid,
    eddsa_header_crit, eddsa_header_duplicate, eddsa_header_json, eddsa_header_bytes, eddsa_claim_value,
    eddsa_claim_missing, eddsa_claim_times, eddsa_claim_issuer, eddsa_claim_audience, eddsa_claim_duplicate,
    eddsa_claim_json, eddsa_claim_bytes, eddsa_claim_nesting, eddsa_claim_size, eddsa_claims_of_another_kind,
    hs256_none, hs256_resigned, hs256_padding, hs256_whitespace, hs256_standard_alphabet, hs256_foreign_character,
    hs256_spare_bits, hs256_dots, hs256_truncation, hs256_cut, hs256_segments_swapped, hs256_segment_of_another,
    hs256_byte_of_text, hs256_letter_case, hs256_signature_byte, hs256_signature_length, hs256_signature_constant,
    hs256_signature_of_another_key, hs256_header_value, hs256_header_alg, hs256_header_typ, hs256_header_kid,
    hs256_header_crit, hs256_header_duplicate, hs256_header_json, hs256_header_bytes, hs256_claim_value,
    hs256_claim_missing, hs256_claim_times, hs256_claim_issuer, hs256_claim_audience, hs256_claim_duplicate,
    hs256_claim_json, hs256_claim_bytes, hs256_claim_nesting, hs256_claim_size, hs256_claims_of_another_kind,
}

webcrypto! { "differential":
    rs256_none, rs256_resigned, rs256_padding, rs256_whitespace, rs256_standard_alphabet, rs256_foreign_character,
    rs256_spare_bits, rs256_dots, rs256_truncation, rs256_cut, rs256_segments_swapped, rs256_segment_of_another,
    rs256_byte_of_text, rs256_letter_case, rs256_signature_byte, rs256_signature_length, rs256_signature_constant,
    rs256_signature_of_another_key, rs256_header_value, rs256_header_alg, rs256_header_typ, rs256_header_kid,
    rs256_header_crit, rs256_header_duplicate, rs256_header_json, rs256_header_bytes, rs256_claim_value,
    rs256_claim_missing, rs256_claim_times, rs256_claim_issuer, rs256_claim_audience, rs256_claim_duplicate,
    rs256_claim_json, rs256_claim_bytes, rs256_claim_nesting, rs256_claim_size, rs256_claims_of_another_kind,
}
