pragma circom 2.1.6;

include "circomlib/circuits/poseidon.circom";
include "./trunc248.circom";

/// secretCommit = H2(1, secret).  237 constraints
/// Nothing is range-checked: the commitment on chain was made from one secret, and Poseidon opens to
/// no other field element.
template SecretCommit() {
    signal input secret;   // the register's secret
    signal output out;     // the commitment that is on chain

    out <== Poseidon(2)([1, secret]);
}

/// subjectKey = trunc248(H4(2, uscc, class, secret)).  809 constraints
template SubjectKey() {
    signal input uscc;     // the credit code as a number
    signal input class;    // ledger class
    signal input secret;   // the register's secret
    signal output out;     // the key, below 2^248

    out <== Trunc248()(Poseidon(4)([2, uscc, class, secret]));
}

/// subjectTag = H3(3, uscc, nonce).  258 constraints
/// uscc needs no range check: the verifier knows uscc and nonce and computes the tag itself.
template SubjectTag() {
    signal input uscc;     // the credit code as a number
    signal input nonce;    // fresh for each request
    signal output out;     // the tag that the request carries

    out <== Poseidon(3)([3, uscc, nonce]);
}
