// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title The BN254 scalar field, as far as contracts need it
library Field {
    /// @dev `r`: field elements are below it.
    uint256 internal constant MODULUS =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    error InvalidFieldElement(bytes32 value);

    /// @dev A second spelling of an element (x + r) would be another value to a contract and the same to a proof.
    function require_(bytes32 value) internal pure {
        if (uint256(value) >= MODULUS) revert InvalidFieldElement(value);
    }
}
