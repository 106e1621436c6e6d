// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Sharing grants: who may ask an authority's register, for which application
/// @notice Given and revoked by the authority whose register is asked; every use is counted here.
interface ISharingGrants {
    /// @notice What a grantor says.
    struct GrantInput {
        /// 1 = a member, 2 = all members of a region.
        uint8 granteeKind;
        /// Member id or region.
        uint256 grantee;
        bytes32 applicationId;
        /// Ledger classes, a bit `1 << class` for each.
        uint8 classes;
        /// First and last second of validity.
        uint64 validFrom;
        uint64 validUntil;
        /// Answers that it is good for; 0 = no limit.
        uint32 maxUses;
        /// Whether the subject's consent is needed whatever the application's gateway is.
        bool consentRequired;
    }

    /// @notice A grant as it stands now.
    struct GrantView {
        /// 0 when there is no such grant.
        uint256 grantor;
        uint8 granteeKind;
        uint256 grantee;
        bytes32 applicationId;
        uint8 classes;
        uint64 validFrom;
        uint64 validUntil;
        uint32 maxUses;
        bool consentRequired;
        uint32 uses;
        /// 0 while it is not revoked.
        uint64 revokedAt;
        uint64 givenAt;
    }

    event GrantGiven(
        bytes32 indexed grantId,
        uint256 indexed grantor,
        uint256 indexed grantee,
        uint8 granteeKind,
        bytes32 applicationId,
        uint8 classes,
        uint64 validFrom,
        uint64 validUntil,
        uint32 maxUses,
        bool consentRequired
    );
    event GrantRevoked(bytes32 indexed grantId, uint256 indexed grantor);
    event GrantUsed(bytes32 indexed grantId, uint256 indexed requester, uint32 uses);

    error NotAnAuthority(uint256 memberId);
    error InvalidGrantee(uint8 granteeKind, uint256 grantee);
    error InvalidClasses(uint8 classes);
    error InvalidValidity(uint64 validFrom, uint64 validUntil);
    error ApplicationNotInForce(bytes32 applicationId);
    error UnknownGrant(bytes32 grantId);
    error NotGrantor(bytes32 grantId, uint256 memberId);
    error NotAnswerLog(address caller);
    error GrantIsRevoked(bytes32 grantId, uint64 revokedAt);
    error GrantNotYetValid(bytes32 grantId, uint64 validFrom);
    error GrantExpired(bytes32 grantId, uint64 validUntil);
    error GrantExhausted(bytes32 grantId, uint32 maxUses);
    error GrantOfOther(bytes32 grantId, uint256 grantor);
    error GrantNotForRequester(bytes32 grantId, uint256 requester);
    error GrantNotForApplication(bytes32 grantId, bytes32 applicationId);
    error GrantNotForClass(bytes32 grantId, uint8 class);

    /// @notice Gives a grant. Operator key of an active authority.
    /// @param input The terms; they never change.
    /// @return grantId Its id.
    function give(GrantInput calldata input) external returns (bytes32 grantId);

    /// @notice Revokes a grant at once and for good. Operator key of its grantor.
    /// @param grantId The grant.
    function revoke(bytes32 grantId) external;

    /// @notice Counts one use, or reverts with the reason why it may not be used. The answer log in force only.
    /// @param grantId The grant.
    /// @param grantor Who must have given it: the owner of the register that answers.
    /// @param requester Who asks.
    /// @param applicationId For what.
    /// @param ledgerClass The ledger class asked about.
    /// @return consentRequired Whether the grant demands the subject's consent.
    function consume(
        bytes32 grantId,
        uint256 grantor,
        uint256 requester,
        bytes32 applicationId,
        uint8 ledgerClass
    ) external returns (bool consentRequired);

    /// @notice Reverts as `consume` would, and counts nothing: for asking before proving.
    /// @param grantId The grant.
    /// @param grantor As in `consume`.
    /// @param requester As in `consume`.
    /// @param applicationId As in `consume`.
    /// @param ledgerClass As in `consume`.
    /// @return consentRequired As in `consume`.
    function check(
        bytes32 grantId,
        uint256 grantor,
        uint256 requester,
        bytes32 applicationId,
        uint8 ledgerClass
    ) external view returns (bool consentRequired);

    /// @notice A grant as it stands now; all zero when there is none.
    /// @param grantId The grant.
    function grant(bytes32 grantId) external view returns (GrantView memory);

    /// @notice How many grants were ever given.
    function grantCount() external view returns (uint256);
}
