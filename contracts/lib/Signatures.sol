// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title Who signed a digest
library Signatures {
    /// @dev Zero unless the signature is 65 bytes with a low s: one signature has one spelling. Compare with
    /// {isBy}: a key of zero would else match what nobody signed.
    function signerOf(bytes32 digest, bytes calldata signature) internal pure returns (address signer) {
        ECDSA.RecoverError error_;
        (signer, error_, ) = ECDSA.tryRecoverCalldata(digest, signature);
        if (error_ != ECDSA.RecoverError.NoError) return address(0);
    }

    /// @dev Whether a signer is this key. Nobody holds the key zero.
    function isBy(address signer, address key) internal pure returns (bool) {
        return signer != address(0) && signer == key;
    }
}
