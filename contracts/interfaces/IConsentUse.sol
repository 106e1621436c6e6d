// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Where the answer log uses up a subject's consent
/// @notice Put in force under the name "SubjectConsents". While there is none, whatever needs consent is refused.
interface IConsentUse {
    /// @notice Uses a consent, or reverts with the reason why there is none. The answer log in force only.
    /// @param requestDigest EIP-712 digest of the request.
    /// @param requester Who asks.
    /// @param registerId Whose register.
    /// @param applicationId For what.
    /// @param predicateHash What.
    /// @param subjectTag How the request names the subject.
    /// @param ledgerClass The ledger class asked about.
    function consume(
        bytes32 requestDigest,
        uint256 requester,
        uint256 registerId,
        bytes32 applicationId,
        bytes32 predicateHash,
        bytes32 subjectTag,
        uint8 ledgerClass
    ) external;
}
