// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClaimVerifier} from "../interfaces/IClaimVerifier.sol";

/// @title A verifier for tests: accepts exactly the "proof" that is a hash of the signals
/// @dev So a test can see that each signal reaches the verifier as it should, without making a real proof.
contract MockClaimVerifier is IClaimVerifier {
    /// @inheritdoc IClaimVerifier
    function verifyProof(
        uint256[2] calldata a,
        uint256[2][2] calldata,
        uint256[2] calldata,
        uint256[8] calldata signals
    ) external pure returns (bool) {
        return a[0] == uint256(keccak256(abi.encode(signals)));
    }
}
