// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title A generated Groth16 verifier of a claim circuit
interface IClaimVerifier {
    /// @notice Whether the proof holds for these public signals.
    /// @param a Proof point A.
    /// @param b Proof point B, imaginary parts first.
    /// @param c Proof point C.
    /// @param signals answer, disputed, root, secretCommit, subjectTag, predicateHash, asOfDay, context.
    function verifyProof(
        uint256[2] calldata a,
        uint256[2][2] calldata b,
        uint256[2] calldata c,
        uint256[8] calldata signals
    ) external view returns (bool);
}
